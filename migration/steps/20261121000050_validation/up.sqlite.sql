-- The way to a register that can be relied on: its doctor and its institution confirm it, each by themselves, or it is
-- refused with a reason. And a patient may be deceased.

-- Whatever was refused before there were reasons is to be judged again.
UPDATE patientregister SET status = 'PENDING' WHERE status = 'REJECTED';

DROP TRIGGER patientregister_updated;

-- A CHECK can only be changed in the schema's own text; making the table anew would remove, by their references, the rows
-- that refer to it. See section 7 of SQLite's "ALTER TABLE".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql, 'status IN (''INCOMPLETE'', ''PENDING'', ''VALIDATED'', ''REJECTED'')',
                     'status IN (''INCOMPLETE'', ''PENDING'', ''DOCTOR_VALIDATED'', ''INSTITUTION_VALIDATED'', ''VALIDATED'', ''REJECTED'')')
 WHERE type = 'table' AND name = 'patientregister';
PRAGMA writable_schema = RESET;

ALTER TABLE patientregister ADD COLUMN rejection_reason TEXT
    CONSTRAINT patientregister_rejection_reason_check CHECK (
        (status = 'REJECTED') = (rejection_reason IS NOT NULL)
        AND (rejection_reason IS NULL OR length(rejection_reason) BETWEEN 1 AND 500 AND trim(rejection_reason) <> ''
            AND instr(rejection_reason, char(0)) = 0
            AND rejection_reason NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'));
ALTER TABLE patientregister ADD COLUMN date_of_death TEXT
    CONSTRAINT patientregister_date_of_death_check CHECK (
        date_of_death IS NULL
        OR date_of_death GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
        AND instr(date_of_death, char(0)) = 0 AND date_of_death IS date(date_of_death, '+0 days')
        AND date_of_death BETWEEN date_of_birth AND CURRENT_DATE);

-- Every step of a register's validation. Rows are appended and never changed, but that they go with a patient who moves to
-- another institution, and end with the register itself.
CREATE TABLE patient_validations (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT patient_validations_pkey PRIMARY KEY
        CONSTRAINT patient_validations_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL
        CONSTRAINT patient_validations_patient_id_fkey REFERENCES patientregister ON DELETE CASCADE,
    -- Of the patient.
    institution_id BLOB NOT NULL
        CONSTRAINT patient_validations_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    -- The version that the register got by it. The server tells of a step before it takes it; of a step that nobody told
    -- of, the trigger does.
    register_version INTEGER NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    -- For whom the actor spoke; null where the status followed from a change of the register.
    role TEXT
        CONSTRAINT patient_validations_role_check CHECK (role IN ('DOCTOR', 'INSTITUTION')),
    -- No foreign key: the history outlives users. Null where the database was not told who acts.
    actor_id BLOB CONSTRAINT patient_validations_actor_id_check CHECK (length(actor_id) = 16),
    reason TEXT
        CONSTRAINT patient_validations_reason_check CHECK (
            length(reason) BETWEEN 1 AND 500 AND trim(reason) <> ''
            AND instr(reason, char(0)) = 0
            AND reason NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_validations_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_validations_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    CONSTRAINT patient_validations_patient_id_register_version_key UNIQUE (patient_id, register_version)
) STRICT;
CREATE INDEX patient_validations_institution_id_idx ON patient_validations (institution_id, created_at, uuid);

-- The log names the new fields too.
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

-- The row's version is counted afterwards, so OLD's is the one before the step, whichever statement takes it.
CREATE TRIGGER patientregister_validation
AFTER UPDATE OF status ON patientregister
WHEN NEW.status IS NOT OLD.status
BEGIN
    INSERT OR IGNORE INTO patient_validations
        (patient_id, institution_id, register_version, from_status, to_status, actor_id, reason)
    VALUES (NEW.uuid, NEW.institution_id, OLD.version + 1, OLD.status, NEW.status,
            (SELECT actor_id FROM request_context), NEW.rejection_reason);
END;

CREATE TRIGGER patient_validations_institution_inserted
BEFORE INSERT ON patient_validations
WHEN NEW.institution_id IS NOT (SELECT institution_id FROM patientregister WHERE uuid = NEW.patient_id)
BEGIN
    SELECT RAISE(ABORT, 'patient_validations_institution_id_check');
END;

CREATE TRIGGER patient_validations_kept
BEFORE UPDATE OF uuid, patient_id, register_version, from_status, to_status, role, actor_id, reason, created_at
    ON patient_validations
WHEN (NEW.uuid, NEW.patient_id, NEW.register_version, NEW.from_status, NEW.to_status, NEW.role, NEW.actor_id, NEW.reason,
      NEW.created_at)
     IS NOT
     (OLD.uuid, OLD.patient_id, OLD.register_version, OLD.from_status, OLD.to_status, OLD.role, OLD.actor_id, OLD.reason,
      OLD.created_at)
BEGIN
    SELECT RAISE(ABORT, 'patient_validations_append_only_check');
END;

CREATE TRIGGER patient_validations_kept_for_good
BEFORE DELETE ON patient_validations
WHEN EXISTS (SELECT 1 FROM patientregister WHERE uuid = OLD.patient_id)
BEGIN
    SELECT RAISE(ABORT, 'patient_validations_append_only_check');
END;

CREATE TRIGGER patientregister_moved_validations
AFTER UPDATE OF institution_id ON patientregister
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    UPDATE patient_validations SET institution_id = NEW.institution_id WHERE patient_id = NEW.uuid;
END;

CREATE TRIGGER patient_validations_leaving
BEFORE UPDATE OF institution_id ON patient_validations
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER patient_validations_inserted
AFTER INSERT ON patient_validations
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientValidation', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patient_validations_updated
AFTER UPDATE ON patient_validations
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'PatientValidation', NEW.uuid, NEW.institution_id, 'UPDATED', OLD.version + 1, '["institution_id"]',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
     WHERE NEW.institution_id IS NOT OLD.institution_id;
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE patient_validations
       SET version = OLD.version + changes(),
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER patient_validations_deleted
AFTER DELETE ON patient_validations
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientValidation', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;
