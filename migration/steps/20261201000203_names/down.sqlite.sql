-- A CHECK can only be changed in the schema's own text. See section 7 of SQLite's "ALTER TABLE".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
   SET sql = replace(sql, 'AND first_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND first_name NOT GLOB ''*['' || char(173) || char(847) || char(1564) || char(4447) || ''-'' || char(4448)
                || char(6068) || ''-'' || char(6069) || char(6158) || char(8203)
                || char(8206) || ''-'' || char(8207) || char(8232) || ''-'' || char(8238)
                || char(8288) || ''-'' || char(8303) || char(12644) || char(65279) || char(65440)
                || char(65520) || ''-'' || char(65531) || char(119155) || ''-'' || char(119162)
                || char(917504) || ''-'' || char(917631) || '']*''',
       'AND first_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''')
 WHERE type = 'table' AND name = 'patientregister';
UPDATE sqlite_schema
   SET sql = replace(sql, 'AND last_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND last_name NOT GLOB ''*['' || char(173) || char(847) || char(1564) || char(4447) || ''-'' || char(4448)
                || char(6068) || ''-'' || char(6069) || char(6158) || char(8203)
                || char(8206) || ''-'' || char(8207) || char(8232) || ''-'' || char(8238)
                || char(8288) || ''-'' || char(8303) || char(12644) || char(65279) || char(65440)
                || char(65520) || ''-'' || char(65531) || char(119155) || ''-'' || char(119162)
                || char(917504) || ''-'' || char(917631) || '']*''',
       'AND last_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''')
 WHERE type = 'table' AND name = 'patientregister';
UPDATE sqlite_schema
   SET sql = replace(sql, 'AND emergency_contact NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND emergency_contact NOT GLOB ''*['' || char(173) || char(847) || char(1564) || char(4447) || ''-'' || char(4448)
                || char(6068) || ''-'' || char(6069) || char(6158) || char(8203)
                || char(8206) || ''-'' || char(8207) || char(8232) || ''-'' || char(8238)
                || char(8288) || ''-'' || char(8303) || char(12644) || char(65279) || char(65440)
                || char(65520) || ''-'' || char(65531) || char(119155) || ''-'' || char(119162)
                || char(917504) || ''-'' || char(917631) || '']*''',
       'AND emergency_contact NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''')
 WHERE type = 'table' AND name = 'patientregister';
UPDATE sqlite_schema
   SET sql = replace(sql, 'AND first_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND first_name NOT GLOB ''*['' || char(173) || char(847) || char(1564) || char(4447) || ''-'' || char(4448)
                || char(6068) || ''-'' || char(6069) || char(6158) || char(8203)
                || char(8206) || ''-'' || char(8207) || char(8232) || ''-'' || char(8238)
                || char(8288) || ''-'' || char(8303) || char(12644) || char(65279) || char(65440)
                || char(65520) || ''-'' || char(65531) || char(119155) || ''-'' || char(119162)
                || char(917504) || ''-'' || char(917631) || '']*''',
       'AND first_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''')
 WHERE type = 'table' AND name = 'doctors';
UPDATE sqlite_schema
   SET sql = replace(sql, 'AND last_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND last_name NOT GLOB ''*['' || char(173) || char(847) || char(1564) || char(4447) || ''-'' || char(4448)
                || char(6068) || ''-'' || char(6069) || char(6158) || char(8203)
                || char(8206) || ''-'' || char(8207) || char(8232) || ''-'' || char(8238)
                || char(8288) || ''-'' || char(8303) || char(12644) || char(65279) || char(65440)
                || char(65520) || ''-'' || char(65531) || char(119155) || ''-'' || char(119162)
                || char(917504) || ''-'' || char(917631) || '']*''',
       'AND last_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''')
 WHERE type = 'table' AND name = 'doctors';
UPDATE sqlite_schema
   SET sql = replace(sql, 'AND name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''
            AND name NOT GLOB ''*['' || char(173) || char(847) || char(1564) || char(4447) || ''-'' || char(4448)
                || char(6068) || ''-'' || char(6069) || char(6158) || char(8203)
                || char(8206) || ''-'' || char(8207) || char(8232) || ''-'' || char(8238)
                || char(8288) || ''-'' || char(8303) || char(12644) || char(65279) || char(65440)
                || char(65520) || ''-'' || char(65531) || char(119155) || ''-'' || char(119162)
                || char(917504) || ''-'' || char(917631) || '']*''',
       'AND name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''')
 WHERE type = 'table' AND name = 'medical_institutions';
PRAGMA writable_schema = RESET;
