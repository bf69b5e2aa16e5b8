use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::deed::{Deed, Outcome};

use super::entry::{Common, Entry, Hash, Subject, Who};

/// Deeds of one actor to be noted together.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) who: Who,
    pub(super) deeds: Vec<(Deed, Outcome)>,
    /// The number of the intent that the first one settles; the others settle those that follow.
    pub(super) settles: Option<i64>,
}

impl Note {
    /// Adds its entries to others, after the one with this number and hash; those of the last one.
    pub(super) fn entries(
        &self,
        instance: Uuid,
        occurred_at: DateTime<Utc>,
        mut last: (i64, Hash),
        entries: &mut Vec<Entry>,
    ) -> (i64, Hash) {
        let mut settles = self.settles;
        for alike in self.deeds.chunk_by(is_alike) {
            let Some((deed, outcome)) = alike.first() else { continue };
            let common = Arc::new(Common::new(instance, occurred_at, &self.who, deed, *outcome));
            for (deed, _) in alike {
                let subject = Subject {
                    resource_id: deed.key,
                    version: deed.version,
                    institution_id: deed.institution,
                    patient_id: deed.patient,
                    settles,
                };
                let entry = Entry::new(Arc::clone(&common), last.0 + 1, subject, last.1);
                last = (entry.sequence, entry.hash);
                settles = settles.map(|intent| intent + 1);
                entries.push(entry);
            }
        }
        last
    }
}

/// Whether two deeds differ in nothing but whose record it is about.
fn is_alike((one, first): &(Deed, Outcome), (other, second): &(Deed, Outcome)) -> bool {
    let is_same = Arc::ptr_eq(&one.fields, &other.fields) || one.fields == other.fields;
    is_same && first == second && one.action == other.action && one.resource == other.resource
}
