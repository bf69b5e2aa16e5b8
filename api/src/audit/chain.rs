use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::entry::{Entry, Hash};

/// What the first entry of a chain follows.
pub(super) const BEGINNING: Hash = [0; 32];

/// Begins every entry's bytes, so that they are nothing else's, and names their form.
const FORM: &[u8] = b"phr audit entry 1";

impl Entry {
    /// SHA-256 of the previous hash and everything else that the entry's row has but its own hash.
    ///
    /// Each value is preceded by its length in bytes, in 32 bits, and an unknown one stands as a length that no value has:
    /// no two different entries have the same bytes.
    pub(super) fn digest(&self) -> Hash {
        let common = &self.common;
        let mut bytes = Bytes(Vec::with_capacity(512));
        bytes.0.extend_from_slice(FORM);
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
        bytes.key(self.patient_id);
        bytes.0.extend_from_slice(&length(common.fields.len()));
        for field in &common.fields {
            bytes.value(Some(field.as_bytes()));
        }
        bytes.value(Some(common.outcome.as_bytes()));
        bytes.value(self.settles.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
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
}

/// No value of an entry comes near four gigabytes.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX - 1).to_be_bytes()
}
