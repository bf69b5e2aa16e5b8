-- A record can go from one patient to another: when registers are merged, and when that is undone. Who loses it is told
-- that it went.

ALTER TABLE change_log ADD COLUMN former_patient_id BLOB;

-- Whose a record was that is just being moved, until its change is logged.
CREATE TABLE change_log_former_patients (
    key BLOB CONSTRAINT change_log_former_patients_pkey PRIMARY KEY,
    patient_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER identifiers_leaving_patient
BEFORE UPDATE OF patient_id ON identifiers
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER appointments_leaving_patient
BEFORE UPDATE OF patient_id ON appointments
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER health_profiles_leaving_patient
BEFORE UPDATE OF patient_id ON health_profiles
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER emails_leaving_patient
BEFORE UPDATE OF patient_id ON emails
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER phones_leaving_patient
BEFORE UPDATE OF patient_id ON phones
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER addresses_leaving_patient
BEFORE UPDATE OF patient_id ON addresses
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER patient_conditions_leaving_patient
BEFORE UPDATE OF patient_id ON patient_conditions
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER patient_medications_leaving_patient
BEFORE UPDATE OF patient_id ON patient_medications
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER patient_allergies_leaving_patient
BEFORE UPDATE OF patient_id ON patient_allergies
WHEN NEW.patient_id IS NOT OLD.patient_id
BEGIN
    INSERT OR REPLACE INTO change_log_former_patients (key, patient_id) VALUES (OLD.uuid, OLD.patient_id);
END;

CREATE TRIGGER change_log_left_patient
AFTER INSERT ON change_log
WHEN NEW.key IN (SELECT key FROM change_log_former_patients)
BEGIN
    UPDATE change_log
       SET former_patient_id = (SELECT patient_id FROM change_log_former_patients WHERE key = NEW.key)
     WHERE sequence = NEW.sequence;
    DELETE FROM change_log_former_patients WHERE key = NEW.key;
END;
