-- Two registers of the same patient become one: what belongs to the one moves to the other, which is kept, and it is
-- remembered what moved, so that it can be undone.

ALTER TABLE patientregister ADD COLUMN merged_into BLOB
    CONSTRAINT patientregister_merged_into_fkey REFERENCES patientregister ON DELETE RESTRICT
    CONSTRAINT patientregister_merged_into_check CHECK (merged_into <> uuid);
CREATE INDEX patientregister_merged_into_idx ON patientregister (merged_into) WHERE merged_into IS NOT NULL;

-- Into a register of the same institution, which is there and was not merged itself: so there are no circles.
CREATE TRIGGER patientregister_merged_inserted
BEFORE INSERT ON patientregister
WHEN NEW.merged_into IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'patientregister_merged_into_check')
     WHERE NOT EXISTS (SELECT 1 FROM patientregister AS kept
                        WHERE kept.uuid = NEW.merged_into AND kept.institution_id = NEW.institution_id
                          AND kept.merged_into IS NULL AND kept.deleted_at IS NULL);
END;

CREATE TRIGGER patientregister_merged_updated
BEFORE UPDATE OF merged_into ON patientregister
WHEN NEW.merged_into IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'patientregister_merged_into_check')
     WHERE NOT EXISTS (SELECT 1 FROM patientregister AS kept
                        WHERE kept.uuid = NEW.merged_into AND kept.institution_id = NEW.institution_id
                          AND kept.merged_into IS NULL AND kept.deleted_at IS NULL);
END;

CREATE TABLE patient_merges (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT patient_merges_pkey PRIMARY KEY
        CONSTRAINT patient_merges_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    -- Of the register that was kept.
    institution_id BLOB NOT NULL
        CONSTRAINT patient_merges_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    kept_id BLOB NOT NULL
        CONSTRAINT patient_merges_kept_id_fkey REFERENCES patientregister ON DELETE CASCADE,
    merged_id BLOB NOT NULL
        CONSTRAINT patient_merges_merged_id_fkey REFERENCES patientregister ON DELETE CASCADE
        CONSTRAINT patient_merges_merged_id_check CHECK (merged_id <> kept_id),
    reason TEXT
        CONSTRAINT patient_merges_reason_check CHECK (
            length(reason) BETWEEN 1 AND 500 AND trim(reason) <> ''
            AND instr(reason, char(0)) = 0
            AND reason NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    -- No foreign key: the history outlives users.
    actor_id BLOB NOT NULL CONSTRAINT patient_merges_actor_id_check CHECK (length(actor_id) = 16),
    -- A list: table and key of each row that moved.
    moved TEXT NOT NULL
        CONSTRAINT patient_merges_moved_check CHECK (json_valid(moved) AND json_type(moved) = 'array'),
    undone_at TEXT
        CONSTRAINT patient_merges_undone_at_check CHECK (
            undone_at IS NULL OR undone_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(undone_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(undone_at, 1, 19), '+0 days')),
    undone_by BLOB CONSTRAINT patient_merges_undone_by_check CHECK (length(undone_by) = 16),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_merges_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_merges_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    CONSTRAINT patient_merges_undone_check CHECK ((undone_at IS NULL) = (undone_by IS NULL))
) STRICT;
CREATE INDEX patient_merges_institution_id_idx ON patient_merges (institution_id, created_at, uuid);
CREATE INDEX patient_merges_kept_id_idx ON patient_merges (kept_id);
-- A register is part of another as often as it likes, and of one at a time.
CREATE UNIQUE INDEX patient_merges_merged_id_key ON patient_merges (merged_id) WHERE undone_at IS NULL;

-- The institution is the kept register's own, always.
CREATE TRIGGER patient_merges_institution_inserted
BEFORE INSERT ON patient_merges
WHEN NEW.institution_id IS NOT (SELECT institution_id FROM patientregister WHERE uuid = NEW.kept_id)
BEGIN
    SELECT RAISE(ABORT, 'patient_merges_institution_id_check');
END;

CREATE TRIGGER patient_merges_institution_updated
BEFORE UPDATE OF kept_id, institution_id ON patient_merges
WHEN NEW.institution_id IS NOT (SELECT institution_id FROM patientregister WHERE uuid = NEW.kept_id)
BEGIN
    SELECT RAISE(ABORT, 'patient_merges_institution_id_check');
END;

CREATE TRIGGER patientregister_moved_merges
AFTER UPDATE OF institution_id ON patientregister
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    UPDATE patient_merges SET institution_id = NEW.institution_id WHERE kept_id = NEW.uuid;
END;

CREATE TRIGGER patient_merges_leaving
BEFORE UPDATE OF institution_id ON patient_merges
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER patient_merges_inserted
AFTER INSERT ON patient_merges
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientMerge', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patient_merges_uuid
BEFORE UPDATE OF uuid ON patient_merges
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'patient_merges_uuid_immutable');
END;

CREATE TRIGGER patient_merges_updated
AFTER UPDATE ON patient_merges
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'PatientMerge', NEW.uuid, NEW.institution_id, 'UPDATED', OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.actor_id IS NOT OLD.actor_id, ',"actor_id"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.kept_id IS NOT OLD.kept_id, ',"kept_id"', '')
             || iif(NEW.merged_id IS NOT OLD.merged_id, ',"merged_id"', '')
             || iif(NEW.moved IS NOT OLD.moved, ',"moved"', '')
             || iif(NEW.reason IS NOT OLD.reason, ',"reason"', '')
             || iif(NEW.undone_at IS NOT OLD.undone_at, ',"undone_at"', '')
             || iif(NEW.undone_by IS NOT OLD.undone_by, ',"undone_by"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE patient_merges
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER patient_merges_deleted
AFTER DELETE ON patient_merges
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientMerge', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

-- The log names the new field too.
DROP TRIGGER patientregister_updated;
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
             || iif(NEW.merged_into IS NOT OLD.merged_into, ',"merged_into"', '')
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
