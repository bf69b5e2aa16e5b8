DROP TABLE system_settings;
DROP FUNCTION keep_setting_type();
DELETE FROM change_log WHERE entity = 'SystemSetting';
