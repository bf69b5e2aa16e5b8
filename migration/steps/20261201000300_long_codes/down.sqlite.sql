-- Fails while a code needs the room.
CREATE TABLE too_long (count INTEGER CONSTRAINT code_check CHECK (count = 0)) STRICT;
INSERT INTO too_long
SELECT count(*) FROM medical_conditions WHERE length(code) > 50 OR instr(code, ' ') > 0
UNION ALL
SELECT count(*) FROM medications WHERE length(code) > 50 OR instr(code, ' ') > 0
UNION ALL
SELECT count(*) FROM patient_conditions WHERE length(code) > 50 OR instr(code, ' ') > 0
UNION ALL
SELECT count(*) FROM patient_medications WHERE length(code) > 50 OR instr(code, ' ') > 0
UNION ALL
SELECT count(*) FROM patient_allergies WHERE length(code) > 50 OR instr(code, ' ') > 0;
DROP TABLE too_long;

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql,
       'length(code) BETWEEN 1 AND 200 AND instr(code, char(0)) = 0 AND code NOT GLOB ''*[^ -~]*''
            AND trim(code) = code AND instr(code, ''  '') = 0',
       'length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0 AND code NOT GLOB ''*[^!-~]*''')
 WHERE type = 'table'
   AND name IN ('medical_conditions', 'medications', 'patient_conditions', 'patient_medications', 'patient_allergies');
PRAGMA writable_schema = RESET;
