-- Folded columns: by case alone.
DO $$
DECLARE
    folded record;
    indexes text[];
    definition text;
BEGIN
    FOR folded IN
        SELECT attrelid::regclass AS place, attname AS name, left(attname, -length('_folded')) AS source
          FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attgenerated = 's' AND NOT attisdropped AND pg_get_expr(adbin, adrelid) LIKE '%lower(%und-x-icu%'
         ORDER BY attrelid, attnum
    LOOP
        indexes := ARRAY(
            SELECT pg_get_indexdef(indexrelid) FROM pg_index
             WHERE indrelid = folded.place
               AND (SELECT attnum FROM pg_attribute WHERE attrelid = folded.place AND attname = folded.name)
                   = ANY (indkey::smallint[])
             ORDER BY indexrelid
        );
        EXECUTE format('ALTER TABLE %s DROP COLUMN %I', folded.place, folded.name);
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I text COLLATE "C" GENERATED ALWAYS AS (lower(%I COLLATE "und-x-icu")) STORED', folded.place, folded.name, folded.source);
        FOREACH definition IN ARRAY indexes LOOP
            EXECUTE definition;
        END LOOP;
    END LOOP;
END
$$;

ALTER TABLE patientregister
    DROP CONSTRAINT patientregister_first_name_check,
    ADD CONSTRAINT patientregister_first_name_check CHECK (text_is_valid(first_name)),
    DROP CONSTRAINT patientregister_last_name_check,
    ADD CONSTRAINT patientregister_last_name_check CHECK (text_is_valid(last_name)),
    DROP CONSTRAINT patientregister_emergency_contact_check,
    ADD CONSTRAINT patientregister_emergency_contact_check CHECK (text_is_valid(emergency_contact));
ALTER TABLE doctors
    DROP CONSTRAINT doctors_first_name_check,
    ADD CONSTRAINT doctors_first_name_check CHECK (text_is_valid(first_name)),
    DROP CONSTRAINT doctors_last_name_check,
    ADD CONSTRAINT doctors_last_name_check CHECK (text_is_valid(last_name));
ALTER TABLE medical_institutions
    DROP CONSTRAINT medical_institutions_name_check,
    ADD CONSTRAINT medical_institutions_name_check CHECK (text_is_valid(name));
DROP FUNCTION name_is_valid(text);
