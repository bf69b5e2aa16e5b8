DROP TRIGGER users_kept;
DROP TRIGGER users_deleted;
CREATE TRIGGER users_deleted
AFTER DELETE ON users
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, actor_id, request_id)
    VALUES ('User', OLD.uuid, OLD.institution_id, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;
DROP TRIGGER change_log_placed;
