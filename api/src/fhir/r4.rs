//! The parts of R4's resources that are imported, and no more: <https://hl7.org/fhir/R4/>.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Deserializes structs from JSON objects only: what serde derives would take lists, too, field by field.
macro_rules! from_objects {
    ($($name:ident),+ $(,)?) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;
                impl<'de> Visitor<'de> for Object {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str("an object")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        // The function that serde derives, not the trait's.
                        $name::deserialize(MapAccessDeserializer::new(map))
                    }
                }
                deserializer.deserialize_map(Object)
            }
        }
    )+ };
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Patient {
    pub(super) active: Option<bool>,
    pub(super) identifier: Vec<Identifier>,
    pub(super) name: Vec<HumanName>,
    pub(super) telecom: Vec<ContactPoint>,
    pub(super) birth_date: Option<String>,
    pub(super) deceased_date_time: Option<String>,
    pub(super) deceased_boolean: bool,
    pub(super) address: Vec<Address>,
    pub(super) contact: Vec<Contact>,
    pub(super) gender: Option<String>,
    pub(super) extension: Vec<Extension>,
    pub(super) managing_organization: Option<Reference>,
    pub(super) general_practitioner: Vec<Reference>,
    pub(super) link: Vec<PatientLink>,
}

/// Another resource about the same person.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct PatientLink {
    pub(super) other: Option<Reference>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Organization {
    pub(super) active: Option<bool>,
    pub(super) identifier: Vec<Identifier>,
    pub(super) name: Option<String>,
    pub(super) alias: Vec<Option<String>>,
    pub(super) telecom: Vec<ContactPoint>,
    pub(super) address: Vec<Address>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Practitioner {
    pub(super) active: Option<bool>,
    pub(super) identifier: Vec<Identifier>,
    pub(super) name: Vec<HumanName>,
    pub(super) telecom: Vec<ContactPoint>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct PractitionerRole {
    pub(super) active: Option<bool>,
    pub(super) practitioner: Option<Reference>,
    pub(super) organization: Option<Reference>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Encounter {
    pub(super) status: Option<String>,
    pub(super) subject: Option<Reference>,
    pub(super) participant: Vec<Participant>,
    pub(super) period: Option<Period>,
    pub(super) service_provider: Option<Reference>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Medication {
    pub(super) status: Option<String>,
    pub(super) code: Option<CodeableConcept>,
}

/// Condition, `AllergyIntolerance` and `MedicationRequest`: what they have in common, and where they differ.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Entry {
    pub(super) subject: Option<Reference>,
    pub(super) patient: Option<Reference>,
    pub(super) code: Option<CodeableConcept>,
    pub(super) clinical_status: Option<CodeableConcept>,
    pub(super) verification_status: Option<CodeableConcept>,
    pub(super) severity: Option<CodeableConcept>,
    /// Codes of an `AllergyIntolerance`; the others have concepts, which are not looked at.
    pub(super) category: Vec<Value>,
    pub(super) reaction: Vec<Reaction>,
    pub(super) onset_date_time: Option<String>,
    pub(super) onset_period: Option<Period>,
    pub(super) onset_age: Option<Value>,
    pub(super) onset_range: Option<Value>,
    pub(super) onset_string: Option<Value>,
    pub(super) abatement_date_time: Option<String>,
    pub(super) abatement_period: Option<Period>,
    pub(super) abatement_age: Option<Value>,
    pub(super) abatement_range: Option<Value>,
    pub(super) abatement_string: Option<Value>,
    pub(super) extension: Vec<Extension>,
    pub(super) status: Option<String>,
    pub(super) intent: Option<String>,
    pub(super) do_not_perform: bool,
    pub(super) authored_on: Option<String>,
    pub(super) dosage_instruction: Vec<Dosage>,
    pub(super) medication_codeable_concept: Option<CodeableConcept>,
    pub(super) medication_reference: Option<Reference>,
    pub(super) contained: Vec<Contained>,
    pub(super) modifier_extension: Vec<Value>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Reaction {
    pub(super) manifestation: Vec<CodeableConcept>,
    pub(super) severity: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Dosage {
    pub(super) text: Option<String>,
    pub(super) timing: Option<Timing>,
    pub(super) dose_and_rate: Vec<DoseAndRate>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Timing {
    pub(super) repeat: Option<Repeat>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Repeat {
    pub(super) bounds_period: Option<Period>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct DoseAndRate {
    pub(super) dose_quantity: Option<Quantity>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Quantity {
    /// As it is written: 1.50 says more than 1.5.
    pub(super) value: Option<Box<RawValue>>,
    pub(super) unit: Option<String>,
}

/// What a profile adds to a resource, with the kinds of values that are looked at.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Extension {
    pub(super) url: String,
    #[serde(rename = "extension")]
    pub(super) parts: Vec<Extension>,
    pub(super) value_code: Option<String>,
    pub(super) value_decimal: Option<f64>,
    pub(super) value_date_time: Option<String>,
    pub(super) value_codeable_concept: Option<CodeableConcept>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Contained {
    pub(super) id: Option<String>,
    pub(super) code: Option<CodeableConcept>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Identifier {
    #[serde(rename = "type")]
    pub(super) kind: Option<CodeableConcept>,
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct HumanName {
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) text: Option<String>,
    pub(super) family: Option<String>,
    /// Null stands for a name of which only extensions are known.
    pub(super) given: Vec<Option<String>>,
    pub(super) period: Option<Period>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct ContactPoint {
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) rank: Option<u32>,
    pub(super) period: Option<Period>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", default)]
pub(super) struct Address {
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) text: Option<String>,
    pub(super) line: Vec<Option<String>>,
    pub(super) city: Option<String>,
    pub(super) state: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) country: Option<String>,
    pub(super) period: Option<Period>,
    pub(super) extension: Vec<Extension>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Contact {
    pub(super) relationship: Vec<CodeableConcept>,
    pub(super) name: Option<HumanName>,
    pub(super) telecom: Vec<ContactPoint>,
    pub(super) period: Option<Period>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Participant {
    pub(super) individual: Option<Reference>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Period {
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Reference {
    #[serde(rename = "reference")]
    pub(super) target: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) identifier: Option<Box<Identifier>>,
    pub(super) display: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct CodeableConcept {
    pub(super) coding: Vec<Coding>,
    pub(super) text: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(remote = "Self", default)]
pub(super) struct Coding {
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
    pub(super) display: Option<String>,
}

impl CodeableConcept {
    /// What it says in words: the text, or else the first display text.
    pub(super) fn words(&self) -> Option<&str> {
        let texts = self.text.iter().chain(self.coding.iter().filter_map(|coding| coding.display.as_ref()));
        texts.map(|text| text.trim()).find(|text| !text.is_empty())
    }

    /// The first code that it has, of whatever system.
    pub(super) fn first_code(&self) -> Option<&str> {
        self.coding.iter().find_map(|coding| coding.code.as_deref())
    }

    /// The code of one of these systems, or else one that names no system. Never that of another system.
    pub(super) fn code_of(&self, systems: &[&str]) -> Option<&str> {
        let of = |fits: &dyn Fn(&str) -> bool| {
            let mut codings = self.coding.iter().filter(|coding| coding.code.is_some());
            codings.find(|coding| fits(coding.system.as_deref().unwrap_or_default()))?.code.as_deref()
        };
        of(&|system| systems.contains(&system)).or_else(|| of(&str::is_empty))
    }
}

from_objects!(
    Patient,
    PatientLink,
    Organization,
    Practitioner,
    PractitionerRole,
    Encounter,
    Medication,
    Entry,
    Reaction,
    Dosage,
    Timing,
    Repeat,
    DoseAndRate,
    Quantity,
    Extension,
    Contained,
    Identifier,
    HumanName,
    ContactPoint,
    Address,
    Contact,
    Participant,
    Period,
    Reference,
    CodeableConcept,
    Coding,
);
