-- Appointments: a patient with a doctor, from an instant to another.

CREATE TABLE appointments (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT appointments_pkey PRIMARY KEY
        CONSTRAINT appointments_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL
        CONSTRAINT appointments_patient_id_fkey REFERENCES patientregister ON DELETE CASCADE,
    -- Of the patient, whose doctor's it is too when the appointment is made.
    institution_id BLOB NOT NULL
        CONSTRAINT appointments_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    doctor_id BLOB NOT NULL
        CONSTRAINT appointments_doctor_id_fkey REFERENCES doctors ON DELETE RESTRICT,
    starts_at TEXT NOT NULL
        CONSTRAINT appointments_starts_at_check CHECK (
            starts_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(starts_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(starts_at, 1, 19), '+0 days')),
    ends_at TEXT NOT NULL
        CONSTRAINT appointments_ends_at_check CHECK (
            ends_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(ends_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(ends_at, 1, 19), '+0 days')
            AND ends_at > starts_at
            -- In seconds and in what remains below: julian days are too coarse for microseconds.
            AND strftime('%s', ends_at) - strftime('%s', starts_at)
                <= 86400 - (substr(ends_at, 21, 6) > substr(starts_at, 21, 6))),
    status TEXT NOT NULL DEFAULT 'BOOKED'
        CONSTRAINT appointments_status_check CHECK (
            status IN ('BOOKED', 'ARRIVED', 'FULFILLED', 'CANCELLED', 'NO_SHOW')),
    reason TEXT
        CONSTRAINT appointments_reason_check CHECK (
            length(reason) BETWEEN 1 AND 500 AND trim(reason) <> ''
            AND instr(reason, char(0)) = 0
            AND reason NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT appointments_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT appointments_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;
CREATE INDEX appointments_institution_id_idx ON appointments (institution_id, starts_at, uuid);
CREATE INDEX appointments_patient_id_idx ON appointments (patient_id, starts_at, uuid);
CREATE INDEX appointments_doctor_id_idx ON appointments (doctor_id, starts_at, uuid);

-- A doctor sees one patient at a time; one appointment may begin as the other ends.
CREATE TRIGGER appointments_overlap_inserted
BEFORE INSERT ON appointments
WHEN NEW.status IN ('BOOKED', 'ARRIVED', 'FULFILLED')
BEGIN
    SELECT RAISE(ABORT, 'appointments_starts_at_excl')
     WHERE EXISTS (SELECT 1 FROM appointments AS other
                    WHERE other.doctor_id = NEW.doctor_id AND other.uuid <> NEW.uuid
                      AND other.status IN ('BOOKED', 'ARRIVED', 'FULFILLED')
                      AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at);
END;

CREATE TRIGGER appointments_overlap_updated
BEFORE UPDATE OF doctor_id, starts_at, ends_at, status ON appointments
WHEN NEW.status IN ('BOOKED', 'ARRIVED', 'FULFILLED')
BEGIN
    SELECT RAISE(ABORT, 'appointments_starts_at_excl')
     WHERE EXISTS (SELECT 1 FROM appointments AS other
                    WHERE other.doctor_id = NEW.doctor_id AND other.uuid <> NEW.uuid
                      AND other.status IN ('BOOKED', 'ARRIVED', 'FULFILLED')
                      AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at);
END;

CREATE TRIGGER appointments_institution_inserted
BEFORE INSERT ON appointments
WHEN NEW.institution_id IS NOT (SELECT institution_id FROM patientregister WHERE uuid = NEW.patient_id)
BEGIN
    SELECT RAISE(ABORT, 'appointments_institution_id_check');
END;

CREATE TRIGGER appointments_institution_updated
BEFORE UPDATE OF patient_id, institution_id ON appointments
WHEN NEW.institution_id IS NOT (SELECT institution_id FROM patientregister WHERE uuid = NEW.patient_id)
BEGIN
    SELECT RAISE(ABORT, 'appointments_institution_id_check');
END;

CREATE TRIGGER patientregister_moved_appointments
AFTER UPDATE OF institution_id ON patientregister
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    UPDATE appointments SET institution_id = NEW.institution_id WHERE patient_id = NEW.uuid;
END;

CREATE TRIGGER appointments_leaving
BEFORE UPDATE OF institution_id ON appointments
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER appointments_inserted
AFTER INSERT ON appointments
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Appointment', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER appointments_uuid
BEFORE UPDATE OF uuid ON appointments
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'appointments_uuid_immutable');
END;

CREATE TRIGGER appointments_updated
AFTER UPDATE ON appointments
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Appointment', NEW.uuid, NEW.institution_id, 'UPDATED', OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.doctor_id IS NOT OLD.doctor_id, ',"doctor_id"', '')
             || iif(NEW.ends_at IS NOT OLD.ends_at, ',"ends_at"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.reason IS NOT OLD.reason, ',"reason"', '')
             || iif(NEW.starts_at IS NOT OLD.starts_at, ',"starts_at"', '')
             || iif(NEW.status IS NOT OLD.status, ',"status"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE appointments
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER appointments_deleted
AFTER DELETE ON appointments
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Appointment', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;
