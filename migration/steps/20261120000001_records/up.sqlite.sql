-- Patient registers and what they refer to: institutions, specialties, doctors.
--
-- The CHECKs state the rules of the domain once more, for writers that do not pass through the server. All are named:
-- the server maps a constraint's name to the input field that broke it. SQLite has no regular expressions of its own,
-- and a file must stay writable by any SQLite, so the rules are spelled with GLOB.
-- instr(.., char(0)): length() and GLOB stop at a NUL and would not see what follows it.
--
-- Instants are texts of one width, 'YYYY-MM-DDTHH:MM:SS.ffffff+00:00', and therefore sort as instants do. Without
-- '+0 days' the date functions would hand 30 February back as it came.

CREATE TABLE medical_institutions (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT medical_institutions_pkey PRIMARY KEY
        CONSTRAINT medical_institutions_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    name TEXT NOT NULL
        CONSTRAINT medical_institutions_name_check CHECK (
            length(name) BETWEEN 1 AND 200 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    email TEXT
        CONSTRAINT medical_institutions_email_check CHECK (
            length(email) <= 254 AND instr(email, char(0)) = 0 AND email NOT GLOB '*[^!-~]*'
            AND instr(email, '@') BETWEEN 2 AND 65
            AND email NOT GLOB '.*' AND email NOT GLOB '*..*' AND email NOT GLOB '*.@*'
            AND substr(email, instr(email, '@') + 1) NOT GLOB '*[^A-Za-z0-9.-]*' AND email GLOB '*@*.*'
            AND email NOT GLOB '*@[.-]*' AND email NOT GLOB '*@*.-*'
            AND email NOT GLOB '*@*-.*' AND email NOT GLOB '*[.-]'),
    phone_number TEXT
        CONSTRAINT medical_institutions_phone_number_check CHECK (
            length(phone_number) BETWEEN 10 AND 15 AND instr(phone_number, char(0)) = 0
            AND phone_number NOT GLOB '*[^0-9+() -]*' AND phone_number GLOB '*[0-9]*'),
    address TEXT
        CONSTRAINT medical_institutions_address_check CHECK (
            length(address) BETWEEN 1 AND 200 AND trim(address) <> ''
            AND instr(address, char(0)) = 0
            AND address NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT medical_institutions_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT medical_institutions_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;
CREATE INDEX medical_institutions_name_idx ON medical_institutions (name);

CREATE TABLE doctor_specialties (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT doctor_specialties_pkey PRIMARY KEY
        CONSTRAINT doctor_specialties_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    name TEXT NOT NULL
        CONSTRAINT doctor_specialties_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*')
        CONSTRAINT doctor_specialties_name_key UNIQUE,
    description TEXT
        CONSTRAINT doctor_specialties_description_check CHECK (
            length(description) BETWEEN 1 AND 500 AND trim(description) <> ''
            AND instr(description, char(0)) = 0
            AND description NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT doctor_specialties_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT doctor_specialties_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE doctors (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT doctors_pkey PRIMARY KEY
        CONSTRAINT doctors_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    first_name TEXT NOT NULL
        CONSTRAINT doctors_first_name_check CHECK (
            length(first_name) BETWEEN 1 AND 50 AND trim(first_name) <> ''
            AND instr(first_name, char(0)) = 0
            AND first_name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    last_name TEXT NOT NULL
        CONSTRAINT doctors_last_name_check CHECK (
            length(last_name) BETWEEN 1 AND 50 AND trim(last_name) <> ''
            AND instr(last_name, char(0)) = 0
            AND last_name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    license_number TEXT
        CONSTRAINT doctors_license_number_check CHECK (
            length(license_number) BETWEEN 1 AND 50 AND trim(license_number) <> ''
            AND instr(license_number, char(0)) = 0
            AND license_number NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*')
        CONSTRAINT doctors_license_number_key UNIQUE,
    email TEXT
        CONSTRAINT doctors_email_check CHECK (
            length(email) <= 254 AND instr(email, char(0)) = 0 AND email NOT GLOB '*[^!-~]*'
            AND instr(email, '@') BETWEEN 2 AND 65
            AND email NOT GLOB '.*' AND email NOT GLOB '*..*' AND email NOT GLOB '*.@*'
            AND substr(email, instr(email, '@') + 1) NOT GLOB '*[^A-Za-z0-9.-]*' AND email GLOB '*@*.*'
            AND email NOT GLOB '*@[.-]*' AND email NOT GLOB '*@*.-*'
            AND email NOT GLOB '*@*-.*' AND email NOT GLOB '*[.-]'),
    phone_number TEXT
        CONSTRAINT doctors_phone_number_check CHECK (
            length(phone_number) BETWEEN 10 AND 15 AND instr(phone_number, char(0)) = 0
            AND phone_number NOT GLOB '*[^0-9+() -]*' AND phone_number GLOB '*[0-9]*'),
    institution_id BLOB NOT NULL
        CONSTRAINT doctors_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    specialty_id BLOB
        CONSTRAINT doctors_specialty_id_fkey REFERENCES doctor_specialties ON DELETE RESTRICT,
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT doctors_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT doctors_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;
CREATE INDEX doctors_last_name_idx ON doctors (last_name);
CREATE INDEX doctors_institution_id_idx ON doctors (institution_id);
CREATE INDEX doctors_specialty_id_idx ON doctors (specialty_id) WHERE specialty_id IS NOT NULL;

CREATE TABLE patientregister (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT patientregister_pkey PRIMARY KEY
        CONSTRAINT patientregister_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    first_name TEXT NOT NULL
        CONSTRAINT patientregister_first_name_check CHECK (
            length(first_name) BETWEEN 1 AND 50 AND trim(first_name) <> ''
            AND instr(first_name, char(0)) = 0
            AND first_name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    last_name TEXT NOT NULL
        CONSTRAINT patientregister_last_name_check CHECK (
            length(last_name) BETWEEN 1 AND 50 AND trim(last_name) <> ''
            AND instr(last_name, char(0)) = 0
            AND last_name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    date_of_birth TEXT NOT NULL
        CONSTRAINT patientregister_date_of_birth_check CHECK (
            date_of_birth GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
            AND instr(date_of_birth, char(0)) = 0 AND date_of_birth IS date(date_of_birth, '+0 days')
            AND date_of_birth BETWEEN '1900-01-01' AND CURRENT_DATE),
    email TEXT
        CONSTRAINT patientregister_email_check CHECK (
            length(email) <= 254 AND instr(email, char(0)) = 0 AND email NOT GLOB '*[^!-~]*'
            AND instr(email, '@') BETWEEN 2 AND 65
            AND email NOT GLOB '.*' AND email NOT GLOB '*..*' AND email NOT GLOB '*.@*'
            AND substr(email, instr(email, '@') + 1) NOT GLOB '*[^A-Za-z0-9.-]*' AND email GLOB '*@*.*'
            AND email NOT GLOB '*@[.-]*' AND email NOT GLOB '*@*.-*'
            AND email NOT GLOB '*@*-.*' AND email NOT GLOB '*[.-]'),
    phone_number TEXT NOT NULL
        CONSTRAINT patientregister_phone_number_check CHECK (
            length(phone_number) BETWEEN 10 AND 15 AND instr(phone_number, char(0)) = 0
            AND phone_number NOT GLOB '*[^0-9+() -]*' AND phone_number GLOB '*[0-9]*'),
    address TEXT NOT NULL
        CONSTRAINT patientregister_address_check CHECK (
            length(address) BETWEEN 1 AND 100 AND trim(address) <> ''
            AND instr(address, char(0)) = 0
            AND address NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    emergency_contact TEXT
        CONSTRAINT patientregister_emergency_contact_check CHECK (
            length(emergency_contact) BETWEEN 1 AND 50 AND trim(emergency_contact) <> ''
            AND instr(emergency_contact, char(0)) = 0
            AND emergency_contact NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    -- JSON arrays; their entries are checked by the triggers below. A NUL or half a surrogate pair can hide behind a
    -- JSON escape, and no client could read such a row again; a doubled backslash is no escape, hence replace().
    allergies TEXT NOT NULL DEFAULT '[]'
        CONSTRAINT patientregister_allergies_check CHECK (
            allergies = '[]' OR CASE
            WHEN instr(allergies, char(0)) = 0 AND json_valid(allergies)
            THEN json_type(allergies) = 'array' AND json_array_length(allergies) <= 100
                AND replace(lower(allergies), '\\', '') NOT GLOB '*\u0000*'
                AND replace(lower(allergies), '\\', '') NOT GLOB '*\ud[89a-f]*'
            ELSE 0 END),
    medical_history TEXT NOT NULL DEFAULT '[]'
        CONSTRAINT patientregister_medical_history_check CHECK (
            medical_history = '[]' OR CASE
            WHEN instr(medical_history, char(0)) = 0 AND json_valid(medical_history)
            THEN json_type(medical_history) = 'array' AND json_array_length(medical_history) <= 100
                AND replace(lower(medical_history), '\\', '') NOT GLOB '*\u0000*'
                AND replace(lower(medical_history), '\\', '') NOT GLOB '*\ud[89a-f]*'
            ELSE 0 END),
    current_medications TEXT NOT NULL DEFAULT '[]'
        CONSTRAINT patientregister_current_medications_check CHECK (
            current_medications = '[]' OR CASE
            WHEN instr(current_medications, char(0)) = 0 AND json_valid(current_medications)
            THEN json_type(current_medications) = 'array' AND json_array_length(current_medications) <= 100
                AND replace(lower(current_medications), '\\', '') NOT GLOB '*\u0000*'
                AND replace(lower(current_medications), '\\', '') NOT GLOB '*\ud[89a-f]*'
            ELSE 0 END),
    status TEXT NOT NULL DEFAULT 'PENDING'
        CONSTRAINT patientregister_status_check CHECK (
            status IN ('INCOMPLETE', 'PENDING', 'VALIDATED', 'REJECTED')),
    -- The home institution, so that a plain INSERT needs to know nothing of institutions.
    institution_id BLOB NOT NULL DEFAULT (x'00000000000040008000000000000001')
        CONSTRAINT patientregister_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    doctor_id BLOB
        CONSTRAINT patientregister_doctor_id_fkey REFERENCES doctors ON DELETE RESTRICT,
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patientregister_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patientregister_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    -- A tombstone: replicas and offline copies must learn that the record is gone.
    deleted_at TEXT
        CONSTRAINT patientregister_deleted_at_check CHECK (
            deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days')),
    -- An import may lack what a registration must have.
    CONSTRAINT patientregister_complete_check CHECK (
        status = 'INCOMPLETE' OR (email IS NOT NULL AND emergency_contact IS NOT NULL)),
    CONSTRAINT patientregister_validated_check CHECK (
        status <> 'VALIDATED' OR (doctor_id IS NOT NULL AND institution_id IS NOT NULL))
) STRICT;

-- Every ordinary list leaves tombstones out, so the indexes for lists do too. The key stands last in each: it is the
-- tie-breaker of every order, and a page then begins by seeking instead of by sorting.
CREATE INDEX patientregister_last_name_date_of_birth_idx
    ON patientregister (last_name, date_of_birth DESC, uuid DESC) WHERE deleted_at IS NULL;
CREATE INDEX patientregister_date_of_birth_idx
    ON patientregister (date_of_birth, uuid) WHERE deleted_at IS NULL;
CREATE INDEX patientregister_created_at_idx
    ON patientregister (created_at, uuid) WHERE deleted_at IS NULL;
-- These also serve the foreign keys, which ask for tombstones too.
CREATE INDEX patientregister_institution_id_idx
    ON patientregister (institution_id, created_at, uuid);
CREATE INDEX patientregister_doctor_id_idx
    ON patientregister (doctor_id) WHERE doctor_id IS NOT NULL;

-- A CHECK cannot look into a list. Afterwards, because json_each fails on what the CHECKs refuse by name.
CREATE TRIGGER patientregister_lists_inserted
AFTER INSERT ON patientregister
WHEN NEW.allergies <> '[]' OR NEW.medical_history <> '[]' OR NEW.current_medications <> '[]'
BEGIN
    SELECT RAISE(ABORT, 'patientregister_allergies_check')
      FROM json_each(NEW.allergies)
     WHERE type <> 'text' OR length(value) > 500 OR trim(value) = ''
        OR value GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
    SELECT RAISE(ABORT, 'patientregister_medical_history_check')
      FROM json_each(NEW.medical_history)
     WHERE type <> 'text' OR length(value) > 500 OR trim(value) = ''
        OR value GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
    SELECT RAISE(ABORT, 'patientregister_current_medications_check')
      FROM json_each(NEW.current_medications)
     WHERE type <> 'text' OR length(value) > 500 OR trim(value) = ''
        OR value GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
END;

CREATE TRIGGER patientregister_lists_updated
AFTER UPDATE OF allergies, medical_history, current_medications ON patientregister
BEGIN
    SELECT RAISE(ABORT, 'patientregister_allergies_check')
      FROM json_each(NEW.allergies)
     WHERE type <> 'text' OR length(value) > 500 OR trim(value) = ''
        OR value GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
    SELECT RAISE(ABORT, 'patientregister_medical_history_check')
      FROM json_each(NEW.medical_history)
     WHERE type <> 'text' OR length(value) > 500 OR trim(value) = ''
        OR value GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
    SELECT RAISE(ABORT, 'patientregister_current_medications_check')
      FROM json_each(NEW.current_medications)
     WHERE type <> 'text' OR length(value) > 500 OR trim(value) = ''
        OR value GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
END;

INSERT INTO medical_institutions (uuid, name) VALUES (x'00000000000040008000000000000001', 'Home institution');
