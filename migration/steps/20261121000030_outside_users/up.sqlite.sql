-- Users of an OpenID provider elsewhere are known by who vouches for them and what that one calls them: the same subject
-- at another provider is somebody else.

-- A subject without its issuer names nobody: whoever knows which one was meant says so anew.
UPDATE users SET external_subject = NULL WHERE external_subject IS NOT NULL;

-- A subject is unique besides, whatever the issuer: SQLite takes no constraint away.
ALTER TABLE users ADD COLUMN external_issuer TEXT
    CONSTRAINT users_external_issuer_check CHECK (
        (external_issuer IS NULL) = (external_subject IS NULL)
        AND (external_issuer IS NULL OR length(external_issuer) BETWEEN 1 AND 255 AND trim(external_issuer) <> ''
            AND instr(external_issuer, char(0)) = 0
            AND external_issuer NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'));

DROP TRIGGER users_updated;

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
             || iif(NEW.external_issuer IS NOT OLD.external_issuer, ',"external_issuer"', '')
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

-- Who does not exist is refused by as much work as who has a password from elsewhere: see the server's login.
CREATE INDEX user_secrets_brought_idx ON user_secrets (user_id) WHERE password_hash LIKE '$2%';
