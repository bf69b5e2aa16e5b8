//! Table `user_secrets`: what proves who a user is. Never listed, never logged.

use sea_orm::entity::prelude::*;

/// A row of `user_secrets`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_secrets")]
pub struct Model {
    /// The user.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Argon2id in PHC notation, or bcrypt as it was brought along.
    pub password_hash: Option<String>,
    /// The secret of time-based one-time passwords, sealed by the key file.
    pub totp_secret: Option<Vec<u8>>,
    /// When the user first showed a right code; before that none is asked for.
    pub totp_confirmed_at: Option<DateTimeUtc>,
    /// The time step of the last code that was used.
    pub totp_step: Option<i64>,
    /// When the user last signed in.
    pub last_login_at: Option<DateTimeUtc>,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
