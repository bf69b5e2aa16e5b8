-- Form 2 of the audit trail: an entry is what one request did to patients of one institution in one way, with up to 1000
-- patients, as FHIR's AuditEvent has several entities. Entries of form 1, of one patient each, stay as they are: their
-- bytes are hashed.

ALTER TABLE audit_events ADD COLUMN form INTEGER NOT NULL DEFAULT 1
    CONSTRAINT audit_events_form_check CHECK (form IN (1, 2));
-- The patients whose data it was, of form 2; null where it was nobody's.
ALTER TABLE audit_events ADD COLUMN patient_ids TEXT
    CONSTRAINT audit_events_patient_ids_check CHECK (
        patient_ids IS NULL OR form = 2 AND patient_id IS NULL AND json_array_length(patient_ids) BETWEEN 1 AND 1000);
-- Of an entry about a question: by which fields and operators it asked, how many records matched, and its arguments, sealed
-- under a key that the database does not have.
ALTER TABLE audit_events ADD COLUMN operators TEXT
    CONSTRAINT audit_events_operators_check CHECK (operators IS NULL OR form = 2);
ALTER TABLE audit_events ADD COLUMN matched INTEGER
    CONSTRAINT audit_events_matched_check CHECK (matched IS NULL OR form = 2 AND matched >= 0);
ALTER TABLE audit_events ADD COLUMN query BLOB CONSTRAINT audit_events_query_check CHECK (query IS NULL OR form = 2);

-- By which patients entries are found, whatever their form.
CREATE TABLE audit_patients (
    patient_id BLOB NOT NULL CONSTRAINT audit_patients_patient_id_check CHECK (length(patient_id) = 16),
    occurred_at TEXT NOT NULL,
    uuid BLOB NOT NULL,
    CONSTRAINT audit_patients_pkey PRIMARY KEY (patient_id, occurred_at, uuid)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_patients (patient_id, occurred_at, uuid)
SELECT patient_id, occurred_at, uuid FROM audit_events WHERE patient_id IS NOT NULL;
DROP INDEX audit_events_patient_id_idx;

CREATE TRIGGER audit_events_inserted
AFTER INSERT ON audit_events
BEGIN
    INSERT OR IGNORE INTO audit_patients (patient_id, occurred_at, uuid)
    SELECT NEW.patient_id, NEW.occurred_at, NEW.uuid WHERE NEW.patient_id IS NOT NULL
    UNION ALL
    SELECT unhex(value, '-'), NEW.occurred_at, NEW.uuid FROM json_each(NEW.patient_ids);
END;

CREATE TRIGGER audit_events_pruned
AFTER DELETE ON audit_events
BEGIN
    DELETE FROM audit_patients
     WHERE patient_id = OLD.patient_id AND occurred_at = OLD.occurred_at AND uuid = OLD.uuid;
    DELETE FROM audit_patients
     WHERE patient_id IN (SELECT unhex(value, '-') FROM json_each(OLD.patient_ids))
       AND occurred_at = OLD.occurred_at AND uuid = OLD.uuid;
END;

-- An event once for each of its patients, as FHIR's AuditEvent is read by patient; once where it has none.
CREATE VIEW audit_event_patients AS
SELECT event.uuid, event.occurred_at, event.instance, event.sequence, event.actor_id, event.role, event.session_id,
    event.institution_id, event.grant_id, event.origin, event.request_id, event.action, event.resource,
    event.resource_id, event.version, event.resource_institution_id,
    coalesce(unhex(known.value, '-'), event.patient_id) AS patient_id, event.fields, event.operators, event.matched,
    event.outcome, event.settles
FROM audit_events AS event
LEFT JOIN json_each(event.patient_ids) AS known;
