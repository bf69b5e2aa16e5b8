DROP TRIGGER doctor_specialties_updated;
DROP TRIGGER medical_institutions_updated;
DROP TRIGGER regions_country;
DROP TRIGGER medical_institutions_region_updated;
DROP TRIGGER medical_institutions_region_inserted;
DROP INDEX doctor_specialties_category_id_idx;
DROP INDEX medical_institutions_region_id_idx;
DROP INDEX medical_institutions_country_id_idx;
DROP INDEX medical_institutions_institution_type_id_idx;
ALTER TABLE doctor_specialties DROP COLUMN category_id;
ALTER TABLE medical_institutions DROP COLUMN region_id;
ALTER TABLE medical_institutions DROP COLUMN country_id;
ALTER TABLE medical_institutions DROP COLUMN institution_type_id;

CREATE TRIGGER medical_institutions_updated
AFTER UPDATE ON medical_institutions
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'MedicalInstitution', NEW.uuid, NEW.uuid,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.address IS NOT OLD.address, ',"address"', '')
             || iif(NEW.email IS NOT OLD.email, ',"email"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.phone_number IS NOT OLD.phone_number, ',"phone_number"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE medical_institutions
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

CREATE TRIGGER doctor_specialties_updated
AFTER UPDATE ON doctor_specialties
BEGIN
    INSERT INTO change_log (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    SELECT 'DoctorSpecialty', NEW.uuid, NULL,
           'UPDATED',
           OLD.version + 1,
           '[' || substr(names, 2) || ']',
           (SELECT actor_id FROM request_context), (SELECT request_id FROM request_context)
      FROM (SELECT
             iif(NEW.description IS NOT OLD.description, ',"description"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE doctor_specialties
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;
