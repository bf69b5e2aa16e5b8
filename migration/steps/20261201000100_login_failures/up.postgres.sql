-- Failed attempts to sign in, by user name: by a name that nobody has they count, and lock out, as by any other, so that
-- no answer tells which users there are. Present lock-outs end with this step.

CREATE TABLE login_failures (
    uuid uuid CONSTRAINT login_failures_pkey PRIMARY KEY,
    -- HMAC of the name under a key from the key file: people type passwords where names belong.
    name_code bytea NOT NULL
        CONSTRAINT login_failures_name_code_check CHECK (octet_length(name_code) = 32),
    -- The network that the attempt came from; a later success from there takes the failure back.
    origin varchar(45) COLLATE "C",
    failed_at timestamptz NOT NULL
);
CREATE INDEX login_failures_name_code_idx ON login_failures (name_code, failed_at);
CREATE INDEX login_failures_failed_at_idx ON login_failures (failed_at);
COMMENT ON TABLE login_failures IS 'system: failed attempts to sign in, by user name';

GRANT SELECT, INSERT, DELETE ON login_failures TO phr_server;

ALTER TABLE user_secrets DROP COLUMN failed_logins, DROP COLUMN locked_until;
