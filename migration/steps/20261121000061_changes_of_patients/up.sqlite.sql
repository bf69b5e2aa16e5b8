-- The log tells whose a record is that belongs to a patient, so that the patient can be told of its changes. Of a register
-- that is the key itself, and stands nowhere else.

ALTER TABLE change_log ADD COLUMN patient_id BLOB;

-- Of what is gone altogether nobody can look up whose it was: tombstones stay.
CREATE TRIGGER change_log_of_patient
AFTER INSERT ON change_log
WHEN NEW.entity IN ('HealthProfile', 'Email', 'Phone', 'Address', 'Identifier',
                    'PatientCondition', 'PatientMedication', 'PatientAllergy', 'PatientValidation', 'Appointment', 'PatientMerge')
BEGIN
    UPDATE change_log
       SET patient_id = CASE NEW.entity
               WHEN 'HealthProfile' THEN (SELECT patient_id FROM health_profiles WHERE uuid = NEW.key)
               WHEN 'Email' THEN (SELECT patient_id FROM emails WHERE uuid = NEW.key)
               WHEN 'Phone' THEN (SELECT patient_id FROM phones WHERE uuid = NEW.key)
               WHEN 'Address' THEN (SELECT patient_id FROM addresses WHERE uuid = NEW.key)
               WHEN 'Identifier' THEN (SELECT patient_id FROM identifiers WHERE uuid = NEW.key)
               WHEN 'PatientCondition' THEN (SELECT patient_id FROM patient_conditions WHERE uuid = NEW.key)
               WHEN 'PatientMedication' THEN (SELECT patient_id FROM patient_medications WHERE uuid = NEW.key)
               WHEN 'PatientAllergy' THEN (SELECT patient_id FROM patient_allergies WHERE uuid = NEW.key)
               WHEN 'PatientValidation' THEN (SELECT patient_id FROM patient_validations WHERE uuid = NEW.key)
               WHEN 'Appointment' THEN (SELECT patient_id FROM appointments WHERE uuid = NEW.key)
               ELSE (SELECT kept_id FROM patient_merges WHERE uuid = NEW.key)
           END
     WHERE sequence = NEW.sequence;
END;
