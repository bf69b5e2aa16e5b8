//! Table `break_glass_grants`: who opened which record outside the own boundary, and why.

use sea_orm::entity::prelude::*;

/// A row of `break_glass_grants`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "break_glass_grants")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// Who.
    pub user_id: Uuid,
    /// Whose record.
    pub patient_id: Uuid,
    /// The institution that the patient belonged to.
    pub institution_id: Uuid,
    /// Why: 1 to 500 characters.
    pub reason: String,
    /// Since when.
    pub created_at: DateTimeUtc,
    /// Until when.
    pub expires_at: DateTimeUtc,
    /// When somebody reviewed it.
    pub reviewed_at: Option<DateTimeUtc>,
    /// Who did.
    pub reviewed_by: Option<Uuid>,
    /// What they found: 1 to 500 characters.
    pub review_note: Option<String>,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
