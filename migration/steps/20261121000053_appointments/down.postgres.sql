DROP TRIGGER patientregister_moved_appointments ON patientregister;
DROP TABLE appointments;
DROP FUNCTION check_appointment_institution();
DELETE FROM change_log WHERE entity = 'Appointment';
