-- Fails while a code needs the room.
ALTER TABLE medical_conditions
    ALTER COLUMN code TYPE varchar(50) COLLATE "C",
    DROP CONSTRAINT medical_conditions_code_check,
    ADD CONSTRAINT medical_conditions_code_check CHECK (code ~ '^[!-~]+$');
ALTER TABLE medications
    ALTER COLUMN code TYPE varchar(50) COLLATE "C",
    DROP CONSTRAINT medications_code_check,
    ADD CONSTRAINT medications_code_check CHECK (code ~ '^[!-~]+$');
ALTER TABLE patient_conditions
    ALTER COLUMN code TYPE varchar(50) COLLATE "C",
    DROP CONSTRAINT patient_conditions_code_check,
    ADD CONSTRAINT patient_conditions_code_check CHECK (code ~ '^[!-~]+$');
ALTER TABLE patient_medications
    ALTER COLUMN code TYPE varchar(50) COLLATE "C",
    DROP CONSTRAINT patient_medications_code_check,
    ADD CONSTRAINT patient_medications_code_check CHECK (code ~ '^[!-~]+$');
ALTER TABLE patient_allergies
    ALTER COLUMN code TYPE varchar(50) COLLATE "C",
    DROP CONSTRAINT patient_allergies_code_check,
    ADD CONSTRAINT patient_allergies_code_check CHECK (code ~ '^[!-~]+$');
