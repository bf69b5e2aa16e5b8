-- Who may do what: users, what their roles allow, their sessions, and the keys that sign tokens.
--
-- What may be listed (users, roles) stands apart from what may not (secrets, sessions, keys), so that no list can show a
-- secret. None of these tables is a tenant's: a user is looked up before any boundary is known.

CREATE TABLE permissions (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT permissions_pkey PRIMARY KEY,
    resource varchar(50) COLLATE "C" NOT NULL,
    action varchar(50) COLLATE "C" NOT NULL,
    CONSTRAINT permissions_resource_action_key UNIQUE (resource, action)
);

CREATE TABLE roles (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT roles_pkey PRIMARY KEY,
    name varchar(50) COLLATE "C" NOT NULL
        CONSTRAINT roles_name_check CHECK (name ~ '^[a-z][a-z0-9_]*$')
        CONSTRAINT roles_name_key UNIQUE,
    description varchar(200) COLLATE "C"
        CONSTRAINT roles_description_check CHECK (text_is_valid(description)),
    -- When, from where and with what the role may be used: see the server's documentation of role conditions.
    conditions text NOT NULL DEFAULT '{}'
        CONSTRAINT roles_conditions_check CHECK (jsonb_typeof(conditions::jsonb) = 'object'),
    permissions_changed_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE role_permissions (
    role_id uuid NOT NULL CONSTRAINT role_permissions_role_id_fkey REFERENCES roles ON DELETE CASCADE,
    permission_id uuid NOT NULL CONSTRAINT role_permissions_permission_id_fkey REFERENCES permissions ON DELETE RESTRICT,
    CONSTRAINT role_permissions_pkey PRIMARY KEY (role_id, permission_id)
);

CREATE TABLE users (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT users_pkey PRIMARY KEY,
    kind varchar(20) COLLATE "C" NOT NULL
        CONSTRAINT users_kind_check CHECK (kind IN ('PATIENT', 'DOCTOR', 'STAFF', 'CMS', 'SERVICE')),
    -- In lower case: two users never differ by case alone.
    username varchar(254) COLLATE "C" NOT NULL
        CONSTRAINT users_username_check CHECK (text_is_valid(username) AND username = lower(username COLLATE "und-x-icu"))
        CONSTRAINT users_username_key UNIQUE,
    display_name varchar(100) COLLATE "C"
        CONSTRAINT users_display_name_check CHECK (text_is_valid(display_name)),
    role_id uuid NOT NULL CONSTRAINT users_role_id_fkey REFERENCES roles ON DELETE RESTRICT,
    -- The only institution whose records the user may touch; null for all.
    institution_id uuid CONSTRAINT users_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    patient_id uuid
        CONSTRAINT users_patient_id_fkey REFERENCES patientregister ON DELETE RESTRICT
        CONSTRAINT users_patient_id_key UNIQUE,
    doctor_id uuid
        CONSTRAINT users_doctor_id_fkey REFERENCES doctors ON DELETE RESTRICT
        CONSTRAINT users_doctor_id_key UNIQUE,
    -- The same person at the configured OpenID provider.
    external_subject varchar(255) COLLATE "C"
        CONSTRAINT users_external_subject_check CHECK (text_is_valid(external_subject))
        CONSTRAINT users_external_subject_key UNIQUE,
    is_active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- The kind says which record a user is, and that one is always named.
    CONSTRAINT users_reference_check
        CHECK ((kind = 'PATIENT') = (patient_id IS NOT NULL) AND (kind = 'DOCTOR') = (doctor_id IS NOT NULL)),
    -- A patient's boundary is the own record, wherever that belongs.
    CONSTRAINT users_boundary_check CHECK (kind <> 'PATIENT' OR institution_id IS NULL)
);
CREATE INDEX users_role_id_idx ON users (role_id);
CREATE INDEX users_institution_id_idx ON users (institution_id) WHERE institution_id IS NOT NULL;

CREATE TABLE user_secrets (
    user_id uuid CONSTRAINT user_secrets_pkey PRIMARY KEY
        CONSTRAINT user_secrets_user_id_fkey REFERENCES users ON DELETE CASCADE,
    -- Argon2id in PHC notation; bcrypt as it was brought along, until the next login.
    password_hash text COLLATE "C",
    failed_logins integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    -- Of time-based one-time passwords (RFC 6238); sealed by the key file.
    totp_secret bytea,
    totp_confirmed_at timestamptz,
    -- The last time step that was used: a code is good for one login.
    totp_step bigint,
    last_login_at timestamptz
);

CREATE TABLE sessions (
    uuid uuid CONSTRAINT sessions_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
    device varchar(100) COLLATE "C",
    origin varchar(45) COLLATE "C",
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_revoked_at_idx ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    -- SHA-256: the token itself is never kept.
    hash bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY
        CONSTRAINT refresh_tokens_hash_check CHECK (octet_length(hash) = 32),
    session_id uuid NOT NULL CONSTRAINT refresh_tokens_session_id_fkey REFERENCES sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

CREATE TABLE one_time_tokens (
    hash bytea CONSTRAINT one_time_tokens_pkey PRIMARY KEY
        CONSTRAINT one_time_tokens_hash_check CHECK (octet_length(hash) = 32),
    user_id uuid NOT NULL CONSTRAINT one_time_tokens_user_id_fkey REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX one_time_tokens_user_id_idx ON one_time_tokens (user_id);

CREATE TABLE signing_keys (
    uuid uuid CONSTRAINT signing_keys_pkey PRIMARY KEY,
    algorithm varchar(10) COLLATE "C" NOT NULL
        CONSTRAINT signing_keys_algorithm_check CHECK (algorithm IN ('EdDSA', 'RS256', 'HS256')),
    -- The private key or secret, sealed by the key file that has this fingerprint.
    sealed bytea NOT NULL,
    sealed_by varchar(16) COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    -- From here on the key signs nothing, and what it signed is still good.
    retired_at timestamptz,
    -- From here on nothing that it signed is good.
    revoked_at timestamptz
);

CREATE TABLE break_glass_grants (
    uuid uuid CONSTRAINT break_glass_grants_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT break_glass_grants_user_id_fkey REFERENCES users ON DELETE RESTRICT,
    patient_id uuid NOT NULL
        CONSTRAINT break_glass_grants_patient_id_fkey REFERENCES patientregister ON DELETE RESTRICT,
    -- The patient's, when the leave was taken.
    institution_id uuid NOT NULL
        CONSTRAINT break_glass_grants_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    reason varchar(500) COLLATE "C" NOT NULL
        CONSTRAINT break_glass_grants_reason_check CHECK (text_is_valid(reason)),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    reviewed_at timestamptz,
    reviewed_by uuid,
    review_note varchar(500) COLLATE "C"
        CONSTRAINT break_glass_grants_review_note_check CHECK (text_is_valid(review_note)),
    CONSTRAINT break_glass_grants_review_check CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL))
);
CREATE INDEX break_glass_grants_created_at_idx ON break_glass_grants (created_at, uuid);
CREATE INDEX break_glass_grants_user_id_idx ON break_glass_grants (user_id);
CREATE INDEX break_glass_grants_patient_id_idx ON break_glass_grants (patient_id);
CREATE INDEX break_glass_grants_institution_id_idx ON break_glass_grants (institution_id);

INSERT INTO permissions (uuid, resource, action)
SELECT ('00000000-0000-4000-8002-' || lpad(number::text, 12, '0'))::uuid, resource, action
  FROM (VALUES
    (1, 'PatientRegister', 'read'), (2, 'ClinicalRecord', 'read'), (3, 'PatientRegister', 'write'),
    (4, 'Directory', 'read'), (5, 'Directory', 'write'), (6, 'System', 'operate'), (7, 'System', 'import'),
    (8, 'User', 'manage'), (9, 'Role', 'manage'), (10, 'AuditEvent', 'read'), (11, 'BreakGlass', 'use'),
    (12, 'BreakGlass', 'review')
  ) AS known (number, resource, action);

INSERT INTO roles (uuid, name, description)
SELECT ('00000000-0000-4000-8001-' || lpad(number::text, 12, '0'))::uuid, name, description
  FROM (VALUES
    (1, 'administrator', 'Runs the server, its users and its roles'),
    (2, 'editor', 'Keeps institutions, doctors and specialties'),
    (3, 'institution_administrator', 'Runs one institution and its users'),
    (4, 'doctor', 'Treats patients'),
    (5, 'nurse', 'Cares for patients'),
    (6, 'staff', 'Registers patients, without their clinical record'),
    (7, 'patient', 'Sees the own record'),
    (8, 'auditor', 'Reads the audit trail'),
    (9, 'service', 'A program that exchanges records')
  ) AS known (number, name, description);

INSERT INTO role_permissions (role_id, permission_id)
SELECT roles.uuid, permissions.uuid
  FROM (VALUES
    ('administrator', '{1,2,3,4,5,6,7,8,9,10,11,12}'::int[]),
    ('editor', '{4,5}'),
    ('institution_administrator', '{1,3,4,5,8,10,12}'),
    ('doctor', '{1,2,3,4,11}'),
    ('nurse', '{1,2,3,4,11}'),
    ('staff', '{1,3,4}'),
    ('patient', '{1,2,4}'),
    ('auditor', '{4,10,12}'),
    ('service', '{1,2,3,4,5,7}')
  ) AS allowed (role, numbers)
  JOIN roles ON roles.name = allowed.role
  CROSS JOIN LATERAL unnest(allowed.numbers) AS number
  JOIN permissions ON permissions.uuid = ('00000000-0000-4000-8002-' || lpad(number::text, 12, '0'))::uuid;

CREATE TRIGGER roles_version BEFORE UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER roles_change AFTER INSERT OR UPDATE OR DELETE ON roles
    FOR EACH ROW EXECUTE FUNCTION append_change('Role');
CREATE TRIGGER users_version BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER users_change AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION append_change('User', 'institution_id');

-- What a user may do has changed: who is signed in signs in anew.
CREATE FUNCTION end_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    UPDATE public.sessions SET revoked_at = clock_timestamp() WHERE user_id = NEW.uuid AND revoked_at IS NULL;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION end_sessions() FROM PUBLIC;
CREATE TRIGGER users_sessions AFTER UPDATE OF role_id, institution_id, is_active ON users
    FOR EACH ROW
    WHEN (ROW (NEW.role_id, NEW.institution_id, NEW.is_active)
          IS DISTINCT FROM ROW (OLD.role_id, OLD.institution_id, OLD.is_active))
    EXECUTE FUNCTION end_sessions();

INSERT INTO change_log (entity, key, operation, version)
SELECT 'Role', uuid, 'CREATED', version FROM roles ORDER BY uuid;

GRANT SELECT ON permissions TO phr_server;
GRANT SELECT, INSERT, UPDATE ON roles, users, user_secrets, signing_keys, break_glass_grants TO phr_server;
GRANT SELECT, INSERT, DELETE ON role_permissions TO phr_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, refresh_tokens, one_time_tokens TO phr_server;
