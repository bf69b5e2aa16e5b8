DROP TRIGGER patientregister_moved_validations ON patientregister;
DROP TRIGGER patientregister_validation ON patientregister;
DROP TRIGGER patientregister_changed ON patientregister;
DROP TABLE patient_validations;
DROP FUNCTION move_with_patient();
DROP FUNCTION refuse_emptying_validations();
DROP FUNCTION keep_validation();
DROP FUNCTION append_validation();
DROP FUNCTION withdraw_validation();
DELETE FROM change_log WHERE entity = 'PatientValidation';

SET LOCAL ROLE phr_migrator;
UPDATE patientregister SET status = 'PENDING' WHERE status IN ('DOCTOR_VALIDATED', 'INSTITUTION_VALIDATED');
SET LOCAL ROLE phr_owner;

ALTER TABLE patientregister
    DROP COLUMN date_of_death,
    DROP COLUMN rejection_reason,
    DROP CONSTRAINT patientregister_status_check,
    ALTER COLUMN status TYPE varchar(10) COLLATE "C",
    ADD CONSTRAINT patientregister_status_check
        CHECK (status IN ('INCOMPLETE', 'PENDING', 'VALIDATED', 'REJECTED'));
