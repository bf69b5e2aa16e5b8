DROP TABLE audit_retention;
DROP TABLE audit_beginnings;
DROP TABLE audit_events;
