DROP TRIGGER users_kept ON users;
DROP FUNCTION keep_who_may_be_signed_in();
DROP TRIGGER users_removal ON users;
DROP FUNCTION append_removal_of_user();
DROP TRIGGER users_change ON users;
CREATE TRIGGER users_change AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION append_change('User', 'institution_id');
DROP TRIGGER change_log_placed ON change_log;
DROP FUNCTION place_change_of_user();
DROP POLICY owners_triggers_look ON users;
