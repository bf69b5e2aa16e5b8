-- phr_server keeps its right to read seaql_migrations: a server that starts now must be able to say what is missing.
DROP TABLE patientregister;
DROP TABLE doctors;
DROP TABLE doctor_specialties;
DROP TABLE medical_institutions;
DROP FUNCTION text_list_is_valid(text[]);
DROP FUNCTION phone_number_is_valid(text);
DROP FUNCTION email_is_valid(text);
DROP FUNCTION text_is_valid(text);
