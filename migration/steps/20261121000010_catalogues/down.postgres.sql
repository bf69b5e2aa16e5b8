DROP TABLE blood_type_compatibilities, medications, medical_conditions, phone_types, email_types, blood_types, genders, sexes,
    specialty_categories, institution_types, regions, countries;
DROP FUNCTION check_hierarchy();
SET LOCAL phr.institution = 'all';
DELETE FROM change_log WHERE entity IN (
    'Country', 'Region', 'InstitutionType', 'SpecialtyCategory', 'Sex', 'Gender', 'BloodType', 'EmailType', 'PhoneType',
    'MedicalCondition', 'Medication');
