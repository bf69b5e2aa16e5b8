//! Table `users`: who may sign in.

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
use sea_orm::entity::prelude::*;

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// A patient, who sees the own record.
    Patient,
    /// A doctor.
    Doctor,
    /// Staff of an institution.
    Staff,
    /// Whoever keeps the system and its directory.
    Cms,
    /// A program.
    Service,
}

/// A row of `users`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// What the user is.
    pub kind: Kind,
    /// What the user signs in by, as [`normal_name`] has it: 1 to 254 characters, unique.
    pub username: String,
    /// 1 to 100 characters.
    pub display_name: Option<String>,
    /// What the user may do.
    pub role_id: Uuid,
    /// The only institution whose records the user may touch; null for all, and of patients.
    pub institution_id: Option<Uuid>,
    /// The patient that the user is.
    pub patient_id: Option<Uuid>,
    /// The doctor that the user is.
    pub doctor_id: Option<Uuid>,
    /// The OpenID provider that knows the same person: the `iss` of its tokens, 1 to 255 characters. With a subject, and
    /// never without.
    pub external_issuer: Option<String>,
    /// What that provider calls the person: 1 to 255 characters, unique of one provider.
    pub external_subject: Option<String>,
    /// Whether the user may sign in.
    pub is_active: bool,
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

/// The form in which a user name is kept and compared: lower case, of one width and in NFC, as the profile
/// `UsernameCaseMapped` of RFC 8265, section 3.3, has it for each of the parts between spaces. None for a text that is no
/// user name.
#[must_use]
pub fn normal_name(text: &str) -> Option<String> {
    let parts: Option<Vec<_>> = text.split_whitespace().map(|part| UsernameCaseMapped::enforce(part).ok()).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(" "))
}
