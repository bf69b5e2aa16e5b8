-- Old entries are removed by the clock, so a wrong clock would remove young ones. `trusted_at` is the last instant at which
-- the clock was found to be right. When it has moved by more than 31 days since, nothing is removed until an operator
-- confirms it (`phr audit accept-clock`).

CREATE TABLE pruning_clock (
    id INTEGER PRIMARY KEY CONSTRAINT pruning_clock_id_check CHECK (id = 1),
    trusted_at TEXT NOT NULL CONSTRAINT pruning_clock_trusted_at_check CHECK (julianday(trusted_at) IS NOT NULL)
) STRICT;
INSERT INTO pruning_clock (id, trusted_at)
SELECT 1, coalesce(max(newest), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
  FROM (SELECT max(occurred_at) AS newest FROM audit_events
        UNION ALL SELECT * FROM (SELECT occurred_at FROM change_log ORDER BY sequence DESC LIMIT 1));

-- Pruning notes how far it went in the same transaction; these triggers stop it there.
CREATE TRIGGER audit_beginnings_inserted
BEFORE INSERT ON audit_beginnings
WHEN EXISTS (SELECT 1 FROM pruning_clock WHERE abs(julianday('now') - julianday(trusted_at)) > 31)
BEGIN
    SELECT RAISE(ABORT, 'pruning_clock_doubtful');
END;

CREATE TRIGGER change_log_horizon_updated
BEFORE UPDATE ON change_log_horizon
WHEN EXISTS (SELECT 1 FROM pruning_clock WHERE abs(julianday('now') - julianday(trusted_at)) > 31)
BEGIN
    SELECT RAISE(ABORT, 'pruning_clock_doubtful');
END;
