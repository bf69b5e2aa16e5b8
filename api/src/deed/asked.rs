use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{Deed, MAX_PATIENTS};

/// The questions of a request as they are put on record: those that differ in nothing but their patients are one. Where
/// nobody knows which institution a patient belongs to, it is the one that `shown` tells, if they do.
#[must_use]
pub fn united(asked: Vec<Deed>, shown: &[Deed]) -> Vec<Deed> {
    if asked.is_empty() {
        return asked;
    }
    let mut institutions: HashMap<Uuid, Uuid> = HashMap::new();
    for deed in shown {
        let known =
            deed.institution.into_iter().flat_map(|own| deed.patients.iter().map(move |patient| (*patient, own)));
        institutions.extend(known);
    }
    let mut united: Vec<Deed> = Vec::with_capacity(asked.len());
    for deed in asked.into_iter().flat_map(|deed| settled(deed, &institutions)) {
        match united.iter_mut().find(|other| are_alike(other, &deed)) {
            Some(other) => {
                other.patients.extend(deed.patients);
                other.patients.sort_unstable();
                other.patients.dedup();
            }
            None => united.push(deed),
        }
    }
    united.into_iter().flat_map(divided).collect()
}

fn are_alike(one: &Deed, other: &Deed) -> bool {
    let kind = |deed: &Deed| (deed.action, deed.key, deed.institution);
    kind(one) == kind(other) && one.resource == other.resource && one.fields == other.fields && one.query == other.query
}

/// A deed with patients of nobody knows which institution, as one for each that is known.
fn settled(deed: Deed, institutions: &HashMap<Uuid, Uuid>) -> Vec<Deed> {
    if deed.institution.is_some() || deed.patients.is_empty() {
        return vec![deed];
    }
    let mut groups: BTreeMap<Option<Uuid>, Vec<Uuid>> = BTreeMap::new();
    for patient in &deed.patients {
        groups.entry(institutions.get(patient).copied()).or_default().push(*patient);
    }
    let group = |(institution, patients)| Deed { institution, patients, ..deed.clone() };
    groups.into_iter().map(group).collect()
}

/// A deed with no more patients than one may have, and others with the rest.
fn divided(deed: Deed) -> Vec<Deed> {
    if deed.patients.len() <= MAX_PATIENTS {
        return vec![deed];
    }
    deed.patients.chunks(MAX_PATIENTS).map(|patients| Deed { patients: patients.to_vec(), ..deed.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::deed::{Action, AuditQuery};

    fn asked(institution: Option<u128>, patients: &[u128], matched: u64) -> Deed {
        let query = AuditQuery { operators: Arc::default(), matched: Some(matched), arguments: String::new() };
        Deed {
            institution: institution.map(Uuid::from_u128),
            patients: patients.iter().copied().map(Uuid::from_u128).collect(),
            query: Some(Arc::new(query)),
            ..Deed::new(Action::Read, "PatientRegister")
        }
    }

    #[test]
    fn one_question_is_one_deed_for_each_institution_and_a_thousand_patients() {
        let shown = Deed { query: None, ..asked(Some(7), &[1, 2], 0) };
        let united = |asked| united(asked, std::slice::from_ref(&shown));
        assert_eq!(united(vec![asked(None, &[1], 3), asked(None, &[2, 1], 3)]), [asked(Some(7), &[1, 2], 3)]);
        assert_eq!(united(vec![asked(None, &[1, 9], 3)]), [asked(None, &[9], 3), asked(Some(7), &[1], 3)]);
        assert_eq!(united(vec![asked(None, &[], 3), asked(None, &[], 4)]).len(), 2);
        let many: Vec<u128> = (0..1500).collect();
        let found = united(vec![asked(Some(7), &many, 1500)]);
        assert_eq!(found.iter().map(|deed| deed.patients.len()).collect::<Vec<_>>(), [1000, 500]);
    }
}
