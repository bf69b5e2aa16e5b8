use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::deed::{AuditQuery, Deed, MAX_PATIENTS, Outcome};
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::entry::{Common, Entry, Hash, Subject, Who};
use super::sealing::{Sealed, Sealer};

/// Deeds of one actor to be noted together.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) who: Who,
    pub(super) deeds: Vec<(Deed, Outcome)>,
    /// The arguments of each deed's question; as many as there are deeds.
    queries: Vec<Option<Sealed>>,
    /// The number of the intent that the first one settles; the others settle those that follow.
    pub(super) settles: Option<i64>,
}

impl Note {
    /// A note of what somebody did. Whatever they asked with is sealed here, before it reaches the spool.
    ///
    /// # Errors
    /// `Unrecorded` when that cannot be.
    pub(super) fn new(
        scope: &Scope,
        deeds: Vec<(Deed, Outcome)>,
        settles: Option<i64>,
        sealer: &dyn Sealer,
    ) -> Result<Self> {
        let seal = |query: &AuditQuery| {
            let arguments = sealer.seal(scope.request, query.arguments.as_bytes());
            arguments.map(Sealed).ok_or_else(|| Error::Unrecorded("a question could not be sealed".into()))
        };
        let queries = deeds.iter().map(|(deed, _)| deed.query.as_deref().map(seal).transpose());
        Ok(Self { who: Who::of(scope), queries: queries.collect::<Result<_>>()?, deeds, settles })
    }

    /// A note of nobody's deeds without a question.
    #[cfg(test)]
    pub(super) fn of_nobody(deeds: Vec<(Deed, Outcome)>, settles: Option<i64>) -> Self {
        let (who, queries) = (Who::of(&Scope::nobody(Uuid::new_v4())), vec![None; deeds.len()]);
        Self { who, deeds, queries, settles }
    }

    /// Adds its entries to others, after the one with this number and hash; those of the last one.
    pub(super) fn entries(
        &self,
        instance: Uuid,
        occurred_at: DateTime<Utc>,
        mut last: (i64, Hash),
        entries: &mut Vec<Entry>,
    ) -> (i64, Hash) {
        let (mut settles, mut at) = (self.settles, 0);
        for alike in self.deeds.chunk_by(is_alike) {
            let Some((deed, outcome)) = alike.first() else { continue };
            // A question stands alone.
            let query = self.queries.get(at).cloned().flatten();
            at += alike.len();
            let common = Common { query, ..Common::new(instance, occurred_at, &self.who, deed, *outcome) };
            let common = Arc::new(common);
            for subject in alike.iter().flat_map(|(deed, _)| subjects(deed)) {
                let entry = Entry::new(Arc::clone(&common), last.0 + 1, Subject { settles, ..subject }, last.1);
                last = (entry.sequence, entry.hash);
                settles = settles.map(|intent| intent + 1);
                entries.push(entry);
            }
        }
        last
    }
}

/// Deeds that were done, of which those alike are one: what a request did to patients of one institution in one way. One
/// that is about several records has no key.
pub(super) fn gathered(deeds: Vec<(Deed, Outcome)>) -> Vec<(Deed, Outcome)> {
    let mut kept: Vec<(Deed, Outcome)> = Vec::with_capacity(deeds.len());
    for (deed, outcome) in deeds {
        let new = (deed, outcome);
        let place = kept.iter().rposition(|known| can_gather(known, &new));
        let (deed, outcome) = new;
        match place.and_then(|place| kept.get_mut(place)) {
            Some((other, _)) => {
                other.key = other.key.filter(|key| deed.key == Some(*key));
                let new = deed.patients.into_iter().filter(|patient| !other.patients.contains(patient));
                let new: Vec<Uuid> = new.collect();
                other.patients.extend(new);
            }
            None => kept.push((deed, outcome)),
        }
    }
    kept
}

fn can_gather(known: &(Deed, Outcome), new: &(Deed, Outcome)) -> bool {
    let is_of_patients = |deed: &Deed| deed.version.is_none() && !deed.patients.is_empty();
    let (one, other) = (&known.0, &new.0);
    is_of_patients(one)
        && is_of_patients(other)
        && one.institution == other.institution
        && one.patients.len() + other.patients.len() <= MAX_PATIENTS
        && is_alike(known, new)
}

/// What the entries of a deed are about: one entry, and more where it names more patients than one can.
fn subjects(deed: &Deed) -> impl Iterator<Item = Subject> {
    let parts = deed.patients.chunks(MAX_PATIENTS).map(<[Uuid]>::to_vec);
    let none = deed.patients.is_empty().then(Vec::new);
    parts.chain(none).map(|patient_ids| Subject {
        resource_id: deed.key,
        version: deed.version,
        institution_id: deed.institution,
        patient_ids,
        ..Subject::default()
    })
}

/// Whether two deeds differ in nothing but whose record it is about.
fn is_alike((one, first): &(Deed, Outcome), (other, second): &(Deed, Outcome)) -> bool {
    let is_same = Arc::ptr_eq(&one.fields, &other.fields) || one.fields == other.fields;
    let is_asked = one.query.is_some() || other.query.is_some();
    is_same && !is_asked && first == second && one.action == other.action && one.resource == other.resource
}

#[cfg(test)]
mod tests {
    use crate::deed::Action;

    use super::*;

    #[test]
    fn what_was_done_to_patients_of_an_institution_in_one_way_is_one_deed() {
        let [here, there] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let exported = |institution: Uuid, patient: u128| {
            let (patients, institution) = (vec![Uuid::from_u128(patient)], Some(institution));
            let deed = Deed { institution, patients, ..Deed::new(Action::Export, "PatientRegister") };
            (deed.on(Uuid::from_u128(patient)), Outcome::Succeeded)
        };
        let changed = |patient: u128| {
            let (deed, outcome) = exported(here, patient);
            (Deed { version: Some(2), action: Action::Update, ..deed }, outcome)
        };
        let deeds =
            vec![exported(here, 1), exported(there, 2), exported(here, 3), exported(here, 1), changed(1), changed(3)];
        let told = |(deed, _): &(Deed, Outcome)| {
            let patients: Vec<u128> = deed.patients.iter().map(Uuid::as_u128).collect();
            (deed.key.map(|key| key.as_u128()), patients)
        };
        let expected = [(None, vec![1, 3]), (Some(2), vec![2]), (Some(1), vec![1]), (Some(3), vec![3])];
        assert_eq!(gathered(deeds).iter().map(told).collect::<Vec<_>>(), expected);
    }
}
