DROP TRIGGER users_sessions;
CREATE TRIGGER users_sessions
AFTER UPDATE OF role_id, institution_id, is_active ON users
WHEN NEW.role_id IS NOT OLD.role_id OR NEW.institution_id IS NOT OLD.institution_id OR NEW.is_active IS NOT OLD.is_active
BEGIN
    UPDATE sessions SET revoked_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
     WHERE user_id = NEW.uuid AND revoked_at IS NULL;
END;
