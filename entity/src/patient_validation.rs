//! Table `patient_validations`: every step of a register's validation. Rows are appended and never changed.

use sea_orm::entity::prelude::*;

use crate::patient_register::Status;

/// For whom somebody judges a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(11))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// For themselves: they are the patient's doctor.
    Doctor,
    /// For the institution that the register belongs to.
    Institution,
}

/// A row of `patient_validations`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_validations")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// Whose register it is about.
    pub patient_id: Uuid,
    /// The institution that the patient belongs to; kept by the database.
    pub institution_id: Uuid,
    /// The version that the register got by this step.
    pub register_version: i32,
    /// What the register was.
    pub from_status: Status,
    /// What it became.
    pub to_status: Status,
    /// For whom the actor spoke; null where the status followed from a change of the register.
    pub role: Option<Role>,
    /// Who did it; null where the database was not told.
    pub actor_id: Option<Uuid>,
    /// Why: 1 to 500 characters.
    pub reason: Option<String>,
    /// Counts the row's changes, from 1; kept by the database.
    pub version: i32,
    /// When the step was taken.
    pub created_at: DateTimeUtc,
    /// When the row last changed; kept by the database.
    pub updated_at: DateTimeUtc,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
