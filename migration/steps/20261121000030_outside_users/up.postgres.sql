-- Users of an OpenID provider elsewhere are known by who vouches for them and what that one calls them: the same subject
-- at another provider is somebody else.

-- A subject without its issuer names nobody: whoever knows which one was meant says so anew.
SET LOCAL ROLE phr_migrator;
UPDATE users SET external_subject = NULL WHERE external_subject IS NOT NULL;
SET LOCAL ROLE phr_owner;

ALTER TABLE users
    ADD COLUMN external_issuer varchar(255) COLLATE "C"
        CONSTRAINT users_external_issuer_check CHECK (text_is_valid(external_issuer)),
    DROP CONSTRAINT users_external_subject_key,
    ADD CONSTRAINT users_external_subject_key UNIQUE (external_issuer, external_subject),
    ADD CONSTRAINT users_external_check CHECK ((external_issuer IS NULL) = (external_subject IS NULL));

-- Who does not exist is refused by as much work as who has a password from elsewhere: see the server's login.
CREATE INDEX user_secrets_brought_idx ON user_secrets (user_id) WHERE password_hash LIKE '$2%';
