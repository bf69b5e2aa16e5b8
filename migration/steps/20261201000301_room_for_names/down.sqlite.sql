-- Fails while a name or an address needs the room, or a doctor has a single name.
CREATE TABLE too_long (count INTEGER CONSTRAINT length_check CHECK (count = 0)) STRICT;
INSERT INTO too_long
SELECT count(*) FROM patientregister WHERE max(coalesce(length(first_name), 0), coalesce(length(last_name), 0), coalesce(length(emergency_contact), 0)) > 50 OR length(address) > 100
UNION ALL
SELECT count(*) FROM doctors WHERE max(coalesce(length(first_name), 0), coalesce(length(last_name), 0)) > 50 OR first_name IS NULL OR last_name IS NULL
UNION ALL
SELECT count(*) FROM medical_institutions WHERE length(address) > 200
UNION ALL
SELECT count(*) FROM addresses WHERE length(street) > 200;
DROP TABLE too_long;

PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(replace(replace(replace(sql,
       'length(first_name) BETWEEN 1 AND 200 ', 'length(first_name) BETWEEN 1 AND 50 '),
       'length(last_name) BETWEEN 1 AND 200 ', 'length(last_name) BETWEEN 1 AND 50 '),
       'length(emergency_contact) BETWEEN 1 AND 200 ', 'length(emergency_contact) BETWEEN 1 AND 50 '),
       'length(address) BETWEEN 1 AND 500 ', 'length(address) BETWEEN 1 AND 100 ')
 WHERE type = 'table' AND name = 'patientregister';
UPDATE sqlite_schema
   SET sql = replace(replace(replace(replace(replace(sql,
       'length(first_name) BETWEEN 1 AND 200 ', 'length(first_name) BETWEEN 1 AND 50 '),
       'length(last_name) BETWEEN 1 AND 200 ', 'length(last_name) BETWEEN 1 AND 50 '),
       'first_name TEXT
', 'first_name TEXT NOT NULL
'),
       'last_name TEXT
', 'last_name TEXT NOT NULL
'),
       'CONSTRAINT doctors_name_check CHECK (coalesce(first_name, last_name) IS NOT NULL)
        CONSTRAINT doctors_first_name_check CHECK (', 'CONSTRAINT doctors_first_name_check CHECK (')
 WHERE type = 'table' AND name = 'doctors';
UPDATE sqlite_schema
   SET sql = replace(sql,
       'length(address) BETWEEN 1 AND 500 ', 'length(address) BETWEEN 1 AND 200 ')
 WHERE type = 'table' AND name = 'medical_institutions';
UPDATE sqlite_schema
   SET sql = replace(sql,
       'length(street) BETWEEN 1 AND 500 ', 'length(street) BETWEEN 1 AND 200 ')
 WHERE type = 'table' AND name = 'addresses';
PRAGMA writable_schema = RESET;
