use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entry::{Common, Entry, Hash, Subject, read_hash, write_hash};
use super::form::Form;

/// Entries as they stand in the spool: one line of JSON for those that follow one another and have all but their subjects
/// in common.
#[derive(Debug, Serialize, Deserialize)]
struct Line<'l> {
    common: Cow<'l, Common>,
    /// The number of the first one.
    first: i64,
    /// The hash of the entry before that.
    #[serde(serialize_with = "write_hash", deserialize_with = "read_hash")]
    previous_hash: Hash,
    own: Vec<Own>,
}

/// What each has for itself: its record's key, version and institution, its patients, the intent that it settles, and its
/// hash.
#[derive(Debug, Serialize, Deserialize)]
struct Own(
    Option<Uuid>,
    Option<i32>,
    Option<Uuid>,
    Patients,
    Option<i64>,
    #[serde(serialize_with = "write_hash", deserialize_with = "read_hash")] Hash,
);

/// The patients of an entry: of the first form a key or nothing, of the second a list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Patients {
    One(Option<Uuid>),
    Several(Vec<Uuid>),
}

impl From<&Entry> for Own {
    fn from(entry: &Entry) -> Self {
        let Subject { resource_id, version, institution_id, patient_id, patient_ids, settles } = entry.subject();
        let patients = match entry.common.form {
            Form::First => Patients::One(patient_id),
            Form::Second => Patients::Several(patient_ids),
        };
        Self(resource_id, version, institution_id, patients, settles, entry.hash)
    }
}

/// Appends the lines of entries that follow one another.
pub(super) fn write(entries: &[Entry], bytes: &mut Vec<u8>) -> serde_json::Result<()> {
    for alike in entries.chunk_by(|one, next| Arc::ptr_eq(&one.common, &next.common)) {
        let Some(first) = alike.first() else { continue };
        let line = Line {
            common: Cow::Borrowed(&first.common),
            first: first.sequence,
            previous_hash: first.previous_hash,
            own: alike.iter().map(Own::from).collect(),
        };
        serde_json::to_writer(&mut *bytes, &line)?;
        bytes.push(b'\n');
    }
    Ok(())
}

/// The entries of a line; none when it is none of this instance.
pub(super) fn read(line: &[u8], instance: Uuid) -> Option<Vec<Entry>> {
    let Line { common, first, mut previous_hash, own } = serde_json::from_slice(line).ok()?;
    let common = Arc::new(common.into_owned());
    let entry = |(sequence, own): (i64, Own)| {
        let Own(resource_id, version, institution_id, patients, settles, hash) = own;
        let (patient_id, patient_ids) = match patients {
            Patients::One(patient) => (patient, Vec::new()),
            Patients::Several(patients) => (None, patients),
        };
        let subject = Subject { resource_id, version, institution_id, patient_id, patient_ids, settles };
        let entry = Entry::stored(Arc::clone(&common), sequence, subject, previous_hash, hash);
        previous_hash = hash;
        entry
    };
    (common.instance == instance && !own.is_empty()).then(|| (first..).zip(own).map(entry).collect())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use crate::audit::entry::Who;
    use crate::audit::sealing::Sealed;
    use crate::deed::{Action, AuditQuery, Deed, Outcome};
    use crate::scope::Scope;

    use super::*;

    /// A line of the first form, as builds wrote it that knew no other.
    const FIRST: &str = concat!(
        r#"{"common":{"instance":"6d175ed1-7cbb-4fc6-aa7f-acfd4cd717a3","occurred_at":"2026-12-01T07:15:17.7348"#,
        r#"57+00:00","actor_id":"00000000-0000-4000-8000-000000000002","role":"administrator","origin":"127.0.0"#,
        r#".1","request_id":"f6a9ae5c-23b7-4dac-8b58-9e63d9152bfd","action":"READ","resource":"PatientRegister""#,
        r#","fields":["uuid","last_name","created_at"],"outcome":"SUCCEEDED"},"first":12,"previous_hash":"ae1db"#,
        r#"60de4b8390c6ff61d1df7f132793d6cac69937bf080196145d78d111f05","own":[["ec726868-9603-43d5-bacd-a6d302"#,
        r#"f9afbb",null,"41154736-6f99-4dd8-86a1-1a0d90bb5df0","ec726868-9603-43d5-bacd-a6d302f9afbb",null,"cbe"#,
        r#"306b9850dcf6f87445cbb9eb82bcf238abd6e3e5564e48a1775e25bac8d07"],["25c12fe4-6c14-4608-9d57-f581799fa1"#,
        r#"de",null,"41154736-6f99-4dd8-86a1-1a0d90bb5df0","25c12fe4-6c14-4608-9d57-f581799fa1de",null,"c3ca608"#,
        r#"4062b8b134eac39b711a0c565812e42917e86162f1e8b93796028398a"]]}"#,
    );

    #[test]
    fn a_line_of_an_older_build_is_read_and_written_as_it_was() {
        let instance = Uuid::parse_str("6d175ed1-7cbb-4fc6-aa7f-acfd4cd717a3").unwrap();
        let entries = read(FIRST.as_bytes(), instance).unwrap();
        assert_eq!(entries.len(), 2);
        for entry in &entries {
            assert_eq!((entry.common.form, entry.patient_id), (Form::First, entry.resource_id));
            assert!(entry.patient_ids.is_empty() && entry.hash == entry.digest());
        }
        let mut bytes = Vec::new();
        write(&entries, &mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap().trim_end(), FIRST);
    }

    #[test]
    fn an_entry_of_several_patients_is_read_as_it_was_written_and_its_hash_covers_each() {
        let instance = Uuid::new_v4();
        let who = Who::of(&Scope::nobody(Uuid::new_v4()));
        let query = AuditQuery {
            operators: ["last_name.startsWith".into()].into(),
            matched: Some(2),
            arguments: "{}".to_owned(),
        };
        let deed = Deed { query: Some(Arc::new(query)), ..Deed::new(Action::Read, "PatientRegister") };
        let common = Common::new(instance, DateTime::UNIX_EPOCH, &who, &deed, Outcome::Succeeded);
        let common = Common { query: Some(Sealed(vec![1, 2, 3])), ..common };
        let subject = Subject { patient_ids: vec![Uuid::from_u128(1), Uuid::from_u128(2)], ..Subject::default() };
        let entry = Entry::new(Arc::new(common.clone()), 1, subject, [0; 32]);
        let mut bytes = Vec::new();
        write(std::slice::from_ref(&entry), &mut bytes).unwrap();
        assert_eq!(read(&bytes, instance), Some(vec![entry.clone()]));
        let altered = [
            Entry { patient_ids: vec![Uuid::from_u128(2), Uuid::from_u128(1)], ..entry.clone() },
            Entry { patient_ids: Vec::new(), ..entry.clone() },
            Entry { common: Arc::new(Common { operators: None, ..common.clone() }), ..entry.clone() },
            Entry { common: Arc::new(Common { matched: None, ..common.clone() }), ..entry.clone() },
            Entry { common: Arc::new(Common { query: None, ..common }), ..entry.clone() },
        ];
        assert!(altered.iter().all(|altered| altered.digest() != entry.hash));
    }

    #[test]
    fn entries_are_read_as_they_were_written_and_those_alike_share_a_line() {
        let instance = Uuid::new_v4();
        let who = Who::of(&Scope::nobody(Uuid::new_v4()));
        let common = |name: &'static str| {
            let deed = Deed { fields: ["last_name".into()].into(), ..Deed::new(Action::Read, name) };
            Arc::new(Common::new(instance, DateTime::UNIX_EPOCH, &who, &deed, Outcome::Succeeded))
        };
        let (registers, doctors) = (common("PatientRegister"), common("Doctor"));
        let mut entries: Vec<Entry> = Vec::new();
        for (common, settles) in [(&registers, None), (&registers, Some(7)), (&doctors, None), (&registers, None)] {
            let subject =
                Subject { resource_id: Some(Uuid::new_v4()), version: Some(2), settles, ..Subject::default() };
            let (sequence, before) = entries.last().map_or((1, [0; 32]), |last| (last.sequence + 1, last.hash));
            entries.push(Entry::new(Arc::clone(common), sequence, subject, before));
        }
        let mut bytes = Vec::new();
        write(&entries, &mut bytes).unwrap();
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 3);
        let read_back: Vec<Entry> = lines.iter().flat_map(|line| read(line, instance).unwrap()).collect();
        assert_eq!(read_back, entries);
        assert!(read_back.iter().all(|entry| entry.hash == entry.digest()));
        assert!(read(lines[0], Uuid::new_v4()).is_none(), "another's");
        assert!(read(&lines[0][..lines[0].len() - 3], instance).is_none(), "not whole");
    }
}
