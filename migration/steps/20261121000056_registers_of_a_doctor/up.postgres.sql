-- A page of each doctor's registers, the newest first, is read off the index that their key has anyway.

DROP INDEX patientregister_doctor_id_idx;
CREATE INDEX patientregister_doctor_id_idx
    ON patientregister (doctor_id, created_at, uuid) WHERE doctor_id IS NOT NULL;
