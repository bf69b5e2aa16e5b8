//! Resources that are not kept themselves, and that others refer to: roles, and medicines.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::fhir::resource::Kind;
use crate::records::import::{ImportSource, KeptReference, ReferenceTarget};

use super::{Survey, weight};

impl Survey {
    pub(super) fn set_aside(&mut self, key: Uuid, source: ImportSource) {
        self.weight += weight::ALIAS;
        self.aside.push((key, source));
    }

    /// Keys of roles and medicines that are referred to and that the input does not hold. Some may be of other types.
    pub(in crate::fhir) fn unknown_aside(&self) -> Vec<Uuid> {
        let people = self.people.all().iter().map(|key| self.resolve(*key));
        let people =
            people.filter(|key| !self.roles.contains_key(key) && !self.seen.contains_key(&(Kind::Practitioner, *key)));
        people.chain(self.unknown_medicines()).collect::<HashSet<_>>().into_iter().collect()
    }

    /// Lets references lead to what earlier imports told of these resources.
    pub(in crate::fhir) fn remember(&mut self, kept: HashMap<Uuid, ReferenceTarget>) {
        for (key, target) in kept {
            self.weight += weight::CONCEPT;
            match target {
                ReferenceTarget::Doctor(doctor) => drop(self.roles.insert(key, doctor)),
                ReferenceTarget::Medication(concept) => self.weight += self.words.learn(key, Some(concept)),
            }
        }
    }

    /// Targets of references of later imports to roles and medicines of this input, with the doctors that are known.
    pub(in crate::fhir) fn references(&self, doctors: &HashSet<Uuid>) -> Vec<KeptReference> {
        let doctor = |key: Uuid| self.roles.get(&key).map(|_| self.doctor(key));
        let kept = |(uuid, source): &(Uuid, ImportSource)| {
            let target = match doctor(*uuid) {
                Some(doctor) => Some(ReferenceTarget::Doctor(doctor)).filter(|_| doctors.contains(&doctor)),
                None => self.medicine(*uuid).cloned().map(ReferenceTarget::Medication),
            };
            KeptReference { uuid: *uuid, source: source.clone(), target }
        };
        self.aside.iter().map(kept).collect()
    }
}
