-- Names and addresses as long as real ones are: the given names of one person may take more than 100 characters together.
-- A doctor may have a single name, as a patient may.

-- A CHECK can only be changed in the schema's own text. See section 7 of SQLite's "ALTER TABLE".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(replace(replace(replace(sql,
       'length(first_name) BETWEEN 1 AND 50 ', 'length(first_name) BETWEEN 1 AND 200 '),
       'length(last_name) BETWEEN 1 AND 50 ', 'length(last_name) BETWEEN 1 AND 200 '),
       'length(emergency_contact) BETWEEN 1 AND 50 ', 'length(emergency_contact) BETWEEN 1 AND 200 '),
       'length(address) BETWEEN 1 AND 100 ', 'length(address) BETWEEN 1 AND 500 ')
 WHERE type = 'table' AND name = 'patientregister';
UPDATE sqlite_schema
   SET sql = replace(replace(replace(replace(replace(sql,
       'length(first_name) BETWEEN 1 AND 50 ', 'length(first_name) BETWEEN 1 AND 200 '),
       'length(last_name) BETWEEN 1 AND 50 ', 'length(last_name) BETWEEN 1 AND 200 '),
       'first_name TEXT NOT NULL', 'first_name TEXT'),
       'last_name TEXT NOT NULL', 'last_name TEXT'),
       'CONSTRAINT doctors_first_name_check CHECK (', 'CONSTRAINT doctors_name_check CHECK (coalesce(first_name, last_name) IS NOT NULL)
        CONSTRAINT doctors_first_name_check CHECK (')
 WHERE type = 'table' AND name = 'doctors';
UPDATE sqlite_schema
   SET sql = replace(sql,
       'length(address) BETWEEN 1 AND 200 ', 'length(address) BETWEEN 1 AND 500 ')
 WHERE type = 'table' AND name = 'medical_institutions';
UPDATE sqlite_schema
   SET sql = replace(sql,
       'length(street) BETWEEN 1 AND 200 ', 'length(street) BETWEEN 1 AND 500 ')
 WHERE type = 'table' AND name = 'addresses';
PRAGMA writable_schema = RESET;
