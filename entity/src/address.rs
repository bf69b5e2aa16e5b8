//! Table `addresses`: a patient's postal addresses.

use sea_orm::entity::prelude::*;

/// What an address is for, as FHIR R4's address-use has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(9))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AddressPurpose {
    /// Where the patient lives.
    Home,
    /// Where the patient works.
    Work,
    /// For a while.
    Temporary,
    /// Where invoices go.
    Billing,
    /// No longer in use.
    Old,
}

/// A row of `addresses`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "addresses")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// Whose it is.
    pub patient_id: Uuid,
    /// The institution that the patient belongs to.
    pub institution_id: Uuid,
    /// Street and number: 1 to 500 characters.
    pub street: String,
    /// 1 to 100 characters.
    pub city: Option<String>,
    /// 1 to 20 characters.
    pub postal_code: Option<String>,
    /// Country.
    pub country_id: Option<Uuid>,
    /// Region, in the country.
    pub region_id: Option<Uuid>,
    /// -90 to 90 degrees, north positive (WGS 84); told if and only if the longitude is.
    pub latitude: Option<f64>,
    /// -180 to 180 degrees, east positive (WGS 84).
    pub longitude: Option<f64>,
    /// What it is for.
    pub purpose: Option<AddressPurpose>,
    /// Whether it is the one to use; of a patient's, one at most.
    pub is_primary: bool,
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
