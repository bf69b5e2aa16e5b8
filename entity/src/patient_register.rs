//! Table `patientregister`: one row per patient, as registered.

use sea_orm::entity::prelude::*;

use crate::TextList;

/// How far a register has come towards being relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(21))")]
pub enum Status {
    /// Something that a complete register needs is not known.
    #[sea_orm(string_value = "INCOMPLETE")]
    Incomplete,
    /// Complete, and waiting for validation.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// Confirmed by the patient's doctor, and waiting for the institution.
    #[sea_orm(string_value = "DOCTOR_VALIDATED")]
    DoctorValidated,
    /// Confirmed by the institution, and waiting for the patient's doctor.
    #[sea_orm(string_value = "INSTITUTION_VALIDATED")]
    InstitutionValidated,
    /// Confirmed by doctor and institution, both of which it has.
    #[sea_orm(string_value = "VALIDATED")]
    Validated,
    /// Refused in validation.
    #[sea_orm(string_value = "REJECTED")]
    Rejected,
}

/// A row of `patientregister`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patientregister")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// 1 to 200 characters; null of a person with a single name, or while the register is incomplete.
    pub first_name: Option<String>,
    /// 1 to 200 characters; null of a person with a single name, or while the register is incomplete.
    pub last_name: Option<String>,
    /// From 1900-01-01 to today; null only while the register is incomplete.
    pub date_of_birth: Option<Date>,
    /// From the date of birth to today; null of who lives, as far as is known.
    pub date_of_death: Option<Date>,
    /// At most 254 characters (RFC 5321); null only while the register is incomplete.
    pub email: Option<String>,
    /// 10 to 15 digits, as written in at most 40 characters; null only while the register is incomplete.
    pub phone_number: Option<String>,
    /// The form in which it is compared: E.164 (`+` and digits) where a numbering plan has the number, or else its digits.
    pub phone_number_folded: Option<String>,
    /// 1 to 500 characters; null only while the register is incomplete.
    pub address: Option<String>,
    /// 1 to 200 characters; null only while the register is incomplete.
    pub emergency_contact: Option<String>,
    /// As told at registration.
    pub allergies: TextList,
    /// As told at registration.
    pub medical_history: TextList,
    /// As told at registration.
    pub current_medications: TextList,
    /// How far the register has come.
    pub status: Status,
    /// Why it was refused, 1 to 500 characters; set while it is.
    pub rejection_reason: Option<String>,
    /// The institution the register belongs to.
    pub institution_id: Uuid,
    /// The patient's usual doctor.
    pub doctor_id: Option<Uuid>,
    /// The register that took this one's place, when it was merged into that.
    pub merged_into: Option<Uuid>,
    /// Counts the row's changes, from 1; kept by the database.
    pub version: i32,
    /// When the row came to be; kept by the database.
    pub created_at: DateTimeUtc,
    /// When the row last changed; kept by the database.
    pub updated_at: DateTimeUtc,
    /// When the register was deleted: such a row is a tombstone.
    pub deleted_at: Option<DateTimeUtc>,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
