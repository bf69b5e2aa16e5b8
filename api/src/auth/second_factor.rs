use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore as _;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use entity::{session, user, user_secret};
use sea_orm::{ColumnTrait, EntityTrait, Set};
use totp_rs::{Algorithm, TOTP};
use uuid::Uuid;

use crate::database::Transaction;
use crate::error::{Error, FaultCode, Result, Unauthenticated};
use crate::scope::Scope;

use super::login::locked;
use super::password::{self, Verdict};
use super::session::{changed, end, own_session};
use super::{Authority, KeyFile};

/// Digits of a code, and seconds that one lasts: the defaults of RFC 6238, and all that most authenticators know.
const DIGITS: usize = 6;
const STEP: u64 = 30;
/// How many codes before and after the present one are good too, for clocks that differ.
const SKEW: i64 = 1;
/// Bytes of a secret (RFC 4226, section 4, recommends 160 bits).
const SECRET: usize = 20;

/// What an authenticator is set up with. No code is asked for before one was confirmed.
#[derive(Clone, SimpleObject)]
#[graphql(name = "SecondFactorEnrolment")]
pub struct Enrolment {
    /// The secret in base 32, to be typed.
    pub secret: String,
    /// The same as an `otpauth:` URL, to be shown as a QR code.
    pub url: String,
}

fn purpose(user: Uuid) -> Vec<u8> {
    [b"totp".as_slice(), user.as_bytes()].concat()
}

fn generator(secret: Vec<u8>, account: &str) -> Result<TOTP> {
    let account = account.replace(':', " ");
    TOTP::new(Algorithm::SHA1, DIGITS, 0, STEP, secret, Some("phr".to_owned()), account)
        .map_err(|error| Error::internal(error.to_string()))
}

/// The time step of a code, if it is a right one that was not used before.
pub(super) fn step(file: &KeyFile, secret: &user_secret::Model, code: &str, now: DateTime<Utc>) -> Option<i64> {
    let sealed = secret.totp_secret.as_deref()?;
    let codes = generator(file.open(&purpose(secret.user_id), sealed)?, "user").ok()?;
    let present = now.timestamp() / i64::try_from(STEP).ok()?;
    let is_new = |step: &i64| secret.totp_step.is_none_or(|last| *step > last);
    (present - SKEW..=present + SKEW).filter(is_new).find(|step| {
        let time = u64::try_from(*step).unwrap_or(0) * STEP;
        same(codes.generate(time).as_bytes(), code.as_bytes())
    })
}

/// A code as it was typed, without the spaces and hyphens that authenticators show in it.
pub(super) fn plain(code: &str) -> String {
    let is_gap = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    code.chars().filter(|letter| !is_gap(*letter)).collect()
}

/// Compares without telling by its time how much was right.
fn same(own: &[u8], given: &[u8]) -> bool {
    own.len() == given.len() && own.iter().zip(given).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

impl Authority {
    /// Makes a secret for the caller's authenticator. It replaces one that was not confirmed yet.
    ///
    /// # Errors
    /// `Unauthenticated`; `Rejected` when the caller has a second factor already; as any write.
    pub async fn enrol_second_factor(&self, scope: &Scope) -> Result<Enrolment> {
        own_session(scope)?;
        let found = self.user(user::Column::Uuid.eq(scope.actor.0), scope.request).await?;
        let (user, _) = found.ok_or(Unauthenticated::SessionEnded)?;
        let mut secret = vec![0; SECRET];
        OsRng.fill_bytes(&mut secret);
        let codes = generator(secret.clone(), &user.username)?;
        let sealed = self.0.file.seal(&purpose(user.uuid), &secret);
        let sealed = sealed.ok_or_else(|| Error::internal("a secret could not be sealed"))?;
        let tx = self.1.write(scope).await?;
        if locked(&tx, user.uuid).await?.totp_confirmed_at.is_some() {
            tx.rollback().await?;
            let message = "you have a second factor already: remove it first";
            return Err(Error::rejected(FaultCode::InvalidState, &[], message));
        }
        let changes = user_secret::ActiveModel {
            user_id: Set(user.uuid),
            totp_secret: Set(Some(sealed)),
            totp_step: Set(None),
            ..user_secret::ActiveModel::default()
        };
        user_secret::Entity::update(changes).exec(&tx).await?;
        tx.note(changed(scope.actor.0, "second_factor"));
        tx.commit().await?;
        Ok(Enrolment { secret: codes.get_secret_base32(), url: codes.get_url() })
    }

    /// From now on the caller signs in with a code as well.
    ///
    /// # Errors
    /// `Unauthenticated`; `Rejected` for a wrong code, or without an enrolment; as any write.
    pub async fn confirm_second_factor(&self, scope: &Scope, code: &str) -> Result<()> {
        own_session(scope)?;
        let now = self.now();
        let tx = self.1.write(scope).await?;
        let secret = locked(&tx, scope.actor.0).await?;
        let Some(step) = step(&self.0.file, &secret, &plain(code), now) else {
            tx.rollback().await?;
            let message = "this is not the code that the second factor shows now";
            return Err(Error::rejected(FaultCode::InvalidFormat, &["input", "oneTimeCode"], message));
        };
        let changes = user_secret::ActiveModel {
            user_id: Set(secret.user_id),
            totp_confirmed_at: Set(Some(now)),
            totp_step: Set(Some(step)),
            ..user_secret::ActiveModel::default()
        };
        user_secret::Entity::update(changes).exec(&tx).await?;
        tx.note(changed(scope.actor.0, "second_factor"));
        tx.commit().await
    }

    /// From now on the caller signs in with the password alone.
    ///
    /// # Errors
    /// `Unauthenticated` when the password is wrong; as any write.
    pub async fn remove_second_factor(&self, scope: &Scope, password: String) -> Result<()> {
        own_session(scope)?;
        let found = self.user(user::Column::Uuid.eq(scope.actor.0), scope.request).await?;
        let (user, secret) = found.ok_or(Unauthenticated::SessionEnded)?;
        let hash = secret.and_then(|secret| secret.password_hash);
        let verdict = password::verify(password, hash.clone(), None).await?;
        let now = self.now();
        let tx = self.1.write(scope).await?;
        let secret = locked(&tx, scope.actor.0).await?;
        let attempts = self.attempts(&tx, &user.username, now).await?;
        if verdict == Verdict::Wrong || secret.password_hash != hash || attempts.are_too_many() {
            let why = attempts.refusal();
            return Err(self.refuse(tx, scope, &attempts, changed(scope.actor.0, "second_factor"), why).await?);
        }
        remove(&tx, secret.user_id).await?;
        tx.note(changed(scope.actor.0, "second_factor"));
        tx.commit().await
    }

    /// Takes the second factor from a user who has lost it, and ends their sessions. Nobody does so to themself: whoever
    /// has taken over a session is not to get rid of it without the password.
    ///
    /// # Errors
    /// `Forbidden`; `Rejected` when there is no such user whom the caller manages, or no second factor; as any write.
    pub async fn reset_second_factor(&self, scope: &Scope, user: Uuid) -> Result<()> {
        let path = ["input", "userUuid"];
        let user = self.managed(scope, user, &path).await?.uuid;
        let refused = |message| Error::rejected(FaultCode::InvalidState, &path, message);
        if user == scope.actor.0 {
            return Err(refused("your own is removed by removeSecondFactor, with your password"));
        }
        let tx = self.1.write(scope).await?;
        if locked(&tx, user).await?.totp_secret.is_none() {
            tx.rollback().await?;
            return Err(refused("this user has no second factor"));
        }
        remove(&tx, user).await?;
        end(&tx, session::Column::UserId.eq(user), self.now()).await?;
        tx.note(changed(user, "second_factor"));
        tx.commit().await?;
        self.catch_up().await;
        Ok(())
    }
}

async fn remove(tx: &Transaction, user: Uuid) -> Result<()> {
    let changes = user_secret::ActiveModel {
        user_id: Set(user),
        totp_secret: Set(None),
        totp_confirmed_at: Set(None),
        totp_step: Set(None),
        ..user_secret::ActiveModel::default()
    };
    user_secret::Entity::update(changes).exec(tx).await?;
    Ok(())
}
