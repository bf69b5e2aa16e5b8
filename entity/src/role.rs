//! Table `roles`: what a kind of user may do, and under what conditions.

use sea_orm::entity::prelude::*;

/// A row of `roles`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roles")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// 1 to 50 characters of `a-z`, `0-9` and `_`, unique.
    pub name: String,
    /// 1 to 200 characters.
    pub description: Option<String>,
    /// A JSON object; `{}` for no conditions.
    pub conditions: String,
    /// When the role's permissions last changed.
    pub permissions_changed_at: DateTimeUtc,
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
