DROP TRIGGER patientregister_kept ON patientregister;
DROP FUNCTION keep_what_was_merged_into();
