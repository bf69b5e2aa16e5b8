//! Appointments: a patient with a doctor, from an instant to another.

mod criteria;
mod write;

pub use criteria::{
    AppointmentFilter, AppointmentOrder, AppointmentOrderField, AppointmentStatus, AppointmentStatusFilter,
    Appointments,
};
pub use write::{CreateAppointmentInput, UpdateAppointmentInput, create, update};
