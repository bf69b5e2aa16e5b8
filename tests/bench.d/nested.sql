-- phr reads doctors, institutions and specialties in a statement each, once per page; one statement that joins them is
-- the least that PostgreSQL can be asked.
\set name random_exponential(1, :last_names, :skew)
\set day random(0, :birth_days / 2)
SELECT page.uuid, page.first_name, page.last_name, page.date_of_birth, d.uuid, d.first_name, d.last_name, s.uuid, s.name, i.uuid, i.name FROM (SELECT uuid, first_name, last_name, date_of_birth, doctor_id, institution_id FROM patientregister WHERE deleted_at IS NULL AND last_name = ({last_names})[:name] AND date_of_birth >= date '1930-01-01' + :day::int ORDER BY date_of_birth DESC, uuid DESC LIMIT 21) page LEFT JOIN doctors d ON d.uuid = page.doctor_id LEFT JOIN doctor_specialties s ON s.uuid = d.specialty_id LEFT JOIN medical_institutions i ON i.uuid = page.institution_id ORDER BY page.date_of_birth DESC, page.uuid DESC;
