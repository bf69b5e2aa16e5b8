DROP TRIGGER identifiers_updated;
DROP INDEX identifiers_patient_id_system_value_key;
DROP INDEX identifiers_doctor_id_system_value_key;
DROP INDEX identifiers_medical_institution_id_system_value_key;
-- Without tombstones, what was removed is gone.
DELETE FROM identifiers WHERE deleted_at IS NOT NULL;
ALTER TABLE identifiers DROP COLUMN deleted_at;
CREATE UNIQUE INDEX identifiers_patient_id_system_value_key
    ON identifiers (patient_id, coalesce(system, ''), value) WHERE patient_id IS NOT NULL;
CREATE UNIQUE INDEX identifiers_doctor_id_system_value_key
    ON identifiers (doctor_id, coalesce(system, ''), value) WHERE doctor_id IS NOT NULL;
CREATE UNIQUE INDEX identifiers_medical_institution_id_system_value_key
    ON identifiers (medical_institution_id, coalesce(system, ''), value) WHERE medical_institution_id IS NOT NULL;
CREATE TRIGGER identifiers_updated
AFTER UPDATE ON identifiers
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Identifier', NEW.uuid, NEW.institution_id,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.doctor_id IS NOT OLD.doctor_id, ',"doctor_id"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.medical_institution_id IS NOT OLD.medical_institution_id, ',"medical_institution_id"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.system IS NOT OLD.system, ',"system"', '')
             || iif(NEW.type_code IS NOT OLD.type_code, ',"type_code"', '')
             || iif(NEW.value IS NOT OLD.value, ',"value"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE identifiers
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

DROP TABLE patient_allergies;
DROP TABLE patient_medications;
DROP TABLE patient_conditions;
DROP TABLE addresses;
DROP TABLE phones;
DROP TABLE emails;
DROP TABLE health_profiles;
DROP INDEX medications_uuid_system_code_key;
DROP INDEX medical_conditions_uuid_system_code_key;
DROP INDEX patientregister_uuid_institution_id_key;
DELETE FROM change_log WHERE entity IN (
    'HealthProfile', 'Email', 'Phone', 'Address', 'PatientCondition', 'PatientMedication', 'PatientAllergy');
