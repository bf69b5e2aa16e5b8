DROP TABLE idempotency_keys;

DROP TRIGGER patientregister_deleted;
DROP TRIGGER patientregister_updated;
DROP TRIGGER patientregister_uuid;
DROP TRIGGER patientregister_inserted;

DROP TRIGGER doctors_deleted;
DROP TRIGGER doctors_updated;
DROP TRIGGER doctors_uuid;
DROP TRIGGER doctors_inserted;

DROP TRIGGER doctor_specialties_deleted;
DROP TRIGGER doctor_specialties_updated;
DROP TRIGGER doctor_specialties_uuid;
DROP TRIGGER doctor_specialties_inserted;

DROP TRIGGER medical_institutions_deleted;
DROP TRIGGER medical_institutions_updated;
DROP TRIGGER medical_institutions_uuid;
DROP TRIGGER medical_institutions_inserted;

DROP TABLE change_log;
DROP TABLE request_context;
