use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore as _;
use async_graphql::SimpleObject;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use entity::one_time_token::{ActiveModel, Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::{Consistency, Transaction};
use crate::error::{Result, Unauthenticated};
use crate::instant::Instant;
use crate::scope::Scope;

use super::Authority;
use super::session::changed;

/// Lets a user set a password, once.
#[derive(Clone, SimpleObject)]
pub struct OneTimeToken {
    /// To be handed to the user, who signs in with it and a new password.
    pub token: String,
    /// Until when it is good.
    pub expires_at: Instant,
}

/// 256 random bits, as text.
pub(super) fn random_token() -> String {
    let mut random = [0; 32];
    OsRng.fill_bytes(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

impl Authority {
    /// Makes a token with which a user sets a new password. Earlier ones are good no longer.
    ///
    /// # Errors
    /// `Forbidden`, `Rejected` when there is no such user; as any write.
    pub async fn one_time_token(&self, scope: &Scope, user: Uuid) -> Result<OneTimeToken> {
        let user = self.managed(scope, user, &["input", "userUuid"]).await?.uuid;
        let now = self.now();
        let expires_at = now + self.0.settings.one_time;
        let made = OneTimeToken { token: random_token(), expires_at: Instant(expires_at) };
        let row = ActiveModel {
            hash: Set(Sha256::digest(&made.token).to_vec()),
            user_id: Set(user),
            created_at: Set(now),
            expires_at: Set(expires_at),
            used_at: Set(None),
        };
        let tx = self.1.write(scope).await?;
        withdraw(&tx, user).await?;
        Entity::insert(row).exec_without_returning(&tx).await?;
        tx.note(changed(user, "one_time_token"));
        tx.commit().await?;
        Ok(made)
    }

    /// Whether this is the hash of a token that the user may still use.
    pub(super) async fn is_good(&self, hash: &[u8], user: Uuid) -> Result<bool> {
        let reader = self.0.cluster.read(&Scope::server(Uuid::nil()), Consistency::Strong);
        let found = Entity::find_by_id(hash.to_vec()).filter(Column::UserId.eq(user)).one(&reader).await?;
        Ok(found.is_some_and(|token| token.used_at.is_none() && self.now() < token.expires_at))
    }
}

/// Makes every token of a user good for nothing: the password that they were to set has been set.
pub(super) async fn withdraw(tx: &Transaction, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx).await?;
    Ok(())
}

/// Uses a token up.
///
/// # Errors
/// `Unauthenticated` when somebody was faster.
pub(super) async fn used(tx: &Transaction, hash: &[u8], now: DateTime<Utc>) -> Result<()> {
    let changes = ActiveModel { used_at: Set(Some(now)), ..ActiveModel::default() };
    let open = Column::Hash.eq(hash.to_vec());
    let done = Entity::update_many().set(changes).filter(open).filter(Column::UsedAt.is_null()).exec(tx).await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Unauthenticated::InvalidCredentials.into()) }
}
