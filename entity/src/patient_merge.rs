//! Table `patient_merges`: which register took the place of which, and what moved.

use sea_orm::entity::prelude::*;

/// A row of `patient_merges`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patient_merges")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// The institution that the kept register belongs to; kept by the database.
    pub institution_id: Uuid,
    /// The register that was kept.
    pub kept_id: Uuid,
    /// The register that was merged into it.
    pub merged_id: Uuid,
    /// Why: 1 to 500 characters.
    pub reason: Option<String>,
    /// Who did it.
    pub actor_id: Uuid,
    /// The rows that moved from the merged register to the kept one, as JSON: table, key, and what else changed of them.
    #[sea_orm(column_type = "Text")]
    pub moved: String,
    /// When it was undone.
    pub undone_at: Option<DateTimeUtc>,
    /// Who undid it.
    pub undone_by: Option<Uuid>,
    /// Counts the row's changes, from 1; kept by the database.
    pub version: i32,
    /// When the registers were merged.
    pub created_at: DateTimeUtc,
    /// When the row last changed; kept by the database.
    pub updated_at: DateTimeUtc,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
