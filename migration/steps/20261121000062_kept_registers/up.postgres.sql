-- A register that others were merged into is not deleted: it would take theirs out of sight with it.

CREATE FUNCTION keep_what_was_merged_into() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF EXISTS (SELECT FROM public.patientregister AS merged WHERE merged.merged_into = NEW.uuid) THEN
        RAISE EXCEPTION 'a register that others were merged into is not deleted: undo that first'
            USING ERRCODE = 'restrict_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  CONSTRAINT = 'patientregister_merged_into_fkey';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION keep_what_was_merged_into() FROM PUBLIC;
CREATE TRIGGER patientregister_kept BEFORE UPDATE OF deleted_at ON patientregister
    FOR EACH ROW WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL)
    EXECUTE FUNCTION keep_what_was_merged_into();
