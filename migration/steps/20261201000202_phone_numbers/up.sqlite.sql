-- Phone numbers as people write them: 10 to 15 digits, at most 40 characters. Beside what was written stands the form in
-- which numbers are compared: E.164, which the server knows by the numbering plans, or else the digits alone. For those who
-- write SQL triggers fill in the digits, of numbers that consist of digits and signs of ASCII.

DROP INDEX patientregister_phone_number_folded_idx;
ALTER TABLE patientregister DROP COLUMN phone_number_folded;

ALTER TABLE medical_institutions ADD COLUMN phone_number_folded TEXT
    CONSTRAINT medical_institutions_phone_number_folded_check CHECK (
        length(phone_number_folded) <= 40 AND instr(phone_number_folded, char(0)) = 0 AND ltrim(phone_number_folded, '+') NOT GLOB '*[^0-9]*'
        AND ltrim(phone_number_folded, '+') <> '');
ALTER TABLE doctors ADD COLUMN phone_number_folded TEXT
    CONSTRAINT doctors_phone_number_folded_check CHECK (
        length(phone_number_folded) <= 40 AND instr(phone_number_folded, char(0)) = 0 AND ltrim(phone_number_folded, '+') NOT GLOB '*[^0-9]*'
        AND ltrim(phone_number_folded, '+') <> '');
ALTER TABLE patientregister ADD COLUMN phone_number_folded TEXT
    CONSTRAINT patientregister_phone_number_folded_check CHECK (
        length(phone_number_folded) <= 40 AND instr(phone_number_folded, char(0)) = 0 AND ltrim(phone_number_folded, '+') NOT GLOB '*[^0-9]*'
        AND ltrim(phone_number_folded, '+') <> '');
ALTER TABLE phones ADD COLUMN number_folded TEXT
    CONSTRAINT phones_number_folded_check CHECK (
        length(number_folded) <= 40 AND instr(number_folded, char(0)) = 0 AND ltrim(number_folded, '+') NOT GLOB '*[^0-9]*'
        AND ltrim(number_folded, '+') <> '');

-- A CHECK can only be changed in the schema's own text. See section 7 of SQLite's "ALTER TABLE".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql, 'length(phone_number) BETWEEN 10 AND 15 AND instr(phone_number, char(0)) = 0
            AND phone_number NOT GLOB ''*[^0-9+() -]*'' AND phone_number GLOB ''*[0-9]*''',
       'length(phone_number) <= 40 AND instr(phone_number, char(0)) = 0
            AND phone_number NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND CASE WHEN phone_number NOT GLOB ''*[^-0-9+() ./,]*''
                THEN length(replace(replace(replace(replace(replace(replace(replace(replace(phone_number, ''+'', ''''), ''-'', ''''), ''('', ''''), '')'', ''''), '' '', ''''), ''.'', ''''), ''/'', ''''), '','', '''')) BETWEEN 10 AND 15
                    AND phone_number NOT GLOB ''*[0-9+]*+*''
                ELSE phone_number GLOB ''*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*''
                    AND (phone_number NOT GLOB ''*[A-Za-z#;]*'' OR lower(phone_number) GLOB ''tel:*[0-9]'' OR lower(phone_number) GLOB ''*[0-9]*[x#t.]*[0-9]'')
                END')
 WHERE type = 'table' AND name IN ('medical_institutions', 'doctors', 'patientregister');
UPDATE sqlite_schema
   SET sql = replace(sql, 'length(number) BETWEEN 10 AND 15 AND instr(number, char(0)) = 0
            AND number NOT GLOB ''*[^0-9+() -]*'' AND number GLOB ''*[0-9]*''',
       'length(number) <= 40 AND instr(number, char(0)) = 0
            AND number NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND CASE WHEN number NOT GLOB ''*[^-0-9+() ./,]*''
                THEN length(replace(replace(replace(replace(replace(replace(replace(replace(number, ''+'', ''''), ''-'', ''''), ''('', ''''), '')'', ''''), '' '', ''''), ''.'', ''''), ''/'', ''''), '','', '''')) BETWEEN 10 AND 15
                    AND number NOT GLOB ''*[0-9+]*+*''
                ELSE number GLOB ''*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*[0-9０-９]*''
                    AND (number NOT GLOB ''*[A-Za-z#;]*'' OR lower(number) GLOB ''tel:*[0-9]'' OR lower(number) GLOB ''*[0-9]*[x#t.]*[0-9]'')
                END')
 WHERE type = 'table' AND name IN ('phones');
PRAGMA writable_schema = RESET;

-- Existing numbers are compared by their digits, until they are written again. Of a patient's numbers that differ in their
-- signs alone the first one is.
UPDATE medical_institutions SET phone_number_folded = replace(replace(replace(replace(replace(replace(replace(replace(phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '') WHERE phone_number IS NOT NULL;
UPDATE doctors SET phone_number_folded = replace(replace(replace(replace(replace(replace(replace(replace(phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '') WHERE phone_number IS NOT NULL;
UPDATE patientregister SET phone_number_folded = replace(replace(replace(replace(replace(replace(replace(replace(phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '') WHERE phone_number IS NOT NULL;
UPDATE phones SET number_folded = replace(replace(replace(replace(replace(replace(replace(replace(number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '')
 WHERE deleted_at IS NOT NULL
    OR NOT EXISTS (SELECT 1 FROM phones AS earlier
                    WHERE earlier.patient_id = phones.patient_id AND earlier.deleted_at IS NULL
                      AND replace(replace(replace(replace(replace(replace(replace(replace(earlier.number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '') = replace(replace(replace(replace(replace(replace(replace(replace(phones.number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '')
                      AND (earlier.created_at, earlier.uuid) < (phones.created_at, phones.uuid));

-- The last nine digits, by which registers of the same patient are looked for: a country code and a trunk prefix come before
-- them, and are written or not.
ALTER TABLE patientregister ADD COLUMN phone_digits_folded TEXT
    GENERATED ALWAYS AS (substr(ltrim(phone_number_folded, '+'), -9));
CREATE INDEX patientregister_phone_digits_folded_idx ON patientregister (phone_digits_folded) WHERE deleted_at IS NULL;

-- A patient's numbers differ, however they are written.
DROP INDEX phones_patient_id_number_key;
CREATE UNIQUE INDEX phones_patient_id_number_key ON phones (patient_id, number_folded) WHERE deleted_at IS NULL;
DROP INDEX phones_institution_id_number_idx;
CREATE INDEX phones_institution_id_number_idx ON phones (institution_id, number_folded) WHERE deleted_at IS NULL;

CREATE TRIGGER medical_institutions_folded_inserted
AFTER INSERT ON medical_institutions
WHEN NEW.phone_number_folded IS NULL AND NEW.phone_number NOT GLOB '*[^-0-9+() ./,]*'
BEGIN
    UPDATE medical_institutions SET phone_number_folded = replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '') WHERE uuid = NEW.uuid;
END;

-- A number that is another one by its last digits, and still compared as the former one.
CREATE TRIGGER medical_institutions_folded_updated
AFTER UPDATE OF phone_number ON medical_institutions
WHEN NEW.phone_number IS NOT OLD.phone_number AND NEW.phone_number_folded IS OLD.phone_number_folded
    AND coalesce(instr(replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', ''), substr(NEW.phone_number_folded, -7)), 0) = 0
BEGIN
    UPDATE medical_institutions SET phone_number_folded = iif(NEW.phone_number GLOB '*[^-0-9+() ./,]*', NULL, replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '')) WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER doctors_folded_inserted
AFTER INSERT ON doctors
WHEN NEW.phone_number_folded IS NULL AND NEW.phone_number NOT GLOB '*[^-0-9+() ./,]*'
BEGIN
    UPDATE doctors SET phone_number_folded = replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '') WHERE uuid = NEW.uuid;
END;

-- A number that is another one by its last digits, and still compared as the former one.
CREATE TRIGGER doctors_folded_updated
AFTER UPDATE OF phone_number ON doctors
WHEN NEW.phone_number IS NOT OLD.phone_number AND NEW.phone_number_folded IS OLD.phone_number_folded
    AND coalesce(instr(replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', ''), substr(NEW.phone_number_folded, -7)), 0) = 0
BEGIN
    UPDATE doctors SET phone_number_folded = iif(NEW.phone_number GLOB '*[^-0-9+() ./,]*', NULL, replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '')) WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER patientregister_folded_inserted
AFTER INSERT ON patientregister
WHEN NEW.phone_number_folded IS NULL AND NEW.phone_number NOT GLOB '*[^-0-9+() ./,]*'
BEGIN
    UPDATE patientregister SET phone_number_folded = replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '') WHERE uuid = NEW.uuid;
END;

-- A number that is another one by its last digits, and still compared as the former one.
CREATE TRIGGER patientregister_folded_updated
AFTER UPDATE OF phone_number ON patientregister
WHEN NEW.phone_number IS NOT OLD.phone_number AND NEW.phone_number_folded IS OLD.phone_number_folded
    AND coalesce(instr(replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', ''), substr(NEW.phone_number_folded, -7)), 0) = 0
BEGIN
    UPDATE patientregister SET phone_number_folded = iif(NEW.phone_number GLOB '*[^-0-9+() ./,]*', NULL, replace(replace(replace(replace(replace(replace(replace(replace(NEW.phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '')) WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER phones_folded_inserted
AFTER INSERT ON phones
WHEN NEW.number_folded IS NULL AND NEW.number NOT GLOB '*[^-0-9+() ./,]*'
BEGIN
    UPDATE phones SET number_folded = replace(replace(replace(replace(replace(replace(replace(replace(NEW.number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '') WHERE uuid = NEW.uuid;
END;

-- A number that is another one by its last digits, and still compared as the former one.
CREATE TRIGGER phones_folded_updated
AFTER UPDATE OF number ON phones
WHEN NEW.number IS NOT OLD.number AND NEW.number_folded IS OLD.number_folded
    AND coalesce(instr(replace(replace(replace(replace(replace(replace(replace(replace(NEW.number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', ''), substr(NEW.number_folded, -7)), 0) = 0
BEGIN
    UPDATE phones SET number_folded = iif(NEW.number GLOB '*[^-0-9+() ./,]*', NULL, replace(replace(replace(replace(replace(replace(replace(replace(NEW.number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), '.', ''), '/', ''), ',', '')) WHERE uuid = NEW.uuid;
END;
