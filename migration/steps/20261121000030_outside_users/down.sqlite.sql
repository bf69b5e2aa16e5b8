DROP INDEX user_secrets_brought_idx;

UPDATE users SET external_issuer = NULL, external_subject = NULL WHERE external_issuer IS NOT NULL;

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

ALTER TABLE users DROP COLUMN external_issuer;
