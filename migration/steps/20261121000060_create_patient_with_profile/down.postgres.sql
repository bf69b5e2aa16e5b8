DROP FUNCTION sp_create_patient_with_profile(jsonb);
