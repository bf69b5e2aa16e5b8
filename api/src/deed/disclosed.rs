use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::{Action, Deed, Names};

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
        let Deed { action, resource, key, institution, patient, fields, version: _ } = deed;
        Self { action, resource, table: None, fields, subjects: vec![Subject { key, institution, patient }] }
    }
}

/// What a request is put on record for that was shown these: one deed for each patient, whatever of theirs it was, and one
/// for each other record, however often. Those that are alike but for their subjects stand together.
///
/// Several records of a patient are told as their register, with the fields of the others by their tables' names:
/// `first_name`, `patient_medications.dose`.
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
    let mut known: HashMap<(bool, &[usize]), (usize, Names)> = HashMap::new();
    let mut told: Vec<(usize, Deed)> = Vec::with_capacity(seen.len());
    for seen in &seen {
        let next = known.len();
        let new = || (next, names(disclosed, seen));
        let (order, fields) = known.entry((seen.is_one, &seen.kinds)).or_insert_with(new).clone();
        told.push((order, seen.deed(disclosed, fields)));
    }
    told.sort_by_key(|(order, _)| *order);
    told.into_iter().map(|(_, deed)| deed).collect()
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

    fn deed(&self, disclosed: &[Disclosed], fields: Names) -> Deed {
        let first = &disclosed[self.kinds[0]];
        let Subject { key, institution, patient } = self.subject;
        let (resource, key) = if self.is_one { (first.resource.clone(), key) } else { (REGISTER.into(), patient) };
        Deed { key, institution, patient, fields, ..Deed::new(first.action, resource) }
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

    fn told(deeds: &[Deed]) -> Vec<(&str, u128, String)> {
        let told = |deed: &Deed| deed.key.map_or(0, |key| key.as_u128());
        deeds.iter().map(|deed| (deed.resource.as_ref(), told(deed), deed.fields.join(" "))).collect()
    }

    #[test]
    fn all_that_was_shown_of_a_patient_is_one_deed_and_those_alike_stand_together() {
        let registers = disclosed(REGISTER, &["uuid", "last_name"], &[(1, Some(1)), (2, Some(2)), (3, Some(3))]);
        let medications =
            disclosed("PatientMedication", &["uuid", "dose"], &[(8, Some(1)), (9, Some(1)), (7, Some(3))]);
        let all = "uuid last_name patient_medications.uuid patient_medications.dose".to_owned();
        assert_eq!(
            told(&deeds(&[registers, medications])),
            [(REGISTER, 1, all.clone()), (REGISTER, 3, all), (REGISTER, 2, "uuid last_name".to_owned())]
        );
    }

    #[test]
    fn a_record_that_was_shown_alone_is_told_as_itself() {
        let first = disclosed("PatientMedication", &["uuid"], &[(8, Some(1))]);
        let again = disclosed("PatientMedication", &["uuid", "dose"], &[(8, Some(1))]);
        assert_eq!(told(&deeds(&[first.clone(), again])), [("PatientMedication", 8, "uuid dose".to_owned())]);
        let another = disclosed("PatientMedication", &["uuid"], &[(9, Some(1))]);
        assert_eq!(told(&deeds(&[first, another])), [(REGISTER, 1, "patient_medications.uuid".to_owned())]);
    }

    #[test]
    fn what_is_nobodys_is_told_record_by_record() {
        let users = disclosed("User", &["uuid"], &[(1, None), (2, None), (1, None)]);
        let deeds = deeds(&[users]);
        assert_eq!(told(&deeds), [("User", 1, "uuid".to_owned()), ("User", 2, "uuid".to_owned())]);
    }
}
