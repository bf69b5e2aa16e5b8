-- A CHECK can only be changed in the schema's own text. See section 7 of SQLite's "ALTER TABLE".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql, 'AND date(CURRENT_TIMESTAMP, ''+14 hours'')', 'AND CURRENT_DATE')
 WHERE type = 'table' AND name IN ('patientregister', 'health_profiles', 'patient_conditions', 'patient_allergies');
PRAGMA writable_schema = RESET;
