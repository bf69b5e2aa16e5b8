-- What administrators set while the system runs, by name.

CREATE TABLE system_settings (
    uuid BLOB NOT NULL DEFAULT (randomblob(16))
        CONSTRAINT system_settings_pkey PRIMARY KEY
        CONSTRAINT system_settings_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    key TEXT NOT NULL
        CONSTRAINT system_settings_key_check CHECK (
            length(key) <= 100 AND instr(key, char(0)) = 0 AND key GLOB '[a-z]*' AND key NOT GLOB '*[^a-z0-9_.]*'
            AND key NOT GLOB '*.[^a-z]*' AND key NOT GLOB '*.')
        CONSTRAINT system_settings_key_key UNIQUE,
    -- JSON, and never null; its type stays what it is.
    value TEXT NOT NULL
        CONSTRAINT system_settings_value_check CHECK (
            CASE WHEN instr(value, char(0)) = 0 AND json_valid(value)
            THEN length(value) <= 10000 AND json_type(value) <> 'null'
                AND replace(lower(value), '\\', '') NOT GLOB '*\u0000*'
                AND replace(lower(value), '\\', '') NOT GLOB '*\ud[89a-f]*'
            ELSE 0 END),
    description TEXT
        CONSTRAINT system_settings_description_check CHECK (
            length(description) BETWEEN 1 AND 500 AND trim(description) <> ''
            AND instr(description, char(0)) = 0
            AND description NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'),
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT system_settings_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT system_settings_updated_at_check CHECK (
            updated_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(updated_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(updated_at, 1, 19), '+0 days'))
) STRICT;

CREATE TRIGGER system_settings_type
AFTER UPDATE OF value ON system_settings
WHEN CASE json_type(NEW.value) WHEN 'integer' THEN 'real' WHEN 'false' THEN 'true' ELSE json_type(NEW.value) END
     <> CASE json_type(OLD.value) WHEN 'integer' THEN 'real' WHEN 'false' THEN 'true' ELSE json_type(OLD.value) END
BEGIN
    SELECT RAISE(ABORT, 'system_settings_value_check');
END;

CREATE TRIGGER system_settings_inserted
AFTER INSERT ON system_settings
BEGIN
    INSERT INTO change_log (entity, key, operation, version, actor_id, request_id)
    VALUES ('SystemSetting', NEW.uuid, 'CREATED', NEW.version,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;

CREATE TRIGGER system_settings_uuid
BEFORE UPDATE OF uuid ON system_settings
WHEN NEW.uuid IS NOT OLD.uuid
BEGIN
    SELECT RAISE(ABORT, 'system_settings_uuid_immutable');
END;

CREATE TRIGGER system_settings_updated
AFTER UPDATE ON system_settings
BEGIN
    INSERT INTO change_log (entity, key, operation, version, changed_fields, actor_id, request_id)
    SELECT 'SystemSetting', NEW.uuid, 'UPDATED', OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.description IS NOT OLD.description, ',"description"', '')
             || iif(NEW.key IS NOT OLD.key, ',"key"', '')
             || iif(NEW.value IS NOT OLD.value, ',"value"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE system_settings
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER system_settings_deleted
AFTER DELETE ON system_settings
BEGIN
    INSERT INTO change_log (entity, key, operation, version, actor_id, request_id)
    VALUES ('SystemSetting', OLD.uuid, 'DELETED', OLD.version + 1,
            (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context));
END;
