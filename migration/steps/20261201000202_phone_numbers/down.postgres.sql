-- Fails while a number is longer than 15 characters, or has other signs than before.
DROP TRIGGER medical_institutions_folded_on_insert ON medical_institutions;
DROP TRIGGER medical_institutions_folded_on_update ON medical_institutions;
DROP TRIGGER doctors_folded_on_insert ON doctors;
DROP TRIGGER doctors_folded_on_update ON doctors;
DROP TRIGGER patientregister_folded_on_insert ON patientregister;
DROP TRIGGER patientregister_folded_on_update ON patientregister;
DROP TRIGGER phones_folded_on_insert ON phones;
DROP TRIGGER phones_folded_on_update ON phones;
DROP FUNCTION fold_phone_number();
DROP FUNCTION fold_number();

CREATE OR REPLACE FUNCTION phone_number_is_valid(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    RETURN value ~ '^[0-9+() -]{10,15}$' AND value ~ '[0-9]';
END
$$;

DROP INDEX patientregister_phone_digits_folded_idx;
ALTER TABLE patientregister DROP COLUMN phone_digits_folded;
DROP INDEX phones_patient_id_number_key;
DROP INDEX phones_institution_id_number_idx;
ALTER TABLE medical_institutions
    DROP CONSTRAINT medical_institutions_phone_number_check,
    DROP COLUMN phone_number_folded,
    ALTER COLUMN phone_number TYPE varchar(15) COLLATE "C" USING phone_number::varchar(40),
    ADD CONSTRAINT medical_institutions_phone_number_check CHECK (phone_number_is_valid(phone_number));
ALTER TABLE doctors
    DROP CONSTRAINT doctors_phone_number_check,
    DROP COLUMN phone_number_folded,
    ALTER COLUMN phone_number TYPE varchar(15) COLLATE "C" USING phone_number::varchar(40),
    ADD CONSTRAINT doctors_phone_number_check CHECK (phone_number_is_valid(phone_number));
ALTER TABLE patientregister
    DROP CONSTRAINT patientregister_phone_number_check,
    DROP COLUMN phone_number_folded,
    ALTER COLUMN phone_number TYPE varchar(15) COLLATE "C" USING phone_number::varchar(40),
    ADD CONSTRAINT patientregister_phone_number_check CHECK (phone_number_is_valid(phone_number));
ALTER TABLE phones
    DROP CONSTRAINT phones_number_check,
    DROP COLUMN number_folded,
    ALTER COLUMN number TYPE varchar(15) COLLATE "C" USING number::varchar(40),
    ADD CONSTRAINT phones_number_check CHECK (phone_number_is_valid(number));
CREATE UNIQUE INDEX phones_patient_id_number_key ON phones (patient_id, number) WHERE deleted_at IS NULL;
CREATE INDEX phones_institution_id_number_idx ON phones (institution_id, number) WHERE deleted_at IS NULL;
DROP FUNCTION phone_digits(text);

-- The last nine digits: a country code and a trunk prefix come before them, and are written or not.
ALTER TABLE patientregister ADD COLUMN phone_number_folded text COLLATE "C"
    GENERATED ALWAYS AS (right(regexp_replace(phone_number, '[^0-9]', '', 'g'), 9)) STORED;
CREATE INDEX patientregister_phone_number_folded_idx ON patientregister (phone_number_folded) WHERE deleted_at IS NULL;
-- Argument: which folded columns the table has, 'person', 'patient' or 'named'.
CREATE OR REPLACE FUNCTION keep_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    IF NEW.uuid <> OLD.uuid THEN
        RAISE EXCEPTION 'the uuid of a record never changes'
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'uuid',
                  CONSTRAINT = TG_TABLE_NAME || '_uuid_immutable';
    END IF;

    NEW.created_at := OLD.created_at;
    NEW.updated_at := OLD.updated_at;
    NEW.version := OLD.version;
    -- A BEFORE trigger is handed generated columns as NULL; blanked in the old row too, they do not look like a change.
    IF TG_ARGV[0] IN ('person', 'patient') THEN
        OLD.first_name_folded := NULL;
        OLD.last_name_folded := NULL;
        IF TG_ARGV[0] = 'patient' THEN
            OLD.phone_number_folded := NULL;
        END IF;
    ELSIF TG_ARGV[0] = 'named' THEN
        OLD.name_folded := NULL;
    END IF;

    IF NEW IS DISTINCT FROM OLD THEN
        NEW.version := OLD.version + 1;
        -- The clock and not the transaction's start: the row is locked by now, so its instants never run backwards.
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
