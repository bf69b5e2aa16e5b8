ALTER TABLE user_secrets ADD COLUMN failed_logins INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_secrets ADD COLUMN locked_until TEXT
    CONSTRAINT user_secrets_locked_until_check CHECK (
        locked_until GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
        AND substr(locked_until, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(locked_until, 1, 19), '+0 days'));
DROP TABLE login_failures;
