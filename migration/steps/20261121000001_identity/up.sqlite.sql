-- Who may do what: users, what their roles allow, their sessions, and the keys that sign tokens.
--
-- What may be listed (users, roles) stands apart from what may not (secrets, sessions, keys), so that no list can show a
-- secret.

CREATE TABLE permissions (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT permissions_pkey PRIMARY KEY
        CONSTRAINT permissions_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    CONSTRAINT permissions_resource_action_key UNIQUE (resource, action)
) STRICT;

CREATE TABLE roles (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT roles_pkey PRIMARY KEY
        CONSTRAINT roles_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    name TEXT NOT NULL
        CONSTRAINT roles_name_check CHECK (
            length(name) BETWEEN 1 AND 50 AND name NOT GLOB '*[^a-z0-9_]*' AND name GLOB '[a-z]*')
        CONSTRAINT roles_name_key UNIQUE,
    description TEXT
        CONSTRAINT roles_description_check CHECK (
            length(description) BETWEEN 1 AND 200 AND trim(description) <> ''
            AND instr(description, char(0)) = 0
            AND description NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    -- When, from where and with what the role may be used: see the server's documentation of role conditions.
    conditions TEXT NOT NULL DEFAULT '{}'
        CONSTRAINT roles_conditions_check CHECK (json_valid(conditions) AND json_type(conditions) = 'object'),
    permissions_changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT roles_permissions_changed_at_check CHECK (
            permissions_changed_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(permissions_changed_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(permissions_changed_at, 1, 19), '+0 days')),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT roles_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT roles_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE role_permissions (
    role_id BLOB NOT NULL
        CONSTRAINT role_permissions_role_id_fkey REFERENCES roles ON DELETE CASCADE,
    permission_id BLOB NOT NULL
        CONSTRAINT role_permissions_permission_id_fkey REFERENCES permissions ON DELETE RESTRICT,
    CONSTRAINT role_permissions_pkey PRIMARY KEY (role_id, permission_id)
) STRICT;

CREATE TABLE users (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT users_pkey PRIMARY KEY
        CONSTRAINT users_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    kind TEXT NOT NULL
        CONSTRAINT users_kind_check CHECK (kind IN ('PATIENT', 'DOCTOR', 'STAFF', 'CMS', 'SERVICE')),
    -- In lower case: two users never differ by case alone. SQLite folds ASCII only; the server folds the rest.
    username TEXT NOT NULL
        CONSTRAINT users_username_check CHECK (
            length(username) BETWEEN 1 AND 254 AND trim(username) <> ''
            AND instr(username, char(0)) = 0
            AND username NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*' AND username = lower(username))
        CONSTRAINT users_username_key UNIQUE,
    display_name TEXT
        CONSTRAINT users_display_name_check CHECK (
            length(display_name) BETWEEN 1 AND 100 AND trim(display_name) <> ''
            AND instr(display_name, char(0)) = 0
            AND display_name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    role_id BLOB NOT NULL
        CONSTRAINT users_role_id_fkey REFERENCES roles ON DELETE RESTRICT,
    -- The only institution whose records the user may touch; null for all.
    institution_id BLOB
        CONSTRAINT users_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    patient_id BLOB
        CONSTRAINT users_patient_id_fkey REFERENCES patientregister ON DELETE RESTRICT
        CONSTRAINT users_patient_id_key UNIQUE,
    doctor_id BLOB
        CONSTRAINT users_doctor_id_fkey REFERENCES doctors ON DELETE RESTRICT
        CONSTRAINT users_doctor_id_key UNIQUE,
    -- The same person at the configured OpenID provider.
    external_subject TEXT
        CONSTRAINT users_external_subject_check CHECK (
            length(external_subject) BETWEEN 1 AND 255 AND trim(external_subject) <> ''
            AND instr(external_subject, char(0)) = 0
            AND external_subject NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*')
        CONSTRAINT users_external_subject_key UNIQUE,
    is_active INTEGER NOT NULL DEFAULT 1
        CONSTRAINT users_is_active_check CHECK (is_active IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT users_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT users_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days')),
    -- The kind says which record a user is, and that one is always named.
    CONSTRAINT users_reference_check
        CHECK ((kind = 'PATIENT') = (patient_id IS NOT NULL) AND (kind = 'DOCTOR') = (doctor_id IS NOT NULL)),
    -- A patient's boundary is the own record, wherever that belongs.
    CONSTRAINT users_boundary_check CHECK (kind <> 'PATIENT' OR institution_id IS NULL)
) STRICT;

CREATE INDEX users_role_id_idx ON users (role_id);
CREATE INDEX users_institution_id_idx ON users (institution_id) WHERE institution_id IS NOT NULL;

CREATE TABLE user_secrets (
    user_id BLOB NOT NULL CONSTRAINT user_secrets_pkey PRIMARY KEY
        CONSTRAINT user_secrets_user_id_fkey REFERENCES users ON DELETE CASCADE,
    -- Argon2id in PHC notation; bcrypt as it was brought along, until the next login.
    password_hash TEXT,
    failed_logins INTEGER NOT NULL DEFAULT 0,
    locked_until TEXT
        CONSTRAINT user_secrets_locked_until_check CHECK (
            locked_until GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(locked_until, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(locked_until, 1, 19), '+0 days')),
    -- Of time-based one-time passwords (RFC 6238); sealed by the key file.
    totp_secret BLOB,
    totp_confirmed_at TEXT
        CONSTRAINT user_secrets_totp_confirmed_at_check CHECK (
            totp_confirmed_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(totp_confirmed_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(totp_confirmed_at, 1, 19), '+0 days')),
    -- The last time step that was used: a code is good for one login.
    totp_step INTEGER,
    last_login_at TEXT
        CONSTRAINT user_secrets_last_login_at_check CHECK (
            last_login_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(last_login_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(last_login_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE sessions (
    uuid BLOB NOT NULL
        CONSTRAINT sessions_pkey PRIMARY KEY
        CONSTRAINT sessions_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    user_id BLOB NOT NULL
        CONSTRAINT sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
    device TEXT,
    origin TEXT,
    created_at TEXT NOT NULL
        CONSTRAINT sessions_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    expires_at TEXT NOT NULL
        CONSTRAINT sessions_expires_at_check CHECK (
            expires_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(expires_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(expires_at, 1, 19), '+0 days')),
    revoked_at TEXT
        CONSTRAINT sessions_revoked_at_check CHECK (
            revoked_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(revoked_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(revoked_at, 1, 19), '+0 days'))
) STRICT;

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_revoked_at_idx ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    -- SHA-256: the token itself is never kept.
    hash BLOB NOT NULL CONSTRAINT refresh_tokens_pkey PRIMARY KEY
        CONSTRAINT refresh_tokens_hash_check CHECK (typeof(hash) = 'blob' AND length(hash) = 32),
    session_id BLOB NOT NULL
        CONSTRAINT refresh_tokens_session_id_fkey REFERENCES sessions ON DELETE CASCADE,
    created_at TEXT NOT NULL
        CONSTRAINT refresh_tokens_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    used_at TEXT
        CONSTRAINT refresh_tokens_used_at_check CHECK (
            used_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(used_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(used_at, 1, 19), '+0 days'))
) STRICT;

CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

CREATE TABLE one_time_tokens (
    -- SHA-256: the token itself is never kept.
    hash BLOB NOT NULL CONSTRAINT one_time_tokens_pkey PRIMARY KEY
        CONSTRAINT one_time_tokens_hash_check CHECK (typeof(hash) = 'blob' AND length(hash) = 32),
    user_id BLOB NOT NULL
        CONSTRAINT one_time_tokens_user_id_fkey REFERENCES users ON DELETE CASCADE,
    created_at TEXT NOT NULL
        CONSTRAINT one_time_tokens_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    expires_at TEXT NOT NULL
        CONSTRAINT one_time_tokens_expires_at_check CHECK (
            expires_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(expires_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(expires_at, 1, 19), '+0 days')),
    used_at TEXT
        CONSTRAINT one_time_tokens_used_at_check CHECK (
            used_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(used_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(used_at, 1, 19), '+0 days'))
) STRICT;

CREATE INDEX one_time_tokens_user_id_idx ON one_time_tokens (user_id);

CREATE TABLE signing_keys (
    uuid BLOB NOT NULL
        CONSTRAINT signing_keys_pkey PRIMARY KEY
        CONSTRAINT signing_keys_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    algorithm TEXT NOT NULL
        CONSTRAINT signing_keys_algorithm_check CHECK (algorithm IN ('EdDSA', 'RS256', 'HS256')),
    -- The private key or secret, sealed by the key file that has this fingerprint.
    sealed BLOB NOT NULL,
    sealed_by TEXT NOT NULL,
    created_at TEXT NOT NULL
        CONSTRAINT signing_keys_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    -- From here on the key signs nothing, and what it signed is still good.
    retired_at TEXT
        CONSTRAINT signing_keys_retired_at_check CHECK (
            retired_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(retired_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(retired_at, 1, 19), '+0 days')),
    -- From here on nothing that it signed is good.
    revoked_at TEXT
        CONSTRAINT signing_keys_revoked_at_check CHECK (
            revoked_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(revoked_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(revoked_at, 1, 19), '+0 days'))
) STRICT;

CREATE TABLE break_glass_grants (
    uuid BLOB NOT NULL
        CONSTRAINT break_glass_grants_pkey PRIMARY KEY
        CONSTRAINT break_glass_grants_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    user_id BLOB NOT NULL
        CONSTRAINT break_glass_grants_user_id_fkey REFERENCES users ON DELETE RESTRICT,
    patient_id BLOB NOT NULL
        CONSTRAINT break_glass_grants_patient_id_fkey REFERENCES patientregister ON DELETE RESTRICT,
    -- The patient's, when the leave was taken.
    institution_id BLOB NOT NULL
        CONSTRAINT break_glass_grants_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    reason TEXT NOT NULL
        CONSTRAINT break_glass_grants_reason_check CHECK (
            length(reason) BETWEEN 1 AND 500 AND trim(reason) <> ''
            AND instr(reason, char(0)) = 0
            AND reason NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    created_at TEXT NOT NULL
        CONSTRAINT break_glass_grants_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    expires_at TEXT NOT NULL
        CONSTRAINT break_glass_grants_expires_at_check CHECK (
            expires_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(expires_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(expires_at, 1, 19), '+0 days')),
    reviewed_at TEXT
        CONSTRAINT break_glass_grants_reviewed_at_check CHECK (
            reviewed_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(reviewed_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(reviewed_at, 1, 19), '+0 days')),
    reviewed_by BLOB,
    review_note TEXT
        CONSTRAINT break_glass_grants_review_note_check CHECK (
            length(review_note) BETWEEN 1 AND 500 AND trim(review_note) <> ''
            AND instr(review_note, char(0)) = 0
            AND review_note NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    CONSTRAINT break_glass_grants_review_check CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL))
) STRICT;

CREATE INDEX break_glass_grants_created_at_idx ON break_glass_grants (created_at, uuid);
CREATE INDEX break_glass_grants_user_id_idx ON break_glass_grants (user_id);
CREATE INDEX break_glass_grants_patient_id_idx ON break_glass_grants (patient_id);
CREATE INDEX break_glass_grants_institution_id_idx ON break_glass_grants (institution_id);

INSERT INTO permissions (uuid, resource, action) VALUES
    (x'00000000000040008002000000000001', 'PatientRegister', 'read'),
    (x'00000000000040008002000000000002', 'ClinicalRecord', 'read'),
    (x'00000000000040008002000000000003', 'PatientRegister', 'write'),
    (x'00000000000040008002000000000004', 'Directory', 'read'),
    (x'00000000000040008002000000000005', 'Directory', 'write'),
    (x'00000000000040008002000000000006', 'System', 'operate'),
    (x'00000000000040008002000000000007', 'System', 'import'),
    (x'00000000000040008002000000000008', 'User', 'manage'),
    (x'00000000000040008002000000000009', 'Role', 'manage'),
    (x'00000000000040008002000000000010', 'AuditEvent', 'read'),
    (x'00000000000040008002000000000011', 'BreakGlass', 'use'),
    (x'00000000000040008002000000000012', 'BreakGlass', 'review');

INSERT INTO roles (uuid, name, description) VALUES
    (x'00000000000040008001000000000001', 'administrator', 'Runs the server, its users and its roles'),
    (x'00000000000040008001000000000002', 'editor', 'Keeps institutions, doctors and specialties'),
    (x'00000000000040008001000000000003', 'institution_administrator', 'Runs one institution and its users'),
    (x'00000000000040008001000000000004', 'doctor', 'Treats patients'),
    (x'00000000000040008001000000000005', 'nurse', 'Cares for patients'),
    (x'00000000000040008001000000000006', 'staff', 'Registers patients, without their clinical record'),
    (x'00000000000040008001000000000007', 'patient', 'Sees the own record'),
    (x'00000000000040008001000000000008', 'auditor', 'Reads the audit trail'),
    (x'00000000000040008001000000000009', 'service', 'A program that exchanges records');

-- The permissions' numbers, as they stand at the end of their keys.
INSERT INTO role_permissions (role_id, permission_id)
SELECT roles.uuid, permissions.uuid
  FROM (VALUES
    ('administrator', '[1,2,3,4,5,6,7,8,9,10,11,12]'),
    ('editor', '[4,5]'),
    ('institution_administrator', '[1,3,4,5,8,10,12]'),
    ('doctor', '[1,2,3,4,11]'),
    ('nurse', '[1,2,3,4,11]'),
    ('staff', '[1,3,4]'),
    ('patient', '[1,2,4]'),
    ('auditor', '[4,10,12]'),
    ('service', '[1,2,3,4,5,7]')) AS allowed
  JOIN roles ON roles.name = allowed.column1
  JOIN json_each(allowed.column2) AS number
  JOIN permissions ON CAST(substr(hex(permissions.uuid), 21) AS INTEGER) = number.value;

CREATE TRIGGER roles_inserted
AFTER INSERT ON roles
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Role', NEW.uuid, NULL, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER roles_uuid
BEFORE UPDATE OF uuid ON roles
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'roles_uuid_immutable');
END;

CREATE TRIGGER roles_updated
AFTER UPDATE ON roles
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'Role', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.conditions IS NOT OLD.conditions, ',"conditions"', '')
             || iif(NEW.description IS NOT OLD.description, ',"description"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.permissions_changed_at IS NOT OLD.permissions_changed_at, ',"permissions_changed_at"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE roles
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER roles_deleted
AFTER DELETE ON roles
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('Role', OLD.uuid, NULL, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER users_inserted
AFTER INSERT ON users
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('User', NEW.uuid, NEW.institution_id, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER users_uuid
BEFORE UPDATE OF uuid ON users
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'users_uuid_immutable');
END;

CREATE TRIGGER users_updated
AFTER UPDATE ON users
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'User', NEW.uuid, NEW.institution_id,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.display_name IS NOT OLD.display_name, ',"display_name"', '')
             || iif(NEW.external_subject IS NOT OLD.external_subject, ',"external_subject"', '')
             || iif(NEW.doctor_id IS NOT OLD.doctor_id, ',"doctor_id"', '')
             || iif(NEW.institution_id IS NOT OLD.institution_id, ',"institution_id"', '')
             || iif(NEW.is_active IS NOT OLD.is_active, ',"is_active"', '')
             || iif(NEW.kind IS NOT OLD.kind, ',"kind"', '')
             || iif(NEW.patient_id IS NOT OLD.patient_id, ',"patient_id"', '')
             || iif(NEW.role_id IS NOT OLD.role_id, ',"role_id"', '')
             || iif(NEW.username IS NOT OLD.username, ',"username"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE users
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER users_deleted
AFTER DELETE ON users
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('User', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

-- What a user may do has changed: who is signed in signs in anew.
CREATE TRIGGER users_sessions
AFTER UPDATE OF role_id, institution_id, is_active ON users
WHEN NEW.role_id IS NOT OLD.role_id OR NEW.institution_id IS NOT OLD.institution_id OR NEW.is_active IS NOT OLD.is_active
BEGIN
    UPDATE sessions SET revoked_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
     WHERE user_id = NEW.uuid AND revoked_at IS NULL;
END;

INSERT INTO change_log (entity, key, operation, version)
SELECT 'Role', uuid, 'CREATED', version FROM roles ORDER BY uuid;
