-- A code of FHIR R4 may have any length, and single blanks within it: <https://hl7.org/fhir/R4/datatypes.html#code>.

ALTER TABLE medical_conditions
    ALTER COLUMN code TYPE varchar(200) COLLATE "C",
    DROP CONSTRAINT medical_conditions_code_check,
    ADD CONSTRAINT medical_conditions_code_check CHECK (code ~ '^[!-~]+( [!-~]+)*$');
ALTER TABLE medications
    ALTER COLUMN code TYPE varchar(200) COLLATE "C",
    DROP CONSTRAINT medications_code_check,
    ADD CONSTRAINT medications_code_check CHECK (code ~ '^[!-~]+( [!-~]+)*$');
ALTER TABLE patient_conditions
    ALTER COLUMN code TYPE varchar(200) COLLATE "C",
    DROP CONSTRAINT patient_conditions_code_check,
    ADD CONSTRAINT patient_conditions_code_check CHECK (code ~ '^[!-~]+( [!-~]+)*$');
ALTER TABLE patient_medications
    ALTER COLUMN code TYPE varchar(200) COLLATE "C",
    DROP CONSTRAINT patient_medications_code_check,
    ADD CONSTRAINT patient_medications_code_check CHECK (code ~ '^[!-~]+( [!-~]+)*$');
ALTER TABLE patient_allergies
    ALTER COLUMN code TYPE varchar(200) COLLATE "C",
    DROP CONSTRAINT patient_allergies_code_check,
    ADD CONSTRAINT patient_allergies_code_check CHECK (code ~ '^[!-~]+( [!-~]+)*$');
