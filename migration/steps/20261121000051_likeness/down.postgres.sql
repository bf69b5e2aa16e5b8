DROP TRIGGER patientregister_version ON patientregister;
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
    IF TG_ARGV[0] = 'person' THEN
        OLD.first_name_folded := NULL;
        OLD.last_name_folded := NULL;
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

CREATE TRIGGER patientregister_version BEFORE UPDATE ON patientregister
    FOR EACH ROW EXECUTE FUNCTION keep_version('person');
DROP INDEX identifiers_value_idx;
DROP INDEX patientregister_phone_number_folded_idx;
ALTER TABLE patientregister DROP COLUMN phone_number_folded;
