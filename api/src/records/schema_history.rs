//! What was done to the database's schema, as recorded when it was done.

use chrono::{DateTime, Utc};
use entity::migration_history::{Column, Entity};
use sea_orm::{EntityTrait, QueryOrder};

use crate::database::Reader;
use crate::error::Result;
use crate::scope::{Permission, Scope};

/// A migration that was applied or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The migration's name, which begins with the time it was made.
    pub version: String,
    /// Whether it was applied, rather than taken back.
    pub up: bool,
    /// SHA-256 of its SQL.
    pub sha256: String,
    /// When.
    pub applied_at: DateTime<Utc>,
}

/// Everything that was applied or taken back, the oldest first.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn list(scope: &Scope, reader: &Reader) -> Result<Vec<Applied>> {
    scope.require(Permission::Operate)?;
    let entries = Entity::find().order_by_asc(Column::Id).all(reader).await?;
    let entries = entries.into_iter().map(|entry| Applied {
        version: entry.version,
        up: entry.direction == "up",
        sha256: entry.sha256,
        applied_at: entry.applied_at,
    });
    Ok(entries.collect())
}
