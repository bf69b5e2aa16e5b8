-- Appointments: a patient with a doctor, from an instant to another.

CREATE TABLE appointments (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT appointments_pkey PRIMARY KEY,
    patient_id uuid NOT NULL
        CONSTRAINT appointments_patient_id_fkey REFERENCES patientregister ON DELETE CASCADE,
    -- Of the patient, whose doctor's it is too when the appointment is made.
    institution_id uuid NOT NULL
        CONSTRAINT appointments_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    doctor_id uuid NOT NULL
        CONSTRAINT appointments_doctor_id_fkey REFERENCES doctors ON DELETE RESTRICT,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
        CONSTRAINT appointments_ends_at_check
            CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '24 hours'),
    status varchar(10) COLLATE "C" NOT NULL DEFAULT 'BOOKED'
        CONSTRAINT appointments_status_check
            CHECK (status IN ('BOOKED', 'ARRIVED', 'FULFILLED', 'CANCELLED', 'NO_SHOW')),
    reason varchar(500) COLLATE "C"
        CONSTRAINT appointments_reason_check CHECK (text_is_valid(reason)),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- A doctor sees one patient at a time; one appointment may begin as the other ends.
    CONSTRAINT appointments_starts_at_excl
        EXCLUDE USING gist (doctor_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
        WHERE (status IN ('BOOKED', 'ARRIVED', 'FULFILLED'))
);
CREATE INDEX appointments_institution_id_idx ON appointments (institution_id, starts_at, uuid);
CREATE INDEX appointments_patient_id_idx ON appointments (patient_id, starts_at, uuid);
CREATE INDEX appointments_doctor_id_idx ON appointments (doctor_id, starts_at, uuid);
COMMENT ON TABLE appointments IS 'tenant: of the institution that the patient belongs to';

CREATE FUNCTION check_appointment_institution() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF NEW.institution_id IS DISTINCT FROM
       (SELECT patient.institution_id FROM public.patientregister AS patient WHERE patient.uuid = NEW.patient_id) THEN
        RAISE EXCEPTION 'an appointment belongs to the institution of its patient'
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  COLUMN = 'institution_id', CONSTRAINT = 'appointments_institution_id_check';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION check_appointment_institution() FROM PUBLIC;
CREATE TRIGGER appointments_institution BEFORE INSERT OR UPDATE OF patient_id, institution_id ON appointments
    FOR EACH ROW EXECUTE FUNCTION check_appointment_institution();
CREATE TRIGGER patientregister_moved_appointments AFTER UPDATE OF institution_id ON patientregister
    FOR EACH ROW WHEN (NEW.institution_id <> OLD.institution_id)
    EXECUTE FUNCTION move_with_patient('appointments', 'patient_id');

CREATE TRIGGER appointments_version BEFORE UPDATE ON appointments
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER appointments_change AFTER INSERT OR UPDATE OR DELETE ON appointments
    FOR EACH ROW EXECUTE FUNCTION append_change('Appointment', 'institution_id');

ALTER TABLE appointments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON appointments
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
CREATE POLICY owners_triggers_move ON appointments TO phr_owner
    USING ((SELECT pg_trigger_depth()) > 0);

GRANT SELECT, INSERT, UPDATE ON appointments TO phr_server;
