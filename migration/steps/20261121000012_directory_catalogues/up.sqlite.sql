-- Institutions and specialties choose from the catalogues: what kind of institution, where it is, what a specialty belongs to.

ALTER TABLE medical_institutions ADD COLUMN institution_type_id BLOB
    CONSTRAINT medical_institutions_institution_type_id_fkey REFERENCES institution_types ON DELETE RESTRICT;
ALTER TABLE medical_institutions ADD COLUMN country_id BLOB
    CONSTRAINT medical_institutions_country_id_fkey REFERENCES countries ON DELETE RESTRICT;
ALTER TABLE medical_institutions ADD COLUMN region_id BLOB
    CONSTRAINT medical_institutions_region_id_fkey REFERENCES regions ON DELETE RESTRICT;
CREATE INDEX medical_institutions_institution_type_id_idx
    ON medical_institutions (institution_type_id) WHERE institution_type_id IS NOT NULL;
CREATE INDEX medical_institutions_country_id_idx ON medical_institutions (country_id) WHERE country_id IS NOT NULL;
CREATE INDEX medical_institutions_region_id_idx ON medical_institutions (region_id) WHERE region_id IS NOT NULL;

ALTER TABLE doctor_specialties ADD COLUMN category_id BLOB
    CONSTRAINT doctor_specialties_category_id_fkey REFERENCES specialty_categories ON DELETE RESTRICT;
CREATE INDEX doctor_specialties_category_id_idx ON doctor_specialties (category_id) WHERE category_id IS NOT NULL;

-- An institution is in the country of its region. A key of two columns cannot be added to a table that exists.
CREATE TRIGGER medical_institutions_region_inserted
BEFORE INSERT ON medical_institutions
WHEN NEW.region_id IS NOT NULL
     AND NEW.country_id IS NOT (SELECT country_id FROM regions WHERE uuid = NEW.region_id)
BEGIN
    SELECT RAISE(ABORT, 'medical_institutions_region_id_check');
END;

CREATE TRIGGER medical_institutions_region_updated
BEFORE UPDATE OF region_id, country_id ON medical_institutions
WHEN NEW.region_id IS NOT NULL
     AND NEW.country_id IS NOT (SELECT country_id FROM regions WHERE uuid = NEW.region_id)
BEGIN
    SELECT RAISE(ABORT, 'medical_institutions_region_id_check');
END;

CREATE TRIGGER regions_country
BEFORE UPDATE OF country_id ON regions
WHEN NEW.country_id IS NOT OLD.country_id
     AND EXISTS (SELECT 1 FROM medical_institutions WHERE region_id = NEW.uuid)
BEGIN
    SELECT RAISE(ABORT, 'regions_country_id_check');
END;

-- The log names the new fields too.
DROP TRIGGER medical_institutions_updated;
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
             || iif(NEW.country_id IS NOT OLD.country_id, ',"country_id"', '')
             || iif(NEW.email IS NOT OLD.email, ',"email"', '')
             || iif(NEW.institution_type_id IS NOT OLD.institution_type_id, ',"institution_type_id"', '')
             || iif(NEW.name IS NOT OLD.name, ',"name"', '')
             || iif(NEW.phone_number IS NOT OLD.phone_number, ',"phone_number"', '')
             || iif(NEW.region_id IS NOT OLD.region_id, ',"region_id"', '')
             AS names)
     WHERE names <> '';
    -- changes() is 1 if the entry above was written, and 0 if no field differs.
    UPDATE medical_institutions
       SET version = OLD.version + changes(),
           created_at = OLD.created_at,
           updated_at = iif(changes(), strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), OLD.updated_at)
     WHERE uuid = NEW.uuid;
END;

DROP TRIGGER doctor_specialties_updated;
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
             iif(NEW.category_id IS NOT OLD.category_id, ',"category_id"', '')
             || iif(NEW.description IS NOT OLD.description, ',"description"', '')
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
