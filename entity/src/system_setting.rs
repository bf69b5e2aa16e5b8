//! Table `system_settings`: what administrators set while the system runs, by name.

use sea_orm::entity::prelude::*;

/// A row of `system_settings`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "system_settings")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// What it is known by: 1 to 100 small letters, digits, `_` and inner dots; unique.
    pub key: String,
    /// JSON, of 10,000 characters at most, and never null; its type stays what it is.
    #[sea_orm(column_type = "Text")]
    pub value: String,
    /// What it is for: 1 to 500 characters.
    pub description: Option<String>,
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
