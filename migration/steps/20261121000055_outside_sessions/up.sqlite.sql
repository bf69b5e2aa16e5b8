-- Who breaks the glass with a token of a provider elsewhere has a session for that: it ends too when the provider's word no
-- longer stands for the user.
DROP TRIGGER users_sessions;
CREATE TRIGGER users_sessions
AFTER UPDATE OF role_id, institution_id, is_active, external_issuer, external_subject ON users
WHEN NEW.role_id IS NOT OLD.role_id OR NEW.institution_id IS NOT OLD.institution_id OR NEW.is_active IS NOT OLD.is_active
    OR NEW.external_issuer IS NOT OLD.external_issuer OR NEW.external_subject IS NOT OLD.external_subject
BEGIN
    UPDATE sessions SET revoked_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
     WHERE user_id = NEW.uuid AND revoked_at IS NULL;
END;
