-- Names without characters that cannot be seen or that change the direction of writing (RFC 8264, section 9.13). The server
-- also tells where joiners may stand.
CREATE FUNCTION name_is_valid(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    RETURN public.text_is_valid(value)
       AND value !~ '[\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180e\u200b\u200e-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e007f]';
END
$$;
REVOKE EXECUTE ON FUNCTION name_is_valid(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION name_is_valid(text) TO phr_server;

-- Names that were written before stay until they are changed.
ALTER TABLE patientregister
    DROP CONSTRAINT patientregister_first_name_check,
    ADD CONSTRAINT patientregister_first_name_check CHECK (name_is_valid(first_name)) NOT VALID,
    DROP CONSTRAINT patientregister_last_name_check,
    ADD CONSTRAINT patientregister_last_name_check CHECK (name_is_valid(last_name)) NOT VALID,
    DROP CONSTRAINT patientregister_emergency_contact_check,
    ADD CONSTRAINT patientregister_emergency_contact_check CHECK (name_is_valid(emergency_contact)) NOT VALID;
ALTER TABLE doctors
    DROP CONSTRAINT doctors_first_name_check,
    ADD CONSTRAINT doctors_first_name_check CHECK (name_is_valid(first_name)) NOT VALID,
    DROP CONSTRAINT doctors_last_name_check,
    ADD CONSTRAINT doctors_last_name_check CHECK (name_is_valid(last_name)) NOT VALID;
ALTER TABLE medical_institutions
    DROP CONSTRAINT medical_institutions_name_check,
    ADD CONSTRAINT medical_institutions_name_check CHECK (name_is_valid(name)) NOT VALID;

-- Folded columns: in NFC, and a final sigma is a sigma, whatever else stands around it.
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
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I text COLLATE "C"
                        GENERATED ALWAYS AS (translate(lower(normalize(%I, NFC) COLLATE "und-x-icu"), ''ς'', ''σ'')) STORED', folded.place, folded.name, folded.source);
        FOREACH definition IN ARRAY indexes LOOP
            EXECUTE definition;
        END LOOP;
    END LOOP;
END
$$;
