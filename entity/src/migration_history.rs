//! Table `migration_history`: what was done to the schema.

use sea_orm::entity::prelude::*;

/// A row of `migration_history`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "migration_history")]
pub struct Model {
    /// Rises with every entry.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The migration's name.
    pub version: String,
    /// `up` or `down`.
    pub direction: String,
    /// SHA-256 of the migration's SQL, in hexadecimal.
    pub sha256: String,
    /// When it ran.
    pub applied_at: DateTimeUtc,
}

/// The history stands alone.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
