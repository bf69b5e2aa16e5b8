-- What the change log says of a patient's user is told where the patient's register belongs, and nowhere else; and a user
-- is not deleted as long as tokens of theirs may be good.

-- As with registers: the log takes every entry, whatever whoever makes it may see.
CREATE POLICY owners_triggers_look ON users FOR SELECT TO phr_owner
    USING ((SELECT pg_trigger_depth()) > 0);

CREATE FUNCTION place_change_of_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    NEW.institution_id := (
        SELECT register.institution_id
          FROM public.users AS one
          JOIN public.patientregister AS register ON register.uuid = one.patient_id
         WHERE one.uuid = NEW.key
    );
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION place_change_of_user() FROM PUBLIC;
CREATE TRIGGER change_log_placed BEFORE INSERT ON change_log
    FOR EACH ROW WHEN (NEW.entity = 'User' AND NEW.institution_id IS NULL)
    EXECUTE FUNCTION place_change_of_user();

-- Of a user who is gone it cannot be looked up any more.
CREATE FUNCTION append_removal_of_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    INSERT INTO public.change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES
        ('User', OLD.uuid,
         coalesce(OLD.institution_id, (SELECT institution_id FROM public.patientregister WHERE uuid = OLD.patient_id)),
         'DELETED', OLD.version + 1,
         CASE WHEN current_setting('phr.actor', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.actor', true)::uuid END,
         CASE WHEN current_setting('phr.request', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.request', true)::uuid END);
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION append_removal_of_user() FROM PUBLIC;
DROP TRIGGER users_change ON users;
CREATE TRIGGER users_change AFTER INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION append_change('User', 'institution_id');
CREATE TRIGGER users_removal AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION append_removal_of_user();

SET LOCAL ROLE phr_migrator;
UPDATE change_log
   SET institution_id = register.institution_id
  FROM users
  JOIN patientregister AS register ON register.uuid = users.patient_id
 WHERE change_log.entity = 'User' AND change_log.key = users.uuid AND change_log.institution_id IS NULL;
SET LOCAL ROLE phr_owner;

-- Servers know by their sessions which tokens are good no longer.
CREATE FUNCTION keep_who_may_be_signed_in() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF EXISTS (SELECT FROM public.sessions WHERE user_id = OLD.uuid AND expires_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'a user whose sessions are not over yet is not deleted: set is_active to false, which ends them'
            USING ERRCODE = 'restrict_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;
REVOKE EXECUTE ON FUNCTION keep_who_may_be_signed_in() FROM PUBLIC;
CREATE TRIGGER users_kept BEFORE DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION keep_who_may_be_signed_in();
