-- An incomplete register may lack any part that a complete one has. A person with a single name is complete with it.

ALTER TABLE patientregister
    ALTER COLUMN first_name DROP NOT NULL,
    ALTER COLUMN last_name DROP NOT NULL,
    ALTER COLUMN date_of_birth DROP NOT NULL,
    ALTER COLUMN phone_number DROP NOT NULL,
    ALTER COLUMN address DROP NOT NULL,
    DROP CONSTRAINT patientregister_complete_check,
    ADD CONSTRAINT patientregister_complete_check
        CHECK (status = 'INCOMPLETE'
               OR coalesce(first_name, last_name) IS NOT NULL AND date_of_birth IS NOT NULL AND email IS NOT NULL
                  AND phone_number IS NOT NULL AND address IS NOT NULL AND emergency_contact IS NOT NULL);
