DROP TABLE change_log_horizon;

DROP TRIGGER change_log_moved;
DROP TRIGGER users_leaving;
DROP TRIGGER identifiers_leaving;
DROP TRIGGER patientregister_leaving;
DROP TRIGGER doctors_leaving;
DROP TABLE change_log_moves;

ALTER TABLE change_log DROP COLUMN former_institution_id;
