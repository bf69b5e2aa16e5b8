DROP INDEX audit_events_uuid_idx;
DROP INDEX audit_events_settles_idx;
DROP INDEX audit_events_intended_idx;
