-- Institutions and specialties choose from the catalogues: what kind of institution, where it is, what a specialty belongs to.

ALTER TABLE medical_institutions
    ADD COLUMN institution_type_id uuid
        CONSTRAINT medical_institutions_institution_type_id_fkey REFERENCES institution_types ON DELETE RESTRICT,
    ADD COLUMN country_id uuid
        CONSTRAINT medical_institutions_country_id_fkey REFERENCES countries ON DELETE RESTRICT,
    ADD COLUMN region_id uuid
        CONSTRAINT medical_institutions_region_id_check CHECK (region_id IS NULL OR country_id IS NOT NULL),
    -- An institution is in the country of its region.
    ADD CONSTRAINT medical_institutions_region_id_fkey FOREIGN KEY (region_id, country_id)
        REFERENCES regions (uuid, country_id) ON DELETE RESTRICT;
CREATE INDEX medical_institutions_institution_type_id_idx
    ON medical_institutions (institution_type_id) WHERE institution_type_id IS NOT NULL;
CREATE INDEX medical_institutions_country_id_idx ON medical_institutions (country_id) WHERE country_id IS NOT NULL;
CREATE INDEX medical_institutions_region_id_idx ON medical_institutions (region_id) WHERE region_id IS NOT NULL;

ALTER TABLE doctor_specialties
    ADD COLUMN category_id uuid
        CONSTRAINT doctor_specialties_category_id_fkey REFERENCES specialty_categories ON DELETE RESTRICT;
CREATE INDEX doctor_specialties_category_id_idx ON doctor_specialties (category_id) WHERE category_id IS NOT NULL;
