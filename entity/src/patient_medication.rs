//! Table `patient_medications`: what a patient takes or took.

use sea_orm::entity::prelude::*;

/// How a medication stands, as FHIR R4's medicationrequest-status has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(9))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MedicationStatus {
    /// Not yet prescribed.
    Draft,
    /// The patient takes it, or is to take it.
    Active,
    /// Interrupted.
    OnHold,
    /// Taken to the end.
    Completed,
    /// Given up before the end.
    Stopped,
    /// Never begun.
    Cancelled,
    /// Nobody knows.
    Unknown,
}

/// A row of `patient_medications`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_medications")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// Whose it is.
    pub patient_id: Uuid,
    /// The institution that the patient belongs to.
    pub institution_id: Uuid,
    /// The code system, as a URI: 1 to 200 characters; told if and only if the code is.
    pub system: Option<String>,
    /// 1 to 200 characters of printable ASCII with single spaces between them.
    pub code: Option<String>,
    /// In words, as recorded: 1 to 500 characters.
    pub display: String,
    /// The entry of the catalogue with this code.
    pub medication_id: Option<Uuid>,
    /// 1 to 100 characters.
    pub dose: Option<String>,
    /// How to take it: 1 to 500 characters.
    pub instructions: Option<String>,
    /// How it stands.
    pub status: MedicationStatus,
    /// From when on: from 1900-01-01; may be planned.
    pub start_date: Option<Date>,
    /// Until when: not before it begins.
    pub end_date: Option<Date>,
    /// Counts the row's changes, from 1; kept by the database.
    pub version: i32,
    /// When the row came to be; kept by the database.
    pub created_at: DateTimeUtc,
    /// When the row last changed; kept by the database.
    pub updated_at: DateTimeUtc,
    /// When it was removed: such a row is a tombstone.
    pub deleted_at: Option<DateTimeUtc>,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
