use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::appointment::{Column, Entity};
use futures_util::future::join;
use uuid::Uuid;

use crate::records::appointment::{
    self, AppointmentFilter, AppointmentOrder, AppointmentStatus, Appointments, CreateAppointmentInput,
    UpdateAppointmentInput,
};
use crate::records::{Loaded, Row};
use crate::scope::Permission;

use super::context::of;
use super::doctor::Doctor;
use super::id::{Kind, global_id};
use super::object::fields;
use super::one::{One, Refers, one};
use super::patient_register::PatientRegister;
use super::payload::{change_payload, payload};
use super::queries::queries;
use super::record::Record;
use super::related::Related;
use super::shown::Shown;

/// A patient with a doctor, from an instant to another.
#[derive(Clone)]
pub(super) struct Appointment {
    row: Row<Entity>,
    register: Related<PatientRegister>,
    doctor: Related<Doctor>,
}

const REGISTER: Refers<Appointment, PatientRegister> = one("patientRegister", Column::PatientId);
const DOCTOR: Refers<Appointment, Doctor> = one("doctor", Column::DoctorId);

impl Record for Appointment {
    type Collection = Appointments;

    const NAME: &'static str = "Appointment";

    const ONES: &'static [&'static dyn One<Self>] = &[&REGISTER, &DOCTOR];

    async fn of(context: &super::context::Context, fields: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        let (registers, doctors) =
            join(REGISTER.read(context, fields, &rows), DOCTOR.read(context, fields, &rows)).await;
        let record = |row: Row<Entity>| Self { register: registers.of(&row), doctor: doctors.of(&row), row };
        rows.into_iter().map(record).collect()
    }
}

fields! {
    /// A patient with a doctor, from an instant to another.
    Appointment {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::Appointment, *self.row.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.row.uuid.loaded()?)
        }

        /// The patient; null when the register was deleted.
        fn patient_register(&self) -> Result<Option<&Shown<PatientRegister>>> {
            Ok(self.register.get()?)
        }

        /// The doctor.
        fn doctor(&self) -> Result<Option<&Shown<Doctor>>> {
            Ok(self.doctor.get()?)
        }

        /// When it begins.
        fn starts_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.row.starts_at.loaded()?)
        }

        /// When it ends.
        fn ends_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.row.ends_at.loaded()?)
        }

        /// What became of it.
        fn status(&self) -> Result<AppointmentStatus> {
            Ok((*self.row.status.loaded()?).into())
        }

        /// Reason for the visit; null when unknown. Needs the permission to read clinical fields.
        fn reason(&self, context: &Context) -> Result<Option<&str>> {
            context.scope.require(Permission::ReadClinical)?;
            Ok(self.row.reason.loaded()?.as_deref())
        }

        /// How often the record has changed, counting from 1.
        fn version(&self) -> Result<i32> {
            Ok(*self.row.version.loaded()?)
        }

        /// When the record was created.
        fn created_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.row.created_at.loaded()?)
        }

        /// When the record last changed.
        fn updated_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.row.updated_at.loaded()?)
        }
    }
}

queries! {
    AppointmentQuery of Appointment {
        /// The appointment with this key; null when there is none.
        appointment;
        /// Appointments, the earliest first unless another order is asked for.
        appointments: AppointmentFilter, AppointmentOrder;
    }
}

payload! {
    /// What became of an appointment to make.
    CreateAppointmentPayload {
        /// The appointment as made; null when it was not.
        appointment: Appointment
    },
}

change_payload! {
    /// What became of a change to an appointment.
    UpdateAppointmentPayload {
        /// The appointment as changed; null when it was not.
        appointment: Appointment
    },
}

#[derive(Default)]
pub(super) struct AppointmentMutation;

#[Object]
impl AppointmentMutation {
    /// Makes an appointment, at a time when the doctor is free.
    async fn create_appointment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreateAppointmentInput,
    ) -> Result<Option<CreateAppointmentPayload>> {
        let context = of(ctx);
        let created = appointment::create(&context.scope, &context.cluster, &*context.clock, input).await;
        CreateAppointmentPayload::of(ctx, created).await
    }

    /// Changes an appointment, or says what became of it; what is left out stays as it is. One that is cancelled, or to which
    /// the patient did not come, leaves its time to others.
    async fn update_appointment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateAppointmentInput,
    ) -> Result<Option<UpdateAppointmentPayload>> {
        let context = of(ctx);
        let updated = appointment::update(&context.scope, &context.cluster, input).await;
        UpdateAppointmentPayload::of(ctx, updated).await
    }
}
