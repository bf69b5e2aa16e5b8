DROP INDEX patientregister_doctor_id_idx;
CREATE INDEX patientregister_doctor_id_idx
    ON patientregister (doctor_id) WHERE doctor_id IS NOT NULL;
