-- Fails while a register lacks one of these: nothing is invented to fill them.
ALTER TABLE patientregister
    DROP CONSTRAINT patientregister_complete_check,
    ADD CONSTRAINT patientregister_complete_check
        CHECK (status = 'INCOMPLETE' OR (email IS NOT NULL AND emergency_contact IS NOT NULL)),
    ALTER COLUMN first_name SET NOT NULL,
    ALTER COLUMN last_name SET NOT NULL,
    ALTER COLUMN date_of_birth SET NOT NULL,
    ALTER COLUMN phone_number SET NOT NULL,
    ALTER COLUMN address SET NOT NULL;
