-- By what registers of the same patient are found: the same date of birth, the same phone number however it is written, the
-- same identifier. Whether they are alike enough is for the server to judge.

-- The last nine digits: a country code and a trunk prefix come before them, and are written or not.
ALTER TABLE patientregister ADD COLUMN phone_number_folded TEXT GENERATED ALWAYS AS (
    substr(replace(replace(replace(replace(replace(phone_number, '+', ''), '-', ''), '(', ''), ')', ''), ' ', ''), -9));
CREATE INDEX patientregister_phone_number_folded_idx ON patientregister (phone_number_folded) WHERE deleted_at IS NULL;
CREATE INDEX identifiers_value_idx ON identifiers (value) WHERE patient_id IS NOT NULL;
