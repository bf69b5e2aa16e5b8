-- What belongs to a patient: profile, ways to reach them, and what they have, take and do not tolerate.
--
-- Each row is of its patient's institution: the reference to the patient is one of both, and goes along when the patient
-- moves. What is removed leaves a tombstone, as the register itself does; indexes for lists leave tombstones out.

ALTER TABLE patientregister ADD CONSTRAINT patientregister_uuid_institution_id_key UNIQUE (uuid, institution_id);
-- Whatever names an entry of these catalogues names its code too.
ALTER TABLE medical_conditions ADD CONSTRAINT medical_conditions_uuid_system_code_key UNIQUE (uuid, system, code);
ALTER TABLE medications ADD CONSTRAINT medications_uuid_system_code_key UNIQUE (uuid, system, code);

-- A patient has one at most.
CREATE TABLE health_profiles (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT health_profiles_pkey PRIMARY KEY,
    patient_id uuid NOT NULL,
    institution_id uuid NOT NULL,
    -- Recorded at birth.
    sex_id uuid CONSTRAINT health_profiles_sex_id_fkey REFERENCES sexes ON DELETE RESTRICT,
    -- The patient's own.
    gender_id uuid CONSTRAINT health_profiles_gender_id_fkey REFERENCES genders ON DELETE RESTRICT,
    blood_type_id uuid CONSTRAINT health_profiles_blood_type_id_fkey REFERENCES blood_types ON DELETE RESTRICT,
    height_cm integer
        CONSTRAINT health_profiles_height_cm_check CHECK (height_cm BETWEEN 20 AND 300),
    weight_kg double precision
        CONSTRAINT health_profiles_weight_kg_check CHECK (weight_kg BETWEEN 0.2 AND 700),
    smoking varchar(7) COLLATE "C"
        CONSTRAINT health_profiles_smoking_check CHECK (smoking IN ('NEVER', 'FORMER', 'CURRENT')),
    cigarettes_per_day integer
        CONSTRAINT health_profiles_cigarettes_per_day_check CHECK (cigarettes_per_day BETWEEN 1 AND 200),
    smoking_end_date date
        CONSTRAINT health_profiles_smoking_end_date_check CHECK (smoking_end_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    alcohol varchar(7) COLLATE "C"
        CONSTRAINT health_profiles_alcohol_check CHECK (alcohol IN ('NEVER', 'FORMER', 'CURRENT')),
    -- Of 8 g of pure alcohol each.
    alcohol_units_per_week integer
        CONSTRAINT health_profiles_alcohol_units_per_week_check CHECK (alcohol_units_per_week BETWEEN 1 AND 500),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT health_profiles_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    -- Only who smokes smokes so many, and only who has stopped has stopped on a day.
    CONSTRAINT health_profiles_cigarettes_per_day_smoking_check
        CHECK (cigarettes_per_day IS NULL OR coalesce(smoking, '') = 'CURRENT'),
    CONSTRAINT health_profiles_smoking_end_date_smoking_check
        CHECK (smoking_end_date IS NULL OR coalesce(smoking, '') = 'FORMER'),
    -- Only who drinks drinks so much.
    CONSTRAINT health_profiles_alcohol_units_per_week_alcohol_check
        CHECK (alcohol_units_per_week IS NULL OR coalesce(alcohol, '') = 'CURRENT')
);
CREATE INDEX health_profiles_patient_id_idx ON health_profiles (patient_id, institution_id);
CREATE INDEX health_profiles_institution_id_created_at_idx
    ON health_profiles (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX health_profiles_patient_id_key
    ON health_profiles (patient_id) WHERE deleted_at IS NULL;
CREATE INDEX health_profiles_sex_id_idx ON health_profiles (sex_id) WHERE sex_id IS NOT NULL;
CREATE INDEX health_profiles_gender_id_idx ON health_profiles (gender_id) WHERE gender_id IS NOT NULL;
CREATE INDEX health_profiles_blood_type_id_idx ON health_profiles (blood_type_id) WHERE blood_type_id IS NOT NULL;

CREATE TABLE emails (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT emails_pkey PRIMARY KEY,
    patient_id uuid NOT NULL,
    institution_id uuid NOT NULL,
    address varchar(254) COLLATE "C" NOT NULL
        CONSTRAINT emails_address_check CHECK (email_is_valid(address)),
    email_type_id uuid CONSTRAINT emails_email_type_id_fkey REFERENCES email_types ON DELETE RESTRICT,
    -- The one to use; of a patient's, one at most.
    is_primary boolean NOT NULL DEFAULT false,
    -- When it was found to be the patient's.
    verified_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT emails_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE
);
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
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT phones_pkey PRIMARY KEY,
    patient_id uuid NOT NULL,
    institution_id uuid NOT NULL,
    number varchar(15) COLLATE "C" NOT NULL
        CONSTRAINT phones_number_check CHECK (phone_number_is_valid(number)),
    -- As dialled from abroad, such as +1 (ITU-T E.164).
    country_code varchar(4) COLLATE "C"
        CONSTRAINT phones_country_code_check CHECK (country_code ~ '^\+[1-9][0-9]{0,2}$'),
    area_code varchar(6) COLLATE "C"
        CONSTRAINT phones_area_code_check CHECK (area_code ~ '^[0-9]+$'),
    phone_type_id uuid CONSTRAINT phones_phone_type_id_fkey REFERENCES phone_types ON DELETE RESTRICT,
    -- The one to use; of a patient's, one at most.
    is_primary boolean NOT NULL DEFAULT false,
    -- When it was found to be the patient's.
    verified_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT phones_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE
);
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
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT addresses_pkey PRIMARY KEY,
    patient_id uuid NOT NULL,
    institution_id uuid NOT NULL,
    street varchar(200) COLLATE "C" NOT NULL
        CONSTRAINT addresses_street_check CHECK (text_is_valid(street)),
    city varchar(100) COLLATE "C"
        CONSTRAINT addresses_city_check CHECK (text_is_valid(city)),
    postal_code varchar(20) COLLATE "C"
        CONSTRAINT addresses_postal_code_check CHECK (text_is_valid(postal_code)),
    country_id uuid CONSTRAINT addresses_country_id_fkey REFERENCES countries ON DELETE RESTRICT,
    -- In the country.
    region_id uuid,
    -- Degrees of the WGS 84.
    latitude double precision
        CONSTRAINT addresses_latitude_check CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision
        CONSTRAINT addresses_longitude_check CHECK (longitude BETWEEN -180 AND 180),
    purpose varchar(9) COLLATE "C"
        CONSTRAINT addresses_purpose_check CHECK (purpose IN ('HOME', 'WORK', 'TEMPORARY', 'BILLING', 'OLD')),
    -- The one to use; of a patient's, one at most.
    is_primary boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT addresses_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT addresses_region_id_fkey FOREIGN KEY (region_id, country_id)
        REFERENCES regions (uuid, country_id) ON DELETE RESTRICT,
    CONSTRAINT addresses_region_id_country_check
        CHECK (region_id IS NULL OR country_id IS NOT NULL),
    -- A place has both.
    CONSTRAINT addresses_longitude_latitude_check
        CHECK ((latitude IS NULL) = (longitude IS NULL))
);
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
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT patient_conditions_pkey PRIMARY KEY,
    patient_id uuid NOT NULL,
    institution_id uuid NOT NULL,
    -- The code system, as a URI.
    system varchar(200) COLLATE "C"
        CONSTRAINT patient_conditions_system_check CHECK (text_is_valid(system)),
    code varchar(50) COLLATE "C"
        CONSTRAINT patient_conditions_code_check CHECK (code ~ '^[!-~]+$'),
    -- In words, as recorded.
    display varchar(500) COLLATE "C" NOT NULL
        CONSTRAINT patient_conditions_display_check CHECK (text_is_valid(display)),
    medical_condition_id uuid,
    status varchar(10) COLLATE "C" NOT NULL DEFAULT 'ACTIVE'
        CONSTRAINT patient_conditions_status_check CHECK (status IN ('ACTIVE', 'RECURRENCE', 'RELAPSE', 'INACTIVE', 'REMISSION', 'RESOLVED')),
    severity varchar(8) COLLATE "C"
        CONSTRAINT patient_conditions_severity_check CHECK (severity IN ('MILD', 'MODERATE', 'SEVERE')),
    onset_date date
        CONSTRAINT patient_conditions_onset_date_check CHECK (onset_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    end_date date
        CONSTRAINT patient_conditions_end_date_check CHECK (end_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT patient_conditions_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT patient_conditions_medical_condition_id_fkey FOREIGN KEY (medical_condition_id, system, code)
        REFERENCES medical_conditions (uuid, system, code) ON DELETE RESTRICT,
    -- A code is one of a code system.
    CONSTRAINT patient_conditions_code_system_check
        CHECK ((code IS NULL) = (system IS NULL)),
    CONSTRAINT patient_conditions_medical_condition_id_code_check
        CHECK (medical_condition_id IS NULL OR code IS NOT NULL),
    CONSTRAINT patient_conditions_end_date_onset_date_check
        CHECK (end_date >= onset_date),
    -- What has ended is not active (FHIR R4, Condition, rule con-4).
    CONSTRAINT patient_conditions_end_date_status_check
        CHECK (end_date IS NULL OR status IN ('INACTIVE', 'REMISSION', 'RESOLVED'))
);
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
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT patient_medications_pkey PRIMARY KEY,
    patient_id uuid NOT NULL,
    institution_id uuid NOT NULL,
    -- The code system, as a URI.
    system varchar(200) COLLATE "C"
        CONSTRAINT patient_medications_system_check CHECK (text_is_valid(system)),
    code varchar(50) COLLATE "C"
        CONSTRAINT patient_medications_code_check CHECK (code ~ '^[!-~]+$'),
    -- In words, as recorded.
    display varchar(500) COLLATE "C" NOT NULL
        CONSTRAINT patient_medications_display_check CHECK (text_is_valid(display)),
    medication_id uuid,
    dose varchar(100) COLLATE "C"
        CONSTRAINT patient_medications_dose_check CHECK (text_is_valid(dose)),
    instructions varchar(500) COLLATE "C"
        CONSTRAINT patient_medications_instructions_check CHECK (text_is_valid(instructions)),
    status varchar(9) COLLATE "C" NOT NULL DEFAULT 'ACTIVE'
        CONSTRAINT patient_medications_status_check CHECK (status IN ('DRAFT', 'ACTIVE', 'ON_HOLD', 'COMPLETED', 'STOPPED', 'CANCELLED', 'UNKNOWN')),
    -- May be planned.
    start_date date
        CONSTRAINT patient_medications_start_date_check CHECK (start_date BETWEEN '1900-01-01' AND '2199-12-31'),
    end_date date
        CONSTRAINT patient_medications_end_date_check CHECK (end_date BETWEEN '1900-01-01' AND '2199-12-31'),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT patient_medications_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT patient_medications_medication_id_fkey FOREIGN KEY (medication_id, system, code)
        REFERENCES medications (uuid, system, code) ON DELETE RESTRICT,
    -- A code is one of a code system.
    CONSTRAINT patient_medications_code_system_check
        CHECK ((code IS NULL) = (system IS NULL)),
    CONSTRAINT patient_medications_medication_id_code_check
        CHECK (medication_id IS NULL OR code IS NOT NULL),
    CONSTRAINT patient_medications_end_date_start_date_check
        CHECK (end_date >= start_date)
);
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
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT patient_allergies_pkey PRIMARY KEY,
    patient_id uuid NOT NULL,
    institution_id uuid NOT NULL,
    -- The code system, as a URI.
    system varchar(200) COLLATE "C"
        CONSTRAINT patient_allergies_system_check CHECK (text_is_valid(system)),
    code varchar(50) COLLATE "C"
        CONSTRAINT patient_allergies_code_check CHECK (code ~ '^[!-~]+$'),
    -- In words, as recorded.
    display varchar(500) COLLATE "C" NOT NULL
        CONSTRAINT patient_allergies_display_check CHECK (text_is_valid(display)),
    medical_condition_id uuid,
    category varchar(11) COLLATE "C"
        CONSTRAINT patient_allergies_category_check CHECK (category IN ('FOOD', 'MEDICATION', 'ENVIRONMENT', 'BIOLOGIC')),
    status varchar(8) COLLATE "C" NOT NULL DEFAULT 'ACTIVE'
        CONSTRAINT patient_allergies_status_check CHECK (status IN ('ACTIVE', 'INACTIVE', 'RESOLVED')),
    severity varchar(8) COLLATE "C"
        CONSTRAINT patient_allergies_severity_check CHECK (severity IN ('MILD', 'MODERATE', 'SEVERE')),
    reaction varchar(500) COLLATE "C"
        CONSTRAINT patient_allergies_reaction_check CHECK (text_is_valid(reaction)),
    onset_date date
        CONSTRAINT patient_allergies_onset_date_check CHECK (onset_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    end_date date
        CONSTRAINT patient_allergies_end_date_check CHECK (end_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT patient_allergies_patient_id_fkey FOREIGN KEY (patient_id, institution_id)
        REFERENCES patientregister (uuid, institution_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT patient_allergies_medical_condition_id_fkey FOREIGN KEY (medical_condition_id, system, code)
        REFERENCES medical_conditions (uuid, system, code) ON DELETE RESTRICT,
    -- A code is one of a code system.
    CONSTRAINT patient_allergies_code_system_check
        CHECK ((code IS NULL) = (system IS NULL)),
    CONSTRAINT patient_allergies_medical_condition_id_code_check
        CHECK (medical_condition_id IS NULL OR code IS NOT NULL),
    CONSTRAINT patient_allergies_end_date_onset_date_check
        CHECK (end_date >= onset_date),
    -- What has ended is not active.
    CONSTRAINT patient_allergies_end_date_status_check
        CHECK (end_date IS NULL OR status <> 'ACTIVE')
);
CREATE INDEX patient_allergies_patient_id_idx ON patient_allergies (patient_id, institution_id);
CREATE INDEX patient_allergies_institution_id_created_at_idx
    ON patient_allergies (institution_id, created_at, uuid) WHERE deleted_at IS NULL;
CREATE INDEX patient_allergies_institution_id_code_idx
    ON patient_allergies (institution_id, code, system) WHERE deleted_at IS NULL AND code IS NOT NULL;
CREATE INDEX patient_allergies_institution_id_active_idx
    ON patient_allergies (institution_id, onset_date, uuid) WHERE deleted_at IS NULL AND status = 'ACTIVE';
CREATE INDEX patient_allergies_medical_condition_id_idx ON patient_allergies (medical_condition_id) WHERE medical_condition_id IS NOT NULL;

CREATE TRIGGER health_profiles_version BEFORE UPDATE ON health_profiles
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER health_profiles_change AFTER INSERT OR UPDATE OR DELETE ON health_profiles
    FOR EACH ROW EXECUTE FUNCTION append_change('HealthProfile', 'institution_id');
CREATE TRIGGER emails_version BEFORE UPDATE ON emails
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER emails_change AFTER INSERT OR UPDATE OR DELETE ON emails
    FOR EACH ROW EXECUTE FUNCTION append_change('Email', 'institution_id');
CREATE TRIGGER phones_version BEFORE UPDATE ON phones
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER phones_change AFTER INSERT OR UPDATE OR DELETE ON phones
    FOR EACH ROW EXECUTE FUNCTION append_change('Phone', 'institution_id');
CREATE TRIGGER addresses_version BEFORE UPDATE ON addresses
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER addresses_change AFTER INSERT OR UPDATE OR DELETE ON addresses
    FOR EACH ROW EXECUTE FUNCTION append_change('Address', 'institution_id');
CREATE TRIGGER patient_conditions_version BEFORE UPDATE ON patient_conditions
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER patient_conditions_change AFTER INSERT OR UPDATE OR DELETE ON patient_conditions
    FOR EACH ROW EXECUTE FUNCTION append_change('PatientCondition', 'institution_id');
CREATE TRIGGER patient_medications_version BEFORE UPDATE ON patient_medications
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER patient_medications_change AFTER INSERT OR UPDATE OR DELETE ON patient_medications
    FOR EACH ROW EXECUTE FUNCTION append_change('PatientMedication', 'institution_id');
CREATE TRIGGER patient_allergies_version BEFORE UPDATE ON patient_allergies
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER patient_allergies_change AFTER INSERT OR UPDATE OR DELETE ON patient_allergies
    FOR EACH ROW EXECUTE FUNCTION append_change('PatientAllergy', 'institution_id');

COMMENT ON TABLE health_profiles IS 'tenant: of the institution that the patient belongs to; what is known of a patient''s body and habits';
COMMENT ON TABLE emails IS 'tenant: of the institution that the patient belongs to; a patient''s email addresses';
COMMENT ON TABLE phones IS 'tenant: of the institution that the patient belongs to; a patient''s phone numbers';
COMMENT ON TABLE addresses IS 'tenant: of the institution that the patient belongs to; a patient''s postal addresses';
COMMENT ON TABLE patient_conditions IS 'tenant: of the institution that the patient belongs to; what a patient has or had';
COMMENT ON TABLE patient_medications IS 'tenant: of the institution that the patient belongs to; what a patient takes or took';
COMMENT ON TABLE patient_allergies IS 'tenant: of the institution that the patient belongs to; what a patient does not tolerate';

ALTER TABLE health_profiles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON health_profiles
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
ALTER TABLE emails ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON emails
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
ALTER TABLE phones ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON phones
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
ALTER TABLE addresses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON addresses
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
ALTER TABLE patient_conditions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON patient_conditions
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
ALTER TABLE patient_medications ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON patient_medications
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
ALTER TABLE patient_allergies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON patient_allergies
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));

GRANT SELECT, INSERT, UPDATE ON
    health_profiles, emails, phones, addresses, patient_conditions, patient_medications, patient_allergies TO phr_server;

-- Identifiers leave tombstones too: what was removed may be told again.
ALTER TABLE identifiers ADD COLUMN deleted_at timestamptz;
DROP INDEX identifiers_patient_id_system_value_key;
CREATE UNIQUE INDEX identifiers_patient_id_system_value_key
    ON identifiers (patient_id, (coalesce(system, '')), value) WHERE patient_id IS NOT NULL AND deleted_at IS NULL;
DROP INDEX identifiers_doctor_id_system_value_key;
CREATE UNIQUE INDEX identifiers_doctor_id_system_value_key
    ON identifiers (doctor_id, (coalesce(system, '')), value) WHERE doctor_id IS NOT NULL AND deleted_at IS NULL;
DROP INDEX identifiers_medical_institution_id_system_value_key;
CREATE UNIQUE INDEX identifiers_medical_institution_id_system_value_key
    ON identifiers (medical_institution_id, (coalesce(system, '')), value) WHERE medical_institution_id IS NOT NULL AND deleted_at IS NULL;
