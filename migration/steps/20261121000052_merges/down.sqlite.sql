DROP TRIGGER patientregister_moved_merges;
DROP TRIGGER patientregister_merged_updated;
DROP TRIGGER patientregister_merged_inserted;
DROP TRIGGER patientregister_updated;
DROP TABLE patient_merges;
DELETE FROM change_log WHERE entity = 'PatientMerge';
DROP INDEX patientregister_merged_into_idx;
ALTER TABLE patientregister DROP COLUMN merged_into;

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
             || iif(NEW.date_of_death IS NOT OLD.date_of_death, ',"date_of_death"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.doctor_id IS NOT OLD.doctor_id, ',"doctor_id"', '')
             || iif(NEW.email IS NOT OLD.email, ',"email"', '')
             || iif(NEW.emergency_contact IS NOT OLD.emergency_contact, ',"emergency_contact"', '')
             || iif(NEW.first_name IS NOT OLD.first_name, ',"first_name"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.last_name IS NOT OLD.last_name, ',"last_name"', '')
             || iif(NEW.medical_history IS NOT OLD.medical_history, ',"medical_history"', '')
             || iif(NEW.phone_number IS NOT OLD.phone_number, ',"phone_number"', '')
             || iif(NEW.rejection_reason IS NOT OLD.rejection_reason, ',"rejection_reason"', '')
             || iif(NEW.status IS NOT OLD.status
                    OR OLD.status IN ('DOCTOR_VALIDATED', 'INSTITUTION_VALIDATED', 'VALIDATED') AND NEW.status = OLD.status
                    AND (NEW.first_name, NEW.last_name, NEW.date_of_birth, NEW.date_of_death, NEW.allergies,
                         NEW.medical_history, NEW.current_medications, NEW.institution_id, NEW.doctor_id)
                        IS NOT
                        (OLD.first_name, OLD.last_name, OLD.date_of_birth, OLD.date_of_death, OLD.allergies,
                         OLD.medical_history, OLD.current_medications, OLD.institution_id, OLD.doctor_id), ',"status"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE patientregister
       SET version = OLD.version + changes(),
           -- What was confirmed is no longer so when it changes: who the patient is, what was told of their health, whose
           -- patient they are. How to reach them may change.
           status = iif(OLD.status IN ('DOCTOR_VALIDATED', 'INSTITUTION_VALIDATED', 'VALIDATED') AND NEW.status = OLD.status
                    AND (NEW.first_name, NEW.last_name, NEW.date_of_birth, NEW.date_of_death, NEW.allergies,
                         NEW.medical_history, NEW.current_medications, NEW.institution_id, NEW.doctor_id)
                        IS NOT
                        (OLD.first_name, OLD.last_name, OLD.date_of_birth, OLD.date_of_death, OLD.allergies,
                         OLD.medical_history, OLD.current_medications, OLD.institution_id, OLD.doctor_id), 'PENDING', NEW.status),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;
