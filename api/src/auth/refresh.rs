use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use entity::{refresh_token, session, user};
use sea_orm::{ColumnTrait, EntityTrait, QuerySelect, Set};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::{Consistency, Transaction};
use crate::deed::{Action, Deed};
use crate::error::{Error, Result, Unauthenticated};
use crate::scope::{Actor, Boundary, Scope};

use super::authority::acting;
use super::session::end;
use super::{Authority, Grant};

/// Purpose of the key that successors of refresh tokens are made with, and their form.
const PURPOSE: &[u8] = b"phr refresh token 1";

impl Authority {
    /// Prolongs a session. A refresh token is good once, and has one successor, which is derived from it: whoever repeats
    /// the token soon, because the answer was lost or another tab was faster, gets the same successor, as long as that
    /// was not used. Any other repetition means that the token was stolen, before or after, and ends the session.
    ///
    /// # Errors
    /// `Unauthenticated` for any token that is not good, with the reason; as any write.
    pub async fn refresh(&self, token: &str, request: Uuid, origin: Option<IpAddr>) -> Result<Grant> {
        let (now, token) = (self.now(), token.trim());
        let Some(owner) = self.owner(token).await? else { return Err(Unauthenticated::NoSession.into()) };
        let scope = acting(Actor(owner.uuid), owner.institution_id, request, origin);
        let tx = self.1.write_within(&scope, Boundary::All).await?;
        match self.prolong(&tx, token, origin, now).await {
            Ok(Some(grant)) => {
                tx.commit().await?;
                Ok(grant)
            }
            Ok(None) => {
                tx.commit().await?;
                self.catch_up().await;
                tracing::warn!(user = %owner.uuid, "a refresh token came again: its session was ended");
                Err(Unauthenticated::SessionEnded.into())
            }
            Err(error) => {
                tx.rollback().await?;
                Err(error)
            }
        }
    }

    /// The session's next tokens; none when the token was repeated, which has ended the session.
    async fn prolong(
        &self,
        tx: &Transaction,
        token: &str,
        origin: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Option<Grant>> {
        let row = locked(tx, token).await?.ok_or(Unauthenticated::NoSession)?;
        let (session, user) = holder(tx, row.session_id, now).await?;
        let successor = self.successor(session.uuid, token)?;
        match row.used_at {
            None => {
                let mark = refresh_token::ActiveModel {
                    hash: Set(row.hash),
                    used_at: Set(Some(now)),
                    ..refresh_token::ActiveModel::default()
                };
                refresh_token::Entity::update(mark).exec(tx).await?;
                keep(tx, session.uuid, &successor, now).await?;
            }
            Some(at) if self.is_repeatable(tx, &successor, at, now).await? => {}
            Some(_) => {
                end(tx, session::Column::Uuid.eq(session.uuid), now).await?;
                tx.note(Deed::new(Action::Logout, "Session").on(session.uuid));
                return Ok(None);
            }
        }
        tx.note(Deed::new(Action::Execute, "Session").on(session.uuid));
        self.grant(tx, &session, &user, origin, successor, now).await.map(Some)
    }

    /// True if a token that was used at `used` may come again. Clocks of servers differ by less than the grace.
    async fn is_repeatable(
        &self,
        tx: &Transaction,
        successor: &str,
        used: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let age = (now - used).abs().to_std().map_err(Error::internal)?;
        if age >= self.0.settings.refresh_grace {
            return Ok(false);
        }
        Ok(locked(tx, successor).await?.is_some_and(|successor| successor.used_at.is_none()))
    }

    /// The token that follows another one of a session. Who knows the token cannot make it without the key file, nor who
    /// knows the key file without the token.
    fn successor(&self, session: Uuid, token: &str) -> Result<String> {
        let code = self.0.file.code(&[PURPOSE, session.as_bytes()], token.as_bytes());
        let code = code.ok_or_else(|| Error::internal("no key could be derived"))?;
        Ok(URL_SAFE_NO_PAD.encode(code))
    }

    /// The user whose a refresh token is, whether or not it is good.
    async fn owner(&self, token: &str) -> Result<Option<user::Model>> {
        let reader = self.0.cluster.read(&Scope::server(Uuid::nil()), Consistency::Strong);
        let Some(token) = refresh_token::Entity::find_by_id(hashed(token)).one(&reader).await? else { return Ok(None) };
        let Some(session) = session::Entity::find_by_id(token.session_id).one(&reader).await? else { return Ok(None) };
        Ok(user::Entity::find_by_id(session.user_id).one(&reader).await?)
    }
}

/// SHA-256: tokens themselves are never kept.
fn hashed(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

async fn locked(tx: &Transaction, token: &str) -> Result<Option<refresh_token::Model>> {
    Ok(refresh_token::Entity::find_by_id(hashed(token)).lock_exclusive().one(tx).await?)
}

/// Keeps a session's next token, by its hash.
pub(super) async fn keep(tx: &Transaction, session: Uuid, token: &str, now: DateTime<Utc>) -> Result<()> {
    let row = refresh_token::ActiveModel {
        hash: Set(hashed(token)),
        session_id: Set(session),
        created_at: Set(now),
        used_at: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// A session that goes on, and its user.
///
/// # Errors
/// `Unauthenticated` when it is over.
async fn holder(tx: &Transaction, session: Uuid, now: DateTime<Utc>) -> Result<(session::Model, user::Model)> {
    let session = session::Entity::find_by_id(session).one(tx).await?.ok_or(Unauthenticated::NoSession)?;
    if session.revoked_at.is_some() {
        return Err(Unauthenticated::SessionEnded.into());
    }
    if session.expires_at <= now {
        return Err(Unauthenticated::SessionExpired.into());
    }
    let user = user::Entity::find_by_id(session.user_id).one(tx).await?.filter(|user| user.is_active);
    Ok((session, user.ok_or(Unauthenticated::SessionEnded)?))
}
