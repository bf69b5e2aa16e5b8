SELECT uuid, first_name, last_name, date_of_birth, phone_number, status, created_at FROM patientregister WHERE deleted_at IS NULL ORDER BY created_at DESC, uuid DESC LIMIT 11 OFFSET 490;
