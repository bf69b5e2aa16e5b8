\set n random(1, :patients)
SELECT uuid, first_name, last_name, date_of_birth, email, phone_number, address, emergency_contact, allergies, medical_history, current_medications FROM patientregister WHERE deleted_at IS NULL AND uuid = md5('p' || :n)::uuid;
