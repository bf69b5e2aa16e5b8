-- Failed attempts to sign in, by user name: by a name that nobody has they count, and lock out, as by any other, so that
-- no answer tells which users there are. Present lock-outs end with this step.

CREATE TABLE login_failures (
    uuid BLOB NOT NULL
        CONSTRAINT login_failures_pkey PRIMARY KEY
        CONSTRAINT login_failures_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    -- HMAC of the name under a key from the key file: people type passwords where names belong.
    name_code BLOB NOT NULL
        CONSTRAINT login_failures_name_code_check CHECK (typeof(name_code) = 'blob' AND length(name_code) = 32),
    -- The network that the attempt came from; a later success from there takes the failure back.
    origin TEXT
        CONSTRAINT login_failures_origin_check CHECK (length(origin) <= 45),
    failed_at TEXT NOT NULL
        CONSTRAINT login_failures_failed_at_check CHECK (
            failed_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(failed_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(failed_at, 1, 19), '+0 days'))
) STRICT, WITHOUT ROWID;

CREATE INDEX login_failures_name_code_idx ON login_failures (name_code, failed_at);
CREATE INDEX login_failures_failed_at_idx ON login_failures (failed_at);

ALTER TABLE user_secrets DROP COLUMN failed_logins;
ALTER TABLE user_secrets DROP COLUMN locked_until;
