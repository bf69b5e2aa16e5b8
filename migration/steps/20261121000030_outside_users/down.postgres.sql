DROP INDEX user_secrets_brought_idx;

SET LOCAL ROLE phr_migrator;
UPDATE users SET external_issuer = NULL, external_subject = NULL WHERE external_issuer IS NOT NULL;
SET LOCAL ROLE phr_owner;

ALTER TABLE users
    DROP CONSTRAINT users_external_check,
    DROP CONSTRAINT users_external_subject_key,
    DROP COLUMN external_issuer,
    ADD CONSTRAINT users_external_subject_key UNIQUE (external_subject);
