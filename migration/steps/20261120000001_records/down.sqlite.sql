DROP TABLE patientregister;
DROP TABLE doctors;
DROP TABLE doctor_specialties;
DROP TABLE medical_institutions;
