//! Table `appointments`: a patient with a doctor, from an instant to another.

use sea_orm::entity::prelude::*;

/// What became of an appointment; after FHIR's `appointmentstatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
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

/// A row of `appointments`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "appointments")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// The patient.
    pub patient_id: Uuid,
    /// The institution that the patient belongs to; kept by the database.
    pub institution_id: Uuid,
    /// The doctor.
    pub doctor_id: Uuid,
    /// When it begins.
    pub starts_at: DateTimeUtc,
    /// When it ends: after it begins, and within 24 hours.
    pub ends_at: DateTimeUtc,
    /// What became of it.
    pub status: Status,
    /// What for: 1 to 500 characters.
    pub reason: Option<String>,
    /// Counts the row's changes, from 1; kept by the database.
    pub version: i32,
    /// When the row came to be; kept by the database.
    pub created_at: DateTimeUtc,
    /// When the row last changed; kept by the database.
    pub updated_at: DateTimeUtc,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
