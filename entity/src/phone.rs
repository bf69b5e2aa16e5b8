//! Table `phones`: a patient's phone numbers.

use sea_orm::entity::prelude::*;

/// A row of `phones`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "phones")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// Whose it is.
    pub patient_id: Uuid,
    /// The institution that the patient belongs to.
    pub institution_id: Uuid,
    /// 10 to 15 digits, as written in at most 40 characters.
    pub number: String,
    /// The form in which it is compared: E.164 (`+` and digits) where a numbering plan has the number, or else its digits.
    pub number_folded: Option<String>,
    /// As dialled from abroad: `+` and one to three digits.
    pub country_code: Option<String>,
    /// 1 to 6 digits.
    pub area_code: Option<String>,
    /// What it is for.
    pub phone_type_id: Option<Uuid>,
    /// Whether it is the one to use; of a patient's, one at most.
    pub is_primary: bool,
    /// When it was found to be the patient's.
    pub verified_at: Option<DateTimeUtc>,
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
