DROP TRIGGER change_log_horizon_updated;
DROP TRIGGER audit_beginnings_inserted;
DROP TABLE pruning_clock;
