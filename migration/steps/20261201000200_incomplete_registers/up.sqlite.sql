-- An incomplete register may lack any part that a complete one has. A person with a single name is complete with it.

-- A CHECK can only be changed in the schema's own text; making the table anew would remove, by their references, the rows
-- that refer to it. See section 7 of SQLite's "ALTER TABLE".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(replace(replace(replace(replace(replace(sql,
       'first_name TEXT NOT NULL', 'first_name TEXT'),
       'last_name TEXT NOT NULL', 'last_name TEXT'),
       'date_of_birth TEXT NOT NULL', 'date_of_birth TEXT'),
       'phone_number TEXT NOT NULL', 'phone_number TEXT'),
       'address TEXT NOT NULL', 'address TEXT'),
       'status = ''INCOMPLETE'' OR (email IS NOT NULL AND emergency_contact IS NOT NULL)',
       'status = ''INCOMPLETE''
        OR coalesce(first_name, last_name) IS NOT NULL AND date_of_birth IS NOT NULL AND email IS NOT NULL
           AND phone_number IS NOT NULL AND address IS NOT NULL AND emergency_contact IS NOT NULL')
 WHERE type = 'table' AND name = 'patientregister';
PRAGMA writable_schema = RESET;
