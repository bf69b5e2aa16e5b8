use std::collections::HashSet;

use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Cluster;
use crate::error::Result;
use crate::scope::Scope;

use super::address::{ImportedAddress, address};
use super::contact::{ImportedContact, email, phone};
use super::profile::profile;
use super::put::{Import, Item, put};
use super::vocabulary::Vocabulary;
use super::{How, MAX_CHUNK, Put};

/// Who a patient is and how to reach them, beyond what a register holds itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ImportedPerson {
    /// The sex recorded at birth, by its code.
    pub sex: Option<String>,
    /// The own gender, by its code.
    pub gender: Option<String>,
    /// Email addresses.
    pub emails: Vec<ImportedContact>,
    /// Phone numbers.
    pub phones: Vec<ImportedContact>,
    /// Postal addresses.
    pub addresses: Vec<ImportedAddress>,
}

/// What became of what was told of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Whether anything is new here, or differed.
    pub has_changed: bool,
    /// What has no place here: where it comes from, and why.
    pub left_out: Vec<(String, String)>,
}

/// Records of one kind, each with the number of its person and the place that it comes from.
struct Told<A: Import> {
    keys: HashSet<Uuid>,
    items: Vec<Item<A>>,
    origins: Vec<(usize, String)>,
}

impl<A: Import> Told<A> {
    fn new() -> Self {
        Self { keys: HashSet::new(), items: Vec::new(), origins: Vec::new() }
    }

    /// What is told twice counts once.
    fn add(&mut self, person: usize, place: String, item: Item<A>) {
        if self.keys.insert(item.uuid) {
            self.items.push(item);
            self.origins.push((person, place));
        }
    }

    async fn put(self, scope: &Scope, cluster: &Cluster, how: How, kept: &mut [Kept]) -> Result<()> {
        for (items, origins) in self.items.chunks(MAX_CHUNK).zip(self.origins.chunks(MAX_CHUNK)) {
            let puts = put::<A>(scope, cluster, how, items).await?;
            for ((person, place), put) in origins.iter().zip(puts) {
                match put {
                    Put::Created | Put::Updated(_) | Put::Adopted(_) => kept[*person].has_changed = true,
                    Put::Unchanged | Put::Merged => {}
                    Put::Conflict(conflict) => {
                        kept[*person].leave_out(place, &format!("was left out: {}", conflict.reason()));
                    }
                    Put::Deleted => kept[*person].leave_out(place, "was left out: it was removed here, and stays so"),
                    Put::Refused(faults) => {
                        let reasons: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
                        kept[*person].leave_out(place, &format!("was left out: {}", reasons.join("; ")));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Kept {
    fn leave_out(&mut self, place: &str, reason: &str) {
        self.left_out.push((place.to_owned(), reason.to_owned()));
    }
}

/// Takes over what is told of patients whose registers are there. What is not told stays as it is, and what has no place
/// here is left out by itself.
///
/// # Errors
/// `Forbidden`; as any write.
pub async fn people(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    known: &Vocabulary,
    people: Vec<(Uuid, ImportedPerson)>,
) -> Result<Vec<Kept>> {
    let mut kept = vec![Kept::default(); people.len()];
    let (mut emails, mut phones, mut addresses, mut profiles) = (Told::new(), Told::new(), Told::new(), Told::new());
    for (number, (patient, person)) in people.into_iter().enumerate() {
        for contact in person.emails {
            emails.add(number, contact.place.clone(), email(patient, contact, known, clock));
        }
        for contact in person.phones {
            phones.add(number, contact.place.clone(), phone(patient, contact, known, clock));
        }
        for told in person.addresses {
            let place = told.place.clone();
            let (item, left_out) = address(patient, told, known, clock);
            if item.faults.is_empty() {
                for (part, reason) in left_out {
                    kept[number].leave_out(&format!("{place}.{part}"), reason);
                }
            }
            addresses.add(number, place, item);
        }
        let sex = known.sexes.key(person.sex.as_deref());
        for (code, codes) in [(&person.sex, &known.sexes), (&person.gender, &known.genders)] {
            if code.is_some() && codes.key(code.as_deref()).is_none() {
                kept[number].leave_out("Patient.extension", "was left out: is no code of the catalogue");
            }
        }
        if let Some(item) = profile(patient, sex, known.genders.key(person.gender.as_deref())) {
            profiles.add(number, "Patient.extension".to_owned(), item);
        }
    }
    emails.put(scope, cluster, how, &mut kept).await?;
    phones.put(scope, cluster, how, &mut kept).await?;
    addresses.put(scope, cluster, how, &mut kept).await?;
    profiles.put(scope, cluster, how, &mut kept).await?;
    Ok(kept)
}
