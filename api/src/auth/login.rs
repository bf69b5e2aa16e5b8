use std::net::IpAddr;

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use entity::{session, user, user_secret};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::{Consistency, Transaction};
use crate::deed::{Action, Deed, Outcome};
use crate::error::{Error, FaultCode, Result};
use crate::scope::{Actor, NOBODY, Scope};

use super::authority::acting;
use super::password::{self, Verdict, check};
use super::session::{Holder, end};
use super::{Authority, Grant, one_time, second_factor};

/// What is said whatever was wrong: whether there is such a user, and whether they are locked out, is nobody's business.
pub(super) const WRONG: &str =
    "the user name or the password is wrong, or there were too many failed attempts: try again later";

/// Characters of a device's key at most.
const MAX_DEVICE: usize = 200;

/// Who signs in, and what proves it.
#[derive(Clone, InputObject)]
pub struct LoginInput {
    /// The user's name, in upper or lower case.
    pub username: String,
    /// The password; or else a one-time token.
    pub password: Option<String>,
    /// A one-time token from an administrator, which sets a new password.
    pub one_time_token: Option<String>,
    /// The new password, together with a one-time token: 12 to 256 characters.
    pub new_password: Option<String>,
    /// The code that the second factor shows, for users who have one: 6 digits.
    pub one_time_code: Option<String>,
    /// The key of the device, where the role is bound to devices.
    pub device: Option<String>,
}

/// How somebody proves who they are.
enum Proof {
    Password(String),
    Token { token: String, new_password: String },
}

/// What was found to be true of a proof, before anything is written.
struct Finding {
    is_right: bool,
    /// The hash to keep from now on, where it changes.
    new_hash: Option<String>,
    token: Option<Vec<u8>>,
}

impl Authority {
    /// Lets a user in.
    ///
    /// # Errors
    /// `Unauthenticated` for whatever proof is not good, in the same words and as late; `Rejected` for an input that
    /// lacks something; `Forbidden` outside the role's conditions; as any write.
    pub async fn login(&self, input: LoginInput, request: Uuid, origin: Option<IpAddr>) -> Result<Grant> {
        let device = device(input.device.as_deref())?;
        let proof = proof(&input)?;
        let name = input.username.trim().to_lowercase();
        // No name has control characters, and PostgreSQL does not even compare with some.
        let found = if name.chars().any(char::is_control) {
            None
        } else {
            self.user(user::Column::Username.eq(name), request).await?
        };
        let finding = self.examine(proof, found.as_ref()).await?;
        let actor = found.as_ref().map_or(NOBODY, |(user, _)| Actor(user.uuid));
        let scope = acting(actor, request, origin);
        let tx = self.0.cluster.write(&scope).await?;
        // As the user is now, and stays until the session stands: it must not have what was taken away meanwhile.
        let user = match found {
            Some((user, _)) => user::Entity::find_by_id(user.uuid).lock_exclusive().one(&tx).await?,
            None => None,
        };
        let Some(user) = user else {
            tx.rollback().await?;
            let deed = Deed::new(Action::Login, "User");
            self.0.cluster.record(&scope, vec![(deed, Outcome::Failed)]).await?;
            return Err(Error::Unauthenticated(WRONG));
        };
        let now = self.now();
        let secret = locked(&tx, user.uuid).await?;
        if !finding.is_right || !user.is_active || is_locked(&secret, now) {
            return Err(self.refuse(tx, &scope, &secret, now).await?);
        }
        let step = match self.second_factor(&secret, input.one_time_code.as_deref(), now) {
            Ok(step) => step,
            Err(Error::Unauthenticated(_)) => return Err(self.refuse(tx, &scope, &secret, now).await?),
            Err(error) => {
                tx.rollback().await?;
                return Err(error);
            }
        };
        if let Some(hash) = &finding.token {
            one_time::used(&tx, hash, now).await?;
            // Whoever knew the old password may be signed in with it.
            end(&tx, session::Column::UserId.eq(user.uuid), now).await?;
        }
        admit(&tx, &secret, finding.new_hash, step, now).await?;
        let holder = Holder { user, device, origin };
        let grant = self.begin(&tx, holder, now).await?;
        tx.commit().await?;
        if finding.token.is_some() {
            self.catch_up().await;
        }
        Ok(grant)
    }

    /// A user with what proves who they are.
    pub(super) async fn user(
        &self,
        which: impl sea_orm::sea_query::IntoCondition,
        request: Uuid,
    ) -> Result<Option<(user::Model, Option<user_secret::Model>)>> {
        let reader = self.0.cluster.read(&Scope::server(request), Consistency::Strong);
        let Some(user) = user::Entity::find().filter(which).one(&reader).await? else { return Ok(None) };
        let secret = user_secret::Entity::find_by_id(user.uuid).one(&reader).await?;
        Ok(Some((user, secret)))
    }

    async fn examine(
        &self,
        proof: Proof,
        found: Option<&(user::Model, Option<user_secret::Model>)>,
    ) -> Result<Finding> {
        match proof {
            Proof::Password(password) => {
                let hash = found.and_then(|(_, secret)| secret.as_ref()?.password_hash.clone());
                let verdict = password::verify(password.clone(), hash).await?;
                let new_hash = if verdict == Verdict::Outdated { Some(password::hash(password).await?) } else { None };
                Ok(Finding { is_right: verdict != Verdict::Wrong, new_hash, token: None })
            }
            Proof::Token { token, new_password } => {
                let new_hash = password::hash(new_password).await?;
                let hash = Sha256::digest(token).to_vec();
                let is_right = match found {
                    Some((user, _)) => self.is_good(&hash, user.uuid).await?,
                    None => false,
                };
                Ok(Finding { is_right, new_hash: Some(new_hash), token: Some(hash) })
            }
        }
    }

    /// The time step of the second factor's code, for users who have one.
    fn second_factor(
        &self,
        secret: &user_secret::Model,
        code: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>> {
        if secret.totp_confirmed_at.is_none() {
            return Ok(None);
        }
        let missing =
            || Error::rejected(FaultCode::Required, &["input", "oneTimeCode"], "the second factor's code is needed");
        let code = code.map(str::trim).filter(|code| !code.is_empty()).ok_or_else(missing)?;
        second_factor::step(&self.0.file, secret, code, now).map(Some).ok_or(Error::Unauthenticated(WRONG))
    }

    /// Counts a failed attempt, and locks the user out if it was one too many.
    pub(super) async fn refuse(
        &self,
        tx: Transaction,
        scope: &Scope,
        secret: &user_secret::Model,
        now: DateTime<Utc>,
    ) -> Result<Error> {
        let deed = Deed::new(Action::Login, "User").on(secret.user_id);
        self.0.cluster.record(scope, vec![(deed, Outcome::Failed)]).await?;
        if is_locked(secret, now) {
            // A flood must not keep its victim locked out for ever.
            tx.rollback().await?;
            return Ok(Error::Unauthenticated(WRONG));
        }
        let settings = &self.0.settings;
        let is_over = secret.locked_until.is_some();
        let failures = if is_over { 1 } else { secret.failed_logins.saturating_add(1) };
        let is_locked = u32::try_from(failures).unwrap_or(0) >= settings.lockout_failures;
        let changes = user_secret::ActiveModel {
            user_id: Set(secret.user_id),
            failed_logins: Set(failures),
            locked_until: Set(is_locked.then(|| now + settings.lockout)),
            ..user_secret::ActiveModel::default()
        };
        user_secret::Entity::update(changes).exec(&tx).await?;
        tx.commit().await?;
        tracing::warn!(user = %secret.user_id, failures, locked = is_locked, "failed login");
        Ok(Error::Unauthenticated(WRONG))
    }
}

/// The user's secrets, locked until the transaction ends; made where there are none.
pub(super) async fn locked(tx: &Transaction, user: Uuid) -> Result<user_secret::Model> {
    let find = || user_secret::Entity::find_by_id(user).lock_exclusive();
    if let Some(secret) = find().one(tx).await? {
        return Ok(secret);
    }
    let row = user_secret::ActiveModel { user_id: Set(user), ..user_secret::ActiveModel::default() };
    user_secret::Entity::insert(row).exec_without_returning(tx).await?;
    find().one(tx).await?.ok_or_else(|| Error::internal("a user's secrets vanished"))
}

pub(super) fn is_locked(secret: &user_secret::Model, now: DateTime<Utc>) -> bool {
    secret.locked_until.is_some_and(|until| now < until)
}

async fn admit(
    tx: &Transaction,
    secret: &user_secret::Model,
    new_hash: Option<String>,
    step: Option<i64>,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut changes = user_secret::ActiveModel {
        user_id: Set(secret.user_id),
        failed_logins: Set(0),
        locked_until: Set(None),
        last_login_at: Set(Some(now)),
        ..user_secret::ActiveModel::default()
    };
    if let Some(hash) = new_hash {
        changes.password_hash = Set(Some(hash));
    }
    if step.is_some() {
        changes.totp_step = Set(step);
    }
    user_secret::Entity::update(changes).exec(tx).await?;
    Ok(())
}

fn proof(input: &LoginInput) -> Result<Proof> {
    let fault = |field, message: &str| Error::rejected(FaultCode::Required, &["input", field], message);
    match (&input.password, &input.one_time_token, &input.new_password) {
        (Some(password), None, None) => Ok(Proof::Password(password.clone())),
        (None, Some(token), Some(new)) => {
            check(new, &input.username, &["input", "newPassword"])?;
            Ok(Proof::Token { token: token.trim().to_owned(), new_password: new.clone() })
        }
        (None, Some(_), None) => Err(fault("newPassword", "a one-time token sets a new password")),
        (None, None, _) => Err(fault("password", "give the password, or a one-time token")),
        (Some(_), ..) => Err(Error::rejected(
            FaultCode::InvalidFormat,
            &["input", "password"],
            "give either the password, or a one-time token with a new password",
        )),
    }
}

/// SHA-256 of a device's key, in hexadecimal.
fn device(key: Option<&str>) -> Result<Option<String>> {
    let Some(key) = key.filter(|key| !key.is_empty()) else { return Ok(None) };
    if key.chars().count() > MAX_DEVICE {
        let message = format!("has {MAX_DEVICE} characters at most");
        return Err(Error::rejected(FaultCode::TooLong, &["input", "device"], message));
    }
    Ok(Some(Sha256::digest(key).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))))
}
