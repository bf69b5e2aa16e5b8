-- What the change log says of a patient's user is told where the patient's register belongs, and nowhere else; and a user
-- is not deleted as long as tokens of theirs may be good.

CREATE TRIGGER change_log_placed
AFTER INSERT ON change_log
WHEN NEW.entity = 'User' AND NEW.institution_id IS NULL
BEGIN
    UPDATE change_log
       SET institution_id = (
            SELECT register.institution_id
              FROM users
              JOIN patientregister AS register ON register.uuid = users.patient_id
             WHERE users.uuid = NEW.key)
     WHERE sequence = NEW.sequence;
END;

-- Of a user who is gone it cannot be looked up any more.
DROP TRIGGER users_deleted;
CREATE TRIGGER users_deleted
AFTER DELETE ON users
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('User', OLD.uuid,
            coalesce(OLD.institution_id, (SELECT institution_id FROM patientregister WHERE uuid = OLD.patient_id)),
            'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

UPDATE change_log
   SET institution_id = (
        SELECT register.institution_id
          FROM users
          JOIN patientregister AS register ON register.uuid = users.patient_id
         WHERE users.uuid = change_log.key)
 WHERE entity = 'User' AND institution_id IS NULL;

-- Servers know by their sessions which tokens are good no longer.
CREATE TRIGGER users_kept
BEFORE DELETE ON users
WHEN EXISTS (
    SELECT 1 FROM sessions
     WHERE user_id = OLD.uuid AND expires_at > strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
BEGIN
    SELECT RAISE(ABORT, 'a user whose sessions are not over yet is not deleted: set is_active to false, which ends them');
END;
