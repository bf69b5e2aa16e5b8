-- Fails while a register lacks one of these: nothing is invented to fill them.
CREATE TABLE lacking (count INTEGER CONSTRAINT patientregister_complete_check CHECK (count = 0)) STRICT;
INSERT INTO lacking
SELECT count(*) FROM patientregister
 WHERE first_name IS NULL OR last_name IS NULL OR date_of_birth IS NULL OR phone_number IS NULL OR address IS NULL;
DROP TABLE lacking;

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(replace(replace(replace(replace(replace(sql,
       'first_name TEXT', 'first_name TEXT NOT NULL'),
       'last_name TEXT', 'last_name TEXT NOT NULL'),
       'date_of_birth TEXT', 'date_of_birth TEXT NOT NULL'),
       'phone_number TEXT', 'phone_number TEXT NOT NULL'),
       'address TEXT', 'address TEXT NOT NULL'),
       'status = ''INCOMPLETE''
        OR coalesce(first_name, last_name) IS NOT NULL AND date_of_birth IS NOT NULL AND email IS NOT NULL
           AND phone_number IS NOT NULL AND address IS NOT NULL AND emergency_contact IS NOT NULL',
       'status = ''INCOMPLETE'' OR (email IS NOT NULL AND emergency_contact IS NOT NULL)')
 WHERE type = 'table' AND name = 'patientregister';
PRAGMA writable_schema = RESET;
