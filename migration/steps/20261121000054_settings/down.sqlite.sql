DROP TABLE system_settings;
DELETE FROM change_log WHERE entity = 'SystemSetting';
