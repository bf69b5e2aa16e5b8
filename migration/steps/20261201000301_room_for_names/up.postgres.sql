-- Names and addresses as long as real ones are: the given names of one person may take more than 100 characters together.
-- A doctor may have a single name, as a patient may.

-- The type of a column is changed while nothing is computed from it: folded columns and a trigger's condition come back
-- afterwards, as they were.
DROP TRIGGER patientregister_changed ON patientregister;
DO $$
DECLARE
    folded record;
    columns text[] := '{}';
    indexes text[] := '{}';
    definition text;
BEGIN
    FOR folded IN
        SELECT attrelid::regclass AS place, attname AS name, attnum AS number, pg_get_expr(adbin, adrelid) AS expression
          FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid IN ('patientregister'::regclass, 'doctors'::regclass)
           AND attname IN ('first_name_folded', 'last_name_folded') AND NOT attisdropped
         ORDER BY attrelid, attnum
    LOOP
        columns := columns || format('ALTER TABLE %s ADD COLUMN %I text COLLATE "C" GENERATED ALWAYS AS (%s) STORED',
                                     folded.place, folded.name, folded.expression);
        indexes := indexes || ARRAY(
            SELECT pg_get_indexdef(indexrelid) FROM pg_index
             WHERE indrelid = folded.place AND folded.number = ANY (indkey::smallint[])
             ORDER BY indexrelid
        );
        EXECUTE format('ALTER TABLE %s DROP COLUMN %I', folded.place, folded.name);
    END LOOP;
    ALTER TABLE patientregister
        ALTER COLUMN first_name TYPE varchar(200) COLLATE "C",
        ALTER COLUMN last_name TYPE varchar(200) COLLATE "C",
        ALTER COLUMN address TYPE varchar(500) COLLATE "C",
        ALTER COLUMN emergency_contact TYPE varchar(200) COLLATE "C";
    ALTER TABLE doctors
        ALTER COLUMN first_name TYPE varchar(200) COLLATE "C",
        ALTER COLUMN last_name TYPE varchar(200) COLLATE "C",
        ALTER COLUMN first_name DROP NOT NULL,
        ALTER COLUMN last_name DROP NOT NULL,
        ADD CONSTRAINT doctors_name_check CHECK (coalesce(first_name, last_name) IS NOT NULL);
    FOREACH definition IN ARRAY columns || indexes LOOP
        EXECUTE definition;
    END LOOP;
END
$$;
CREATE TRIGGER patientregister_changed BEFORE UPDATE ON patientregister
    FOR EACH ROW
    WHEN (OLD.status IN ('DOCTOR_VALIDATED', 'INSTITUTION_VALIDATED', 'VALIDATED') AND NEW.status = OLD.status
          AND ROW (NEW.first_name, NEW.last_name, NEW.date_of_birth, NEW.date_of_death, NEW.allergies,
                   NEW.medical_history, NEW.current_medications, NEW.institution_id, NEW.doctor_id)
              IS DISTINCT FROM
              ROW (OLD.first_name, OLD.last_name, OLD.date_of_birth, OLD.date_of_death, OLD.allergies,
                   OLD.medical_history, OLD.current_medications, OLD.institution_id, OLD.doctor_id))
    EXECUTE FUNCTION withdraw_validation();

ALTER TABLE medical_institutions ALTER COLUMN address TYPE varchar(500) COLLATE "C";
ALTER TABLE addresses ALTER COLUMN street TYPE varchar(500) COLLATE "C";
