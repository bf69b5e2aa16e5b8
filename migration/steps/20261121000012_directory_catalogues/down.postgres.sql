ALTER TABLE doctor_specialties DROP COLUMN category_id;
ALTER TABLE medical_institutions DROP COLUMN region_id, DROP COLUMN country_id, DROP COLUMN institution_type_id;
