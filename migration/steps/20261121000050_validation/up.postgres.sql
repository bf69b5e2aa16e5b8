-- The way to a register that can be relied on: its doctor and its institution confirm it, each by themselves, or it is
-- refused with a reason. And a patient may be deceased.

-- Whatever was refused before there were reasons is to be judged again.
SET LOCAL ROLE phr_migrator;
UPDATE patientregister SET status = 'PENDING' WHERE status = 'REJECTED';
SET LOCAL ROLE phr_owner;

ALTER TABLE patientregister
    DROP CONSTRAINT patientregister_status_check,
    ALTER COLUMN status TYPE varchar(21) COLLATE "C",
    ADD CONSTRAINT patientregister_status_check
        CHECK (status IN ('INCOMPLETE', 'PENDING', 'DOCTOR_VALIDATED', 'INSTITUTION_VALIDATED', 'VALIDATED',
                          'REJECTED')),
    ADD COLUMN rejection_reason varchar(500) COLLATE "C"
        CONSTRAINT patientregister_rejection_reason_check
            CHECK ((status = 'REJECTED') = (rejection_reason IS NOT NULL) AND text_is_valid(rejection_reason) IS NOT FALSE),
    ADD COLUMN date_of_death date
        CONSTRAINT patientregister_date_of_death_check
            CHECK (date_of_death BETWEEN date_of_birth AND (now() AT TIME ZONE 'UTC')::date);

-- Every step of a register's validation. Rows are appended and never changed, but that they go with a patient who moves to
-- another institution, and end with the register itself.
CREATE TABLE patient_validations (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT patient_validations_pkey PRIMARY KEY,
    patient_id uuid NOT NULL
        CONSTRAINT patient_validations_patient_id_fkey REFERENCES patientregister ON DELETE CASCADE,
    -- Of the patient.
    institution_id uuid NOT NULL
        CONSTRAINT patient_validations_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    -- The version that the register got by it. The server tells of a step before it takes it; of a step that nobody told
    -- of, the trigger does.
    register_version integer NOT NULL,
    from_status varchar(21) COLLATE "C" NOT NULL,
    to_status varchar(21) COLLATE "C" NOT NULL,
    -- For whom the actor spoke; null where the status followed from a change of the register.
    role varchar(11) COLLATE "C"
        CONSTRAINT patient_validations_role_check CHECK (role IN ('DOCTOR', 'INSTITUTION')),
    -- No foreign key: the history outlives users. Null where the database was not told who acts.
    actor_id uuid,
    reason varchar(500) COLLATE "C"
        CONSTRAINT patient_validations_reason_check CHECK (text_is_valid(reason)),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT patient_validations_patient_id_register_version_key UNIQUE (patient_id, register_version)
);
CREATE INDEX patient_validations_institution_id_idx ON patient_validations (institution_id, created_at, uuid);
COMMENT ON TABLE patient_validations IS 'tenant: of the institution that the patient belongs to';

-- What was confirmed is no longer so when it changes: who the patient is, what was told of their health, whose patient
-- they are. How to reach them may change.
CREATE FUNCTION withdraw_validation() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    NEW.status := 'PENDING';
    RETURN NEW;
END
$$;
-- By name before patientregister_version, which counts what this changes.
CREATE TRIGGER patientregister_changed BEFORE UPDATE ON patientregister
    FOR EACH ROW
    WHEN (OLD.status IN ('DOCTOR_VALIDATED', 'INSTITUTION_VALIDATED', 'VALIDATED') AND NEW.status = OLD.status
          AND ROW (NEW.first_name, NEW.last_name, NEW.date_of_birth, NEW.date_of_death, NEW.allergies,
                   NEW.medical_history, NEW.current_medications, NEW.institution_id, NEW.doctor_id)
              IS DISTINCT FROM
              ROW (OLD.first_name, OLD.last_name, OLD.date_of_birth, OLD.date_of_death, OLD.allergies,
                   OLD.medical_history, OLD.current_medications, OLD.institution_id, OLD.doctor_id))
    EXECUTE FUNCTION withdraw_validation();

CREATE FUNCTION append_validation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.patient_validations AS told
                    WHERE told.patient_id = NEW.uuid AND told.register_version = NEW.version) THEN
        INSERT INTO public.patient_validations
            (patient_id, institution_id, register_version, from_status, to_status, actor_id, reason)
        VALUES
            (NEW.uuid, NEW.institution_id, NEW.version, OLD.status, NEW.status,
             CASE WHEN current_setting('phr.actor', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
                  THEN current_setting('phr.actor', true)::uuid END,
             NEW.rejection_reason);
    END IF;
    RETURN NULL;
END
$$;
-- By name after patientregister_moved, which takes earlier steps along.
CREATE TRIGGER patientregister_validation AFTER UPDATE ON patientregister
    FOR EACH ROW WHEN (NEW.status <> OLD.status) EXECUTE FUNCTION append_validation();

CREATE FUNCTION keep_validation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.institution_id IS DISTINCT FROM
           (SELECT patient.institution_id FROM public.patientregister AS patient WHERE patient.uuid = NEW.patient_id) THEN
            RAISE EXCEPTION 'a step of validation belongs to the institution of its patient'
                USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                      COLUMN = 'institution_id', CONSTRAINT = 'patient_validations_institution_id_check';
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        IF ROW (NEW.uuid, NEW.patient_id, NEW.register_version, NEW.from_status, NEW.to_status, NEW.role, NEW.actor_id,
                NEW.reason, NEW.created_at)
           IS NOT DISTINCT FROM
           ROW (OLD.uuid, OLD.patient_id, OLD.register_version, OLD.from_status, OLD.to_status, OLD.role, OLD.actor_id,
                OLD.reason, OLD.created_at) THEN
            RETURN NEW;
        END IF;
    ELSIF NOT EXISTS (SELECT FROM public.patientregister AS patient WHERE patient.uuid = OLD.patient_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the history of validation is only ever appended to'
        USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
              CONSTRAINT = 'patient_validations_append_only_check';
END
$$;
CREATE TRIGGER patient_validations_kept BEFORE INSERT OR UPDATE OR DELETE ON patient_validations
    FOR EACH ROW EXECUTE FUNCTION keep_validation();

CREATE FUNCTION refuse_emptying_validations() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION 'the history of validation is only ever appended to' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER patient_validations_truncate BEFORE TRUNCATE ON patient_validations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying_validations();

-- Arguments: the table whose rows go with a patient to another institution, and the column that names the patient.
CREATE FUNCTION move_with_patient() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    EXECUTE format('UPDATE public.%I SET institution_id = $1 WHERE %I = $2', TG_ARGV[0], TG_ARGV[1])
        USING NEW.institution_id, NEW.uuid;
    RETURN NULL;
END
$$;
CREATE TRIGGER patientregister_moved_validations AFTER UPDATE OF institution_id ON patientregister
    FOR EACH ROW WHEN (NEW.institution_id <> OLD.institution_id)
    EXECUTE FUNCTION move_with_patient('patient_validations', 'patient_id');

REVOKE EXECUTE ON FUNCTION withdraw_validation(), append_validation(), keep_validation(), refuse_emptying_validations(),
    move_with_patient() FROM PUBLIC;

CREATE TRIGGER patient_validations_version BEFORE UPDATE ON patient_validations
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER patient_validations_change AFTER INSERT OR UPDATE OR DELETE ON patient_validations
    FOR EACH ROW EXECUTE FUNCTION append_change('PatientValidation', 'institution_id');

ALTER TABLE patient_validations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON patient_validations
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
CREATE POLICY owners_triggers_keep ON patient_validations TO phr_owner
    USING ((SELECT pg_trigger_depth()) > 0);

GRANT SELECT, INSERT ON patient_validations TO phr_server;
