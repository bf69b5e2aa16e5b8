use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::patient_validation::{Column, Entity};
use uuid::Uuid;

use crate::records::patient_register::{
    self, PatientRegisterStatus, RejectPatientRegisterInput, ReopenPatientRegisterInput, ValidatePatientRegisterInput,
};
use crate::records::patient_validation::{PatientValidations, ValidationRole};
use crate::records::{Loaded, Row};

use super::context::of;
use super::id::{Kind, global_id};
use super::object::fields;
use super::patient_register::PatientRegister;
use super::payload::change_payload;
use super::record::Record;

/// A step on a register's way to being relied on.
#[derive(Clone)]
pub(super) struct PatientValidation(Row<Entity>);

impl Record for PatientValidation {
    type Collection = PatientValidations;

    const NAME: &'static str = "PatientValidation";

    fn relation(field: &str) -> Option<Column> {
        match field {
            "patientUuid" => Some(Column::PatientId),
            "actorUuid" => Some(Column::ActorId),
            _ => None,
        }
    }

    async fn of(_: &super::context::Context, _: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        rows.into_iter().map(Self).collect()
    }
}

fields! {
    /// A step on a register's way to being relied on.
    PatientValidation {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::PatientValidation, *self.0.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.0.uuid.loaded()?)
        }

        /// Key of the patient whose register it is about.
        fn patient_uuid(&self) -> Result<Uuid> {
            Ok(*self.0.patient_id.loaded()?)
        }

        /// The version that the register got by it.
        fn register_version(&self) -> Result<i32> {
            Ok(*self.0.register_version.loaded()?)
        }

        /// What the register was.
        #[name = "fromStatus"]
        fn former_status(&self) -> Result<PatientRegisterStatus> {
            Ok((*self.0.from_status.loaded()?).into())
        }

        /// What it became.
        fn to_status(&self) -> Result<PatientRegisterStatus> {
            Ok((*self.0.to_status.loaded()?).into())
        }

        /// For whom the actor spoke; null where the status followed from a change of the register.
        fn role(&self) -> Result<Option<ValidationRole>> {
            Ok(self.0.role.loaded()?.map(ValidationRole::from))
        }

        /// Key of the user who did it; null where the database was not told.
        fn actor_uuid(&self) -> Result<Option<Uuid>> {
            Ok(*self.0.actor_id.loaded()?)
        }

        /// Why; null where no reason was given.
        fn reason(&self) -> Result<Option<&str>> {
            Ok(self.0.reason.loaded()?.as_deref())
        }

        /// When it was done.
        fn created_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.0.created_at.loaded()?)
        }
    }
}

change_payload! {
    /// What became of a register to confirm.
    ValidatePatientRegisterPayload {
        /// The register as confirmed; null when it was not.
        patient_register: PatientRegister
    },
    /// What became of a register to refuse.
    RejectPatientRegisterPayload {
        /// The register as refused; null when it was not.
        patient_register: PatientRegister
    },
    /// What became of a register to judge anew.
    ReopenPatientRegisterPayload {
        /// The register as it waits for validation; null when it does not.
        patient_register: PatientRegister
    },
}

#[derive(Default)]
pub(super) struct PatientValidationMutation;

#[Object]
impl PatientValidationMutation {
    /// Confirms a register, as the patient's own doctor or for the institution. Confirmed by both it is validated. A change
    /// of names, dates, lists, doctor or institution takes both back; one of how to reach the patient does not.
    async fn validate_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: ValidatePatientRegisterInput,
    ) -> Result<Option<ValidatePatientRegisterPayload>> {
        let context = of(ctx);
        let done = patient_register::validate(&context.scope, &context.cluster, &*context.clock, input).await;
        ValidatePatientRegisterPayload::of(ctx, done).await
    }

    /// Refuses a register, with a reason, as the patient's own doctor or for the institution.
    async fn reject_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: RejectPatientRegisterInput,
    ) -> Result<Option<RejectPatientRegisterPayload>> {
        let context = of(ctx);
        let done = patient_register::reject(&context.scope, &context.cluster, &*context.clock, input).await;
        RejectPatientRegisterPayload::of(ctx, done).await
    }

    /// Takes back what was confirmed or refused, as the patient's own doctor or for the institution: the register waits for
    /// validation again.
    async fn reopen_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: ReopenPatientRegisterInput,
    ) -> Result<Option<ReopenPatientRegisterPayload>> {
        let context = of(ctx);
        let done = patient_register::reopen(&context.scope, &context.cluster, &*context.clock, input).await;
        ReopenPatientRegisterPayload::of(ctx, done).await
    }
}
