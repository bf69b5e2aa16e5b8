DROP TABLE patient_allergies, patient_medications, patient_conditions, addresses, phones, emails, health_profiles;
ALTER TABLE medications DROP CONSTRAINT medications_uuid_system_code_key;
ALTER TABLE medical_conditions DROP CONSTRAINT medical_conditions_uuid_system_code_key;
ALTER TABLE patientregister DROP CONSTRAINT patientregister_uuid_institution_id_key;
DROP INDEX identifiers_patient_id_system_value_key;
DROP INDEX identifiers_doctor_id_system_value_key;
DROP INDEX identifiers_medical_institution_id_system_value_key;
SET LOCAL phr.institution = 'all';
-- Without tombstones, what was removed is gone.
SET LOCAL ROLE phr_migrator;
DELETE FROM identifiers WHERE deleted_at IS NOT NULL;
SET LOCAL ROLE phr_owner;
ALTER TABLE identifiers DROP COLUMN deleted_at;
CREATE UNIQUE INDEX identifiers_patient_id_system_value_key
    ON identifiers (patient_id, (coalesce(system, '')), value) WHERE patient_id IS NOT NULL;
CREATE UNIQUE INDEX identifiers_doctor_id_system_value_key
    ON identifiers (doctor_id, (coalesce(system, '')), value) WHERE doctor_id IS NOT NULL;
CREATE UNIQUE INDEX identifiers_medical_institution_id_system_value_key
    ON identifiers (medical_institution_id, (coalesce(system, '')), value) WHERE medical_institution_id IS NOT NULL;
DELETE FROM change_log WHERE entity IN (
    'HealthProfile', 'Email', 'Phone', 'Address', 'PatientCondition', 'PatientMedication', 'PatientAllergy');
