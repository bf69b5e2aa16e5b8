//! The history of registers' validation: who confirmed or refused what, for whom, and why.

use async_graphql::Enum;
use entity::patient_validation::{self, Column};
use sea_orm::Value;
use sea_orm::sea_query::ArrayType;

use crate::choice_filter;
use crate::criteria;
use crate::criteria::{Bind, Bounded, DateTimeFilter, Direction, IntFilter, Term, TextFilter, UuidFilter};
use crate::error::Result;
use crate::scope::Permission;

use super::Collection;
use super::patient_register::PatientRegisterStatusFilter;

/// For whom somebody judges a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "patient_validation::Role")]
pub enum ValidationRole {
    /// For themselves, as the patient's doctor.
    Doctor,
    /// For the institution that the register belongs to.
    Institution,
}

impl Bind for ValidationRole {
    const ARRAY: ArrayType = ArrayType::String;

    fn bind(&self) -> Result<Value> {
        Ok(Value::from(patient_validation::Role::from(*self)))
    }
}

choice_filter! {
    /// Conditions on for whom somebody spoke.
    ValidationRoleFilter for ValidationRole
}

criteria! {
    /// Steps of registers' validation.
    PatientValidations: PatientValidationFilter, PatientValidationOrder, PatientValidationOrderField on patient_validation {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// Key of the patient whose register it is about.
        patient_id: UuidFilter => PatientId;
        /// The version that the register got by it.
        register_version: IntFilter => RegisterVersion;
        /// What the register was.
        from_status: PatientRegisterStatusFilter => FromStatus;
        /// What it became.
        to_status: PatientRegisterStatusFilter => ToStatus;
        /// For whom the actor spoke.
        role: ValidationRoleFilter => Role;
        /// Key of the user who did it.
        actor_id: UuidFilter => ActorId;
        /// Why.
        reason: TextFilter => Reason;
        /// When it was done.
        created_at: DateTimeFilter => CreatedAt;
    }
}

impl Bounded for PatientValidations {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }

    fn patient() -> Option<Column> {
        Some(Column::PatientId)
    }
}

impl Collection for PatientValidations {
    const NAME: &'static str = "PatientValidation";
    const READ: Permission = Permission::ReadPatients;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::CreatedAt, direction: Direction::Desc }
    }
}
