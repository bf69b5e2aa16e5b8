use async_graphql::Enum;
use entity::appointment::{self, Column};
use sea_orm::Value;
use sea_orm::sea_query::ArrayType;

use crate::choice_filter;
use crate::criteria;
use crate::criteria::{Bind, Bounded, DateTimeFilter, Direction, IntFilter, Term, TextFilter, UuidFilter};
use crate::error::Result;
use crate::records::Collection;
use crate::records::doctor::DoctorFilter;
use crate::records::patient_register::PatientRegisterFilter;
use crate::scope::Permission;

/// What became of an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "appointment::Status")]
pub enum AppointmentStatus {
    /// It is to be.
    Booked,
    /// The patient is there.
    Arrived,
    /// It has been.
    Fulfilled,
    /// It will not be.
    Cancelled,
    /// The patient did not come.
    NoShow,
}

impl Bind for AppointmentStatus {
    const ARRAY: ArrayType = ArrayType::String;

    fn bind(&self) -> Result<Value> {
        Ok(Value::from(appointment::Status::from(*self)))
    }
}

choice_filter! {
    /// Conditions on what became of an appointment.
    AppointmentStatusFilter for AppointmentStatus
}

criteria! {
    /// Appointments.
    Appointments: AppointmentFilter, AppointmentOrder, AppointmentOrderField on appointment {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// Key of the patient.
        patient_id: UuidFilter => PatientId;
        /// Key of the institution that the patient belongs to.
        institution_id: UuidFilter => InstitutionId;
        /// Key of the doctor.
        doctor_id: UuidFilter => DoctorId;
        /// When it begins.
        starts_at: DateTimeFilter => StartsAt;
        /// When it ends.
        ends_at: DateTimeFilter => EndsAt;
        /// What became of it.
        status: AppointmentStatusFilter => Status;
        /// What for.
        reason: TextFilter => Reason [ReadClinical];
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
    }
    relations {
        /// The patient.
        patient_register: PatientRegisterFilter => PatientId of patient_register;
        /// The doctor.
        doctor: DoctorFilter => DoctorId of doctor;
    }
}

impl Bounded for Appointments {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }

    fn patient() -> Option<Column> {
        Some(Column::PatientId)
    }
}

impl Collection for Appointments {
    const NAME: &'static str = "Appointment";
    const READ: Permission = Permission::ReadPatients;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::StartsAt, direction: Direction::Asc }
    }
}
