use std::borrow::Cow;
use std::sync::LazyLock;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::Rules as _;
use tokio::sync::Semaphore;

use crate::error::{Error, FaultCode, FaultParams, Result};

/// Characters of a password at least (NIST SP 800-63B, section 5.1.1.2, asks for 8).
pub(super) const MIN_LENGTH: usize = 12;
/// Characters of a password at most: hashing more would only cost time.
pub(super) const MAX_LENGTH: usize = 256;
/// Passwords that are hashed at the same time. Each takes 19 MiB: a flood of logins waits instead of filling the memory.
const AT_ONCE: usize = 2;

/// How a hash by bcrypt begins, of whatever revision.
const BCRYPT: &str = "$2";

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// A hash of no password: who does not exist takes as long to refuse as who does.
static NOBODYS: LazyLock<String> = LazyLock::new(|| {
    hash_now("a password that nobody has").unwrap_or_else(|_| "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAA$AAAA".into())
});

/// What a hash says of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not the password.
    Wrong,
    /// The password.
    Right,
    /// The password, hashed in another way than now: to be hashed anew.
    Outdated,
}

/// Argon2id, with the first of the parameters that OWASP's Password Storage Cheat Sheet recommends: 19 MiB, 2 passes.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

fn hash_now(password: &str) -> Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = hasher().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
}

/// Hashes a password, in its turn.
pub(super) async fn hash(password: String) -> Result<String> {
    in_turn(move || hash_now(&prepared(&password))).await?
}

/// A password as it is kept and compared, however a keyboard writes it: with one kind of spaces, and composed, by the rules
/// of the profile `OpaqueString` (RFC 8265, section 4.2). Characters that the profile's tables do not know, such as newer
/// emoji, stay as they are.
fn prepared(password: &str) -> String {
    let profile = OpaqueString::new();
    let mapped = profile.additional_mapping_rule(password).and_then(|text| profile.normalization_rule(text));
    mapped.map_or_else(|_| password.to_owned(), Cow::into_owned)
}

/// Compares a password with a hash, or with none: as it is prepared, and if that is something else, as it was typed too,
/// which is how older hashes were made. The work tells nothing of the hash: for each form it is one Argon2id in any case,
/// and one bcrypt besides wherever there is a hash of that kind, `brought` being that of anybody.
pub(super) async fn verify(password: String, hash: Option<String>, brought: Option<String>) -> Result<Verdict> {
    in_turn(move || {
        let prepared = prepared(&password);
        let verdict = compare(&prepared, hash.as_deref(), brought.as_deref());
        if prepared == password {
            return verdict;
        }
        match (verdict, compare(&password, hash.as_deref(), brought.as_deref())) {
            (Verdict::Wrong, Verdict::Right | Verdict::Outdated) => Verdict::Outdated,
            _ => verdict,
        }
    })
    .await
}

fn compare(password: &str, hash: Option<&str>, brought: Option<&str>) -> Verdict {
    let (own, old, is_old) = match hash {
        Some(hash) if hash.starts_with(BCRYPT) => (None, Some(hash), true),
        hash => (hash, brought, false),
    };
    let is_own = is_argon2(password, own.unwrap_or(&NOBODYS)) && own.is_some();
    let is_olds = old.is_some_and(|old| is_bcrypt(password, old)) && is_old;
    match (is_own, is_olds) {
        (true, _) => Verdict::Right,
        (_, true) => Verdict::Outdated,
        _ => Verdict::Wrong,
    }
}

fn is_argon2(password: &str, hash: &str) -> bool {
    tracing::trace!("a password is compared by Argon2id");
    PasswordHash::new(hash).is_ok_and(|parsed| hasher().verify_password(password.as_bytes(), &parsed).is_ok())
}

fn is_bcrypt(password: &str, hash: &str) -> bool {
    tracing::trace!("a password is compared by bcrypt");
    bcrypt::verify(password, hash).unwrap_or(false)
}

/// Whether a password may be that user's.
///
/// # Errors
/// `Rejected`, with what is wrong.
pub(super) fn check(password: &str, username: &str, path: &[&str]) -> Result<()> {
    if password.chars().any(char::is_control) {
        return Err(Error::rejected(FaultCode::InvalidFormat, path, "a password has no control characters"));
    }
    let length = prepared(password).chars().count();
    if length < MIN_LENGTH {
        let message = format!("a password has {MIN_LENGTH} characters at least");
        return Err(Error::rejected(FaultCode::TooShort, path, message).with(&FaultParams::at_least(MIN_LENGTH)));
    }
    if length > MAX_LENGTH {
        let message = format!("a password has {MAX_LENGTH} characters at most");
        return Err(Error::rejected(FaultCode::TooLong, path, message).with(&FaultParams::at_most(MAX_LENGTH)));
    }
    if password.to_lowercase() == username.trim().to_lowercase() {
        return Err(Error::rejected(FaultCode::InvalidFormat, path, "a password differs from the user's name"));
    }
    Ok(())
}

/// Whether a password may be that user's.
///
/// # Errors
/// `Rejected`, with what is wrong.
pub fn check_password(password: &str, username: &str) -> Result<()> {
    check(password, username, &["password"])
}

/// The turn lasts as long as the work, which goes on when whoever asked for it has hung up.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let turn = TURNS.acquire().await.map_err(Error::internal)?;
    let in_turn = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(in_turn).await.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_of_either_kind() {
        let own = hash("correct horse battery".to_owned()).await.unwrap();
        assert!(own.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{own}");
        let brought = bcrypt::hash("correct horse battery", 4).unwrap();
        for (hash, verdict) in [(&own, Verdict::Right), (&brought, Verdict::Outdated)] {
            let judge = |password: &str| verify(password.to_owned(), Some(hash.clone()), None);
            assert_eq!(judge("correct horse battery").await.unwrap(), verdict);
            assert_eq!(judge("correct horse batterz").await.unwrap(), Verdict::Wrong);
            assert_eq!(judge("").await.unwrap(), Verdict::Wrong);
        }
        assert_eq!(
            verify("a password that nobody has".to_owned(), None, Some(brought.clone())).await.unwrap(),
            Verdict::Wrong
        );
        assert_eq!(verify("x".to_owned(), Some("nonsense".to_owned()), None).await.unwrap(), Verdict::Wrong);
        // Anybody's old password is nobody else's.
        let brought = Some(brought);
        assert_eq!(verify("correct horse battery".to_owned(), None, brought).await.unwrap(), Verdict::Wrong);
    }
    #[tokio::test]
    async fn who_hangs_up_does_not_let_the_next_one_in() {
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let wait = std::sync::Arc::new(parking_lot::Mutex::new(wait));
        for _ in 0..AT_ONCE {
            let (begun, wait) = (begun.clone(), std::sync::Arc::clone(&wait));
            let asking = tokio::spawn(in_turn(move || {
                begun.send(()).unwrap();
                wait.lock().recv().unwrap();
            }));
            begins.recv().await.unwrap();
            asking.abort();
            assert!(asking.await.unwrap_err().is_cancelled());
        }
        assert_eq!(TURNS.available_permits(), 0, "both are at work still");
        for _ in 0..AT_ONCE {
            go_on.send(()).unwrap();
        }
        drop(TURNS.acquire_many(u32::try_from(AT_ONCE).unwrap()).await.unwrap());
    }
}
