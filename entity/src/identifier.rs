//! Table `identifiers`: what others know a record by, such as a medical record number.

use sea_orm::entity::prelude::*;

/// A row of `identifiers`. Exactly one of the three owners is set.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identifiers")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// The patient whose it is.
    pub patient_id: Option<Uuid>,
    /// The doctor whose it is.
    pub doctor_id: Option<Uuid>,
    /// The institution whose it is.
    pub medical_institution_id: Option<Uuid>,
    /// Who gives such numbers, as a URI: 1 to 200 characters.
    pub system: Option<String>,
    /// 1 to 200 characters.
    pub value: String,
    /// What kind of number, in the codes of HL7's table 0203: 1 to 50 characters.
    pub type_code: Option<String>,
    /// The institution that the patient belongs to; null for what is not a patient's. Kept by the database.
    pub institution_id: Option<Uuid>,
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
