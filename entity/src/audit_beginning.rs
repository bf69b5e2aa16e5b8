//! Table `audit_beginnings`: where the kept part of an instance's entries begins, when older ones were pruned.

use sea_orm::entity::prelude::*;

/// A row of `audit_beginnings`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_beginnings")]
pub struct Model {
    /// The server process that wrote the entries.
    #[sea_orm(primary_key, auto_increment = false)]
    pub instance: Uuid,
    /// The number of the last entry that was pruned.
    pub sequence: i64,
    /// That entry's hash.
    pub hash: Vec<u8>,
    /// When it was put on record.
    pub occurred_at: DateTimeUtc,
}

/// Stands by itself.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
