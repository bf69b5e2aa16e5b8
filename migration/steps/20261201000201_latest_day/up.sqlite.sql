-- A day of the past is one that has begun anywhere on earth: where a new day begins first, clocks are 14 hours ahead of UTC.
-- A child who is born there in the morning is born tomorrow by UTC.

-- A CHECK can only be changed in the schema's own text. See section 7 of SQLite's "ALTER TABLE".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql, 'AND CURRENT_DATE', 'AND date(CURRENT_TIMESTAMP, ''+14 hours'')')
 WHERE type = 'table' AND name IN ('patientregister', 'health_profiles', 'patient_conditions', 'patient_allergies');
PRAGMA writable_schema = RESET;
