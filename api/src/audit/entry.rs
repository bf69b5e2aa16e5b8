use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::ActiveEnum;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{Builder, Uuid};

use crate::deed::{Deed, Outcome};
use crate::instant::written;
use crate::scope::{Boundary, Scope};

use super::chain::BEGINNING;
use super::form::Form;
use super::sealing::Sealed;

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// Who does something, in which request.
#[derive(Clone, Debug)]
pub(super) struct Who {
    actor: Uuid,
    role: String,
    session: Option<Uuid>,
    institution: Option<Uuid>,
    grant: Option<Uuid>,
    origin: Option<String>,
    request: Uuid,
}

impl Who {
    pub(super) fn of(scope: &Scope) -> Self {
        Self {
            actor: scope.actor.0,
            role: scope.role.to_string(),
            session: scope.session,
            institution: match scope.boundary {
                // Nobody is bound to the institution that does not exist.
                Boundary::One(institution) if !institution.0.is_nil() => Some(institution.0),
                _ => None,
            },
            grant: scope.grant,
            origin: scope.origin.map(|origin| origin.to_string()),
            request: scope.request,
        }
    }
}

/// What entries have in common that are noted together, and differ only in whose record it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Common {
    /// Lines of older builds do not tell it: theirs is the first.
    #[serde(default, skip_serializing_if = "Form::is_first")]
    pub(super) form: Form,
    pub(super) instance: Uuid,
    #[serde(serialize_with = "write_instant")]
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) actor_id: Uuid,
    pub(super) role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) institution_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grant_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<String>,
    pub(super) request_id: Uuid,
    /// As stored: a verification meets texts that are no action.
    pub(super) action: String,
    pub(super) resource: Cow<'static, str>,
    pub(super) fields: Vec<Cow<'static, str>>,
    pub(super) outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operators: Option<Vec<Cow<'static, str>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) matched: Option<i64>,
    /// The question's arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<Sealed>,
}

/// An entry, with the names of the table's columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    #[serde(flatten, serialize_with = "write_common")]
    pub(super) common: Arc<Common>,
    pub(super) uuid: Uuid,
    pub(super) sequence: i64,
    pub(super) resource_id: Option<Uuid>,
    pub(super) version: Option<i32>,
    pub(super) resource_institution_id: Option<Uuid>,
    /// Of the first form.
    pub(super) patient_id: Option<Uuid>,
    /// Of the second form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) patient_ids: Vec<Uuid>,
    pub(super) settles: Option<i64>,
    #[serde(serialize_with = "write_hash")]
    pub(super) previous_hash: Hash,
    #[serde(serialize_with = "write_hash")]
    pub(super) hash: Hash,
}

/// What an entry is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) resource_id: Option<Uuid>,
    pub(super) version: Option<i32>,
    pub(super) institution_id: Option<Uuid>,
    /// Of the first form.
    pub(super) patient_id: Option<Uuid>,
    /// Of the second form.
    pub(super) patient_ids: Vec<Uuid>,
    /// The number of the intent that the entry settles.
    pub(super) settles: Option<i64>,
}

impl Common {
    /// Returns the part that the entries of alike deeds share. A deed's query is told but for its arguments, which are sealed.
    pub(super) fn new(instance: Uuid, occurred_at: DateTime<Utc>, who: &Who, deed: &Deed, outcome: Outcome) -> Self {
        let query = deed.query.as_deref();
        Self {
            form: Form::Second,
            instance,
            occurred_at,
            actor_id: who.actor,
            role: who.role.clone(),
            session_id: who.session,
            institution_id: who.institution,
            grant_id: who.grant,
            origin: who.origin.clone(),
            request_id: who.request,
            action: deed.action.to_value(),
            resource: deed.resource.clone(),
            fields: deed.fields.to_vec(),
            outcome: outcome.to_value(),
            operators: query.map(|query| query.operators.to_vec()),
            matched: query.and_then(|query| query.matched).and_then(|matched| matched.try_into().ok()),
            query: None,
        }
    }

    /// The key of the entry with this number: of version 7 (RFC 9562), so that entries that are written together stand
    /// together in an index, and PostgreSQL need not touch a page for each. What would be random tells the place, so that
    /// the same entry has the same key wherever it comes from.
    fn key(&self, sequence: i64) -> Uuid {
        let micros = self.occurred_at.timestamp_micros().unsigned_abs();
        let [.., high, low] = (micros % 1000).to_be_bytes();
        let mut rest = [high, low, 0, 0, 0, 0, 0, 0, 0, 0];
        let place = self.instance.as_u64_pair().1 ^ sequence.unsigned_abs();
        rest[2..].copy_from_slice(&place.to_be_bytes());
        Builder::from_unix_timestamp_millis(micros / 1000, &rest).into_uuid()
    }
}

impl Entry {
    /// The entry with this number, hashed into its chain.
    pub(super) fn new(common: Arc<Common>, sequence: i64, subject: Subject, previous_hash: Hash) -> Self {
        let entry = Self::stored(common, sequence, subject, previous_hash, BEGINNING);
        Self { hash: entry.digest(), ..entry }
    }

    /// The same, of which the hash is known.
    pub(super) fn stored(
        common: Arc<Common>,
        sequence: i64,
        subject: Subject,
        previous_hash: Hash,
        hash: Hash,
    ) -> Self {
        Self {
            uuid: common.key(sequence),
            common,
            sequence,
            resource_id: subject.resource_id,
            version: subject.version,
            resource_institution_id: subject.institution_id,
            patient_id: subject.patient_id,
            patient_ids: subject.patient_ids,
            settles: subject.settles,
            previous_hash,
            hash,
        }
    }

    pub(super) fn subject(&self) -> Subject {
        Subject {
            resource_id: self.resource_id,
            version: self.version,
            institution_id: self.resource_institution_id,
            patient_id: self.patient_id,
            patient_ids: self.patient_ids.clone(),
            settles: self.settles,
        }
    }
}

/// An instant as both databases read it, and as SQLite keeps it: in a fixed width of microseconds.
fn write_instant<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&written(instant))
}

fn write_common<S: Serializer>(common: &Common, serializer: S) -> Result<S::Ok, S::Error> {
    common.serialize(serializer)
}

pub(super) fn write_hash<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = [0; 64];
    // The text has twice the hash's length, which is all that can go wrong.
    hex::encode_to_slice(hash, &mut text).map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
}

pub(super) fn read_hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    let mut hash = [0; 32];
    hex::decode_to_slice(text.as_bytes(), &mut hash).map_err(serde::de::Error::custom)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use crate::deed::Action;

    use super::*;

    #[test]
    fn the_key_of_an_entry_tells_its_instant_and_its_place_and_nothing_else() {
        let at = |micros: i64| DateTime::from_timestamp_micros(1_795_000_000_000_000 + micros).unwrap();
        let [instance, other] = [Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef), Uuid::from_u128(7)];
        let nobody = Who::of(&Scope::nobody(Uuid::nil()));
        let key = |instance, sequence, micros| {
            let deed = Deed::new(Action::Read, "PatientRegister");
            Common::new(instance, at(micros), &nobody, &deed, Outcome::Succeeded).key(sequence)
        };
        let keys = [key(instance, 1, 0), key(instance, 2, 0), key(other, 1, 0), key(instance, 1, 1)];
        assert_eq!(keys[0], key(instance, 1, 0));
        for (at, one) in keys.iter().enumerate() {
            assert_eq!(one.get_version_num(), 7);
            assert!(keys[at + 1..].iter().all(|another| another != one));
        }
        let later: Vec<Uuid> = [0, 1, 999, 1000, 2_000_000].map(|micros| key(instance, 1, micros)).into();
        assert!(later.is_sorted(), "by instants: {later:?}");
    }
}
