-- The change log, what fills it, and the keys under which a repeated request finds its first result.
--
-- Triggers do the book-keeping, so that a change made by another program counts like one made by the server.

-- Who asks, for the triggers to note: SQLite has no session settings. The server fills it inside a writing transaction
-- and empties it before the commit.
CREATE TABLE request_context (
    id INTEGER PRIMARY KEY CONSTRAINT request_context_id_check CHECK (id = 1),
    actor_id BLOB CONSTRAINT request_context_actor_id_check CHECK (length(actor_id) = 16),
    request_id BLOB CONSTRAINT request_context_request_id_check CHECK (length(request_id) = 16)
) STRICT;
INSERT INTO request_context (id) VALUES (1);

CREATE TABLE change_log (
    -- AUTOINCREMENT: the number of a pruned entry is never given to another.
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    entity TEXT NOT NULL,
    key BLOB NOT NULL,
    -- No foreign keys: the log outlives what it speaks of.
    institution_id BLOB,
    operation TEXT NOT NULL
        CONSTRAINT change_log_operation_check CHECK (operation IN ('CREATED', 'UPDATED', 'DELETED')),
    version INTEGER NOT NULL,
    -- Names only, never values: the log is read by more people than the records are.
    changed_fields TEXT NOT NULL DEFAULT '[]',
    actor_id BLOB,
    request_id BLOB,
    occurred_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
) STRICT;

-- For each table: an entry for a new record, one for a removed record, and after an update the version. A trigger
-- cannot correct the row on its way in, so it corrects the row afterwards; that update does not fire it once more as
-- long as recursive_triggers is off, which is SQLite's default and must stay so.

CREATE TRIGGER medical_institutions_inserted
AFTER INSERT ON medical_institutions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('MedicalInstitution', NEW.uuid, NEW.uuid, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER medical_institutions_uuid
BEFORE UPDATE OF uuid ON medical_institutions
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'medical_institutions_uuid_immutable');
END;

CREATE TRIGGER medical_institutions_updated
AFTER UPDATE ON medical_institutions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'MedicalInstitution', NEW.uuid, NEW.uuid,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.address IS NOT OLD.address, ',"address"', '')
             || iif(NEW.email IS NOT OLD.email, ',"email"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.phone_number IS NOT OLD.phone_number, ',"phone_number"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE medical_institutions
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER medical_institutions_deleted
AFTER DELETE ON medical_institutions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('MedicalInstitution', OLD.uuid, OLD.uuid, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER doctor_specialties_inserted
AFTER INSERT ON doctor_specialties
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('DoctorSpecialty', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER doctor_specialties_uuid
BEFORE UPDATE OF uuid ON doctor_specialties
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'doctor_specialties_uuid_immutable');
END;

CREATE TRIGGER doctor_specialties_updated
AFTER UPDATE ON doctor_specialties
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'DoctorSpecialty', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.description IS NOT OLD.description, ',"description"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE doctor_specialties
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER doctor_specialties_deleted
AFTER DELETE ON doctor_specialties
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('DoctorSpecialty', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER doctors_inserted
AFTER INSERT ON doctors
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Doctor', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER doctors_uuid
BEFORE UPDATE OF uuid ON doctors
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'doctors_uuid_immutable');
END;

CREATE TRIGGER doctors_updated
AFTER UPDATE ON doctors
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Doctor', NEW.uuid, NEW.institution_id,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.email IS NOT OLD.email, ',"email"', '')
             || iif(NEW.first_name IS NOT OLD.first_name, ',"first_name"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.last_name IS NOT OLD.last_name, ',"last_name"', '')
             || iif(NEW.license_number IS NOT OLD.license_number, ',"license_number"', '')
             || iif(NEW.phone_number IS NOT OLD.phone_number, ',"phone_number"', '')
             || iif(NEW.specialty_id IS NOT OLD.specialty_id, ',"specialty_id"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE doctors
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER doctors_deleted
AFTER DELETE ON doctors
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Doctor', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patientregister_inserted
AFTER INSERT ON patientregister
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientRegister', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patientregister_uuid
BEFORE UPDATE OF uuid ON patientregister
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'patientregister_uuid_immutable');
END;

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

CREATE TRIGGER patientregister_deleted
AFTER DELETE ON patientregister
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientRegister', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

-- Records older than the log enter it, so that a reader who starts at its beginning meets every one of them.
INSERT INTO change_log (entity, key, institution_id, operation, version)
SELECT 'MedicalInstitution', uuid, uuid, 'CREATED', version FROM medical_institutions ORDER BY created_at, uuid;
INSERT INTO change_log (entity, key, operation, version)
SELECT 'DoctorSpecialty', uuid, 'CREATED', version FROM doctor_specialties ORDER BY created_at, uuid;
INSERT INTO change_log (entity, key, institution_id, operation, version)
SELECT 'Doctor', uuid, institution_id, 'CREATED', version FROM doctors ORDER BY created_at, uuid;
INSERT INTO change_log (entity, key, institution_id, operation, version)
SELECT 'PatientRegister', uuid, institution_id,
       CASE WHEN deleted_at IS NULL THEN 'CREATED' ELSE 'DELETED' END, version
  FROM patientregister ORDER BY created_at, uuid;

CREATE TABLE idempotency_keys (
    actor_id BLOB NOT NULL CONSTRAINT idempotency_keys_actor_id_check CHECK (length(actor_id) = 16),
    operation TEXT NOT NULL
        CONSTRAINT idempotency_keys_operation_check CHECK (length(operation) BETWEEN 1 AND 100),
    key TEXT NOT NULL CONSTRAINT idempotency_keys_key_check CHECK (length(key) BETWEEN 1 AND 200),
    -- SHA-256 of the input: the same key with another input is a mistake of the caller's.
    input_hash BLOB NOT NULL CONSTRAINT idempotency_keys_input_hash_check CHECK (length(input_hash) = 32),
    result TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT idempotency_keys_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor_id, operation, key)
) STRICT;
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
