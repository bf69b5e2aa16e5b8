DROP TRIGGER patientregister_moved ON patientregister;
DROP TABLE identifiers;
DROP FUNCTION move_identifiers();
DROP FUNCTION check_identifier_institution();
