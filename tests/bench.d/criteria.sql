\set name random_exponential(1, :last_names, :skew)
\set day random(0, :birth_days / 2)
SELECT uuid, first_name, last_name, date_of_birth, phone_number, status FROM patientregister WHERE deleted_at IS NULL AND last_name = ({last_names})[:name] AND date_of_birth >= date '1930-01-01' + :day::int ORDER BY date_of_birth DESC, uuid DESC LIMIT 11;
