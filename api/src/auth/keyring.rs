use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::signing_key::{ActiveModel, Column, Entity, Model};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use uuid::Uuid;

use crate::error::{Error, Result};

use super::KeyFile;
use super::seal::Seal;
use super::token::{Signer, Verifier};

/// Bits of an RSA key (NIST SP 800-57, part 1, table 4, allows 2048 until 2030).
const RSA_BITS: usize = 3072;
/// What stands before the 32 bytes of a private key in PKCS #8 (RFC 8410, section 7).
const ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SigningAlgorithm {
    /// Ed25519 (RFC 8037).
    #[default]
    #[value(name = "EdDSA")]
    EdDsa,
    /// RSA with SHA-256 (RFC 7518, section 3.3).
    #[value(name = "RS256")]
    Rs256,
    /// A shared secret with SHA-256 (RFC 7518, section 3.2): nobody but these servers can verify such tokens.
    #[value(name = "HS256")]
    Hs256,
}

impl SigningAlgorithm {
    const ALL: [Self; 3] = [Self::EdDsa, Self::Rs256, Self::Hs256];

    /// As the database and tokens write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    const fn jwt(self) -> Algorithm {
        match self {
            Self::EdDsa => Algorithm::EdDSA,
            Self::Rs256 => Algorithm::RS256,
            Self::Hs256 => Algorithm::HS256,
        }
    }

    /// A new private key or secret.
    fn generate(self) -> Result<Vec<u8>> {
        use aes_gcm::aead::rand_core::RngCore as _;
        let mut random = [0; 32];
        aes_gcm::aead::OsRng.fill_bytes(&mut random);
        Ok(match self {
            Self::EdDsa => [&ED25519_PREFIX[..], &random].concat(),
            Self::Hs256 => random.to_vec(),
            Self::Rs256 => {
                let key = rsa::RsaPrivateKey::new(&mut aes_gcm::aead::OsRng, RSA_BITS).map_err(Error::internal)?;
                key.to_pkcs1_der().map_err(Error::internal)?.as_bytes().to_vec()
            }
        })
    }

    fn encoding_key(self, secret: &[u8]) -> EncodingKey {
        match self {
            Self::EdDsa => EncodingKey::from_ed_der(secret),
            Self::Rs256 => EncodingKey::from_rsa_der(secret),
            Self::Hs256 => EncodingKey::from_secret(secret),
        }
    }
}

/// The keys of a database's servers, as they were when they were read.
#[derive(Default)]
pub(super) struct Keyring {
    pub(super) signer: Option<Signer>,
    verifiers: HashMap<Uuid, Verifier>,
    published: Vec<Jwk>,
    /// Keys that another key file sealed.
    pub(super) foreign: usize,
    /// The fingerprints of those key files.
    pub(super) sealers: BTreeSet<String>,
}

impl Keyring {
    pub(super) fn verifier(&self, key: Uuid) -> Option<&Verifier> {
        self.verifiers.get(&key)
    }

    /// The public keys, for whoever else verifies tokens (RFC 7517).
    pub(super) fn published(&self) -> JwkSet {
        JwkSet { keys: self.published.clone() }
    }

    /// The keys that are not revoked.
    pub(super) async fn read(database: &impl ConnectionTrait, file: &KeyFile) -> Result<Self> {
        let rows =
            Entity::find().filter(Column::RevokedAt.is_null()).order_by_asc(Column::CreatedAt).all(database).await?;
        let mut ring = Self::default();
        for row in rows {
            if ring.take_in(&row, file).is_none() {
                ring.foreign += 1;
                ring.sealers.insert(row.sealed_by);
            }
        }
        Ok(ring)
    }

    fn take_in(&mut self, row: &Model, file: &KeyFile) -> Option<()> {
        let algorithm = SigningAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == row.algorithm)?;
        let secret = file.open(row.uuid.as_bytes(), &row.sealed)?;
        let encoding = algorithm.encoding_key(&secret);
        let key = if algorithm == SigningAlgorithm::Hs256 {
            DecodingKey::from_secret(&secret)
        } else {
            let mut jwk = Jwk::from_encoding_key(&encoding, algorithm.jwt()).ok()?;
            jwk.common.key_id = Some(row.uuid.to_string());
            jwk.common.public_key_use = Some(PublicKeyUse::Signature);
            jwk.common.key_algorithm = Some(KeyAlgorithm::from(algorithm.jwt()));
            let key = DecodingKey::from_jwk(&jwk).ok()?;
            self.published.push(jwk);
            key
        };
        self.verifiers.insert(row.uuid, Verifier { algorithm: algorithm.jwt(), key, seal: Seal::derived(&secret)? });
        if row.retired_at.is_none() {
            // The newest of those that may sign: rows come the oldest first.
            self.signer = Some(Signer { key: row.uuid, algorithm: algorithm.jwt(), secret: encoding });
        }
        Some(())
    }
}

/// Makes a key that signs from now on.
pub(super) async fn generate(
    database: &impl ConnectionTrait,
    file: Arc<KeyFile>,
    algorithm: SigningAlgorithm,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    // Finding the primes of an RSA key takes seconds.
    let secret = tokio::task::spawn_blocking(move || algorithm.generate()).await.map_err(Error::internal)??;
    let uuid = Uuid::new_v4();
    let sealed = file.seal(uuid.as_bytes(), &secret).ok_or_else(|| Error::internal("a key could not be sealed"))?;
    let row = ActiveModel {
        uuid: Set(uuid),
        algorithm: Set(algorithm.name().to_owned()),
        sealed: Set(sealed),
        sealed_by: Set(file.fingerprint().to_owned()),
        created_at: Set(now),
        retired_at: Set(None),
        revoked_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(database).await?;
    Ok(uuid)
}

/// Lets every other key sign no longer.
pub(super) async fn retire_others(database: &impl ConnectionTrait, own: Uuid, now: DateTime<Utc>) -> Result<()> {
    let changes = ActiveModel { retired_at: Set(Some(now)), ..ActiveModel::default() };
    let others = Column::Uuid.ne(own).and(Column::RetiredAt.is_null());
    Entity::update_many().set(changes).filter(others).exec(database).await?;
    Ok(())
}

/// Lets nothing be good that any other key has signed.
pub(super) async fn revoke_others(database: &impl ConnectionTrait, own: Uuid, now: DateTime<Utc>) -> Result<()> {
    let changes = ActiveModel { retired_at: Set(Some(now)), revoked_at: Set(Some(now)), ..ActiveModel::default() };
    let others = Column::Uuid.ne(own).and(Column::RevokedAt.is_null());
    Entity::update_many().set(changes).filter(others).exec(database).await?;
    Ok(())
}
