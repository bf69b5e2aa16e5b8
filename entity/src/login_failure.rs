//! Table `login_failures`: failed attempts to sign in, by user name.

use sea_orm::entity::prelude::*;

/// A row of `login_failures`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_failures")]
pub struct Model {
    /// The row's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// HMAC of the name that was tried.
    pub name_code: Vec<u8>,
    /// The network that the attempt came from.
    pub origin: Option<String>,
    /// Time of the attempt.
    pub failed_at: DateTimeUtc,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
