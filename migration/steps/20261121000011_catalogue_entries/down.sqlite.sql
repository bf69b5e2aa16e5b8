-- The tables are emptied: what was added to them since rests on these entries.
DELETE FROM blood_type_compatibilities;
DELETE FROM phone_types;
DELETE FROM email_types;
DELETE FROM blood_types;
DELETE FROM genders;
DELETE FROM sexes;
UPDATE specialty_categories SET parent_id = NULL WHERE parent_id IS NOT NULL;
DELETE FROM specialty_categories;
DELETE FROM institution_types;
UPDATE regions SET parent_id = NULL WHERE parent_id IS NOT NULL;
DELETE FROM regions;
DELETE FROM countries;
