use std::sync::LazyLock;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, FaultCode, Result};

/// Characters of a password at least (NIST SP 800-63B, section 5.1.1.2, asks for 8).
pub(super) const MIN_LENGTH: usize = 12;
/// Characters of a password at most: hashing more would only cost time.
pub(super) const MAX_LENGTH: usize = 256;
/// Passwords that are hashed at the same time. Each takes 19 MiB: a flood of logins waits instead of filling the memory.
const AT_ONCE: usize = 2;

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
    /// The password, in an older notation: to be hashed anew.
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
    in_turn(move || hash_now(&password)).await?
}

/// Compares a password with a hash; without one it takes as long and says no.
pub(super) async fn verify(password: String, hash: Option<String>) -> Result<Verdict> {
    in_turn(move || {
        if let Some(hash) = hash {
            return judge(&password, &hash);
        }
        judge(&password, &NOBODYS);
        Verdict::Wrong
    })
    .await
}

fn judge(password: &str, hash: &str) -> Verdict {
    if hash.starts_with("$2") {
        return if bcrypt::verify(password, hash).unwrap_or(false) { Verdict::Outdated } else { Verdict::Wrong };
    }
    match PasswordHash::new(hash) {
        Ok(parsed) if hasher().verify_password(password.as_bytes(), &parsed).is_ok() => Verdict::Right,
        _ => Verdict::Wrong,
    }
}

/// Whether a password may be that user's.
///
/// # Errors
/// `Rejected`, with what is wrong.
pub(super) fn check(password: &str, username: &str, path: &[&str]) -> Result<()> {
    let length = password.chars().count();
    if length < MIN_LENGTH {
        let message = format!("a password has {MIN_LENGTH} characters at least");
        return Err(Error::rejected(FaultCode::TooShort, path, message));
    }
    if length > MAX_LENGTH {
        return Err(Error::rejected(
            FaultCode::TooLong,
            path,
            format!("a password has {MAX_LENGTH} characters at most"),
        ));
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

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _turn = TURNS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
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
            let judge = |password: &str| verify(password.to_owned(), Some(hash.clone()));
            assert_eq!(judge("correct horse battery").await.unwrap(), verdict);
            assert_eq!(judge("correct horse batterz").await.unwrap(), Verdict::Wrong);
            assert_eq!(judge("").await.unwrap(), Verdict::Wrong);
        }
        assert_eq!(verify("a password that nobody has".to_owned(), None).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify("x".to_owned(), Some("nonsense".to_owned())).await.unwrap(), Verdict::Wrong);
    }
}
