use std::net::IpAddr;
use std::time::Duration;

use async_graphql::{InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{session, user};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use crate::criteria::Bounded as _;
use crate::database::{Consistency, Transaction};
use crate::deed::{Action, Deed};
use crate::error::{Error, FaultCode, Result, Unauthenticated};
use crate::instant::Instant;
use crate::records::role::Rules;
use crate::records::user::Users;
use crate::scope::{Permission, Scope};

use super::login::locked;
use super::one_time::{self, random_token};
use super::password::{self, Verdict, check};
use super::refresh::keep;
use super::token::Claims;
use super::{Authority, boundary};

/// Time for which an expired session is remembered, for whoever comes to refresh it.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);

pub(super) const NO_SESSION_HERE: &str =
    "your token belongs to no session here: it was made at the machine itself, or elsewhere";

/// What a session is used and prolonged with.
#[derive(Clone, SimpleObject)]
#[graphql(name = "Session")]
pub struct Grant {
    /// To be sent with every request, as `Authorization: Bearer`.
    pub access_token: String,
    /// Until when the access token is good.
    pub access_token_expires_at: Instant,
    /// Good for one `refreshSession`, which returns the next one; null where a cookie holds it.
    pub refresh_token: Option<String>,
    /// Until when the session can be refreshed.
    pub expires_at: Instant,
}

/// A new password, with what proves that it is the user who wants it.
#[derive(Clone, InputObject)]
pub struct ChangePasswordInput {
    /// The present password.
    pub password: String,
    /// The new one: 12 to 256 characters.
    pub new_password: String,
}

/// Who a session is for.
pub(super) struct Holder {
    pub(super) user: user::Model,
    pub(super) device: Option<String>,
    pub(super) origin: Option<IpAddr>,
}

impl Authority {
    /// Begins a session.
    pub(super) async fn begin(&self, tx: &Transaction, holder: Holder, now: DateTime<Utc>) -> Result<Grant> {
        let expires_at = now + self.0.settings.session;
        let row = session::Model {
            uuid: Uuid::new_v4(),
            user_id: holder.user.uuid,
            device: holder.device,
            origin: holder.origin.map(|origin| origin.to_string()),
            created_at: now,
            expires_at,
            revoked_at: None,
        };
        // Whoever signs in sweeps up what is long over.
        session::Entity::delete_many().filter(session::Column::ExpiresAt.lt(now - REMEMBERED)).exec(tx).await?;
        session::Entity::insert(session::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
        tx.note(Deed::new(Action::Login, "Session").on(row.uuid));
        let refresh_token = random_token();
        keep(tx, row.uuid, &refresh_token, now).await?;
        self.grant(tx, &row, &holder.user, holder.origin, refresh_token, now).await
    }

    /// The next pair of tokens of a session.
    pub(super) async fn grant(
        &self,
        tx: &Transaction,
        session: &session::Model,
        user: &user::Model,
        origin: Option<IpAddr>,
        refresh_token: String,
        now: DateTime<Utc>,
    ) -> Result<Grant> {
        let role = entity::role::Entity::find_by_id(user.role_id).one(tx).await?;
        let role = role.ok_or_else(|| Error::internal("a user without a role"))?;
        let rules = Rules::read(&role.conditions);
        if !rules.is_some_and(|rules| rules.hold(now, origin, session.device.as_deref())) {
            let message = "your role cannot be used at this time, from this place, or with this device";
            return Err(Error::Forbidden(message.to_owned()));
        }
        let (institution, patient) = boundary(tx, user).await?;
        let settings = &self.0.settings;
        let mut claims = Claims::new(&settings.issuer, user.uuid, &role.name, now, settings.access.as_secs());
        claims.exp = claims.exp.min(session.expires_at.timestamp());
        claims.sid = Some(session.uuid);
        claims.institution = institution;
        claims.patient = patient;
        claims.device.clone_from(&session.device);
        let access_token_expires_at = Instant(DateTime::from_timestamp(claims.exp, 0).unwrap_or(now));
        let access_token = self.sign(&claims)?;
        let refresh_token = Some(refresh_token);
        let expires_at = Instant(session.expires_at);
        Ok(Grant { access_token, access_token_expires_at, refresh_token, expires_at })
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// `Unauthenticated` without one; `BadRequest` for a token that belongs to no session; as any write.
    pub async fn logout(&self, scope: &Scope) -> Result<()> {
        let session = own_session(scope)?;
        let deed = Deed::new(Action::Logout, "Session").on(session);
        self.end_sessions(scope, session::Column::Uuid.eq(session), deed).await.map(drop)
    }

    /// Ends all sessions of the caller, or of a user whom they manage. Returns how many that were.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`, `Rejected` when there is no such user; as any write.
    pub async fn logout_everywhere(&self, scope: &Scope, of: Option<Uuid>) -> Result<u64> {
        without_leave(scope)?;
        let user = match of {
            None => scope.actor.0,
            Some(user) if user == scope.actor.0 => user,
            Some(user) => self.managed(scope, user, &["input", "userUuid"]).await?.uuid,
        };
        let deed = Deed::new(Action::Logout, "User").on(user);
        self.end_sessions(scope, session::Column::UserId.eq(user), deed).await
    }

    async fn end_sessions(
        &self,
        scope: &Scope,
        which: impl sea_orm::sea_query::IntoCondition,
        deed: Deed,
    ) -> Result<u64> {
        let tx = self.1.write(scope).await?;
        let ended = end(&tx, which, self.now()).await?;
        tx.note(deed);
        tx.commit().await?;
        self.catch_up().await;
        Ok(ended)
    }

    /// A user whom the caller may manage: within the boundary, and allowed no more than the caller is.
    pub(super) async fn managed(&self, scope: &Scope, user: Uuid, path: &[&str]) -> Result<user::Model> {
        scope.require(Permission::ManageUsers)?;
        let among = Users::within(scope).add(user::Column::Uuid.eq(user));
        let found = self.user(among, scope.request).await?.map(|(user, _)| user);
        let user = found.ok_or_else(|| Error::rejected(FaultCode::NotFound, path, "there is no such user"))?;
        let reader = self.0.cluster.read(&Scope::server(scope.request), Consistency::Strong);
        let role = entity::role::Entity::find_by_id(user.role_id).one(&reader).await?;
        let roster = self.roster();
        let allowed = role.and_then(|role| roster.roles.get(role.name.as_str()).map(|role| role.permissions));
        if allowed.is_none_or(|allowed| !scope.permissions.include(allowed.administrative())) {
            return Err(Error::Forbidden("this user may do more than you may".to_owned()));
        }
        Ok(user)
    }

    /// The caller as a user; none for whoever is at the machine itself.
    ///
    /// # Errors
    /// `Unauthenticated`; as any read.
    pub async fn viewer(&self, scope: &Scope) -> Result<Option<(user::Model, bool)>> {
        scope.require_somebody()?;
        let found = self.user(user::Column::Uuid.eq(scope.actor.0), scope.request).await?;
        Ok(found.map(|(user, secret)| {
            let has_second_factor = secret.is_some_and(|secret| secret.totp_confirmed_at.is_some());
            (user, has_second_factor)
        }))
    }

    /// Sets a new password, ends every other session of the caller, and withdraws their one-time tokens.
    ///
    /// # Errors
    /// `Unauthenticated` when the present password is wrong; `Rejected` for a new one that will not do; as any write.
    pub async fn change_password(&self, scope: &Scope, input: ChangePasswordInput) -> Result<()> {
        let own = own_session(scope)?;
        let found = self.user(user::Column::Uuid.eq(scope.actor.0), scope.request).await?;
        let (user, secret) = found.ok_or(Unauthenticated::SessionEnded)?;
        check(&input.new_password, &user.username, &["input", "newPassword"])?;
        let hash = secret.and_then(|secret| secret.password_hash);
        let verdict = password::verify(input.password, hash.clone(), None).await?;
        let new_hash = password::hash(input.new_password).await?;
        let now = self.now();
        let tx = self.1.write(scope).await?;
        let secret = locked(&tx, user.uuid).await?;
        let attempts = self.attempts(&tx, &user.username, now).await?;
        // What was judged is the user's password still.
        if verdict == Verdict::Wrong || secret.password_hash != hash || attempts.are_too_many() {
            let why = attempts.refusal();
            return Err(self.refuse(tx, scope, &attempts, changed(user.uuid, "password"), why).await?);
        }
        attempts.forgive(&tx, scope.origin).await?;
        tx.note(changed(user.uuid, "password"));
        let changes = entity::user_secret::ActiveModel {
            user_id: Set(user.uuid),
            password_hash: Set(Some(new_hash)),
            ..entity::user_secret::ActiveModel::default()
        };
        entity::user_secret::Entity::update(changes).exec(&tx).await?;
        one_time::withdraw(&tx, user.uuid).await?;
        end(&tx, Condition::all().add(session::Column::UserId.eq(user.uuid)).add(session::Column::Uuid.ne(own)), now)
            .await?;
        tx.commit().await?;
        self.catch_up().await;
        Ok(())
    }
}

/// A change to what proves who a user is. It stands in no change log.
pub(super) fn changed(user: Uuid, what: &'static str) -> Deed {
    Deed { fields: [what.into()].into(), ..Deed::new(Action::Update, "User").on(user) }
}

/// The session that a caller asks in, for what only the user does: not with a leave to treat somebody.
pub(super) fn own_session(scope: &Scope) -> Result<Uuid> {
    without_leave(scope)?;
    scope.session.ok_or_else(|| Error::BadRequest(NO_SESSION_HERE.to_owned()))
}

/// Somebody is known to ask, and not with a leave to treat somebody else.
pub(super) fn without_leave(scope: &Scope) -> Result<()> {
    scope.require_somebody()?;
    if scope.grant.is_some() {
        let message = "this token opens one record and nothing else: use your session's own";
        return Err(Error::Forbidden(message.to_owned()));
    }
    Ok(())
}

pub(super) async fn end(
    tx: &Transaction,
    which: impl sea_orm::sea_query::IntoCondition,
    now: DateTime<Utc>,
) -> Result<u64> {
    let changes = session::ActiveModel { revoked_at: Set(Some(now)), ..session::ActiveModel::default() };
    let open = session::Entity::update_many().set(changes).filter(which).filter(session::Column::RevokedAt.is_null());
    Ok(open.exec(tx).await?.rows_affected)
}
