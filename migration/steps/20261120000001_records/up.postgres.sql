-- Patient registers and what they refer to: institutions, specialties, doctors.
--
-- The CHECKs state the rules of the domain once more, for writers that do not pass through the server. All are named:
-- the server maps a constraint's name to the input field that broke it.
-- Texts have collation "C", so that they compare and sort by code point, as they do on SQLite.

DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the database has encoding %; lengths and control characters are defined for UTF8',
            current_setting('server_encoding')
            USING HINT = 'Create it with: CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
    END IF;
    -- The runner made this table before it ran any step. The server reads it to see whether it fits the schema.
    IF to_regclass('seaql_migrations') IS NOT NULL THEN
        GRANT SELECT ON seaql_migrations TO phr_server;
    END IF;
END
$$;

-- The rules stand in functions because PostgreSQL reads the expressions of all CHECKs anew for every statement: written
-- out in each CHECK, they cost an insert a third more. plpgsql, unlike SQL, keeps what it has prepared.
-- A regular expression's ranges go by code point, whatever the collation.

-- Not blank, no control characters. The longest length is the column's own.
CREATE FUNCTION text_is_valid(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    RETURN btrim(value) <> '' AND value !~ '[\u0001-\u001f\u007f-\u009f]';
END
$$;

-- Printable ASCII: up to 64 characters without a misplaced dot, then a domain of at least two labels.
CREATE FUNCTION email_is_valid(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    RETURN value ~ '^[!-?A-~]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$'
       AND value !~ '^\.|\.\.|\.@'
       AND strpos(value, '@') <= 65;
END
$$;

CREATE FUNCTION phone_number_is_valid(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    RETURN value ~ '^[0-9+() -]{10,15}$' AND value ~ '[0-9]';
END
$$;

-- One dimension, at most 100 entries of at most 500 characters, each valid as a text.
CREATE FUNCTION text_list_is_valid(list text[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog
AS $$
DECLARE
    entry text;
BEGIN
    -- Drivers refuse arrays that do not begin at 1, so such a row could be written and never read.
    IF array_ndims(list) <> 1 OR array_lower(list, 1) <> 1 OR cardinality(list) > 100 THEN
        RETURN false;
    END IF;
    FOREACH entry IN ARRAY list LOOP
        IF entry IS NULL OR char_length(entry) > 500 OR NOT public.text_is_valid(entry) THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;

REVOKE EXECUTE ON FUNCTION
    text_is_valid(text), email_is_valid(text), phone_number_is_valid(text), text_list_is_valid(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    text_is_valid(text), email_is_valid(text), phone_number_is_valid(text), text_list_is_valid(text[]) TO phr_server;

-- Folded columns serve case-insensitive search through an index; row policies would keep an index on lower(..) unused.

CREATE TABLE medical_institutions (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT medical_institutions_pkey PRIMARY KEY,
    name varchar(200) COLLATE "C" NOT NULL
        CONSTRAINT medical_institutions_name_check CHECK (text_is_valid(name)),
    email varchar(254) COLLATE "C"
        CONSTRAINT medical_institutions_email_check CHECK (email_is_valid(email)),
    phone_number varchar(15) COLLATE "C"
        CONSTRAINT medical_institutions_phone_number_check CHECK (phone_number_is_valid(phone_number)),
    address varchar(200) COLLATE "C"
        CONSTRAINT medical_institutions_address_check CHECK (text_is_valid(address)),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);
CREATE INDEX medical_institutions_name_idx ON medical_institutions (name);

CREATE TABLE doctor_specialties (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT doctor_specialties_pkey PRIMARY KEY,
    name varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT doctor_specialties_name_check CHECK (text_is_valid(name))
        CONSTRAINT doctor_specialties_name_key UNIQUE,
    description varchar(500) COLLATE "C"
        CONSTRAINT doctor_specialties_description_check CHECK (text_is_valid(description)),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "und-x-icu")) STORED
);

CREATE TABLE doctors (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT doctors_pkey PRIMARY KEY,
    first_name varchar(50) COLLATE "C" NOT NULL
        CONSTRAINT doctors_first_name_check CHECK (text_is_valid(first_name)),
    last_name varchar(50) COLLATE "C" NOT NULL
        CONSTRAINT doctors_last_name_check CHECK (text_is_valid(last_name)),
    license_number varchar(50) COLLATE "C"
        CONSTRAINT doctors_license_number_check CHECK (text_is_valid(license_number))
        CONSTRAINT doctors_license_number_key UNIQUE,
    email varchar(254) COLLATE "C"
        CONSTRAINT doctors_email_check CHECK (email_is_valid(email)),
    phone_number varchar(15) COLLATE "C"
        CONSTRAINT doctors_phone_number_check CHECK (phone_number_is_valid(phone_number)),
    institution_id uuid NOT NULL
        CONSTRAINT doctors_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    specialty_id uuid
        CONSTRAINT doctors_specialty_id_fkey REFERENCES doctor_specialties ON DELETE RESTRICT,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    first_name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(first_name COLLATE "und-x-icu")) STORED,
    last_name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(last_name COLLATE "und-x-icu")) STORED
);
CREATE INDEX doctors_last_name_idx ON doctors (last_name);
CREATE INDEX doctors_institution_id_idx ON doctors (institution_id);
CREATE INDEX doctors_specialty_id_idx ON doctors (specialty_id) WHERE specialty_id IS NOT NULL;

CREATE TABLE patientregister (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT patientregister_pkey PRIMARY KEY,
    first_name varchar(50) COLLATE "C" NOT NULL
        CONSTRAINT patientregister_first_name_check CHECK (text_is_valid(first_name)),
    last_name varchar(50) COLLATE "C" NOT NULL
        CONSTRAINT patientregister_last_name_check CHECK (text_is_valid(last_name)),
    -- The day in UTC and not CURRENT_DATE, which differs between sessions of different time zones.
    date_of_birth date NOT NULL
        CONSTRAINT patientregister_date_of_birth_check
            CHECK (date_of_birth BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    email varchar(254) COLLATE "C"
        CONSTRAINT patientregister_email_check CHECK (email_is_valid(email)),
    phone_number varchar(15) COLLATE "C" NOT NULL
        CONSTRAINT patientregister_phone_number_check CHECK (phone_number_is_valid(phone_number)),
    address varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT patientregister_address_check CHECK (text_is_valid(address)),
    emergency_contact varchar(50) COLLATE "C"
        CONSTRAINT patientregister_emergency_contact_check CHECK (text_is_valid(emergency_contact)),
    allergies text[] NOT NULL DEFAULT '{}'
        CONSTRAINT patientregister_allergies_check
            CHECK (cardinality(allergies) = 0 OR text_list_is_valid(allergies)),
    medical_history text[] NOT NULL DEFAULT '{}'
        CONSTRAINT patientregister_medical_history_check
            CHECK (cardinality(medical_history) = 0 OR text_list_is_valid(medical_history)),
    current_medications text[] NOT NULL DEFAULT '{}'
        CONSTRAINT patientregister_current_medications_check
            CHECK (cardinality(current_medications) = 0 OR text_list_is_valid(current_medications)),
    status varchar(10) COLLATE "C" NOT NULL DEFAULT 'PENDING'
        CONSTRAINT patientregister_status_check
            CHECK (status IN ('INCOMPLETE', 'PENDING', 'VALIDATED', 'REJECTED')),
    -- The home institution, so that a plain INSERT needs to know nothing of institutions.
    institution_id uuid NOT NULL DEFAULT '00000000-0000-4000-8000-000000000001'
        CONSTRAINT patientregister_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    doctor_id uuid
        CONSTRAINT patientregister_doctor_id_fkey REFERENCES doctors ON DELETE RESTRICT,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- A tombstone: replicas and offline copies must learn that the record is gone.
    deleted_at timestamptz,
    first_name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(first_name COLLATE "und-x-icu")) STORED,
    last_name_folded text COLLATE "C" GENERATED ALWAYS AS (lower(last_name COLLATE "und-x-icu")) STORED,
    -- An import may lack what a registration must have.
    CONSTRAINT patientregister_complete_check
        CHECK (status = 'INCOMPLETE' OR (email IS NOT NULL AND emergency_contact IS NOT NULL)),
    CONSTRAINT patientregister_validated_check
        CHECK (status <> 'VALIDATED' OR (doctor_id IS NOT NULL AND institution_id IS NOT NULL))
);

-- Every ordinary list leaves tombstones out, so the indexes for lists do too. The key stands last in each: it is the
-- tie-breaker of every order, and a page then begins by seeking instead of by sorting.
CREATE INDEX patientregister_last_name_date_of_birth_idx
    ON patientregister (last_name, date_of_birth DESC, uuid DESC) WHERE deleted_at IS NULL;
CREATE INDEX patientregister_date_of_birth_idx
    ON patientregister (date_of_birth, uuid) WHERE deleted_at IS NULL;
CREATE INDEX patientregister_created_at_idx
    ON patientregister (created_at, uuid) WHERE deleted_at IS NULL;
CREATE INDEX patientregister_last_name_folded_idx
    ON patientregister (last_name_folded) WHERE deleted_at IS NULL;
-- These also serve the foreign keys, which ask for tombstones too.
CREATE INDEX patientregister_institution_id_idx
    ON patientregister (institution_id, created_at, uuid);
CREATE INDEX patientregister_doctor_id_idx
    ON patientregister (doctor_id) WHERE doctor_id IS NOT NULL;

INSERT INTO medical_institutions (uuid, name) VALUES ('00000000-0000-4000-8000-000000000001', 'Home institution');

-- Records are not removed by the server: a patient register gets a tombstone, the others stay.
GRANT SELECT, INSERT, UPDATE ON medical_institutions, doctor_specialties, doctors, patientregister TO phr_server;
