use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{session, user, user_secret};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::database::{Consistency, Transaction};
use crate::deed::{Action, Deed, Outcome};
use crate::error::{Error, Result, Unauthenticated};
use crate::scope::{Actor, Boundary, NOBODY, Scope};

use super::authority::acting;
use super::lockout::Attempts;
use super::password::{self, Verdict};
use super::proof::{LoginInput, Proof, device, proof};
use super::session::{Holder, changed, end};
use super::{Authority, Grant, one_time, second_factor};

/// A refused login is answered at a full step after it came, so that the moment does not tell what was done meanwhile:
/// somebody's secrets are locked before their failures are counted, and nobody has any. That takes a fraction of a step.
const STEP: Duration = Duration::from_millis(250);

/// What was found to be true of a proof, before anything is written.
struct Finding {
    is_right: bool,
    /// The hash that a password was compared with.
    judged: Option<String>,
    /// The hash to keep from now on, where it changes.
    new_hash: Option<String>,
    token: Option<Vec<u8>>,
}

impl Finding {
    /// Whether it is true of the secrets as they are now, locked: the hash may have changed while the password waited for
    /// its turn to be compared.
    fn holds(&self, secret: &user_secret::Model) -> bool {
        self.is_right && (self.token.is_some() || self.judged == secret.password_hash)
    }
}

impl Authority {
    /// Lets a user in.
    ///
    /// # Errors
    /// `Unauthenticated` for whatever proof is not good, in the same words and as late whether or not there is such a
    /// user; `Rejected` for an input that lacks something; `Forbidden` outside the role's conditions; as any write.
    pub async fn login(&self, input: LoginInput, request: Uuid, origin: Option<IpAddr>) -> Result<Grant> {
        let came = Instant::now();
        let result = self.admit(input, request, origin).await;
        if matches!(result, Err(Error::Unauthenticated(_))) {
            let steps = 1 + came.elapsed().as_millis() / STEP.as_millis();
            sleep_until(came + STEP * u32::try_from(steps).unwrap_or(u32::MAX)).await;
        }
        result
    }

    async fn admit(&self, input: LoginInput, request: Uuid, origin: Option<IpAddr>) -> Result<Grant> {
        let device = device(input.device.as_deref())?;
        let proof = proof(&input)?;
        let name = login_name(&input.username);
        // No name has control characters, and PostgreSQL does not even compare with some.
        let found = if name.chars().any(char::is_control) {
            None
        } else {
            self.user(user::Column::Username.eq(name.as_str()), request).await?
        };
        let finding = self.examine(proof, found.as_ref()).await?;
        let actor = found.as_ref().map_or(NOBODY, |(user, _)| Actor(user.uuid));
        let institution = found.as_ref().and_then(|(user, _)| user.institution_id);
        let scope = acting(actor, institution, request, origin);
        let tx = self.1.write_within(&scope, Boundary::All).await?;
        // As the user is now, and stays until the session stands: it must not have what was taken away meanwhile.
        let user = match found {
            Some((user, _)) => user::Entity::find_by_id(user.uuid).lock_exclusive().one(&tx).await?,
            None => None,
        };
        let secret = match &user {
            Some(user) => Some(locked(&tx, user.uuid).await?),
            None => None,
        };
        let now = self.now();
        let attempts = self.attempts(&tx, &name, now).await?;
        let tried = Deed { key: user.as_ref().map(|user| user.uuid), ..Deed::new(Action::Login, "User") };
        // A one-time token cannot be guessed: whoever keeps somebody locked out with wrong passwords does not stop it.
        let is_token = finding.token.is_some();
        let is_locked_out = attempts.are_too_many() && !is_token;
        let admitted = user.zip(secret).filter(|(user, secret)| finding.holds(secret) && user.is_active);
        let Some((user, secret)) = admitted.filter(|_| !is_locked_out) else {
            let why = if is_token { Unauthenticated::InvalidCredentials } else { attempts.refusal() };
            return Err(self.refuse(tx, &scope, &attempts, tried, why).await?);
        };
        let step = match self.second_factor(&secret, input.one_time_code.as_deref(), now) {
            Ok(step) => step,
            // Who knows the password and lacks the code may be trying passwords: it counts until the code follows.
            Err(why) => {
                // What no lock stops must not be a way to try every code.
                let is_guess = why == Unauthenticated::SecondFactorInvalid && attempts.are_too_many();
                if let Some(hash) = finding.token.filter(|_| is_guess) {
                    one_time::used(&tx, &hash, now).await?;
                }
                let tried = Deed { fields: ["second_factor".into()].into(), ..tried };
                return Err(self.refuse(tx, &scope, &attempts, tried, why).await?);
            }
        };
        if let Some(hash) = &finding.token {
            one_time::used(&tx, hash, now).await?;
            tx.note(changed(user.uuid, "password"));
            // Whoever knew the old password may be signed in with it.
            end(&tx, session::Column::UserId.eq(user.uuid), now).await?;
        }
        note_admission(&tx, &secret, finding.new_hash, step, now).await?;
        attempts.forgive(&tx, origin).await?;
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
                let brought = self.brought().await?;
                let verdict = password::verify(password.clone(), hash.clone(), brought).await?;
                let new_hash = if verdict == Verdict::Outdated { Some(password::hash(password).await?) } else { None };
                Ok(Finding { is_right: verdict != Verdict::Wrong, judged: hash, new_hash, token: None })
            }
            Proof::Token { token, new_password } => {
                let new_hash = password::hash(new_password).await?;
                let hash = Sha256::digest(token).to_vec();
                let is_right = match found {
                    Some((user, _)) => self.is_good(&hash, user.uuid).await?,
                    None => false,
                };
                Ok(Finding { is_right, judged: None, new_hash: Some(new_hash), token: Some(hash) })
            }
        }
    }

    /// Somebody's hash that was brought from elsewhere, where there are any still.
    async fn brought(&self) -> Result<Option<String>> {
        let reader = self.0.cluster.read(&Scope::server(Uuid::nil()), Consistency::Strong);
        let hashes = user_secret::Entity::find()
            .select_only()
            .column(user_secret::Column::PasswordHash)
            // As the index has it that finds them.
            .filter(Expr::cust("password_hash LIKE '$2%'"))
            .limit(1);
        Ok(hashes.into_tuple::<Option<String>>().one(&reader).await?.flatten())
    }

    /// The time step of the second factor's code, for users who have one.
    fn second_factor(
        &self,
        secret: &user_secret::Model,
        code: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, Unauthenticated> {
        if secret.totp_confirmed_at.is_none() {
            return Ok(None);
        }
        let code = code.map(second_factor::plain).filter(|code| !code.is_empty());
        let code = code.ok_or(Unauthenticated::SecondFactorRequired)?;
        let step = second_factor::step(&self.0.file, secret, &code, now);
        step.map(Some).ok_or(Unauthenticated::SecondFactorInvalid)
    }

    /// Counts a failed attempt to prove who one is; counted it is also when it cannot be put on record. Returns why it
    /// failed.
    pub(super) async fn refuse(
        &self,
        tx: Transaction,
        scope: &Scope,
        attempts: &Attempts,
        deed: Deed,
        why: Unauthenticated,
    ) -> Result<Error> {
        attempts.count(&tx, scope.origin).await?;
        tx.commit().await?;
        let user = deed.key;
        let recorded = self.0.cluster.record(scope, vec![(deed, Outcome::Failed)]).await;
        tracing::warn!(user = user.map(tracing::field::display), code = why.code(), "failed login");
        recorded?;
        Ok(why.into())
    }
}

/// The name by which a user is looked up. Users who had a name before such names were refused sign in by it still.
pub(super) fn login_name(text: &str) -> String {
    user::normal_name(text).unwrap_or_else(|| text.trim().to_lowercase())
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

async fn note_admission(
    tx: &Transaction,
    secret: &user_secret::Model,
    new_hash: Option<String>,
    step: Option<i64>,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut changes = user_secret::ActiveModel {
        user_id: Set(secret.user_id),
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
