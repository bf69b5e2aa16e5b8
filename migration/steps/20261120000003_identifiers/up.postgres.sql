-- What others know a record by: the medical record number of a patient, the NPI of a doctor, ... Filled by imports, so
-- that a record can be found again by the number that its source gave it.

CREATE TABLE identifiers (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT identifiers_pkey PRIMARY KEY,
    -- Whose it is: exactly one of the three.
    patient_id uuid
        CONSTRAINT identifiers_patient_id_fkey REFERENCES patientregister ON DELETE CASCADE,
    doctor_id uuid
        CONSTRAINT identifiers_doctor_id_fkey REFERENCES doctors ON DELETE CASCADE,
    medical_institution_id uuid
        CONSTRAINT identifiers_medical_institution_id_fkey REFERENCES medical_institutions ON DELETE CASCADE,
    -- Who gives such numbers, as a URI; null where the source does not say.
    system varchar(200) COLLATE "C"
        CONSTRAINT identifiers_system_check CHECK (text_is_valid(system)),
    value varchar(200) COLLATE "C" NOT NULL
        CONSTRAINT identifiers_value_check CHECK (text_is_valid(value)),
    -- HL7's table 0203: MR, NPI, DL, PPN, ...
    type_code varchar(50) COLLATE "C"
        CONSTRAINT identifiers_type_code_check CHECK (text_is_valid(type_code)),
    -- The institution that the patient belongs to: a patient's numbers are no more public than the patient is. Null for
    -- those of doctors and institutions, which belong to all.
    institution_id uuid
        CONSTRAINT identifiers_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT identifiers_owner_check CHECK (num_nonnulls(patient_id, doctor_id, medical_institution_id) = 1)
);
CREATE UNIQUE INDEX identifiers_patient_id_system_value_key
    ON identifiers (patient_id, (coalesce(system, '')), value) WHERE patient_id IS NOT NULL;
CREATE UNIQUE INDEX identifiers_doctor_id_system_value_key
    ON identifiers (doctor_id, (coalesce(system, '')), value) WHERE doctor_id IS NOT NULL;
CREATE UNIQUE INDEX identifiers_medical_institution_id_system_value_key
    ON identifiers (medical_institution_id, (coalesce(system, '')), value) WHERE medical_institution_id IS NOT NULL;
CREATE INDEX identifiers_institution_id_idx ON identifiers (institution_id) WHERE institution_id IS NOT NULL;

-- The institution is the patient's own, always.
CREATE FUNCTION check_identifier_institution() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF NEW.institution_id IS DISTINCT FROM
       (SELECT patient.institution_id FROM public.patientregister AS patient WHERE patient.uuid = NEW.patient_id) THEN
        RAISE EXCEPTION 'an identifier belongs to the institution of its patient'
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  COLUMN = 'institution_id', CONSTRAINT = 'identifiers_institution_id_check';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION move_identifiers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE public.identifiers SET institution_id = NEW.institution_id WHERE patient_id = NEW.uuid;
    RETURN NULL;
END
$$;

REVOKE EXECUTE ON FUNCTION check_identifier_institution(), move_identifiers() FROM PUBLIC;

CREATE TRIGGER identifiers_institution BEFORE INSERT OR UPDATE OF patient_id, institution_id ON identifiers
    FOR EACH ROW EXECUTE FUNCTION check_identifier_institution();
CREATE TRIGGER patientregister_moved AFTER UPDATE OF institution_id ON patientregister
    FOR EACH ROW WHEN (NEW.institution_id <> OLD.institution_id) EXECUTE FUNCTION move_identifiers();

CREATE TRIGGER identifiers_version BEFORE UPDATE ON identifiers
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER identifiers_change AFTER INSERT OR UPDATE OR DELETE ON identifiers
    FOR EACH ROW EXECUTE FUNCTION append_change('Identifier', 'institution_id');

GRANT SELECT, INSERT, UPDATE ON identifiers TO phr_server;
