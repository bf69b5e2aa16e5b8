use std::borrow::Cow;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::entry::{Entry, Hash};
use super::form::Form;

/// What the first entry of a chain follows.
pub(super) const BEGINNING: Hash = [0; 32];

/// Begins every entry's bytes, so that they are nothing else's, and names their form.
const fn beginning(form: Form) -> &'static [u8] {
    match form {
        Form::First => b"phr audit entry 1",
        Form::Second => b"phr audit entry 2",
    }
}

impl Entry {
    /// SHA-256 of the previous hash and everything else that the entry's row has but its own hash, in the entry's form.
    ///
    /// Each value is preceded by its length in bytes, in 32 bits, and an unknown one stands as a length that no value has:
    /// no two different entries have the same bytes.
    pub(super) fn digest(&self) -> Hash {
        let common = &self.common;
        let mut bytes = Bytes(Vec::with_capacity(512 + 16 * self.patient_ids.len()));
        bytes.0.extend_from_slice(beginning(common.form));
        bytes.0.extend_from_slice(&self.previous_hash);
        bytes.0.extend_from_slice(self.uuid.as_bytes());
        bytes.0.extend_from_slice(common.instance.as_bytes());
        bytes.0.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.0.extend_from_slice(&common.occurred_at.timestamp_micros().to_be_bytes());
        bytes.0.extend_from_slice(common.actor_id.as_bytes());
        bytes.value(Some(common.role.as_bytes()));
        bytes.key(common.session_id);
        bytes.key(common.institution_id);
        bytes.key(common.grant_id);
        bytes.value(common.origin.as_deref().map(str::as_bytes));
        bytes.0.extend_from_slice(common.request_id.as_bytes());
        bytes.value(Some(common.action.as_bytes()));
        bytes.value(Some(common.resource.as_bytes()));
        bytes.key(self.resource_id);
        bytes.value(self.version.map(i32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
        bytes.key(self.resource_institution_id);
        match common.form {
            Form::First => bytes.key(self.patient_id),
            Form::Second => bytes.keys(&self.patient_ids),
        }
        bytes.texts(Some(&common.fields));
        bytes.value(Some(common.outcome.as_bytes()));
        bytes.number(self.settles);
        if common.form == Form::Second {
            bytes.texts(common.operators.as_deref());
            bytes.number(common.matched);
            bytes.value(common.query.as_ref().map(|query| query.0.as_slice()));
        }
        Sha256::digest(&bytes.0).into()
    }
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn value(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => {
                self.0.extend_from_slice(&length(value.len()));
                self.0.extend_from_slice(value);
            }
            None => self.0.extend_from_slice(&[0xff; 4]),
        }
    }

    fn key(&mut self, key: Option<Uuid>) {
        self.value(key.as_ref().map(|key| key.as_bytes().as_slice()));
    }

    fn number(&mut self, number: Option<i64>) {
        self.value(number.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
    }

    /// Their number and each of them; none are unknown, as the table keeps them.
    fn keys(&mut self, keys: &[Uuid]) {
        if keys.is_empty() {
            return self.value(None);
        }
        self.0.extend_from_slice(&length(keys.len()));
        for key in keys {
            self.0.extend_from_slice(key.as_bytes());
        }
    }

    fn texts(&mut self, texts: Option<&[Cow<'static, str>]>) {
        let Some(texts) = texts else { return self.value(None) };
        self.0.extend_from_slice(&length(texts.len()));
        for text in texts {
            self.value(Some(text.as_bytes()));
        }
    }
}

/// No value of an entry comes near four gigabytes.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX - 1).to_be_bytes()
}
