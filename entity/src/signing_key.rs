//! Table `signing_keys`: what tokens are signed with, by all servers of this database.

use sea_orm::entity::prelude::*;

/// A row of `signing_keys`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// `EdDSA`, `RS256` or `HS256`.
    pub algorithm: String,
    /// The private key or secret, sealed by the key file.
    pub sealed: Vec<u8>,
    /// The fingerprint of that key file.
    pub sealed_by: String,
    /// Since when it may sign.
    pub created_at: DateTimeUtc,
    /// Until when it could sign; what it signed is still good.
    pub retired_at: Option<DateTimeUtc>,
    /// From when on nothing that it signed is good.
    pub revoked_at: Option<DateTimeUtc>,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
