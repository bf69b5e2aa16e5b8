-- Who breaks the glass with a token of a provider elsewhere has a session for that: it ends too when the provider's word no
-- longer stands for the user.
DROP TRIGGER users_sessions ON users;
CREATE TRIGGER users_sessions
    AFTER UPDATE OF role_id, institution_id, is_active, external_issuer, external_subject ON users
    FOR EACH ROW
    WHEN (ROW (NEW.role_id, NEW.institution_id, NEW.is_active, NEW.external_issuer, NEW.external_subject)
          IS DISTINCT FROM ROW (OLD.role_id, OLD.institution_id, OLD.is_active, OLD.external_issuer, OLD.external_subject))
    EXECUTE FUNCTION end_sessions();
