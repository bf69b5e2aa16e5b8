-- Registers a patient together with all that belongs to them, or nothing, for whoever writes SQL: what the mutation
-- registerPatientWithProfile is for clients of the server. It does what its caller may do, within the caller's boundary;
-- the rules are those of the tables.
--
--   SELECT sp_create_patient_with_profile('{"patient": {"first_name": "Jane", ..}, "health_profile": {"height_cm": 170},
--       "emails": [{"address": "jane@mail.example", "is_primary": true}], "conditions": [{"display": "Asthma"}]}');
--
-- Members are called as the tables' columns. Parts, each of which but the patient may be left out: patient,
-- health_profile, and the lists emails, phones, addresses, identifiers, conditions, medications, allergies, which have
-- 1000 records together at most. A code is looked up in its catalogue, and a catalogue's entry brings its code and name.
-- Returns the patient's key. What is wrong is told by its path, such as emails[1].address, without any value; the first
-- thing that is wrong ends it. Whether an entry of a catalogue is still to be chosen the mutation alone asks.

CREATE FUNCTION sp_create_patient_with_profile(input jsonb) RETURNS uuid
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog
AS $$
DECLARE
    most CONSTANT integer := 1000;
    -- What the database keeps, or what follows from whose the record is.
    kept CONSTANT text[] := '{patient_id,doctor_id,medical_institution_id,institution_id,version,created_at,updated_at,deleted_at}';
    kept_of_patient CONSTANT text[] := '{status,rejection_reason,merged_into,version,created_at,updated_at,deleted_at}';
    part record;
    target regclass;
    told jsonb;
    item jsonb;
    member record;
    type_wanted text;
    entry record;
    columns text;
    written record;
    patient uuid;
    institution uuid;
    count integer := 0;
    -- Where something is wrong, if something is.
    place text := 'input';
    state text;
    message text;
    broken text;
    blamed text;
BEGIN
    IF input IS NULL OR jsonb_typeof(input) <> 'object' THEN
        RAISE EXCEPTION 'must be an object' USING ERRCODE = 'data_exception';
    END IF;
    FOR member IN SELECT key, value FROM jsonb_each(input) LOOP
        place := member.key;
        IF member.key <> ALL ('{patient,health_profile,emails,phones,addresses,identifiers,conditions,medications,allergies}') THEN
            RAISE EXCEPTION 'there is no such member' USING ERRCODE = 'data_exception';
        END IF;
    END LOOP;

    FOR part IN
        SELECT * FROM (VALUES
            (1, 'patient', 'patientregister', false, NULL, NULL),
            (2, 'health_profile', 'health_profiles', false, NULL, NULL),
            (3, 'emails', 'emails', true, NULL, NULL),
            (4, 'phones', 'phones', true, NULL, NULL),
            (5, 'addresses', 'addresses', true, NULL, NULL),
            (6, 'identifiers', 'identifiers', true, NULL, NULL),
            (7, 'conditions', 'patient_conditions', true, 'medical_conditions', 'medical_condition_id'),
            (8, 'medications', 'patient_medications', true, 'medications', 'medication_id'),
            (9, 'allergies', 'patient_allergies', true, 'medical_conditions', 'medical_condition_id')
        ) AS parts (number, name, into_table, is_list, catalogue, reference) ORDER BY number
    LOOP
        place := part.name;
        told := nullif(input -> part.name, 'null');
        IF told IS NULL THEN
            IF part.name = 'patient' THEN
                RAISE EXCEPTION 'is required' USING ERRCODE = 'not_null_violation';
            END IF;
            CONTINUE;
        END IF;
        IF NOT part.is_list THEN
            told := jsonb_build_array(told);
        ELSIF jsonb_typeof(told) <> 'array' THEN
            RAISE EXCEPTION 'must be a list' USING ERRCODE = 'data_exception';
        END IF;
        count := count + CASE part.name WHEN 'patient' THEN 0 ELSE jsonb_array_length(told) END;
        IF count > most THEN
            place := 'input';
            RAISE EXCEPTION 'must have at most % records besides the patient, of all kinds together', most
                USING ERRCODE = 'program_limit_exceeded';
        END IF;
        target := format('public.%I', part.into_table)::regclass;

        FOR number IN 0 .. jsonb_array_length(told) - 1 LOOP
            place := part.name || CASE WHEN part.is_list THEN format('[%s]', number) ELSE '' END;
            item := told -> number;
            IF jsonb_typeof(item) <> 'object' THEN
                RAISE EXCEPTION 'must be an object' USING ERRCODE = 'data_exception';
            END IF;
            item := jsonb_strip_nulls(item);

            -- Each member by itself, so that the one is told that is wrong.
            FOR member IN SELECT key, value FROM jsonb_each(item) LOOP
                place := place || '.' || member.key;
                SELECT format_type(atttypid, NULL) INTO type_wanted
                  FROM pg_attribute
                 WHERE attrelid = target AND attname = member.key AND attnum > 0 AND NOT attisdropped
                   AND attgenerated = ''
                   AND attname <> ALL (CASE part.name WHEN 'patient' THEN kept_of_patient ELSE kept END);
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'there is no such member' USING ERRCODE = 'data_exception';
                END IF;
                IF jsonb_typeof(member.value) = 'object'
                   OR (jsonb_typeof(member.value) = 'array') <> (right(type_wanted, 2) = '[]') THEN
                    RAISE EXCEPTION 'must be of the type %', type_wanted USING ERRCODE = 'data_exception';
                END IF;
                EXECUTE format('SELECT FROM jsonb_populate_record(NULL::%s, $1)', target)
                    USING jsonb_build_object(member.key, member.value);
                place := left(place, -1 - length(member.key));
            END LOOP;

            IF part.name = 'patient' THEN
                item := jsonb_build_object('institution_id', public.boundary_institution()) || item;
                item := jsonb_strip_nulls(item);
                -- References know no boundary.
                IF item ? 'doctor_id'
                   AND NOT EXISTS (SELECT FROM public.doctors WHERE uuid = (item ->> 'doctor_id')::uuid) THEN
                    place := place || '.doctor_id';
                    RAISE EXCEPTION 'there is no such doctor' USING ERRCODE = 'foreign_key_violation';
                END IF;
            ELSE
                item := item || jsonb_build_object('patient_id', patient, 'institution_id', institution);
            END IF;
            IF part.catalogue IS NOT NULL AND (item ? part.reference OR item ? 'code') THEN
                EXECUTE format(
                    'SELECT uuid, system, code, name FROM public.%I
                      WHERE CASE WHEN $1 IS NULL THEN system = $2 AND code = $3 ELSE uuid = $1 END', part.catalogue)
                    INTO entry
                    USING (item ->> part.reference)::uuid, item ->> 'system', item ->> 'code';
                IF entry.uuid IS NULL THEN
                    place := place || '.' || CASE WHEN item ? part.reference THEN part.reference ELSE 'code' END;
                    RAISE EXCEPTION 'the catalogue has no such entry' USING ERRCODE = 'foreign_key_violation';
                END IF;
                -- What was told beside it has to agree, by the table's own reference.
                item := jsonb_build_object(part.reference, entry.uuid, 'system', entry.system, 'code', entry.code,
                                           'display', entry.name) || item;
            END IF;

            SELECT string_agg(format('%I', key), ', ') INTO columns FROM jsonb_object_keys(item) AS keys (key);
            IF columns IS NULL THEN
                RAISE EXCEPTION 'is required' USING ERRCODE = 'not_null_violation';
            END IF;
            EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)
                            RETURNING uuid, institution_id', target, columns)
                INTO written USING item;
            IF part.name = 'patient' THEN
                patient := written.uuid;
                institution := written.institution_id;
            END IF;
        END LOOP;
    END LOOP;
    RETURN patient;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS
        state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, broken = CONSTRAINT_NAME, blamed = COLUMN_NAME;
    -- What is no fault of the input's.
    IF left(state, 2) <> ALL ('{22,23,42,54}') THEN
        RAISE;
    END IF;
    IF state = '22001' THEN
        message := 'is too long';
    ELSIF left(state, 2) = '22' AND state <> '22000' THEN
        -- What the database says of it shows the value.
        message := format('must be of the type %s', type_wanted);
    END IF;
    IF blamed = '' AND broken <> '' THEN
        SELECT attname INTO blamed
          FROM pg_attribute
         WHERE attrelid = target AND attnum > 0 AND NOT attisdropped
           AND (broken ~ format('^%s_(patient_id_)?%s_', part.into_table, attname) AND attname <> 'patient_id'
                OR attname = 'uuid' AND right(broken, 5) = '_pkey')
         ORDER BY length(attname) DESC LIMIT 1;
    END IF;
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = format('%s: %s', place || coalesce('.' || nullif(blamed, ''), ''), message);
END
$$;

REVOKE EXECUTE ON FUNCTION sp_create_patient_with_profile(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sp_create_patient_with_profile(jsonb) TO phr_server;
