-- Fails while a number is longer than 15 characters, or has other signs than before.
CREATE TABLE new_numbers (number TEXT CONSTRAINT phone_number_check CHECK (
    length(number) BETWEEN 10 AND 15 AND instr(number, char(0)) = 0
            AND number NOT GLOB '*[^0-9+() -]*' AND number GLOB '*[0-9]*')) STRICT;
INSERT INTO new_numbers SELECT phone_number FROM medical_institutions;
INSERT INTO new_numbers SELECT phone_number FROM doctors;
INSERT INTO new_numbers SELECT phone_number FROM patientregister;
INSERT INTO new_numbers SELECT number FROM phones;
DROP TABLE new_numbers;

DROP TRIGGER medical_institutions_folded_inserted;
DROP TRIGGER medical_institutions_folded_updated;
DROP TRIGGER doctors_folded_inserted;
DROP TRIGGER doctors_folded_updated;
DROP TRIGGER patientregister_folded_inserted;
DROP TRIGGER patientregister_folded_updated;
DROP TRIGGER phones_folded_inserted;
DROP TRIGGER phones_folded_updated;
DROP INDEX phones_patient_id_number_key;
DROP INDEX phones_institution_id_number_idx;
DROP INDEX patientregister_phone_digits_folded_idx;
ALTER TABLE patientregister DROP COLUMN phone_digits_folded;
ALTER TABLE medical_institutions DROP COLUMN phone_number_folded;
ALTER TABLE doctors DROP COLUMN phone_number_folded;
ALTER TABLE patientregister DROP COLUMN phone_number_folded;
ALTER TABLE phones DROP COLUMN number_folded;

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql, 'length(phone_number) <= 40 AND instr(phone_number, char(0)) = 0
            AND phone_number NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND CASE WHEN phone_number NOT GLOB ''*[^-0-9+() ./,]*''
                THEN length(replace(replace(replace(replace(replace(replace(replace(replace(phone_number, ''+'', ''''), ''-'', ''''), ''('', ''''), '')'', ''''), '' '', ''''), ''.'', ''''), ''/'', ''''), '','', '''')) BETWEEN 10 AND 15
                    AND phone_number NOT GLOB ''*[0-9+]*+*''
                ELSE phone_number GLOB ''*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*''
                    AND (phone_number NOT GLOB ''*[A-Za-z#;]*'' OR lower(phone_number) GLOB ''tel:*[0-9]'' OR lower(phone_number) GLOB ''*[0-9]*[x#t.]*[0-9]'')
                END',
       'length(phone_number) BETWEEN 10 AND 15 AND instr(phone_number, char(0)) = 0
            AND phone_number NOT GLOB ''*[^0-9+() -]*'' AND phone_number GLOB ''*[0-9]*''')
 WHERE type = 'table' AND name IN ('medical_institutions', 'doctors', 'patientregister');
UPDATE sqlite_schema
   SET sql = replace(sql, 'length(number) <= 40 AND instr(number, char(0)) = 0
            AND number NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND CASE WHEN number NOT GLOB ''*[^-0-9+() ./,]*''
                THEN length(replace(replace(replace(replace(replace(replace(replace(replace(number, ''+'', ''''), ''-'', ''''), ''('', ''''), '')'', ''''), '' '', ''''), ''.'', ''''), ''/'', ''''), '','', '''')) BETWEEN 10 AND 15
                    AND number NOT GLOB ''*[0-9+]*+*''
                ELSE number GLOB ''*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*''
                    AND (number NOT GLOB ''*[A-Za-z#;]*'' OR lower(number) GLOB ''tel:*[0-9]'' OR lower(number) GLOB ''*[0-9]*[x#t.]*[0-9]'')
                END',
       'length(number) BETWEEN 10 AND 15 AND instr(number, char(0)) = 0
            AND number NOT GLOB ''*[^0-9+() -]*'' AND number GLOB ''*[0-9]*''')
 WHERE type = 'table' AND name IN ('phones');
PRAGMA writable_schema = RESET;

CREATE UNIQUE INDEX phones_patient_id_number_key ON phones (patient_id, number) WHERE deleted_at IS NULL;
CREATE INDEX phones_institution_id_number_idx ON phones (institution_id, number) WHERE deleted_at IS NULL;
-- The last nine digits: a country code and a trunk prefix come before them, and are written or not.
ALTER TABLE patientregister ADD COLUMN phone_number_folded TEXT GENERATED ALWAYS AS (
    substr(replace(replace(replace(replace(replace(phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), -9));
CREATE INDEX patientregister_phone_number_folded_idx ON patientregister (phone_number_folded) WHERE deleted_at IS NULL;
