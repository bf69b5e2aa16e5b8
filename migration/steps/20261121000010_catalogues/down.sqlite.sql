DROP TABLE blood_type_compatibilities;
DROP TABLE medications;
DROP TABLE medical_conditions;
DROP TABLE phone_types;
DROP TABLE email_types;
DROP TABLE blood_types;
DROP TABLE genders;
DROP TABLE sexes;
DROP TABLE specialty_categories;
DROP TABLE institution_types;
DROP TABLE regions;
DROP TABLE countries;
DELETE FROM change_log WHERE entity IN (
    'Country', 'Region', 'InstitutionType', 'SpecialtyCategory', 'Sex', 'Gender', 'BloodType', 'EmailType', 'PhoneType',
    'MedicalCondition', 'Medication');
