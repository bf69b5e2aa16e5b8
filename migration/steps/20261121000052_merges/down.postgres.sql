DROP TRIGGER patientregister_moved_merges ON patientregister;
DROP TRIGGER patientregister_merged ON patientregister;
DROP TABLE patient_merges;
DROP FUNCTION check_merge_institution();
DROP FUNCTION check_merged_into();
DELETE FROM change_log WHERE entity = 'PatientMerge';
ALTER TABLE patientregister DROP COLUMN merged_into;
