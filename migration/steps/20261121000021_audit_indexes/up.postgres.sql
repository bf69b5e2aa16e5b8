-- By what audit entries are looked up besides their time and patient.

-- The intents of a server process that has ended, and what settles them.
CREATE INDEX audit_events_intended_idx ON audit_events (instance, sequence) WHERE outcome = 'INTENDED';
CREATE INDEX audit_events_settles_idx ON audit_events (instance, settles) WHERE settles IS NOT NULL;
-- One entry, by its own key, without reading every month.
CREATE INDEX audit_events_uuid_idx ON audit_events (uuid);
