//! Table `medical_conditions`: diseases and findings, as code systems name them.

use sea_orm::entity::prelude::*;

/// A row of `medical_conditions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "medical_conditions")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// The code system, as a URI: 1 to 200 characters.
    pub system: String,
    /// 1 to 200 characters of printable ASCII with single spaces between them, unique within the system.
    pub code: String,
    /// 1 to 500 characters.
    pub name: String,
    /// Whether the entry is to be chosen for new records.
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
