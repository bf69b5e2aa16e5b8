use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::{Action, Deed, MAX_PATIENTS, Names};

/// The kind of record that stands for a patient.
const REGISTER: &str = "PatientRegister";

/// Records of one kind that were read alike.
#[derive(Clone, Debug)]
pub struct Disclosed {
    /// What was done with them.
    pub action: Action,
    /// Their kind, as the schema names its type.
    pub resource: Cow<'static, str>,
    /// The table that they are in; none for what is in none.
    pub table: Option<&'static str>,
    /// The fields that were shown, or asked by.
    pub fields: Names,
    /// Which records, and whose.
    pub subjects: Vec<Subject>,
}

/// A record that was read, and whose it is; nothing for what is about no single record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject {
    /// The record's key.
    pub key: Option<Uuid>,
    /// The institution that it belongs to.
    pub institution: Option<Uuid>,
    /// The patient whose data it is.
    pub patient: Option<Uuid>,
}

impl From<Deed> for Disclosed {
    fn from(deed: Deed) -> Self {
        let Deed { action, resource, key, institution, patients, fields, version: _, query: _ } = deed;
        let subject = |patient| Subject { key, institution, patient };
        let subjects = match patients.as_slice() {
            [] => vec![subject(None)],
            patients => patients.iter().map(|patient| subject(Some(*patient))).collect(),
        };
        Self { action, resource, table: None, fields, subjects }
    }
}

/// The deeds of a request that was shown these: one for all patients of an institution of whom the same was shown, up to
/// [`MAX_PATIENTS`] of them, and one for each record that is no patient's, however often. Those that are alike but for their
/// subjects stand together.
///
/// Several records of a patient are told as their register, with the fields of the others by their tables' names:
/// `first_name`, `patient_medications.dose`. A deed with a single record has its key.
#[must_use]
pub fn deeds(disclosed: &[Disclosed]) -> Vec<Deed> {
    let mut places: HashMap<Whose<'_>, usize> = HashMap::new();
    let mut seen: Vec<Seen> = Vec::new();
    for (at, one) in disclosed.iter().enumerate() {
        for subject in &one.subjects {
            let whose = match subject.patient {
                Some(patient) => Whose::Patient(one.action, patient),
                None => Whose::Nobody(one.action, &one.resource, subject.key),
            };
            let place = *places.entry(whose).or_insert(seen.len());
            match seen.get_mut(place) {
                Some(seen) => seen.add(disclosed, at, subject),
                None => seen.push(Seen { subject: *subject, kinds: vec![at], is_one: true }),
            }
        }
    }
    gather(disclosed, &seen)
}

/// The deeds of what was seen, those alike one after the other.
fn gather(disclosed: &[Disclosed], seen: &[Seen]) -> Vec<Deed> {
    // What was seen of several in the same way is worked out once.
    let mut ways: HashMap<(bool, &[usize]), usize> = HashMap::new();
    let mut known: Vec<Way> = Vec::new();
    let mut places: HashMap<(usize, Option<Uuid>), usize> = HashMap::new();
    let mut told: Vec<(usize, Deed)> = Vec::with_capacity(seen.len());
    for seen in seen {
        let way = *ways.entry((seen.is_one, &seen.kinds)).or_insert_with(|| {
            let way = Way::of(disclosed, seen);
            known.iter().position(|other| *other == way).unwrap_or_else(|| {
                known.push(way);
                known.len() - 1
            })
        });
        let Subject { key, institution, patient } = seen.subject;
        let place = patient.and_then(|_| places.get(&(way, institution)).copied());
        match (patient, place.and_then(|place| told.get_mut(place))) {
            (Some(patient), Some((_, deed))) if deed.patients.len() < MAX_PATIENTS => {
                deed.patients.push(patient);
                // It is about no single record any more.
                deed.key = None;
            }
            _ => {
                if patient.is_some() {
                    places.insert((way, institution), told.len());
                }
                let Way { action, resource, fields } = known[way].clone();
                let key = if seen.is_one { key } else { patient };
                let patients = patient.into_iter().collect();
                told.push((way, Deed { key, institution, patients, fields, ..Deed::new(action, resource) }));
            }
        }
    }
    told.sort_by_key(|(way, _)| *way);
    told.into_iter().map(|(_, deed)| deed).collect()
}

/// In what way records were shown.
#[derive(Clone, PartialEq, Eq)]
struct Way {
    action: Action,
    resource: Cow<'static, str>,
    fields: Names,
}

impl Way {
    fn of(disclosed: &[Disclosed], seen: &Seen) -> Self {
        let first = &disclosed[seen.kinds[0]];
        let resource = if seen.is_one { first.resource.clone() } else { REGISTER.into() };
        Self { action: first.action, resource, fields: names(disclosed, seen) }
    }
}

/// What belongs into one deed.
#[derive(PartialEq, Eq, Hash)]
enum Whose<'a> {
    Patient(Action, Uuid),
    Nobody(Action, &'a str, Option<Uuid>),
}

/// What was seen of a patient, or of what is nobody's.
struct Seen {
    subject: Subject,
    /// As which of those that were disclosed, in their order.
    kinds: Vec<usize>,
    /// Whether it was always the same record.
    is_one: bool,
}

impl Seen {
    fn add(&mut self, disclosed: &[Disclosed], at: usize, subject: &Subject) {
        self.is_one &= subject.key == self.subject.key && disclosed[at].resource == disclosed[self.kinds[0]].resource;
        if self.kinds.last() != Some(&at) {
            self.kinds.push(at);
        }
    }
}

/// The names of all fields that were seen, each once.
fn names(disclosed: &[Disclosed], seen: &Seen) -> Names {
    if let [only] = seen.kinds[..]
        && (seen.is_one || disclosed[only].resource == REGISTER)
    {
        return Arc::clone(&disclosed[only].fields);
    }
    let mut names: Vec<Cow<'static, str>> = Vec::new();
    for one in seen.kinds.iter().map(|at| &disclosed[*at]) {
        let table = one.table.filter(|_| !seen.is_one && one.resource != REGISTER);
        for field in one.fields.iter() {
            // What was asked across tables has its table's name already.
            let name = match table {
                Some(table) if !field.contains('.') => format!("{table}.{field}").into(),
                _ => field.clone(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disclosed(resource: &'static str, fields: &[&'static str], subjects: &[(u128, Option<u128>)]) -> Disclosed {
        let subject = |(key, patient): &(u128, Option<u128>)| Subject {
            key: Some(Uuid::from_u128(*key)),
            institution: None,
            patient: patient.map(Uuid::from_u128),
        };
        Disclosed {
            action: Action::Read,
            resource: resource.into(),
            table: Some(if resource == REGISTER { "patientregister" } else { "patient_medications" }),
            fields: fields.iter().map(|field| (*field).into()).collect(),
            subjects: subjects.iter().map(subject).collect(),
        }
    }

    fn told(deeds: &[Deed]) -> Vec<(&str, u128, Vec<u128>, String)> {
        let key = |deed: &Deed| deed.key.map_or(0, |key| key.as_u128());
        let patients = |deed: &Deed| deed.patients.iter().map(Uuid::as_u128).collect();
        deeds.iter().map(|deed| (deed.resource.as_ref(), key(deed), patients(deed), deed.fields.join(" "))).collect()
    }

    fn of_institution(mut disclosed: Disclosed, institutions: &[u128]) -> Disclosed {
        for (subject, institution) in disclosed.subjects.iter_mut().zip(institutions) {
            subject.institution = Some(Uuid::from_u128(*institution));
        }
        disclosed
    }

    #[test]
    fn patients_of_whom_the_same_was_shown_are_one_deed() {
        let registers = disclosed(REGISTER, &["uuid", "last_name"], &[(1, Some(1)), (2, Some(2)), (3, Some(3))]);
        let medications =
            disclosed("PatientMedication", &["uuid", "dose"], &[(8, Some(1)), (9, Some(1)), (7, Some(3))]);
        let all = "uuid last_name patient_medications.uuid patient_medications.dose".to_owned();
        assert_eq!(
            told(&deeds(&[registers, medications])),
            [(REGISTER, 0, vec![1, 3], all), (REGISTER, 2, vec![2], "uuid last_name".to_owned())]
        );
    }

    #[test]
    fn patients_of_two_institutions_are_two_deeds_and_so_are_more_than_one_can_name() {
        let subjects: Vec<(u128, Option<u128>)> = (1..=4).map(|key| (key, Some(key))).collect();
        let page = of_institution(disclosed(REGISTER, &["uuid"], &subjects), &[7, 8, 7, 7]);
        // The same by another name: what was shown counts, not how often it was asked for.
        let alias = of_institution(disclosed(REGISTER, &["uuid"], &[(5, Some(5))]), &[7]);
        let deeds = deeds(&[page, alias]);
        let fields = || "uuid".to_owned();
        assert_eq!(told(&deeds), [(REGISTER, 0, vec![1, 3, 4, 5], fields()), (REGISTER, 2, vec![2], fields())]);
        assert_eq!(deeds[0].institution, Some(Uuid::from_u128(7)));
        let many: Vec<(u128, Option<u128>)> = (1..=2 * MAX_PATIENTS as u128 + 1).map(|key| (key, Some(key))).collect();
        let deeds = super::deeds(&[disclosed(REGISTER, &["uuid"], &many)]);
        let sizes: Vec<usize> = deeds.iter().map(|deed| deed.patients.len()).collect();
        assert_eq!(sizes, [MAX_PATIENTS, MAX_PATIENTS, 1]);
    }

    #[test]
    fn a_record_that_was_shown_alone_is_told_as_itself() {
        let first = disclosed("PatientMedication", &["uuid"], &[(8, Some(1))]);
        let again = disclosed("PatientMedication", &["uuid", "dose"], &[(8, Some(1))]);
        assert_eq!(told(&deeds(&[first.clone(), again])), [("PatientMedication", 8, vec![1], "uuid dose".to_owned())]);
        let another = disclosed("PatientMedication", &["uuid"], &[(9, Some(1))]);
        assert_eq!(told(&deeds(&[first, another])), [(REGISTER, 1, vec![1], "patient_medications.uuid".to_owned())]);
    }

    #[test]
    fn what_is_nobodys_is_told_record_by_record() {
        let users = disclosed("User", &["uuid"], &[(1, None), (2, None), (1, None)]);
        // Beside a patient's who is shown alike.
        let user = disclosed("User", &["uuid"], &[(3, Some(3))]);
        let deeds = deeds(&[users, user]);
        assert_eq!(
            told(&deeds),
            [
                ("User", 1, vec![], "uuid".to_owned()),
                ("User", 2, vec![], "uuid".to_owned()),
                ("User", 3, vec![3], "uuid".to_owned())
            ]
        );
    }
}
