-- The audit trail: who did what to whose records. Entries are appended and never changed; each is hashed together with the
-- one before it of the same server process, so what was altered all the same can be found (`phr audit verify`).

CREATE TABLE audit_events (
    uuid BLOB NOT NULL CONSTRAINT audit_events_uuid_check CHECK (length(uuid) = 16),
    -- The server process that wrote the entry, and the entry's number there.
    instance BLOB NOT NULL CONSTRAINT audit_events_instance_check CHECK (length(instance) = 16),
    sequence INTEGER NOT NULL CONSTRAINT audit_events_sequence_check CHECK (sequence > 0),
    occurred_at TEXT NOT NULL
        CONSTRAINT audit_events_occurred_at_check CHECK (
            occurred_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(occurred_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(occurred_at, 1, 19), '+0 days')),
    -- No foreign keys: the trail outlives what it speaks of.
    actor_id BLOB NOT NULL,
    role TEXT NOT NULL,
    session_id BLOB,
    -- The institution that the actor was bound to; null for who may reach all.
    institution_id BLOB,
    grant_id BLOB,
    origin TEXT,
    request_id BLOB NOT NULL,
    action TEXT NOT NULL
        CONSTRAINT audit_events_action_check CHECK (length(action) BETWEEN 1 AND 30 AND action NOT GLOB '*[^A-Z_]*'),
    resource TEXT NOT NULL,
    resource_id BLOB,
    version INTEGER,
    -- The institution that the record belongs to.
    resource_institution_id BLOB,
    patient_id BLOB,
    -- Names only, never values.
    fields TEXT NOT NULL DEFAULT '[]',
    outcome TEXT NOT NULL
        CONSTRAINT audit_events_outcome_check
        CHECK (outcome IN ('INTENDED', 'SUCCEEDED', 'FAILED', 'DENIED', 'UNKNOWN')),
    settles INTEGER,
    previous_hash BLOB NOT NULL CONSTRAINT audit_events_previous_hash_check CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CONSTRAINT audit_events_hash_check CHECK (length(hash) = 32),
    CONSTRAINT audit_events_pkey PRIMARY KEY (instance, sequence)
) STRICT;
CREATE INDEX audit_events_occurred_at_idx ON audit_events (occurred_at, uuid);
CREATE INDEX audit_events_patient_id_idx ON audit_events (patient_id, occurred_at, uuid) WHERE patient_id IS NOT NULL;

-- Where an instance's entries begin, once older ones were pruned.
CREATE TABLE audit_beginnings (
    instance BLOB NOT NULL CONSTRAINT audit_beginnings_pkey PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL CONSTRAINT audit_beginnings_hash_check CHECK (length(hash) = 32),
    occurred_at TEXT NOT NULL
) STRICT;

-- How long entries are kept whatever the server wishes: one row. 2190 days are the six years of 45 CFR 164.316(b)(2).
CREATE TABLE audit_retention (
    id INTEGER PRIMARY KEY CONSTRAINT audit_retention_id_check CHECK (id = 1),
    floor_days INTEGER NOT NULL CONSTRAINT audit_retention_floor_days_check CHECK (floor_days >= 0)
) STRICT;
INSERT INTO audit_retention (id, floor_days) VALUES (1, 2190);

CREATE TRIGGER audit_events_updated
BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit_events_append_only');
END;

-- Only what is older than the floor, and after its last entry was remembered.
CREATE TRIGGER audit_events_deleted
BEFORE DELETE ON audit_events
WHEN date(substr(OLD.occurred_at, 1, 10), 'start of month', '+1 month')
         > date('now', '-' || (SELECT floor_days FROM audit_retention) || ' days')
     OR OLD.sequence > coalesce((SELECT sequence FROM audit_beginnings WHERE instance = OLD.instance), 0)
BEGIN
    SELECT RAISE(ABORT, 'audit_events_append_only');
END;
