-- What others know a record by: the medical record number of a patient, the NPI of a doctor, ... Filled by imports, so
-- that a record can be found again by the number that its source gave it.

CREATE TABLE identifiers (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT identifiers_pkey PRIMARY KEY
        CONSTRAINT identifiers_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    -- Whose it is: exactly one of the three.
    patient_id BLOB
        CONSTRAINT identifiers_patient_id_fkey REFERENCES patientregister ON DELETE CASCADE,
    doctor_id BLOB
        CONSTRAINT identifiers_doctor_id_fkey REFERENCES doctors ON DELETE CASCADE,
    medical_institution_id BLOB
        CONSTRAINT identifiers_medical_institution_id_fkey REFERENCES medical_institutions ON DELETE CASCADE,
    -- Who gives such numbers, as a URI; null where the source does not say.
    system TEXT
        CONSTRAINT identifiers_system_check CHECK (
            length(system) BETWEEN 1 AND 200 AND trim(system) <> ''
            AND instr(system, char(0)) = 0
            AND system NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    value TEXT NOT NULL
        CONSTRAINT identifiers_value_check CHECK (
            length(value) BETWEEN 1 AND 200 AND trim(value) <> ''
            AND instr(value, char(0)) = 0
            AND value NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    -- HL7's table 0203: MR, NPI, DL, PPN, ...
    type_code TEXT
        CONSTRAINT identifiers_type_code_check CHECK (
            length(type_code) BETWEEN 1 AND 50 AND trim(type_code) <> ''
            AND instr(type_code, char(0)) = 0
            AND type_code NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    -- The institution that the patient belongs to: a patient's numbers are no more public than the patient is. Null for
    -- those of doctors and institutions, which belong to all.
    institution_id BLOB
        CONSTRAINT identifiers_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT identifiers_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT identifiers_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    CONSTRAINT identifiers_owner_check CHECK (
        (patient_id IS NOT NULL) + (doctor_id IS NOT NULL) + (medical_institution_id IS NOT NULL) = 1)
) STRICT;
CREATE UNIQUE INDEX identifiers_patient_id_system_value_key
    ON identifiers (patient_id, coalesce(system, ''), value) WHERE patient_id IS NOT NULL;
CREATE UNIQUE INDEX identifiers_doctor_id_system_value_key
    ON identifiers (doctor_id, coalesce(system, ''), value) WHERE doctor_id IS NOT NULL;
CREATE UNIQUE INDEX identifiers_medical_institution_id_system_value_key
    ON identifiers (medical_institution_id, coalesce(system, ''), value) WHERE medical_institution_id IS NOT NULL;
CREATE INDEX identifiers_institution_id_idx ON identifiers (institution_id) WHERE institution_id IS NOT NULL;

-- The institution is the patient's own, always.
CREATE TRIGGER identifiers_institution_inserted
BEFORE INSERT ON identifiers
WHEN NEW.institution_id IS NOT (SELECT institution_id FROM patientregister WHERE uuid = NEW.patient_id)
BEGIN
    SELECT RAISE(ABORT, 'identifiers_institution_id_check');
END;

CREATE TRIGGER identifiers_institution_updated
BEFORE UPDATE OF patient_id, institution_id ON identifiers
WHEN NEW.institution_id IS NOT (SELECT institution_id FROM patientregister WHERE uuid = NEW.patient_id)
BEGIN
    SELECT RAISE(ABORT, 'identifiers_institution_id_check');
END;

CREATE TRIGGER patientregister_moved
AFTER UPDATE OF institution_id ON patientregister
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    UPDATE identifiers SET institution_id = NEW.institution_id WHERE patient_id = NEW.uuid;
END;

CREATE TRIGGER identifiers_inserted
AFTER INSERT ON identifiers
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Identifier', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER identifiers_uuid
BEFORE UPDATE OF uuid ON identifiers
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'identifiers_uuid_immutable');
END;

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

CREATE TRIGGER identifiers_deleted
AFTER DELETE ON identifiers
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Identifier', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;
