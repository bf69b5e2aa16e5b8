-- What belongs to a patient: profile, ways to reach them, and what they have, take and do not tolerate.
--
-- Each row is of its patient's institution: the reference to the patient is one of both, and goes along when the patient
-- moves. What is removed leaves a tombstone, as the register itself does; indexes for lists leave tombstones out.

CREATE UNIQUE INDEX patientregister_uuid_institution_id_key ON patientregister (uuid, institution_id);
-- Whatever names an entry of these catalogues names its code too.
CREATE UNIQUE INDEX medical_conditions_uuid_system_code_key ON medical_conditions (uuid, system, code);
CREATE UNIQUE INDEX medications_uuid_system_code_key ON medications (uuid, system, code);

-- A patient has one at most.
CREATE TABLE health_profiles (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT health_profiles_pkey PRIMARY KEY
        CONSTRAINT health_profiles_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL,
    institution_id BLOB NOT NULL,
    -- Recorded at birth.
    sex_id BLOB CONSTRAINT health_profiles_sex_id_fkey REFERENCES sexes ON DELETE RESTRICT,
    -- The patient's own.
    gender_id BLOB CONSTRAINT health_profiles_gender_id_fkey REFERENCES genders ON DELETE RESTRICT,
    blood_type_id BLOB CONSTRAINT health_profiles_blood_type_id_fkey REFERENCES blood_types ON DELETE RESTRICT,
    height_cm INTEGER
        CONSTRAINT health_profiles_height_cm_check CHECK (height_cm BETWEEN 20 AND 300),
    weight_kg REAL
        CONSTRAINT health_profiles_weight_kg_check CHECK (weight_kg BETWEEN 0.2 AND 700),
    smoking TEXT
        CONSTRAINT health_profiles_smoking_check CHECK (
            smoking IN ('NEVER', 'FORMER', 'CURRENT')),
    cigarettes_per_day INTEGER
        CONSTRAINT health_profiles_cigarettes_per_day_check CHECK (cigarettes_per_day BETWEEN 1 AND 200),
    smoking_end_date TEXT
        CONSTRAINT health_profiles_smoking_end_date_check CHECK (
            smoking_end_date IS NULL OR smoking_end_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
            AND instr(smoking_end_date, char(0)) = 0 AND smoking_end_date IS date(smoking_end_date, '+0 days')
            AND smoking_end_date BETWEEN '1900-01-01' AND CURRENT_DATE),
    alcohol TEXT
        CONSTRAINT health_profiles_alcohol_check CHECK (
            alcohol IN ('NEVER', 'FORMER', 'CURRENT')),
    -- Of 8 g of pure alcohol each.
    alcohol_units_per_week INTEGER
        CONSTRAINT health_profiles_alcohol_units_per_week_check CHECK (alcohol_units_per_week BETWEEN 1 AND 500),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT health_profiles_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT health_profiles_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    deleted_at TEXT
        CONSTRAINT health_profiles_deleted_at_check CHECK (
            deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days')),
    CONSTRAINT health_profiles_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    -- Only who smokes smokes so many, and only who has stopped has stopped on a day.
    CONSTRAINT health_profiles_cigarettes_per_day_smoking_check CHECK (
        cigarettes_per_day IS NULL OR coalesce(smoking, '') = 'CURRENT'),
    CONSTRAINT health_profiles_smoking_end_date_smoking_check CHECK (
        smoking_end_date IS NULL OR coalesce(smoking, '') = 'FORMER'),
    -- Only who drinks drinks so much.
    CONSTRAINT health_profiles_alcohol_units_per_week_alcohol_check CHECK (
        alcohol_units_per_week IS NULL OR coalesce(alcohol, '') = 'CURRENT')
) STRICT;
CREATE INDEX health_profiles_patient_id_idx ON health_profiles (patient_id, institution_id);
CREATE INDEX health_profiles_institution_id_created_at_idx
    ON health_profiles (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX health_profiles_patient_id_key
    ON health_profiles (patient_id) WHERE deleted_at IS NULL;
CREATE INDEX health_profiles_sex_id_idx ON health_profiles (sex_id) WHERE sex_id IS NOT NULL;
CREATE INDEX health_profiles_gender_id_idx ON health_profiles (gender_id) WHERE gender_id IS NOT NULL;
CREATE INDEX health_profiles_blood_type_id_idx ON health_profiles (blood_type_id) WHERE blood_type_id IS NOT NULL;

CREATE TABLE emails (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT emails_pkey PRIMARY KEY
        CONSTRAINT emails_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL,
    institution_id BLOB NOT NULL,
    address TEXT NOT NULL
        CONSTRAINT emails_address_check CHECK (
            length(address) <= 254 AND instr(address, char(0)) = 0 AND address NOT GLOB '*[^!-~]*'
            AND instr(address, '@') BETWEEN 2 AND 65
            AND address NOT GLOB '.*' AND address NOT GLOB '*..*' AND address NOT GLOB '*.@*'
            AND substr(address, instr(address, '@') + 1) NOT GLOB '*[^A-Za-z0-9.-]*' AND address GLOB '*@*.*'
            AND address NOT GLOB '*@[.-]*' AND address NOT GLOB '*@*.-*'
            AND address NOT GLOB '*@*-.*' AND address NOT GLOB '*[.-]'),
    email_type_id BLOB CONSTRAINT emails_email_type_id_fkey REFERENCES email_types ON DELETE RESTRICT,
    -- The one to use; of a patient's, one at most.
    is_primary INTEGER NOT NULL DEFAULT 0
        CONSTRAINT emails_is_primary_check CHECK (is_primary IN (0, 1)),
    -- When it was found to be the patient's.
    verified_at TEXT
        CONSTRAINT emails_verified_at_check CHECK (
            verified_at IS NULL OR verified_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(verified_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(verified_at, 1, 19), '+0 days')),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT emails_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT emails_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    deleted_at TEXT
        CONSTRAINT emails_deleted_at_check CHECK (
            deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days')),
    CONSTRAINT emails_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE
) STRICT;
CREATE INDEX emails_patient_id_idx ON emails (patient_id, institution_id);
CREATE INDEX emails_institution_id_created_at_idx
    ON emails (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX emails_patient_id_address_key
    ON emails (patient_id, address) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX emails_patient_id_is_primary_key
    ON emails (patient_id) WHERE is_primary AND deleted_at IS NULL;
CREATE INDEX emails_institution_id_address_idx
    ON emails (institution_id, address) WHERE deleted_at IS NULL;
CREATE INDEX emails_email_type_id_idx ON emails (email_type_id) WHERE email_type_id IS NOT NULL;

CREATE TABLE phones (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT phones_pkey PRIMARY KEY
        CONSTRAINT phones_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL,
    institution_id BLOB NOT NULL,
    number TEXT NOT NULL
        CONSTRAINT phones_number_check CHECK (
            length(number) BETWEEN 10 AND 15 AND instr(number, char(0)) = 0
            AND number NOT GLOB '*[^0-9+() -]*' AND number GLOB '*[0-9]*'),
    -- As dialled from abroad, such as +1 (ITU-T E.164).
    country_code TEXT
        CONSTRAINT phones_country_code_check CHECK (
            (country_code GLOB '+[1-9]' OR country_code GLOB '+[1-9][0-9]' OR country_code GLOB '+[1-9][0-9][0-9]')
            AND instr(country_code, char(0)) = 0),
    area_code TEXT
        CONSTRAINT phones_area_code_check CHECK (
            length(area_code) BETWEEN 1 AND 6 AND instr(area_code, char(0)) = 0 AND area_code NOT GLOB '*[^0-9]*'),
    phone_type_id BLOB CONSTRAINT phones_phone_type_id_fkey REFERENCES phone_types ON DELETE RESTRICT,
    -- The one to use; of a patient's, one at most.
    is_primary INTEGER NOT NULL DEFAULT 0
        CONSTRAINT phones_is_primary_check CHECK (is_primary IN (0, 1)),
    -- When it was found to be the patient's.
    verified_at TEXT
        CONSTRAINT phones_verified_at_check CHECK (
            verified_at IS NULL OR verified_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(verified_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(verified_at, 1, 19), '+0 days')),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT phones_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT phones_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    deleted_at TEXT
        CONSTRAINT phones_deleted_at_check CHECK (
            deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days')),
    CONSTRAINT phones_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE
) STRICT;
CREATE INDEX phones_patient_id_idx ON phones (patient_id, institution_id);
CREATE INDEX phones_institution_id_created_at_idx
    ON phones (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX phones_patient_id_number_key
    ON phones (patient_id, number) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX phones_patient_id_is_primary_key
    ON phones (patient_id) WHERE is_primary AND deleted_at IS NULL;
CREATE INDEX phones_institution_id_number_idx
    ON phones (institution_id, number) WHERE deleted_at IS NULL;
CREATE INDEX phones_phone_type_id_idx ON phones (phone_type_id) WHERE phone_type_id IS NOT NULL;

CREATE TABLE addresses (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT addresses_pkey PRIMARY KEY
        CONSTRAINT addresses_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL,
    institution_id BLOB NOT NULL,
    street TEXT NOT NULL
        CONSTRAINT addresses_street_check CHECK (
            length(street) BETWEEN 1 AND 200 AND trim(street) <> ''
            AND instr(street, char(0)) = 0
            AND street NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    city TEXT
        CONSTRAINT addresses_city_check CHECK (
            length(city) BETWEEN 1 AND 100 AND trim(city) <> ''
            AND instr(city, char(0)) = 0
            AND city NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    postal_code TEXT
        CONSTRAINT addresses_postal_code_check CHECK (
            length(postal_code) BETWEEN 1 AND 20 AND trim(postal_code) <> ''
            AND instr(postal_code, char(0)) = 0
            AND postal_code NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    country_id BLOB CONSTRAINT addresses_country_id_fkey REFERENCES countries ON DELETE RESTRICT,
    -- In the country.
    region_id BLOB,
    -- Degrees of the WGS 84.
    latitude REAL
        CONSTRAINT addresses_latitude_check CHECK (latitude BETWEEN -90 AND 90),
    longitude REAL
        CONSTRAINT addresses_longitude_check CHECK (longitude BETWEEN -180 AND 180),
    purpose TEXT
        CONSTRAINT addresses_purpose_check CHECK (
            purpose IN ('HOME', 'WORK', 'TEMPORARY', 'BILLING', 'OLD')),
    -- The one to use; of a patient's, one at most.
    is_primary INTEGER NOT NULL DEFAULT 0
        CONSTRAINT addresses_is_primary_check CHECK (is_primary IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT addresses_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT addresses_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    deleted_at TEXT
        CONSTRAINT addresses_deleted_at_check CHECK (
            deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days')),
    CONSTRAINT addresses_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT addresses_region_id_fkey FOREIGN KEY (region_id, country_id)
        REFERENCES regions (uuid, country_id) ON DELETE RESTRICT,
    CONSTRAINT addresses_region_id_country_check CHECK (
        region_id IS NULL OR country_id IS NOT NULL),
    -- A place has both.
    CONSTRAINT addresses_longitude_latitude_check CHECK (
        (latitude IS NULL) = (longitude IS NULL))
) STRICT;
CREATE INDEX addresses_patient_id_idx ON addresses (patient_id, institution_id);
CREATE INDEX addresses_institution_id_created_at_idx
    ON addresses (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX addresses_patient_id_is_primary_key
    ON addresses (patient_id) WHERE is_primary AND deleted_at IS NULL;
CREATE INDEX addresses_institution_id_postal_code_idx
    ON addresses (institution_id, postal_code) WHERE deleted_at IS NULL AND postal_code IS NOT NULL;
CREATE INDEX addresses_country_id_idx ON addresses (country_id) WHERE country_id IS NOT NULL;
CREATE INDEX addresses_region_id_idx ON addresses (region_id) WHERE region_id IS NOT NULL;

-- One row for each fact: a patient may have the same again.
CREATE TABLE patient_conditions (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT patient_conditions_pkey PRIMARY KEY
        CONSTRAINT patient_conditions_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL,
    institution_id BLOB NOT NULL,
    -- The code system, as a URI.
    system TEXT
        CONSTRAINT patient_conditions_system_check CHECK (
            length(system) BETWEEN 1 AND 200 AND trim(system) <> ''
            AND instr(system, char(0)) = 0
            AND system NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    code TEXT
        CONSTRAINT patient_conditions_code_check CHECK (
            length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*'),
    -- In words, as recorded.
    display TEXT NOT NULL
        CONSTRAINT patient_conditions_display_check CHECK (
            length(display) BETWEEN 1 AND 500 AND trim(display) <> ''
            AND instr(display, char(0)) = 0
            AND display NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    medical_condition_id BLOB,
    status TEXT NOT NULL DEFAULT 'ACTIVE'
        CONSTRAINT patient_conditions_status_check CHECK (
            status IN ('ACTIVE', 'RECURRENCE', 'RELAPSE', 'INACTIVE', 'REMISSION', 'RESOLVED')),
    severity TEXT
        CONSTRAINT patient_conditions_severity_check CHECK (
            severity IN ('MILD', 'MODERATE', 'SEVERE')),
    onset_date TEXT
        CONSTRAINT patient_conditions_onset_date_check CHECK (
            onset_date IS NULL OR onset_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
            AND instr(onset_date, char(0)) = 0 AND onset_date IS date(onset_date, '+0 days')
            AND onset_date BETWEEN '1900-01-01' AND CURRENT_DATE),
    end_date TEXT
        CONSTRAINT patient_conditions_end_date_check CHECK (
            end_date IS NULL OR end_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
            AND instr(end_date, char(0)) = 0 AND end_date IS date(end_date, '+0 days')
            AND end_date BETWEEN '1900-01-01' AND CURRENT_DATE),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_conditions_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_conditions_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    deleted_at TEXT
        CONSTRAINT patient_conditions_deleted_at_check CHECK (
            deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days')),
    CONSTRAINT patient_conditions_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT patient_conditions_medical_condition_id_fkey FOREIGN KEY (medical_condition_id, system, code)
        REFERENCES medical_conditions (uuid, system, code) ON DELETE RESTRICT,
    -- A code is one of a code system.
    CONSTRAINT patient_conditions_code_system_check CHECK (
        (code IS NULL) = (system IS NULL)),
    CONSTRAINT patient_conditions_medical_condition_id_code_check CHECK (
        medical_condition_id IS NULL OR code IS NOT NULL),
    CONSTRAINT patient_conditions_end_date_onset_date_check CHECK (
        end_date >= onset_date),
    -- What has ended is not active (FHIR R4, Condition, rule con-4).
    CONSTRAINT patient_conditions_end_date_status_check CHECK (
        end_date IS NULL OR status IN ('INACTIVE', 'REMISSION', 'RESOLVED'))
) STRICT;
CREATE INDEX patient_conditions_patient_id_idx ON patient_conditions (patient_id, institution_id);
CREATE INDEX patient_conditions_institution_id_created_at_idx
    ON patient_conditions (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE INDEX patient_conditions_institution_id_code_idx
    ON patient_conditions (institution_id, code, system) WHERE deleted_at IS NULL AND code IS NOT NULL;
CREATE INDEX patient_conditions_institution_id_active_idx
    ON patient_conditions (institution_id, onset_date, uuid) WHERE deleted_at IS NULL AND status IN ('ACTIVE', 'RECURRENCE', 'RELAPSE');
CREATE INDEX patient_conditions_medical_condition_id_idx ON patient_conditions (medical_condition_id) WHERE medical_condition_id IS NOT NULL;

-- One row for each prescription: a patient may get the same again.
CREATE TABLE patient_medications (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT patient_medications_pkey PRIMARY KEY
        CONSTRAINT patient_medications_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL,
    institution_id BLOB NOT NULL,
    -- The code system, as a URI.
    system TEXT
        CONSTRAINT patient_medications_system_check CHECK (
            length(system) BETWEEN 1 AND 200 AND trim(system) <> ''
            AND instr(system, char(0)) = 0
            AND system NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    code TEXT
        CONSTRAINT patient_medications_code_check CHECK (
            length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*'),
    -- In words, as recorded.
    display TEXT NOT NULL
        CONSTRAINT patient_medications_display_check CHECK (
            length(display) BETWEEN 1 AND 500 AND trim(display) <> ''
            AND instr(display, char(0)) = 0
            AND display NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    medication_id BLOB,
    dose TEXT
        CONSTRAINT patient_medications_dose_check CHECK (
            length(dose) BETWEEN 1 AND 100 AND trim(dose) <> ''
            AND instr(dose, char(0)) = 0
            AND dose NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    instructions TEXT
        CONSTRAINT patient_medications_instructions_check CHECK (
            length(instructions) BETWEEN 1 AND 500 AND trim(instructions) <> ''
            AND instr(instructions, char(0)) = 0
            AND instructions NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    status TEXT NOT NULL DEFAULT 'ACTIVE'
        CONSTRAINT patient_medications_status_check CHECK (
            status IN ('DRAFT', 'ACTIVE', 'ON_HOLD', 'COMPLETED', 'STOPPED', 'CANCELLED', 'UNKNOWN')),
    -- May be planned.
    start_date TEXT
        CONSTRAINT patient_medications_start_date_check CHECK (
            start_date IS NULL OR start_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
            AND instr(start_date, char(0)) = 0 AND start_date IS date(start_date, '+0 days')
            AND start_date BETWEEN '1900-01-01' AND '2199-12-31'),
    end_date TEXT
        CONSTRAINT patient_medications_end_date_check CHECK (
            end_date IS NULL OR end_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
            AND instr(end_date, char(0)) = 0 AND end_date IS date(end_date, '+0 days')
            AND end_date BETWEEN '1900-01-01' AND '2199-12-31'),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_medications_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_medications_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    deleted_at TEXT
        CONSTRAINT patient_medications_deleted_at_check CHECK (
            deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days')),
    CONSTRAINT patient_medications_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT patient_medications_medication_id_fkey FOREIGN KEY (medication_id, system, code)
        REFERENCES medications (uuid, system, code) ON DELETE RESTRICT,
    -- A code is one of a code system.
    CONSTRAINT patient_medications_code_system_check CHECK (
        (code IS NULL) = (system IS NULL)),
    CONSTRAINT patient_medications_medication_id_code_check CHECK (
        medication_id IS NULL OR code IS NOT NULL),
    CONSTRAINT patient_medications_end_date_start_date_check CHECK (
        end_date >= start_date)
) STRICT;
CREATE INDEX patient_medications_patient_id_idx ON patient_medications (patient_id, institution_id);
CREATE INDEX patient_medications_institution_id_created_at_idx
    ON patient_medications (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE INDEX patient_medications_institution_id_code_idx
    ON patient_medications (institution_id, code, system) WHERE deleted_at IS NULL AND code IS NOT NULL;
CREATE INDEX patient_medications_institution_id_active_idx
    ON patient_medications (institution_id, start_date, uuid) WHERE deleted_at IS NULL AND status = 'ACTIVE';
CREATE INDEX patient_medications_medication_id_idx ON patient_medications (medication_id) WHERE medication_id IS NOT NULL;

-- One row for each fact.
CREATE TABLE patient_allergies (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT patient_allergies_pkey PRIMARY KEY
        CONSTRAINT patient_allergies_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    patient_id BLOB NOT NULL,
    institution_id BLOB NOT NULL,
    -- The code system, as a URI.
    system TEXT
        CONSTRAINT patient_allergies_system_check CHECK (
            length(system) BETWEEN 1 AND 200 AND trim(system) <> ''
            AND instr(system, char(0)) = 0
            AND system NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    code TEXT
        CONSTRAINT patient_allergies_code_check CHECK (
            length(code) BETWEEN 1 AND 50 AND instr(code, char(0)) = 0 AND code NOT GLOB '*[^!-~]*'),
    -- In words, as recorded.
    display TEXT NOT NULL
        CONSTRAINT patient_allergies_display_check CHECK (
            length(display) BETWEEN 1 AND 500 AND trim(display) <> ''
            AND instr(display, char(0)) = 0
            AND display NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    medical_condition_id BLOB,
    category TEXT
        CONSTRAINT patient_allergies_category_check CHECK (
            category IN ('FOOD', 'MEDICATION', 'ENVIRONMENT', 'BIOLOGIC')),
    status TEXT NOT NULL DEFAULT 'ACTIVE'
        CONSTRAINT patient_allergies_status_check CHECK (
            status IN ('ACTIVE', 'INACTIVE', 'RESOLVED')),
    severity TEXT
        CONSTRAINT patient_allergies_severity_check CHECK (
            severity IN ('MILD', 'MODERATE', 'SEVERE')),
    reaction TEXT
        CONSTRAINT patient_allergies_reaction_check CHECK (
            length(reaction) BETWEEN 1 AND 500 AND trim(reaction) <> ''
            AND instr(reaction, char(0)) = 0
            AND reaction NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    onset_date TEXT
        CONSTRAINT patient_allergies_onset_date_check CHECK (
            onset_date IS NULL OR onset_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
            AND instr(onset_date, char(0)) = 0 AND onset_date IS date(onset_date, '+0 days')
            AND onset_date BETWEEN '1900-01-01' AND CURRENT_DATE),
    end_date TEXT
        CONSTRAINT patient_allergies_end_date_check CHECK (
            end_date IS NULL OR end_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
            AND instr(end_date, char(0)) = 0 AND end_date IS date(end_date, '+0 days')
            AND end_date BETWEEN '1900-01-01' AND CURRENT_DATE),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_allergies_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT patient_allergies_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    deleted_at TEXT
        CONSTRAINT patient_allergies_deleted_at_check CHECK (
            deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days')),
    CONSTRAINT patient_allergies_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT patient_allergies_medical_condition_id_fkey FOREIGN KEY (medical_condition_id, system, code)
        REFERENCES medical_conditions (uuid, system, code) ON DELETE RESTRICT,
    -- A code is one of a code system.
    CONSTRAINT patient_allergies_code_system_check CHECK (
        (code IS NULL) = (system IS NULL)),
    CONSTRAINT patient_allergies_medical_condition_id_code_check CHECK (
        medical_condition_id IS NULL OR code IS NOT NULL),
    CONSTRAINT patient_allergies_end_date_onset_date_check CHECK (
        end_date >= onset_date),
    -- What has ended is not active.
    CONSTRAINT patient_allergies_end_date_status_check CHECK (
        end_date IS NULL OR status <> 'ACTIVE')
) STRICT;
CREATE INDEX patient_allergies_patient_id_idx ON patient_allergies (patient_id, institution_id);
CREATE INDEX patient_allergies_institution_id_created_at_idx
    ON patient_allergies (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE INDEX patient_allergies_institution_id_code_idx
    ON patient_allergies (institution_id, code, system) WHERE deleted_at IS NULL AND code IS NOT NULL;
CREATE INDEX patient_allergies_institution_id_active_idx
    ON patient_allergies (institution_id, onset_date, uuid) WHERE deleted_at IS NULL AND status = 'ACTIVE';
CREATE INDEX patient_allergies_medical_condition_id_idx ON patient_allergies (medical_condition_id) WHERE medical_condition_id IS NOT NULL;

CREATE TRIGGER health_profiles_inserted
AFTER INSERT ON health_profiles
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('HealthProfile', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER health_profiles_uuid
BEFORE UPDATE OF uuid ON health_profiles
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'health_profiles_uuid_immutable');
END;

CREATE TRIGGER health_profiles_updated
AFTER UPDATE ON health_profiles
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'HealthProfile', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.alcohol IS NOT OLD.alcohol, ',"alcohol"', '')
             || iif(NEW.alcohol_units_per_week IS NOT OLD.alcohol_units_per_week, ',"alcohol_units_per_week"', '')
             || iif(NEW.blood_type_id IS NOT OLD.blood_type_id, ',"blood_type_id"', '')
             || iif(NEW.cigarettes_per_day IS NOT OLD.cigarettes_per_day, ',"cigarettes_per_day"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.gender_id IS NOT OLD.gender_id, ',"gender_id"', '')
             || iif(NEW.height_cm IS NOT OLD.height_cm, ',"height_cm"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.sex_id IS NOT OLD.sex_id, ',"sex_id"', '')
             || iif(NEW.smoking IS NOT OLD.smoking, ',"smoking"', '')
             || iif(NEW.smoking_end_date IS NOT OLD.smoking_end_date, ',"smoking_end_date"', '')
             || iif(NEW.weight_kg IS NOT OLD.weight_kg, ',"weight_kg"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE health_profiles
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER health_profiles_deleted
AFTER DELETE ON health_profiles
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('HealthProfile', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER emails_inserted
AFTER INSERT ON emails
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Email', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER emails_uuid
BEFORE UPDATE OF uuid ON emails
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'emails_uuid_immutable');
END;

CREATE TRIGGER emails_updated
AFTER UPDATE ON emails
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Email', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.address IS NOT OLD.address, ',"address"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.email_type_id IS NOT OLD.email_type_id, ',"email_type_id"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.is_primary IS NOT OLD.is_primary, ',"is_primary"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.verified_at IS NOT OLD.verified_at, ',"verified_at"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE emails
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER emails_deleted
AFTER DELETE ON emails
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Email', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER phones_inserted
AFTER INSERT ON phones
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Phone', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER phones_uuid
BEFORE UPDATE OF uuid ON phones
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'phones_uuid_immutable');
END;

CREATE TRIGGER phones_updated
AFTER UPDATE ON phones
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Phone', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.area_code IS NOT OLD.area_code, ',"area_code"', '')
             || iif(NEW.country_code IS NOT OLD.country_code, ',"country_code"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.is_primary IS NOT OLD.is_primary, ',"is_primary"', '')
             || iif(NEW.number IS NOT OLD.number, ',"number"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.phone_type_id IS NOT OLD.phone_type_id, ',"phone_type_id"', '')
             || iif(NEW.verified_at IS NOT OLD.verified_at, ',"verified_at"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE phones
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER phones_deleted
AFTER DELETE ON phones
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Phone', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER addresses_inserted
AFTER INSERT ON addresses
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Address', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER addresses_uuid
BEFORE UPDATE OF uuid ON addresses
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'addresses_uuid_immutable');
END;

CREATE TRIGGER addresses_updated
AFTER UPDATE ON addresses
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Address', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.city IS NOT OLD.city, ',"city"', '')
             || iif(NEW.country_id IS NOT OLD.country_id, ',"country_id"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.is_primary IS NOT OLD.is_primary, ',"is_primary"', '')
             || iif(NEW.latitude IS NOT OLD.latitude, ',"latitude"', '')
             || iif(NEW.longitude IS NOT OLD.longitude, ',"longitude"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.postal_code IS NOT OLD.postal_code, ',"postal_code"', '')
             || iif(NEW.purpose IS NOT OLD.purpose, ',"purpose"', '')
             || iif(NEW.region_id IS NOT OLD.region_id, ',"region_id"', '')
             || iif(NEW.street IS NOT OLD.street, ',"street"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE addresses
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER addresses_deleted
AFTER DELETE ON addresses
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Address', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patient_conditions_inserted
AFTER INSERT ON patient_conditions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientCondition', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patient_conditions_uuid
BEFORE UPDATE OF uuid ON patient_conditions
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'patient_conditions_uuid_immutable');
END;

CREATE TRIGGER patient_conditions_updated
AFTER UPDATE ON patient_conditions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'PatientCondition', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.display IS NOT OLD.display, ',"display"', '')
             || iif(NEW.end_date IS NOT OLD.end_date, ',"end_date"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.medical_condition_id IS NOT OLD.medical_condition_id, ',"medical_condition_id"', '')
             || iif(NEW.onset_date IS NOT OLD.onset_date, ',"onset_date"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.severity IS NOT OLD.severity, ',"severity"', '')
             || iif(NEW.status IS NOT OLD.status, ',"status"', '')
             || iif(NEW.system IS NOT OLD.system, ',"system"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE patient_conditions
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER patient_conditions_deleted
AFTER DELETE ON patient_conditions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientCondition', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patient_medications_inserted
AFTER INSERT ON patient_medications
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientMedication', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patient_medications_uuid
BEFORE UPDATE OF uuid ON patient_medications
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'patient_medications_uuid_immutable');
END;

CREATE TRIGGER patient_medications_updated
AFTER UPDATE ON patient_medications
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'PatientMedication', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.display IS NOT OLD.display, ',"display"', '')
             || iif(NEW.dose IS NOT OLD.dose, ',"dose"', '')
             || iif(NEW.end_date IS NOT OLD.end_date, ',"end_date"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.instructions IS NOT OLD.instructions, ',"instructions"', '')
             || iif(NEW.medication_id IS NOT OLD.medication_id, ',"medication_id"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.start_date IS NOT OLD.start_date, ',"start_date"', '')
             || iif(NEW.status IS NOT OLD.status, ',"status"', '')
             || iif(NEW.system IS NOT OLD.system, ',"system"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE patient_medications
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER patient_medications_deleted
AFTER DELETE ON patient_medications
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientMedication', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patient_allergies_inserted
AFTER INSERT ON patient_allergies
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientAllergy', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER patient_allergies_uuid
BEFORE UPDATE OF uuid ON patient_allergies
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'patient_allergies_uuid_immutable');
END;

CREATE TRIGGER patient_allergies_updated
AFTER UPDATE ON patient_allergies
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'PatientAllergy', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.category IS NOT OLD.category, ',"category"', '')
             || iif(NEW.code IS NOT OLD.code, ',"code"', '')
             || iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.display IS NOT OLD.display, ',"display"', '')
             || iif(NEW.end_date IS NOT OLD.end_date, ',"end_date"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.medical_condition_id IS NOT OLD.medical_condition_id, ',"medical_condition_id"', '')
             || iif(NEW.onset_date IS NOT OLD.onset_date, ',"onset_date"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.reaction IS NOT OLD.reaction, ',"reaction"', '')
             || iif(NEW.severity IS NOT OLD.severity, ',"severity"', '')
             || iif(NEW.status IS NOT OLD.status, ',"status"', '')
             || iif(NEW.system IS NOT OLD.system, ',"system"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE patient_allergies
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER patient_allergies_deleted
AFTER DELETE ON patient_allergies
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('PatientAllergy', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

-- Who loses a patient sees that what belongs to them went too.
CREATE TRIGGER health_profiles_leaving
BEFORE UPDATE OF institution_id ON health_profiles
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER emails_leaving
BEFORE UPDATE OF institution_id ON emails
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER phones_leaving
BEFORE UPDATE OF institution_id ON phones
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER addresses_leaving
BEFORE UPDATE OF institution_id ON addresses
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER patient_conditions_leaving
BEFORE UPDATE OF institution_id ON patient_conditions
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER patient_medications_leaving
BEFORE UPDATE OF institution_id ON patient_medications
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

CREATE TRIGGER patient_allergies_leaving
BEFORE UPDATE OF institution_id ON patient_allergies
WHEN NEW.institution_id IS NOT OLD.institution_id
BEGIN
    INSERT OR REPLACE INTO change_log_moves (key, institution_id) VALUES (OLD.uuid, OLD.institution_id);
END;

-- Identifiers leave tombstones too: what was removed may be told again.
ALTER TABLE identifiers ADD COLUMN deleted_at TEXT
    CONSTRAINT identifiers_deleted_at_check CHECK (
        deleted_at IS NULL OR deleted_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
        AND substr(deleted_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(deleted_at, 1, 19), '+0 days'));
DROP INDEX identifiers_patient_id_system_value_key;
CREATE UNIQUE INDEX identifiers_patient_id_system_value_key
    ON identifiers (patient_id, coalesce(system, ''), value) WHERE patient_id IS NOT NULL AND deleted_at IS NULL;
DROP INDEX identifiers_doctor_id_system_value_key;
CREATE UNIQUE INDEX identifiers_doctor_id_system_value_key
    ON identifiers (doctor_id, coalesce(system, ''), value) WHERE doctor_id IS NOT NULL AND deleted_at IS NULL;
DROP INDEX identifiers_medical_institution_id_system_value_key;
CREATE UNIQUE INDEX identifiers_medical_institution_id_system_value_key
    ON identifiers (medical_institution_id, coalesce(system, ''), value) WHERE medical_institution_id IS NOT NULL AND deleted_at IS NULL;
DROP TRIGGER identifiers_updated;
CREATE TRIGGER identifiers_updated
AFTER UPDATE ON identifiers
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Identifier', NEW.uuid, NEW.institution_id,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, 'DELETED', 'UPDATED'),
           OLD.version + 1,
           iif(OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL, '[]', '[' || substr(names, 2) || ']'),
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.deleted_at IS NOT OLD.deleted_at, ',"deleted_at"', '')
             || iif(NEW.doctor_id IS NOT OLD.doctor_id, ',"doctor_id"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.medical_institution_id IS NOT OLD.medical_institution_id, ',"medical_institution_id"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.system IS NOT OLD.system, ',"system"', '')
             || iif(NEW.type_code IS NOT OLD.type_code, ',"type_code"', '')
             || iif(NEW.value IS NOT OLD.value, ',"value"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE identifiers
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;
