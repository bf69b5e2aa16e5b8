-- Catalogues: the lists that records choose from, shared by all institutions.
--
-- An entry is never removed, because records refer to it: one that is no longer to be chosen is made inactive.
-- What the entries are comes in the next step.

-- Nothing is part of itself, by however many steps. Moves within one catalogue wait for each other, or two at once could
-- close a circle that neither sees.
CREATE FUNCTION check_hierarchy() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
DECLARE
    is_circle boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('phr hierarchy ' || TG_TABLE_NAME, 0));
    EXECUTE format(
        'WITH RECURSIVE above (uuid) AS (
             SELECT $1
             UNION
             SELECT entry.parent_id FROM public.%1$I AS entry JOIN above ON entry.uuid = above.uuid
              WHERE entry.parent_id IS NOT NULL
         )
         SELECT EXISTS (SELECT FROM above WHERE uuid = $2)', TG_TABLE_NAME)
        INTO is_circle USING NEW.parent_id, NEW.uuid;
    IF is_circle THEN
        RAISE EXCEPTION 'an entry cannot be part of itself'
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'parent_id',
                  CONSTRAINT = TG_TABLE_NAME || '_parent_id_check';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION check_hierarchy() FROM PUBLIC;

CREATE TABLE countries (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT countries_pkey PRIMARY KEY,
    -- Two letters.
    alpha2 varchar(2) COLLATE "C" NOT NULL
        CONSTRAINT countries_alpha2_check CHECK (alpha2 ~ '^[A-Z]{2}$')
        CONSTRAINT countries_alpha2_key UNIQUE,
    -- Three letters.
    alpha3 varchar(3) COLLATE "C" NOT NULL
        CONSTRAINT countries_alpha3_check CHECK (alpha3 ~ '^[A-Z]{3}$')
        CONSTRAINT countries_alpha3_key UNIQUE,
    -- Three digits, leading zeros kept.
    numeric_code varchar(3) COLLATE "C" NOT NULL
        CONSTRAINT countries_numeric_code_check CHECK (numeric_code ~ '^[0-9]{3}$')
        CONSTRAINT countries_numeric_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT countries_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);

CREATE TABLE regions (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT regions_pkey PRIMARY KEY,
    country_id uuid NOT NULL CONSTRAINT regions_country_id_fkey REFERENCES countries ON DELETE RESTRICT,
    parent_id uuid CONSTRAINT regions_parent_id_check CHECK (parent_id <> uuid),
    -- The country's two letters, a hyphen, and one to three letters or digits.
    code varchar(6) COLLATE "C" NOT NULL
        CONSTRAINT regions_code_check CHECK (code ~ '^[A-Z]{2}-[A-Z0-9]{1,3}$')
        CONSTRAINT regions_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT regions_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED,
    -- A region and what it is part of are in one country.
    CONSTRAINT regions_uuid_country_id_key UNIQUE (uuid, country_id),
    CONSTRAINT regions_parent_id_fkey FOREIGN KEY (parent_id, country_id)
        REFERENCES regions (uuid, country_id) ON DELETE RESTRICT
);
CREATE INDEX regions_country_id_idx ON regions (country_id, name, uuid);
CREATE INDEX regions_parent_id_idx ON regions (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE institution_types (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT institution_types_pkey PRIMARY KEY,
    code varchar(20) COLLATE "C" NOT NULL
        CONSTRAINT institution_types_code_check CHECK (code ~ '^[!-~]+$')
        CONSTRAINT institution_types_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT institution_types_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);

CREATE TABLE specialty_categories (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT specialty_categories_pkey PRIMARY KEY,
    parent_id uuid CONSTRAINT specialty_categories_parent_id_check CHECK (parent_id <> uuid)
        CONSTRAINT specialty_categories_parent_id_fkey REFERENCES specialty_categories ON DELETE RESTRICT,
    code varchar(20) COLLATE "C" NOT NULL
        CONSTRAINT specialty_categories_code_check CHECK (code ~ '^[!-~]+$')
        CONSTRAINT specialty_categories_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT specialty_categories_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);
CREATE INDEX specialty_categories_parent_id_idx ON specialty_categories (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE sexes (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT sexes_pkey PRIMARY KEY,
    code varchar(20) COLLATE "C" NOT NULL
        CONSTRAINT sexes_code_check CHECK (code ~ '^[!-~]+$')
        CONSTRAINT sexes_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT sexes_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);

CREATE TABLE genders (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT genders_pkey PRIMARY KEY,
    code varchar(20) COLLATE "C" NOT NULL
        CONSTRAINT genders_code_check CHECK (code ~ '^[!-~]+$')
        CONSTRAINT genders_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT genders_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);

CREATE TABLE blood_types (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT blood_types_pkey PRIMARY KEY,
    code varchar(20) COLLATE "C" NOT NULL
        CONSTRAINT blood_types_code_check CHECK (code ~ '^[!-~]+$')
        CONSTRAINT blood_types_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT blood_types_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);

CREATE TABLE email_types (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT email_types_pkey PRIMARY KEY,
    code varchar(20) COLLATE "C" NOT NULL
        CONSTRAINT email_types_code_check CHECK (code ~ '^[!-~]+$')
        CONSTRAINT email_types_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT email_types_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);

CREATE TABLE phone_types (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT phone_types_pkey PRIMARY KEY,
    code varchar(20) COLLATE "C" NOT NULL
        CONSTRAINT phone_types_code_check CHECK (code ~ '^[!-~]+$')
        CONSTRAINT phone_types_code_key UNIQUE,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT phone_types_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);

CREATE TABLE medical_conditions (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT medical_conditions_pkey PRIMARY KEY,
    -- The code system, as a URI.
    system varchar(200) COLLATE "C" NOT NULL
        CONSTRAINT medical_conditions_system_check CHECK (text_is_valid(system)),
    code varchar(50) COLLATE "C" NOT NULL
        CONSTRAINT medical_conditions_code_check CHECK (code ~ '^[!-~]+$'),
    name varchar(500) COLLATE "C" NOT NULL
        CONSTRAINT medical_conditions_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED,
    CONSTRAINT medical_conditions_system_code_key UNIQUE (system, code)
);
CREATE INDEX medical_conditions_name_idx ON medical_conditions (name, uuid);
CREATE INDEX medical_conditions_name_folded_idx ON medical_conditions (name_folded);

CREATE TABLE medications (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT medications_pkey PRIMARY KEY,
    -- The code system, as a URI.
    system varchar(200) COLLATE "C" NOT NULL
        CONSTRAINT medications_system_check CHECK (text_is_valid(system)),
    code varchar(50) COLLATE "C" NOT NULL
        CONSTRAINT medications_code_check CHECK (code ~ '^[!-~]+$'),
    name varchar(500) COLLATE "C" NOT NULL
        CONSTRAINT medications_name_check CHECK (text_is_valid(name)),
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED,
    CONSTRAINT medications_system_code_key UNIQUE (system, code)
);
CREATE INDEX medications_name_idx ON medications (name, uuid);
CREATE INDEX medications_name_folded_idx ON medications (name_folded);

-- Who can give red cells to whom.
CREATE TABLE blood_type_compatibilities (
    donor_id uuid NOT NULL CONSTRAINT blood_type_compatibilities_donor_id_fkey REFERENCES blood_types ON DELETE RESTRICT,
    recipient_id uuid NOT NULL
        CONSTRAINT blood_type_compatibilities_recipient_id_fkey REFERENCES blood_types ON DELETE RESTRICT,
    CONSTRAINT blood_type_compatibilities_pkey PRIMARY KEY (donor_id, recipient_id)
);
CREATE INDEX blood_type_compatibilities_recipient_id_idx ON blood_type_compatibilities (recipient_id);

CREATE TRIGGER countries_version BEFORE UPDATE ON countries
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER countries_change AFTER INSERT OR UPDATE OR DELETE ON countries
    FOR EACH ROW EXECUTE FUNCTION append_change('Country');
CREATE TRIGGER regions_version BEFORE UPDATE ON regions
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER regions_change AFTER INSERT OR UPDATE OR DELETE ON regions
    FOR EACH ROW EXECUTE FUNCTION append_change('Region');
CREATE TRIGGER regions_parent BEFORE UPDATE OF parent_id ON regions
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION check_hierarchy();
CREATE TRIGGER institution_types_version BEFORE UPDATE ON institution_types
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER institution_types_change AFTER INSERT OR UPDATE OR DELETE ON institution_types
    FOR EACH ROW EXECUTE FUNCTION append_change('InstitutionType');
CREATE TRIGGER specialty_categories_version BEFORE UPDATE ON specialty_categories
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER specialty_categories_change AFTER INSERT OR UPDATE OR DELETE ON specialty_categories
    FOR EACH ROW EXECUTE FUNCTION append_change('SpecialtyCategory');
CREATE TRIGGER specialty_categories_parent BEFORE UPDATE OF parent_id ON specialty_categories
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION check_hierarchy();
CREATE TRIGGER sexes_version BEFORE UPDATE ON sexes
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER sexes_change AFTER INSERT OR UPDATE OR DELETE ON sexes
    FOR EACH ROW EXECUTE FUNCTION append_change('Sex');
CREATE TRIGGER genders_version BEFORE UPDATE ON genders
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER genders_change AFTER INSERT OR UPDATE OR DELETE ON genders
    FOR EACH ROW EXECUTE FUNCTION append_change('Gender');
CREATE TRIGGER blood_types_version BEFORE UPDATE ON blood_types
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER blood_types_change AFTER INSERT OR UPDATE OR DELETE ON blood_types
    FOR EACH ROW EXECUTE FUNCTION append_change('BloodType');
CREATE TRIGGER email_types_version BEFORE UPDATE ON email_types
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER email_types_change AFTER INSERT OR UPDATE OR DELETE ON email_types
    FOR EACH ROW EXECUTE FUNCTION append_change('EmailType');
CREATE TRIGGER phone_types_version BEFORE UPDATE ON phone_types
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER phone_types_change AFTER INSERT OR UPDATE OR DELETE ON phone_types
    FOR EACH ROW EXECUTE FUNCTION append_change('PhoneType');
CREATE TRIGGER medical_conditions_version BEFORE UPDATE ON medical_conditions
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER medical_conditions_change AFTER INSERT OR UPDATE OR DELETE ON medical_conditions
    FOR EACH ROW EXECUTE FUNCTION append_change('MedicalCondition');
CREATE TRIGGER medications_version BEFORE UPDATE ON medications
    FOR EACH ROW EXECUTE FUNCTION keep_version('named');
CREATE TRIGGER medications_change AFTER INSERT OR UPDATE OR DELETE ON medications
    FOR EACH ROW EXECUTE FUNCTION append_change('Medication');

COMMENT ON TABLE countries IS 'shared: a catalogue, as ISO 3166-1 lists them';
COMMENT ON TABLE regions IS 'shared: a catalogue, states, provinces and what they are made of, as ISO 3166-2 lists them';
COMMENT ON TABLE institution_types IS 'shared: a catalogue, what kinds of institutions there are';
COMMENT ON TABLE specialty_categories IS 'shared: a catalogue, what specialties belong to';
COMMENT ON TABLE sexes IS 'shared: a catalogue, sexes for administration, such as the one recorded at birth';
COMMENT ON TABLE genders IS 'shared: a catalogue, genders that people identify with';
COMMENT ON TABLE blood_types IS 'shared: a catalogue, blood groups: ABO with the rhesus factor';
COMMENT ON TABLE email_types IS 'shared: a catalogue, what an email address is for';
COMMENT ON TABLE phone_types IS 'shared: a catalogue, what a phone number is for';
COMMENT ON TABLE medical_conditions IS 'shared: a catalogue, diseases and findings, as code systems name them';
COMMENT ON TABLE medications IS 'shared: a catalogue, drugs, as code systems name them';
COMMENT ON TABLE blood_type_compatibilities IS 'shared: a catalogue, who can give red cells to whom';

GRANT SELECT, INSERT, UPDATE ON
    countries, regions, institution_types, specialty_categories, sexes, genders, blood_types, email_types, phone_types,
    medical_conditions, medications TO phr_server;
GRANT SELECT ON blood_type_compatibilities TO phr_server;
