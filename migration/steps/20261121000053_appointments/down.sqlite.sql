DROP TRIGGER patientregister_moved_appointments;
DROP TABLE appointments;
DELETE FROM change_log WHERE entity = 'Appointment';
