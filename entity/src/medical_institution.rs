//! Table `medical_institutions`: clinics and hospitals, each the tenant of its registers.

use sea_orm::entity::prelude::*;

/// A row of `medical_institutions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "medical_institutions")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// 1 to 200 characters.
    pub name: String,
    /// At most 254 characters (RFC 5321).
    pub email: Option<String>,
    /// 10 to 15 digits, as written in at most 40 characters.
    pub phone_number: Option<String>,
    /// The form in which it is compared: E.164 (`+` and digits) where a numbering plan has the number, or else its digits.
    pub phone_number_folded: Option<String>,
    /// 1 to 500 characters.
    pub address: Option<String>,
    /// What kind of institution it is.
    pub institution_type_id: Option<Uuid>,
    /// The country where it is.
    pub country_id: Option<Uuid>,
    /// The region where it is, of that country.
    pub region_id: Option<Uuid>,
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
