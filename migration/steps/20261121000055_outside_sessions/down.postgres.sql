DROP TRIGGER users_sessions ON users;
CREATE TRIGGER users_sessions AFTER UPDATE OF role_id, institution_id, is_active ON users
    FOR EACH ROW
    WHEN (ROW (NEW.role_id, NEW.institution_id, NEW.is_active)
          IS DISTINCT FROM ROW (OLD.role_id, OLD.institution_id, OLD.is_active))
    EXECUTE FUNCTION end_sessions();
