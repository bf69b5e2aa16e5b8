-- Every step ever applied or taken back, with the hash of the SQL that ran. Stands apart from the steps because the
-- first of them must already be recorded, and the last one taken back too.
CREATE TABLE IF NOT EXISTS migration_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version TEXT NOT NULL,
    direction TEXT NOT NULL
        CONSTRAINT migration_history_direction_check CHECK (direction IN ('up', 'down')),
    sha256 TEXT NOT NULL
        CONSTRAINT migration_history_sha256_check CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')),
    -- SQLite knows no logins; the column exists so that both databases answer the same question.
    applied_by TEXT NOT NULL DEFAULT 'local'
) STRICT;
