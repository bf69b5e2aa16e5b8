-- The boundary between institutions, enforced by the database itself: whatever statement the server sends, it reads and
-- changes rows of the institution that it has named before, and of no other.
--
-- Every table is declared in its comment, whose first word says whose its rows are; a table without is refused by a test.
--   tenant:  an institution's. Has policies, which bind its owner too (FORCE).
--   shared:  everybody's.
--   system:  the server's own.
--
-- Who the rows are shown to is told by two settings, of the session or of the transaction:
--   phr.institution  an institution's key, or `all`
--   phr.patient      the key of the only patient whose record may be touched, or empty
-- Where phr.institution is not set, no row of a tenant can be read or written. Superusers see everything; so does
-- phr_migrator, as which a step rewrites data: SET LOCAL ROLE phr_migrator; UPDATE ..; SET LOCAL ROLE phr_owner;
--
-- In the policies each of these functions stands in a subquery of its own, so that it is evaluated once for a statement
-- and not for every row. No index can serve a policy (OR keeps it from that): the server's statements name the
-- institution too, and what finds the rows is that; the policies check them.
--
-- The planner must expect that they let nearly every row through, or it plans for a fraction of the rows that come.
-- Of `x IS NOT NULL` it expects that in 995 of 1000 cases, of a truth in 500, of `x IS NULL` in 5: so the functions that
-- say that there is no bound answer true or null, and the policies ask whether that is not null.

-- True for all institutions, else null.
CREATE FUNCTION boundary_is_all() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('phr.institution', true) = 'all', false);

-- True when no single patient was named, else null.
CREATE FUNCTION boundary_has_all_patients() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(coalesce(current_setting('phr.patient', true), '') = '', false);

CREATE FUNCTION boundary_institution() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(nullif(current_setting('phr.institution', true), ''), 'all')::uuid;

CREATE FUNCTION boundary_patient() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('phr.patient', true), '')::uuid;

-- Who acts, as the server says for the change log too.
CREATE FUNCTION boundary_actor() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('phr.actor', true), '')::uuid;

COMMENT ON TABLE medical_institutions IS 'tenant: the institutions themselves, each its own';
COMMENT ON TABLE doctors IS 'tenant: of the institution where they practise';
COMMENT ON TABLE patientregister IS 'tenant: of the institution that the patient belongs to';
COMMENT ON TABLE identifiers IS 'tenant: of the institution that the patient, the doctor or the institution belongs to';
COMMENT ON TABLE change_log IS 'tenant: of the institution of what was changed; what concerns none is for all to read';
COMMENT ON TABLE doctor_specialties IS 'shared: a catalogue';
COMMENT ON TABLE idempotency_keys IS 'system: each actor sees the own ones';
COMMENT ON TABLE permissions IS 'shared: a catalogue';
COMMENT ON TABLE roles IS 'shared: a catalogue';
COMMENT ON TABLE role_permissions IS 'shared: a catalogue';
COMMENT ON TABLE users IS 'tenant: of the institution that the user is bound to; the others are for who may act in all';
COMMENT ON TABLE user_secrets IS 'system: what proves who a user is';
COMMENT ON TABLE sessions IS 'system: who is signed in';
COMMENT ON TABLE refresh_tokens IS 'system: what sessions are prolonged with';
COMMENT ON TABLE one_time_tokens IS 'system: what new passwords are set with';
COMMENT ON TABLE signing_keys IS 'system: what tokens are signed with';
COMMENT ON TABLE break_glass_grants IS 'tenant: of the institution whose patient''s record was opened';
COMMENT ON TABLE migration_history IS 'system: what was done to the schema';
DO $$
BEGIN
    IF to_regclass('seaql_migrations') IS NOT NULL THEN
        COMMENT ON TABLE seaql_migrations IS 'system: the steps that were applied';
    END IF;
END
$$;

ALTER TABLE medical_institutions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON medical_institutions
    USING ((SELECT boundary_is_all()) IS NOT NULL OR uuid = (SELECT boundary_institution()));

ALTER TABLE doctors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON doctors
    USING ((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()));

ALTER TABLE patientregister ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON patientregister
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR uuid = (SELECT boundary_patient())));
CREATE POLICY patients_register_nobody ON patientregister AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT boundary_has_all_patients()) IS NOT NULL);

-- What has no institution of its own belongs where its doctor or its institution does.
ALTER TABLE identifiers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON identifiers
    USING (((SELECT boundary_is_all()) IS NOT NULL
            OR institution_id = (SELECT boundary_institution())
            OR medical_institution_id = (SELECT boundary_institution())
            OR (doctor_id IS NOT NULL AND EXISTS (SELECT FROM doctors WHERE doctors.uuid = identifiers.doctor_id)))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL
                OR patient_id IS NULL OR patient_id = (SELECT boundary_patient())));

ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- A patient's user belongs where the patient's register does.
CREATE POLICY tenant ON users
    USING (((SELECT boundary_is_all()) IS NOT NULL
            OR institution_id = (SELECT boundary_institution())
            OR (patient_id IS NOT NULL
                AND EXISTS (SELECT FROM patientregister WHERE patientregister.uuid = users.patient_id)))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));

ALTER TABLE break_glass_grants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON break_glass_grants
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));

ALTER TABLE change_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON change_log
    USING ((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()));
CREATE POLICY shared ON change_log FOR SELECT
    USING (institution_id IS NULL AND (SELECT boundary_institution()) IS NOT NULL);
CREATE POLICY patients_see_their_own ON change_log AS RESTRICTIVE FOR SELECT
    USING ((SELECT boundary_has_all_patients()) IS NOT NULL
           OR institution_id IS NULL OR key = (SELECT boundary_patient()));

-- The owner's triggers keep in order what belongs together, whoever changes it and whatever that one may see: the log
-- takes every entry, and the identifiers of a patient who moves go along. Outside triggers the owner is bound.
CREATE POLICY owners_triggers_append ON change_log FOR INSERT TO phr_owner
    WITH CHECK ((SELECT pg_trigger_depth()) > 0);
CREATE POLICY owners_triggers_look ON patientregister FOR SELECT TO phr_owner
    USING ((SELECT pg_trigger_depth()) > 0);
CREATE POLICY owners_triggers_move ON identifiers TO phr_owner
    USING ((SELECT pg_trigger_depth()) > 0);

-- Whoever takes a key clears away those that have expired, everybody's.
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY actors_own ON idempotency_keys
    USING (actor_id = (SELECT boundary_actor())
           OR ((SELECT boundary_actor()) IS NOT NULL AND created_at < (SELECT now() - interval '24 hours')))
    WITH CHECK (actor_id = (SELECT boundary_actor()));

-- Lists within one institution seek as those of all do.
CREATE INDEX patientregister_institution_id_last_name_idx
    ON patientregister (institution_id, last_name, date_of_birth DESC, uuid DESC) WHERE deleted_at IS NULL;
CREATE INDEX patientregister_institution_id_date_of_birth_idx
    ON patientregister (institution_id, date_of_birth, uuid) WHERE deleted_at IS NULL;
