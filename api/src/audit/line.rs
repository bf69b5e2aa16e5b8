use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entry::{Common, Entry, Hash, Subject, read_hash, write_hash};

/// Entries as they stand in the spool: one line of JSON for those that follow one another and have all but their subjects
/// in common. A page of records is a third of what it would be with a line for each.
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

/// What each has for itself: its record's key, version, institution and patient, the intent that it settles, and its hash.
#[derive(Debug, Serialize, Deserialize)]
struct Own(
    Option<Uuid>,
    Option<i32>,
    Option<Uuid>,
    Option<Uuid>,
    Option<i64>,
    #[serde(serialize_with = "write_hash", deserialize_with = "read_hash")] Hash,
);

impl From<&Entry> for Own {
    fn from(entry: &Entry) -> Self {
        let Subject { resource_id, version, institution_id, patient_id, settles } = entry.subject();
        Self(resource_id, version, institution_id, patient_id, settles, entry.hash)
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
        let Own(resource_id, version, institution_id, patient_id, settles, hash) = own;
        let subject = Subject { resource_id, version, institution_id, patient_id, settles };
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
    use crate::deed::{Action, Deed, Outcome};
    use crate::scope::Scope;

    use super::*;

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
