DROP TRIGGER patientregister_moved_validations;
DROP TRIGGER patientregister_validation;
DROP TRIGGER patient_validations_kept_for_good;
DROP TABLE patient_validations;
DELETE FROM change_log WHERE entity = 'PatientValidation';

UPDATE patientregister SET status = 'PENDING' WHERE status IN ('DOCTOR_VALIDATED', 'INSTITUTION_VALIDATED');
DROP TRIGGER patientregister_updated;
ALTER TABLE patientregister DROP COLUMN date_of_death;
ALTER TABLE patientregister DROP COLUMN rejection_reason;

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql, 'status IN (''INCOMPLETE'', ''PENDING'', ''DOCTOR_VALIDATED'', ''INSTITUTION_VALIDATED'', ''VALIDATED'', ''REJECTED'')',
                     'status IN (''INCOMPLETE'', ''PENDING'', ''VALIDATED'', ''REJECTED'')')
 WHERE type = 'table' AND name = 'patientregister';
PRAGMA writable_schema = RESET;

CREATE TRIGGER patientregister_updated
AFTER UPDATE ON patientregister
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'PatientRegister', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.address IS NOT OLD.address, ',"address"', '')
             || iif(NEW.allergies IS NOT OLD.allergies, ',"allergies"', '')
             || iif(NEW.current_medications IS NOT OLD.current_medications, ',"current_medications"', '')
             || iif(NEW.date_of_birth IS NOT OLD.date_of_birth, ',"date_of_birth"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.doctor_id IS NOT OLD.doctor_id, ',"doctor_id"', '')
             || iif(NEW.email IS NOT OLD.email, ',"email"', '')
             || iif(NEW.emergency_contact IS NOT OLD.emergency_contact, ',"emergency_contact"', '')
             || iif(NEW.first_name IS NOT OLD.first_name, ',"first_name"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.last_name IS NOT OLD.last_name, ',"last_name"', '')
             || iif(NEW.medical_history IS NOT OLD.medical_history, ',"medical_history"', '')
             || iif(NEW.phone_number IS NOT OLD.phone_number, ',"phone_number"', '')
             || iif(NEW.status IS NOT OLD.status, ',"status"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE patientregister
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;
