-- Catalogues: the lists that records choose from, shared by all institutions.
--
-- An entry is never removed, because records refer to it: one that is no longer to be chosen is made inactive.
-- What the entries are comes in the next step.

CREATE TABLE countries (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT countries_pkey PRIMARY KEY
        CONSTRAINT countries_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    -- Two letters.
    alpha2 TEXT NOT NULL
        CONSTRAINT countries_alpha2_check CHECK (
            alpha2 GLOB '[A-Z][A-Z]' AND instr(alpha2, char(0)) = 0)
        CONSTRAINT countries_alpha2_key UNIQUE,
    -- Three letters.
    alpha3 TEXT NOT NULL
        CONSTRAINT countries_alpha3_check CHECK (
            alpha3 GLOB '[A-Z][A-Z][A-Z]' AND instr(alpha3, char(0)) = 0)
        CONSTRAINT countries_alpha3_key UNIQUE,
    -- Three digits, leading zeros kept.
    numeric_code TEXT NOT NULL
        CONSTRAINT countries_numeric_code_check CHECK (
            numeric_code GLOB '[0-9][0-9][0-9]' AND instr(numeric_code, char(0)) = 0)
        CONSTRAINT countries_numeric_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT countries_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT countries_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT countries_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT countries_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE regions (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT regions_pkey PRIMARY KEY
        CONSTRAINT regions_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    country_id BLOB NOT NULL CONSTRAINT regions_country_id_fkey REFERENCES countries ON DELETE RESTRICT,
    parent_id BLOB CONSTRAINT regions_parent_id_check CHECK (parent_id <> uuid),
    -- The country's two letters, a hyphen, and one to three letters or digits.
    code TEXT NOT NULL
        CONSTRAINT regions_code_check CHECK (
            (code GLOB '[A-Z][A-Z]-[A-Z0-9]' OR code GLOB '[A-Z][A-Z]-[A-Z0-9][A-Z0-9]'
            OR code GLOB '[A-Z][A-Z]-[A-Z0-9][A-Z0-9][A-Z0-9]') AND instr(code, char(0)) = 0)
        CONSTRAINT regions_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT regions_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT regions_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT regions_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT regions_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    -- A region and what it is part of are in one country.
    CONSTRAINT regions_uuid_country_id_key UNIQUE (uuid, country_id),
    CONSTRAINT regions_parent_id_fkey FOREIGN KEY (parent_id, country_id)
        REFERENCES regions (uuid, country_id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX regions_country_id_idx ON regions (country_id, name, uuid);
CREATE INDEX regions_parent_id_idx ON regions (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE institution_types (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT institution_types_pkey PRIMARY KEY
        CONSTRAINT institution_types_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    code TEXT NOT NULL
        CONSTRAINT institution_types_code_check CHECK (
            length(code) BETWEEN 1 AND 20 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*')
        CONSTRAINT institution_types_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT institution_types_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT institution_types_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT institution_types_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT institution_types_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE specialty_categories (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT specialty_categories_pkey PRIMARY KEY
        CONSTRAINT specialty_categories_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    parent_id BLOB CONSTRAINT specialty_categories_parent_id_check CHECK (parent_id <> uuid)
        CONSTRAINT specialty_categories_parent_id_fkey REFERENCES specialty_categories ON DELETE RESTRICT,
    code TEXT NOT NULL
        CONSTRAINT specialty_categories_code_check CHECK (
            length(code) BETWEEN 1 AND 20 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*')
        CONSTRAINT specialty_categories_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT specialty_categories_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT specialty_categories_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT specialty_categories_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT specialty_categories_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;
CREATE INDEX specialty_categories_parent_id_idx ON specialty_categories (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE sexes (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT sexes_pkey PRIMARY KEY
        CONSTRAINT sexes_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    code TEXT NOT NULL
        CONSTRAINT sexes_code_check CHECK (
            length(code) BETWEEN 1 AND 20 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*')
        CONSTRAINT sexes_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT sexes_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT sexes_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT sexes_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT sexes_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE genders (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT genders_pkey PRIMARY KEY
        CONSTRAINT genders_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    code TEXT NOT NULL
        CONSTRAINT genders_code_check CHECK (
            length(code) BETWEEN 1 AND 20 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*')
        CONSTRAINT genders_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT genders_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT genders_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT genders_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT genders_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE blood_types (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT blood_types_pkey PRIMARY KEY
        CONSTRAINT blood_types_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    code TEXT NOT NULL
        CONSTRAINT blood_types_code_check CHECK (
            length(code) BETWEEN 1 AND 20 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*')
        CONSTRAINT blood_types_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT blood_types_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT blood_types_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT blood_types_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT blood_types_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE email_types (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT email_types_pkey PRIMARY KEY
        CONSTRAINT email_types_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    code TEXT NOT NULL
        CONSTRAINT email_types_code_check CHECK (
            length(code) BETWEEN 1 AND 20 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*')
        CONSTRAINT email_types_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT email_types_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT email_types_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT email_types_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT email_types_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE phone_types (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT phone_types_pkey PRIMARY KEY
        CONSTRAINT phone_types_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    code TEXT NOT NULL
        CONSTRAINT phone_types_code_check CHECK (
            length(code) BETWEEN 1 AND 20 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*')
        CONSTRAINT phone_types_code_key UNIQUE,
    name TEXT NOT NULL
        CONSTRAINT phone_types_name_check CHECK (
            length(name) BETWEEN 1 AND 100 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT phone_types_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT phone_types_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT phone_types_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE medical_conditions (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT medical_conditions_pkey PRIMARY KEY
        CONSTRAINT medical_conditions_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    -- The code system, as a URI.
    system TEXT NOT NULL
        CONSTRAINT medical_conditions_system_check CHECK (
            length(system) BETWEEN 1 AND 200 AND trim(system) <> ''
            AND instr(system, char(0)) = 0
            AND system NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    code TEXT NOT NULL
        CONSTRAINT medical_conditions_code_check CHECK (
            length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*'),
    name TEXT NOT NULL
        CONSTRAINT medical_conditions_name_check CHECK (
            length(name) BETWEEN 1 AND 500 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT medical_conditions_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT medical_conditions_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT medical_conditions_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    CONSTRAINT medical_conditions_system_code_key UNIQUE (system, code)
) STRICT;
CREATE INDEX medical_conditions_name_idx ON medical_conditions (name, uuid);

CREATE TABLE medications (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT medications_pkey PRIMARY KEY
        CONSTRAINT medications_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    -- The code system, as a URI.
    system TEXT NOT NULL
        CONSTRAINT medications_system_check CHECK (
            length(system) BETWEEN 1 AND 200 AND trim(system) <> ''
            AND instr(system, char(0)) = 0
            AND system NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    code TEXT NOT NULL
        CONSTRAINT medications_code_check CHECK (
            length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*'),
    name TEXT NOT NULL
        CONSTRAINT medications_name_check CHECK (
            length(name) BETWEEN 1 AND 500 AND trim(name) <> ''
            AND instr(name, char(0)) = 0
            AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT medications_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT medications_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT medications_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    CONSTRAINT medications_system_code_key UNIQUE (system, code)
) STRICT;
CREATE INDEX medications_name_idx ON medications (name, uuid);

-- Who can give red cells to whom.
CREATE TABLE blood_type_compatibilities (
    donor_id BLOB NOT NULL CONSTRAINT blood_type_compatibilities_donor_id_fkey REFERENCES blood_types ON DELETE RESTRICT,
    recipient_id BLOB NOT NULL
        CONSTRAINT blood_type_compatibilities_recipient_id_fkey REFERENCES blood_types ON DELETE RESTRICT,
    CONSTRAINT blood_type_compatibilities_pkey PRIMARY KEY (donor_id, recipient_id)
) STRICT;
CREATE INDEX blood_type_compatibilities_recipient_id_idx ON blood_type_compatibilities (recipient_id);

CREATE TRIGGER countries_inserted
AFTER INSERT ON countries
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Country', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER countries_uuid
BEFORE UPDATE OF uuid ON countries
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'countries_uuid_immutable');
END;

CREATE TRIGGER countries_updated
AFTER UPDATE ON countries
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Country', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.alpha2 IS NOT OLD.alpha2, ',"alpha2"', '')
             || iif(NEW.alpha3 IS NOT OLD.alpha3, ',"alpha3"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.numeric_code IS NOT OLD.numeric_code, ',"numeric_code"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE countries
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER countries_deleted
AFTER DELETE ON countries
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Country', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER regions_inserted
AFTER INSERT ON regions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Region', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER regions_uuid
BEFORE UPDATE OF uuid ON regions
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'regions_uuid_immutable');
END;

CREATE TRIGGER regions_updated
AFTER UPDATE ON regions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Region', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.country_id IS NOT OLD.country_id, ',"country_id"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.parent_id IS NOT OLD.parent_id, ',"parent_id"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE regions
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER regions_deleted
AFTER DELETE ON regions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Region', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER regions_parent
BEFORE UPDATE OF parent_id ON regions
WHEN NEW.parent_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'regions_parent_id_check')
     WHERE EXISTS (
        WITH RECURSIVE above (uuid) AS (
            SELECT NEW.parent_id
            UNION
            SELECT entry.parent_id FROM regions AS entry JOIN above ON entry.uuid = above.uuid
             WHERE entry.parent_id IS NOT NULL
        )
        SELECT 1 FROM above WHERE uuid = NEW.uuid
     );
END;

CREATE TRIGGER institution_types_inserted
AFTER INSERT ON institution_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('InstitutionType', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER institution_types_uuid
BEFORE UPDATE OF uuid ON institution_types
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'institution_types_uuid_immutable');
END;

CREATE TRIGGER institution_types_updated
AFTER UPDATE ON institution_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'InstitutionType', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE institution_types
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER institution_types_deleted
AFTER DELETE ON institution_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('InstitutionType', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER specialty_categories_inserted
AFTER INSERT ON specialty_categories
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('SpecialtyCategory', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER specialty_categories_uuid
BEFORE UPDATE OF uuid ON specialty_categories
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'specialty_categories_uuid_immutable');
END;

CREATE TRIGGER specialty_categories_updated
AFTER UPDATE ON specialty_categories
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'SpecialtyCategory', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.parent_id IS NOT OLD.parent_id, ',"parent_id"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE specialty_categories
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER specialty_categories_deleted
AFTER DELETE ON specialty_categories
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('SpecialtyCategory', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER specialty_categories_parent
BEFORE UPDATE OF parent_id ON specialty_categories
WHEN NEW.parent_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'specialty_categories_parent_id_check')
     WHERE EXISTS (
        WITH RECURSIVE above (uuid) AS (
            SELECT NEW.parent_id
            UNION
            SELECT entry.parent_id FROM specialty_categories AS entry JOIN above ON entry.uuid = above.uuid
             WHERE entry.parent_id IS NOT NULL
        )
        SELECT 1 FROM above WHERE uuid = NEW.uuid
     );
END;

CREATE TRIGGER sexes_inserted
AFTER INSERT ON sexes
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Sex', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER sexes_uuid
BEFORE UPDATE OF uuid ON sexes
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'sexes_uuid_immutable');
END;

CREATE TRIGGER sexes_updated
AFTER UPDATE ON sexes
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Sex', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE sexes
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER sexes_deleted
AFTER DELETE ON sexes
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Sex', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER genders_inserted
AFTER INSERT ON genders
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Gender', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER genders_uuid
BEFORE UPDATE OF uuid ON genders
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'genders_uuid_immutable');
END;

CREATE TRIGGER genders_updated
AFTER UPDATE ON genders
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Gender', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE genders
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER genders_deleted
AFTER DELETE ON genders
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Gender', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER blood_types_inserted
AFTER INSERT ON blood_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('BloodType', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER blood_types_uuid
BEFORE UPDATE OF uuid ON blood_types
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'blood_types_uuid_immutable');
END;

CREATE TRIGGER blood_types_updated
AFTER UPDATE ON blood_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'BloodType', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE blood_types
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER blood_types_deleted
AFTER DELETE ON blood_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('BloodType', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER email_types_inserted
AFTER INSERT ON email_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('EmailType', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER email_types_uuid
BEFORE UPDATE OF uuid ON email_types
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'email_types_uuid_immutable');
END;

CREATE TRIGGER email_types_updated
AFTER UPDATE ON email_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'EmailType', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE email_types
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER email_types_deleted
AFTER DELETE ON email_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('EmailType', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER phone_types_inserted
AFTER INSERT ON phone_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PhoneType', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER phone_types_uuid
BEFORE UPDATE OF uuid ON phone_types
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'phone_types_uuid_immutable');
END;

CREATE TRIGGER phone_types_updated
AFTER UPDATE ON phone_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'PhoneType', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE phone_types
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER phone_types_deleted
AFTER DELETE ON phone_types
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PhoneType', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER medical_conditions_inserted
AFTER INSERT ON medical_conditions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('MedicalCondition', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER medical_conditions_uuid
BEFORE UPDATE OF uuid ON medical_conditions
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'medical_conditions_uuid_immutable');
END;

CREATE TRIGGER medical_conditions_updated
AFTER UPDATE ON medical_conditions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'MedicalCondition', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.system IS NOT OLD.system, ',"system"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE medical_conditions
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER medical_conditions_deleted
AFTER DELETE ON medical_conditions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('MedicalCondition', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER medications_inserted
AFTER INSERT ON medications
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Medication', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER medications_uuid
BEFORE UPDATE OF uuid ON medications
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'medications_uuid_immutable');
END;

CREATE TRIGGER medications_updated
AFTER UPDATE ON medications
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Medication', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.system IS NOT OLD.system, ',"system"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE medications
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER medications_deleted
AFTER DELETE ON medications
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Medication', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;
