DROP INDEX patientregister_institution_id_date_of_birth_idx;
DROP INDEX patientregister_institution_id_last_name_idx;

DROP POLICY actors_own ON idempotency_keys;
ALTER TABLE idempotency_keys NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;

DROP POLICY owners_triggers_append ON change_log;
DROP POLICY patients_see_their_own ON change_log;
DROP POLICY shared ON change_log;
DROP POLICY tenant ON change_log;
ALTER TABLE change_log NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;

DROP POLICY tenant ON break_glass_grants;
ALTER TABLE break_glass_grants NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY tenant ON users;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;

DROP POLICY owners_triggers_move ON identifiers;
DROP POLICY tenant ON identifiers;
ALTER TABLE identifiers NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;

DROP POLICY owners_triggers_look ON patientregister;
DROP POLICY patients_register_nobody ON patientregister;
DROP POLICY tenant ON patientregister;
ALTER TABLE patientregister NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;

DROP POLICY tenant ON doctors;
ALTER TABLE doctors NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY tenant ON medical_institutions;
ALTER TABLE medical_institutions NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;

DO $$
DECLARE
    declared text;
BEGIN
    FOREACH declared IN ARRAY ARRAY['medical_institutions', 'doctors', 'patientregister', 'identifiers', 'change_log',
        'doctor_specialties', 'idempotency_keys', 'permissions', 'roles', 'role_permissions', 'users', 'user_secrets',
        'sessions', 'refresh_tokens', 'one_time_tokens', 'signing_keys', 'break_glass_grants', 'migration_history',
        'seaql_migrations']
    LOOP
        IF to_regclass(declared) IS NOT NULL THEN
            EXECUTE format('COMMENT ON TABLE %I IS NULL', declared);
        END IF;
    END LOOP;
END
$$;

DROP FUNCTION boundary_actor();
DROP FUNCTION boundary_patient();
DROP FUNCTION boundary_institution();
DROP FUNCTION boundary_has_all_patients();
DROP FUNCTION boundary_is_all();
