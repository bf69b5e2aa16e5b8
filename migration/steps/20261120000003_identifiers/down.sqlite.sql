DROP TRIGGER patientregister_moved;
DROP TABLE identifiers;
