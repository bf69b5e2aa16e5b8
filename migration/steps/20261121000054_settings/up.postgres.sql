-- What administrators set while the system runs, by name.

CREATE TABLE system_settings (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT system_settings_pkey PRIMARY KEY,
    key varchar(100) COLLATE "C" NOT NULL
        CONSTRAINT system_settings_key_check CHECK (key ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$')
        CONSTRAINT system_settings_key_key UNIQUE,
    -- JSON, and never null; its type stays what it is.
    value text NOT NULL
        CONSTRAINT system_settings_value_check
            CHECK (char_length(value) <= 10000 AND jsonb_typeof(value::jsonb) <> 'null'),
    description varchar(500) COLLATE "C"
        CONSTRAINT system_settings_description_check CHECK (text_is_valid(description)),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE system_settings IS 'system: what administrators set';

CREATE FUNCTION keep_setting_type() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    IF jsonb_typeof(NEW.value::jsonb) <> jsonb_typeof(OLD.value::jsonb) THEN
        RAISE EXCEPTION 'the type of a setting never changes'
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'value',
                  CONSTRAINT = 'system_settings_value_check';
    END IF;
    RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION keep_setting_type() FROM PUBLIC;
CREATE TRIGGER system_settings_type BEFORE UPDATE OF value ON system_settings
    FOR EACH ROW EXECUTE FUNCTION keep_setting_type();

CREATE TRIGGER system_settings_version BEFORE UPDATE ON system_settings
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER system_settings_change AFTER INSERT OR UPDATE OR DELETE ON system_settings
    FOR EACH ROW EXECUTE FUNCTION append_change('SystemSetting');

GRANT SELECT, INSERT, UPDATE ON system_settings TO phr_server;
