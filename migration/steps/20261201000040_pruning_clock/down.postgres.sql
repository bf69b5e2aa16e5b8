DROP TRIGGER change_log_horizon_clock ON change_log_horizon;
DROP TRIGGER audit_beginnings_clock ON audit_beginnings;
DROP FUNCTION refuse_doubtful_clock();
DROP TABLE pruning_clock;
