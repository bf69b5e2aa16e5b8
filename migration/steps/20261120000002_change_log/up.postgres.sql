-- The change log, what fills it, and the keys under which a repeated request finds its first result.
--
-- Triggers do the book-keeping, so that a change made by psql counts like one made by the server.

CREATE TABLE change_log (
    sequence bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT change_log_pkey PRIMARY KEY,
    -- A reader remembers a snapshot and asks for what that did not see, so a transaction that commits late is neither
    -- skipped nor waited for.
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    entity text COLLATE "C" NOT NULL,
    key uuid NOT NULL,
    -- No foreign keys: the log outlives what it speaks of.
    institution_id uuid,
    operation text COLLATE "C" NOT NULL
        CONSTRAINT change_log_operation_check CHECK (operation IN ('CREATED', 'UPDATED', 'DELETED')),
    version integer NOT NULL,
    -- Names only, never values: the log is read by more people than the records are.
    changed_fields text[] NOT NULL DEFAULT '{}',
    actor_id uuid,
    request_id uuid,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX change_log_transaction_id_idx ON change_log (transaction_id);

-- Argument: which folded columns the table has, 'person' or 'named'.
CREATE FUNCTION keep_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    IF NEW.uuid <> OLD.uuid THEN
        RAISE EXCEPTION 'the uuid of a record never changes'
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'uuid',
                  CONSTRAINT = TG_TABLE_NAME || '_uuid_immutable';
    END IF;

    NEW.created_at := OLD.created_at;
    NEW.updated_at := OLD.updated_at;
    NEW.version := OLD.version;
    -- A BEFORE trigger is handed generated columns as NULL; blanked in the old row too, they do not look like a change.
    IF TG_ARGV[0] = 'person' THEN
        OLD.first_name_folded := NULL;
        OLD.last_name_folded := NULL;
    ELSIF TG_ARGV[0] = 'named' THEN
        OLD.name_folded := NULL;
    END IF;

    IF NEW IS DISTINCT FROM OLD THEN
        NEW.version := OLD.version + 1;
        -- The clock and not the transaction's start: the row is locked by now, so its instants never run backwards.
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;

-- Arguments: the entity's name, and the column that names the institution ('institution_id', 'uuid', or none).
-- Runs as the owner, because nobody else may write the log.
CREATE FUNCTION append_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    operation_done text := 'CREATED';
    fields text[] := '{}';
    before jsonb;
    institution uuid;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.version = OLD.version THEN
            RETURN NULL;
        END IF;
        operation_done := 'UPDATED';
        before := to_jsonb(OLD);
        fields := ARRAY(
            SELECT after.key
              FROM jsonb_each(to_jsonb(NEW)) AS after
             WHERE after.value <> before -> after.key
               AND after.key <> ALL ('{version,updated_at}')
               AND right(after.key, 7) <> '_folded'
             ORDER BY after.key COLLATE "C"
        );
        IF 'deleted_at' = ANY (fields) THEN
            IF OLD.deleted_at IS NULL THEN
                operation_done := 'DELETED';
                fields := '{}';
            END IF;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        operation_done := 'DELETED';
        NEW := OLD;
        NEW.version := OLD.version + 1;
    END IF;

    IF TG_ARGV[1] = 'institution_id' THEN
        institution := NEW.institution_id;
    ELSIF TG_ARGV[1] = 'uuid' THEN
        institution := NEW.uuid;
    END IF;

    -- Settings are free text: one that is not a uuid is left out rather than allowed to make the write fail.
    INSERT INTO public.change_log
        (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    VALUES
        (TG_ARGV[0], NEW.uuid, institution, operation_done, NEW.version, fields,
         CASE WHEN current_setting('phr.actor', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.actor', true)::uuid END,
         CASE WHEN current_setting('phr.request', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.request', true)::uuid END);
    RETURN NULL;
END
$$;

-- Whoever may execute a trigger function may hang it on a table of his own and forge entries with it.
REVOKE EXECUTE ON FUNCTION keep_version(), append_change() FROM PUBLIC;

CREATE TRIGGER medical_institutions_version BEFORE UPDATE ON medical_institutions
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER medical_institutions_change AFTER INSERT OR UPDATE OR DELETE ON medical_institutions
    FOR EACH ROW EXECUTE FUNCTION append_change('MedicalInstitution', 'uuid');

CREATE TRIGGER doctor_specialties_version BEFORE UPDATE ON doctor_specialties
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER doctor_specialties_change AFTER INSERT OR UPDATE OR DELETE ON doctor_specialties
    FOR EACH ROW EXECUTE FUNCTION append_change('DoctorSpecialty');

CREATE TRIGGER doctors_version BEFORE UPDATE ON doctors
    FOR EACH ROW EXECUTE FUNCTION keep_version('person');
CREATE TRIGGER doctors_change AFTER INSERT OR UPDATE OR DELETE ON doctors
    FOR EACH ROW EXECUTE FUNCTION append_change('Doctor', 'institution_id');

CREATE TRIGGER patientregister_version BEFORE UPDATE ON patientregister
    FOR EACH ROW EXECUTE FUNCTION keep_version('person');
CREATE TRIGGER patientregister_change AFTER INSERT OR UPDATE OR DELETE ON patientregister
    FOR EACH ROW EXECUTE FUNCTION append_change('PatientRegister', 'institution_id');

-- Records older than the log enter it, so that a reader who starts at its beginning meets every one of them.
INSERT INTO change_log (entity, key, institution_id, operation, version)
SELECT 'MedicalInstitution', uuid, uuid, 'CREATED', version FROM medical_institutions ORDER BY created_at, uuid;
INSERT INTO change_log (entity, key, operation, version)
SELECT 'DoctorSpecialty', uuid, 'CREATED', version FROM doctor_specialties ORDER BY created_at, uuid;
INSERT INTO change_log (entity, key, institution_id, operation, version)
SELECT 'Doctor', uuid, institution_id, 'CREATED', version FROM doctors ORDER BY created_at, uuid;
INSERT INTO change_log (entity, key, institution_id, operation, version)
SELECT 'PatientRegister', uuid, institution_id,
       CASE WHEN deleted_at IS NULL THEN 'CREATED' ELSE 'DELETED' END, version
  FROM patientregister ORDER BY created_at, uuid;

CREATE TABLE idempotency_keys (
    actor_id uuid NOT NULL,
    operation varchar(100) COLLATE "C" NOT NULL CONSTRAINT idempotency_keys_operation_check CHECK (operation <> ''),
    key varchar(200) COLLATE "C" NOT NULL CONSTRAINT idempotency_keys_key_check CHECK (key <> ''),
    -- SHA-256 of the input: the same key with another input is a mistake of the caller's.
    input_hash bytea NOT NULL CONSTRAINT idempotency_keys_input_hash_check CHECK (octet_length(input_hash) = 32),
    result text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor_id, operation, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

GRANT SELECT ON change_log TO phr_server;
GRANT SELECT, INSERT, DELETE ON idempotency_keys TO phr_server;
