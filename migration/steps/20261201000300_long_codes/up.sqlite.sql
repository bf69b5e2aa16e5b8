-- A code of FHIR R4 may have any length, and single blanks within it: <https://hl7.org/fhir/R4/datatypes.html#code>.

-- A CHECK can only be changed in the schema's own text. See section 7 of SQLite's "ALTER TABLE".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql,
       'length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0 AND code NOT GLOB ''*[^!-~]*''',
       'length(code) BETWEEN 1 AND 200 AND instr(code, char(0)) = 0 AND code NOT GLOB ''*[^ -~]*''
            AND trim(code) = code AND instr(code, ''  '') = 0')
 WHERE type = 'table'
   AND name IN ('medical_conditions', 'medications', 'patient_conditions', 'patient_medications', 'patient_allergies');
PRAGMA writable_schema = RESET;
