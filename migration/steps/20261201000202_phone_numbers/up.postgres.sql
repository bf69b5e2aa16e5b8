-- Phone numbers as people write them: 10 to 15 digits, at most 40 characters. Beside what was written stands the form in
-- which numbers are compared: E.164, which the server knows by the numbering plans, or else the digits alone. For those who
-- write SQL triggers fill in the digits.

-- Most numbers are digits, blanks and signs of ASCII: these cost no regular expression.
CREATE OR REPLACE FUNCTION phone_number_is_valid(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    digits text := translate(value, '+ -().,/', '');
BEGIN
    IF digits ~ '[^0-9]' THEN
        IF value ~ '[\u0001-\u001f\u007f-\u009f]' THEN
            RETURN false;
        END IF;
        digits := public.phone_digits(value);
    END IF;
    RETURN char_length(digits) BETWEEN 10 AND 15
       AND btrim(lower(value)) ~ '^(tel:)?[ (\u3000\uff08]*[+\uff0b]?[^+\uff0b;#a-z]*(;?[ .,]*(ext|extn|extension|x|#)[ .:=]*[0-9\uff10-\uff19]{1,7})?$';
END
$$;

-- Digits of a number without its extension, full-width ones as ASCII's.
CREATE FUNCTION phone_digits(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog
AS $$
BEGIN
    value := translate(lower(value), U&'\FF10\FF11\FF12\FF13\FF14\FF15\FF16\FF17\FF18\FF19', '0123456789');
    value := regexp_replace(value, '(ext|extn|extension|x|#)[ .:=]*[0-9]{1,7} *$', '');
    RETURN regexp_replace(value, '[^0-9]', '', 'g');
END
$$;
REVOKE EXECUTE ON FUNCTION phone_digits(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phone_digits(text) TO phr_server;

DROP INDEX patientregister_phone_number_folded_idx;
ALTER TABLE patientregister DROP COLUMN phone_number_folded;

ALTER TABLE medical_institutions
    ALTER COLUMN phone_number TYPE varchar(40) COLLATE "C",
    ADD COLUMN phone_number_folded varchar(40) COLLATE "C"
        CONSTRAINT medical_institutions_phone_number_folded_check CHECK (phone_number_folded ~ '^\+?[0-9]+$');
ALTER TABLE doctors
    ALTER COLUMN phone_number TYPE varchar(40) COLLATE "C",
    ADD COLUMN phone_number_folded varchar(40) COLLATE "C"
        CONSTRAINT doctors_phone_number_folded_check CHECK (phone_number_folded ~ '^\+?[0-9]+$');
ALTER TABLE patientregister
    ALTER COLUMN phone_number TYPE varchar(40) COLLATE "C",
    ADD COLUMN phone_number_folded varchar(40) COLLATE "C"
        CONSTRAINT patientregister_phone_number_folded_check CHECK (phone_number_folded ~ '^\+?[0-9]+$');
ALTER TABLE phones
    ALTER COLUMN number TYPE varchar(40) COLLATE "C",
    ADD COLUMN number_folded varchar(40) COLLATE "C"
        CONSTRAINT phones_number_folded_check CHECK (number_folded ~ '^\+?[0-9]+$');

-- Existing numbers are compared by their digits, until they are written again. That changes no record's version. Of a
-- patient's numbers that differ in their signs alone the first one is.
SET LOCAL ROLE phr_owner;
ALTER TABLE medical_institutions DISABLE TRIGGER USER;
ALTER TABLE doctors DISABLE TRIGGER USER;
ALTER TABLE patientregister DISABLE TRIGGER USER;
ALTER TABLE phones DISABLE TRIGGER USER;
SET LOCAL ROLE phr_migrator;
UPDATE medical_institutions SET phone_number_folded = phone_digits(phone_number) WHERE phone_number IS NOT NULL;
UPDATE doctors SET phone_number_folded = phone_digits(phone_number) WHERE phone_number IS NOT NULL;
UPDATE patientregister SET phone_number_folded = phone_digits(phone_number) WHERE phone_number IS NOT NULL;
UPDATE phones SET number_folded = phone_digits(number)
 WHERE deleted_at IS NOT NULL
    OR NOT EXISTS (SELECT FROM phones AS earlier
                    WHERE earlier.patient_id = phones.patient_id AND earlier.deleted_at IS NULL
                      AND phone_digits(earlier.number) = phone_digits(phones.number)
                      AND (earlier.created_at, earlier.uuid) < (phones.created_at, phones.uuid));
SET LOCAL ROLE phr_owner;
ALTER TABLE medical_institutions ENABLE TRIGGER USER;
ALTER TABLE doctors ENABLE TRIGGER USER;
ALTER TABLE patientregister ENABLE TRIGGER USER;
ALTER TABLE phones ENABLE TRIGGER USER;

-- The last nine digits, by which registers of the same patient are looked for: a country code and a trunk prefix come before
-- them, and are written or not.
ALTER TABLE patientregister ADD COLUMN phone_digits_folded text COLLATE "C"
    GENERATED ALWAYS AS (right(ltrim(phone_number_folded, '+'), 9)) STORED;
CREATE INDEX patientregister_phone_digits_folded_idx ON patientregister (phone_digits_folded) WHERE deleted_at IS NULL;

-- A patient's numbers differ, however they are written.
DROP INDEX phones_patient_id_number_key;
CREATE UNIQUE INDEX phones_patient_id_number_key ON phones (patient_id, number_folded) WHERE deleted_at IS NULL;
DROP INDEX phones_institution_id_number_idx;
CREATE INDEX phones_institution_id_number_idx ON phones (institution_id, number_folded) WHERE deleted_at IS NULL;

CREATE FUNCTION fold_phone_number() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    NEW.phone_number_folded := public.phone_digits(NEW.phone_number);
    RETURN NEW;
END
$$;
CREATE FUNCTION fold_number() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    NEW.number_folded := public.phone_digits(NEW.number);
    RETURN NEW;
END
$$;
CREATE TRIGGER medical_institutions_folded_on_insert BEFORE INSERT ON medical_institutions
    FOR EACH ROW WHEN (NEW.phone_number_folded IS NULL AND NEW.phone_number IS NOT NULL) EXECUTE FUNCTION fold_phone_number();
-- A number that is another one by its last digits, and still compared as the former one.
CREATE TRIGGER medical_institutions_folded_on_update BEFORE UPDATE ON medical_institutions
    FOR EACH ROW
    WHEN (NEW.phone_number IS DISTINCT FROM OLD.phone_number AND NEW.phone_number_folded IS NOT DISTINCT FROM OLD.phone_number_folded
          AND coalesce(strpos(phone_digits(NEW.phone_number), right(NEW.phone_number_folded, 7)), 0) = 0)
    EXECUTE FUNCTION fold_phone_number();
CREATE TRIGGER doctors_folded_on_insert BEFORE INSERT ON doctors
    FOR EACH ROW WHEN (NEW.phone_number_folded IS NULL AND NEW.phone_number IS NOT NULL) EXECUTE FUNCTION fold_phone_number();
-- A number that is another one by its last digits, and still compared as the former one.
CREATE TRIGGER doctors_folded_on_update BEFORE UPDATE ON doctors
    FOR EACH ROW
    WHEN (NEW.phone_number IS DISTINCT FROM OLD.phone_number AND NEW.phone_number_folded IS NOT DISTINCT FROM OLD.phone_number_folded
          AND coalesce(strpos(phone_digits(NEW.phone_number), right(NEW.phone_number_folded, 7)), 0) = 0)
    EXECUTE FUNCTION fold_phone_number();
CREATE TRIGGER patientregister_folded_on_insert BEFORE INSERT ON patientregister
    FOR EACH ROW WHEN (NEW.phone_number_folded IS NULL AND NEW.phone_number IS NOT NULL) EXECUTE FUNCTION fold_phone_number();
-- A number that is another one by its last digits, and still compared as the former one.
CREATE TRIGGER patientregister_folded_on_update BEFORE UPDATE ON patientregister
    FOR EACH ROW
    WHEN (NEW.phone_number IS DISTINCT FROM OLD.phone_number AND NEW.phone_number_folded IS NOT DISTINCT FROM OLD.phone_number_folded
          AND coalesce(strpos(phone_digits(NEW.phone_number), right(NEW.phone_number_folded, 7)), 0) = 0)
    EXECUTE FUNCTION fold_phone_number();
CREATE TRIGGER phones_folded_on_insert BEFORE INSERT ON phones
    FOR EACH ROW WHEN (NEW.number_folded IS NULL AND NEW.number IS NOT NULL) EXECUTE FUNCTION fold_number();
-- A number that is another one by its last digits, and still compared as the former one.
CREATE TRIGGER phones_folded_on_update BEFORE UPDATE ON phones
    FOR EACH ROW
    WHEN (NEW.number IS DISTINCT FROM OLD.number AND NEW.number_folded IS NOT DISTINCT FROM OLD.number_folded
          AND coalesce(strpos(phone_digits(NEW.number), right(NEW.number_folded, 7)), 0) = 0)
    EXECUTE FUNCTION fold_number();

-- As before, but that the column has another name.
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
            OLD.phone_digits_folded := NULL;
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
