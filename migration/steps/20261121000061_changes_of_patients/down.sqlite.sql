DROP TRIGGER change_log_of_patient;
ALTER TABLE change_log DROP COLUMN patient_id;
