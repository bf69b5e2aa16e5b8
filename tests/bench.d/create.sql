-- In three round trips, as phr does it. The change log's trigger wants to know who acts, and the row policies for whom.
\set name random_exponential(1, :last_names, :skew)
\set day random(0, :birth_days)
\startpipeline
BEGIN;
SET LOCAL phr.actor = '00000000-0000-4000-8000-000000000002';
SET LOCAL phr.request = '7f4d2c1e-5b0a-4c1d-9e3f-2a6b8c0d1e2f';
SET LOCAL phr.institution = 'all';
SET LOCAL phr.patient = '';
\endpipeline
INSERT INTO patientregister (uuid, first_name, last_name, date_of_birth, email, phone_number, address, emergency_contact, allergies, medical_history, current_medications, status, institution_id, doctor_id) VALUES (gen_random_uuid(), 'Ada', ({last_names})[:name], date '1930-01-01' + :day::int, 'ada@example.com', '555-267-5674', :day || ' Oak Street, Springfield', 'Contact', '{"Penicillin"}', '{}', '{}', 'PENDING', '00000000-0000-4000-8000-000000000001', NULL) RETURNING uuid, first_name, last_name, date_of_birth, email, phone_number, address, emergency_contact, allergies, medical_history, current_medications, status, institution_id, doctor_id, version, created_at, updated_at, deleted_at;
\startpipeline
COMMIT;
SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::int8;
\endpipeline
