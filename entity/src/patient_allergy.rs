//! Table `patient_allergies`: what a patient does not tolerate.

use sea_orm::entity::prelude::*;

use crate::Severity;

/// What the patient does not tolerate, as FHIR R4's allergy-intolerance-category has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(11))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AllergyCategory {
    /// Food.
    Food,
    /// Medication.
    Medication,
    /// What is met in the environment, such as pollen.
    Environment,
    /// Made of living organisms, such as vaccines.
    Biologic,
}

/// How an allergy stands, as FHIR R4's allergyintolerance-clinical has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(8))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AllergyStatus {
    /// The patient has it.
    Active,
    /// It is no longer a risk.
    Inactive,
    /// It is over.
    Resolved,
}

/// A row of `patient_allergies`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_allergies")]
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
    pub medical_condition_id: Option<Uuid>,
    /// What kind of thing is not tolerated.
    pub category: Option<AllergyCategory>,
    /// How it stands.
    pub status: AllergyStatus,
    /// How severe it is.
    pub severity: Option<Severity>,
    /// What happens: 1 to 500 characters.
    pub reaction: Option<String>,
    /// When it began: from 1900-01-01 to today.
    pub onset_date: Option<Date>,
    /// When it ended: not before it began.
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
