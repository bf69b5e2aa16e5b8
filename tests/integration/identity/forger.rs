//! Makes tokens by hand, with other libraries than the one that verifies them. The right key is taken out of the
//! database with the key file, so that a token can be wrong in one thing alone.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, Mac};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::{Backend, Phr};
use uuid::Uuid;

/// What stands before a SHA-256 in a signature by RSA (RFC 8017, section 9.2, note 1).
const SHA256_PREFIX: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// A key that signs.
pub(super) enum Key {
    EdDsa(SigningKey),
    Rs256(Box<RsaPrivateKey>),
    Hs256(Vec<u8>),
}

impl Key {
    pub(super) fn sign(&self, text: &str) -> Vec<u8> {
        match self {
            Self::EdDsa(key) => key.sign(text.as_bytes()).to_bytes().to_vec(),
            Self::Hs256(secret) => hs256(secret, text),
            Self::Rs256(key) => {
                let padding = Pkcs1v15Sign { hash_len: Some(32), prefix: Box::from(SHA256_PREFIX) };
                key.sign(padding, &Sha256::digest(text)).expect("the key is large enough")
            }
        }
    }
}

pub(super) fn hs256(secret: &[u8], text: &str) -> Vec<u8> {
    let mac = <Hmac<Sha256> as Mac>::new_from_slice(secret).expect("any length will do");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

/// The newest key of a server's database, and a genuine token of the local operator's that it signed.
pub(super) struct Forger {
    pub(super) key: Key,
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) genuine: String,
}

impl Forger {
    pub(super) fn of(phr: &Phr) -> Self {
        let genuine = phr.token_for(&["--ttl", "4h"]);
        let parts: Vec<Vec<u8>> = genuine.split('.').map(decode).collect();
        let json = |part: &[u8]| serde_json::from_slice::<Value>(part).expect("JSON");
        let (header, claims) = (json(&parts[0]), json(&parts[1]));
        let secret = open(phr, header["kid"].as_str().expect("a key"));
        let key = match header["alg"].as_str().expect("an algorithm") {
            "EdDSA" => Key::EdDsa(SigningKey::from_bytes(secret[16..].try_into().expect("32 bytes after 16"))),
            "RS256" => Key::Rs256(Box::new(RsaPrivateKey::from_pkcs1_der(&secret).expect("a key"))),
            _ => Key::Hs256(secret),
        };
        Self { key, header, claims, genuine }
    }

    /// A token of these very texts, signed by the right key.
    pub(super) fn raw(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        format!("{signed}.{}", encode(self.key.sign(&signed)))
    }

    /// A token with another header, signed by the right key.
    pub(super) fn headed(&self, header: &Value) -> String {
        self.raw(&header.to_string(), &self.claims.to_string())
    }

    /// A token with other claims, signed by the right key.
    pub(super) fn claiming(&self, claims: &Value) -> String {
        self.raw(&self.header.to_string(), &claims.to_string())
    }

    /// The genuine claims under another header, signed in any way.
    pub(super) fn otherwise(&self, header: &Value, sign: impl Fn(&str) -> Vec<u8>) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(self.claims.to_string()));
        format!("{signed}.{}", encode(sign(&signed)))
    }

    /// The genuine header, with one member changed.
    pub(super) fn header_with(&self, name: &str, value: impl Into<Value>) -> Value {
        crate::patients::with(self.header.clone(), &json!({ name: value.into() }))
    }

    /// The genuine claims, with one of them changed.
    pub(super) fn claims_with(&self, name: &str, value: impl Into<Value>) -> Value {
        crate::patients::with(self.claims.clone(), &json!({ name: value.into() }))
    }
}

/// An object without one member.
pub(super) fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().expect("an object").remove(name);
    object
}

/// What the database keeps of a key, opened by the server's key file.
fn open(phr: &Phr, key: &str) -> Vec<u8> {
    let hex = match phr.backend() {
        Backend::Postgres => "encode(sealed, 'hex')",
        Backend::Sqlite => "hex(sealed)",
    };
    let sealed = format!("SELECT {hex} FROM signing_keys WHERE uuid = {}", phr.database.key(key));
    let sealed = phr.database.sql().value(&sealed);
    let sealed: Vec<u8> = (0..sealed.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&sealed[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    let file = std::fs::read_to_string(phr.database.folder().join("data/phr-local.key")).expect("the key file");
    let secret = STANDARD.decode(file.trim().strip_prefix("phr-local-key-1:").expect("a key file")).expect("base64");
    let (nonce, sealed) = sealed.split_at(12);
    let nonce: [u8; 12] = nonce.try_into().expect("12 bytes");
    let purpose = key.parse::<Uuid>().expect("a key").into_bytes();
    let cipher = Aes256Gcm::new_from_slice(&secret).expect("32 bytes");
    cipher.decrypt(&nonce.into(), Payload { msg: sealed, aad: &purpose }).expect("the right key file")
}
