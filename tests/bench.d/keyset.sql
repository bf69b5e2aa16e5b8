\set day random(:low, :high)
\set n random(1, :patients)
SELECT uuid, first_name, last_name, date_of_birth, phone_number, status FROM patientregister WHERE deleted_at IS NULL AND (date_of_birth, uuid) > (date '1930-01-01' + :day::int, md5('p' || :n)::uuid) ORDER BY date_of_birth ASC, uuid ASC LIMIT 11;
