DROP TABLE idempotency_keys;

DROP TRIGGER patientregister_change ON patientregister;
DROP TRIGGER patientregister_version ON patientregister;
DROP TRIGGER doctors_change ON doctors;
DROP TRIGGER doctors_version ON doctors;
DROP TRIGGER doctor_specialties_change ON doctor_specialties;
DROP TRIGGER doctor_specialties_version ON doctor_specialties;
DROP TRIGGER medical_institutions_change ON medical_institutions;
DROP TRIGGER medical_institutions_version ON medical_institutions;
DROP FUNCTION append_change();
DROP FUNCTION keep_version();

DROP TABLE change_log;
