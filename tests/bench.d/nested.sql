-- The four statements that this takes at least, when each kind of record is asked for by the keys of those before: the page,
-- its doctors with their specialties, its institutions, and what its patients take. pgbench hands keys on as arrays only,
-- so the page comes as one row of arrays.
\set name random_exponential(1, :last_names, :skew)
\set day random(0, :birth_days / 2)
SELECT coalesce(array_agg(uuid), '{}') AS patients, coalesce(array_agg(doctor_id), '{}') AS doctors, coalesce(array_agg(institution_id), '{}') AS institutions, array_agg(first_name) AS first_names, array_agg(last_name) AS names, array_agg(date_of_birth) AS births FROM (SELECT uuid, first_name, last_name, date_of_birth, doctor_id, institution_id FROM patientregister WHERE deleted_at IS NULL AND last_name = ({last_names})[:name] AND date_of_birth >= date '1930-01-01' + :day::int ORDER BY date_of_birth DESC, uuid DESC LIMIT 21) page \gset
SELECT d.uuid, d.first_name, d.last_name, s.uuid, s.name FROM doctors d LEFT JOIN doctor_specialties s ON s.uuid = d.specialty_id WHERE d.uuid = ANY (:doctors::uuid[]);
SELECT uuid, name FROM medical_institutions WHERE uuid = ANY (:institutions::uuid[]);
SELECT t.patient_id, t.dose, t.status, m.name, m.code FROM patient_medications t LEFT JOIN medications m ON m.uuid = t.medication_id WHERE t.patient_id = ANY (:patients::uuid[]) AND t.deleted_at IS NULL ORDER BY t.patient_id, t.created_at DESC;
