DROP TRIGGER patientregister_kept;
