DROP INDEX identifiers_value_idx;
DROP INDEX patientregister_phone_number_folded_idx;
ALTER TABLE patientregister DROP COLUMN phone_number_folded;
