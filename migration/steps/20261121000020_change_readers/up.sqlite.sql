-- What readers of the change log go by, and what the log forgets.

ALTER TABLE change_log ADD COLUMN former_institution_id BLOB;

-- Where a record belonged that is just being moved, until its change is logged: who loses it sees that it went.
CREATE TABLE change_log_moves (
    key BLOB CONSTRAINT change_log_moves_pkey PRIMARY KEY,
    institution_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER doctors_leaving
BEFORE UPDATE OF institution_id ON doctors
WHEN NEW.institution_id IS NOT OLD.institution_id AND OLD.institution_id IS NOT NULL
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER patientregister_leaving
BEFORE UPDATE OF institution_id ON patientregister
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER identifiers_leaving
BEFORE UPDATE OF institution_id ON identifiers
WHEN NEW.institution_id IS NOT OLD.institution_id AND OLD.institution_id IS NOT NULL
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER users_leaving
BEFORE UPDATE OF institution_id ON users
WHEN NEW.institution_id IS NOT OLD.institution_id AND OLD.institution_id IS NOT NULL
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER change_log_moved
AFTER INSERT ON change_log
WHEN NEW.key IN (SELECT key FROM change_log_moves)
BEGIN
    UPDATE change_log
       SET former_institution_id = (SELECT institution_id FROM change_log_moves WHERE key = NEW.key)
     WHERE sequence = NEW.sequence;
    DELETE FROM change_log_moves WHERE key = NEW.key;
END;

-- The number of the last entry that was pruned: a reader who has not seen it comes too late. One row.
CREATE TABLE change_log_horizon (
    id INTEGER PRIMARY KEY CONSTRAINT change_log_horizon_id_check CHECK (id = 1),
    sequence INTEGER NOT NULL
) STRICT;
INSERT INTO change_log_horizon (id, sequence) VALUES (1, 0);
