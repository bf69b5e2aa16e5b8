ALTER TABLE patientregister
    DROP CONSTRAINT patientregister_date_of_birth_check,
    ADD CONSTRAINT patientregister_date_of_birth_check
        CHECK (date_of_birth BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    DROP CONSTRAINT patientregister_date_of_death_check,
    ADD CONSTRAINT patientregister_date_of_death_check
        CHECK (date_of_death BETWEEN date_of_birth AND (now() AT TIME ZONE 'UTC')::date);

ALTER TABLE health_profiles
    DROP CONSTRAINT health_profiles_smoking_end_date_check,
    ADD CONSTRAINT health_profiles_smoking_end_date_check
        CHECK (smoking_end_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date);

ALTER TABLE patient_conditions
    DROP CONSTRAINT patient_conditions_onset_date_check,
    ADD CONSTRAINT patient_conditions_onset_date_check
        CHECK (onset_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    DROP CONSTRAINT patient_conditions_end_date_check,
    ADD CONSTRAINT patient_conditions_end_date_check
        CHECK (end_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date);

ALTER TABLE patient_allergies
    DROP CONSTRAINT patient_allergies_onset_date_check,
    ADD CONSTRAINT patient_allergies_onset_date_check
        CHECK (onset_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date),
    DROP CONSTRAINT patient_allergies_end_date_check,
    ADD CONSTRAINT patient_allergies_end_date_check
        CHECK (end_date BETWEEN '1900-01-01' AND (now() AT TIME ZONE 'UTC')::date);
