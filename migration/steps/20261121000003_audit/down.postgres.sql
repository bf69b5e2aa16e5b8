DROP FUNCTION prune_audit_events(integer);
DROP FUNCTION make_audit_partitions(date, date);
DROP TABLE audit_retention;
DROP TABLE audit_beginnings;
DROP TABLE audit_events;
DROP FUNCTION refuse_audit_change();
