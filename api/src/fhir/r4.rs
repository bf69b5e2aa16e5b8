//! The parts of R4's resources that are imported, and no more: <https://hl7.org/fhir/R4/>.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Organization {
    pub(super) active: Option<bool>,
    pub(super) identifier: Vec<Identifier>,
    pub(super) name: Option<String>,
    pub(super) telecom: Vec<ContactPoint>,
    pub(super) address: Vec<Address>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Practitioner {
    pub(super) active: Option<bool>,
    pub(super) identifier: Vec<Identifier>,
    pub(super) name: Vec<HumanName>,
    pub(super) telecom: Vec<ContactPoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PractitionerRole {
    pub(super) active: Option<bool>,
    pub(super) practitioner: Option<Reference>,
    pub(super) organization: Option<Reference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Encounter {
    pub(super) status: Option<String>,
    pub(super) subject: Option<Reference>,
    pub(super) participant: Vec<Participant>,
    pub(super) period: Option<Period>,
    pub(super) service_provider: Option<Reference>,
}

/// Condition, `AllergyIntolerance` and `MedicationRequest`: what they have in common, and where they differ.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry {
    pub(super) subject: Option<Reference>,
    pub(super) patient: Option<Reference>,
    pub(super) code: Option<CodeableConcept>,
    pub(super) clinical_status: Option<CodeableConcept>,
    pub(super) verification_status: Option<CodeableConcept>,
    pub(super) severity: Option<CodeableConcept>,
    pub(super) category: Vec<Category>,
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
}

/// A code of an `AllergyIntolerance`; the others have concepts, which are not looked at.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Category {
    Code(String),
    Concept {},
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reaction {
    pub(super) manifestation: Vec<CodeableConcept>,
    pub(super) severity: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Dosage {
    pub(super) text: Option<String>,
    pub(super) timing: Option<Timing>,
    pub(super) dose_and_rate: Vec<DoseAndRate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Timing {
    pub(super) repeat: Option<Repeat>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Repeat {
    pub(super) bounds_period: Option<Period>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DoseAndRate {
    pub(super) dose_quantity: Option<Quantity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Quantity {
    pub(super) value: Option<f64>,
    pub(super) unit: Option<String>,
}

/// What a profile adds to a resource, with the kinds of values that are looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Extension {
    pub(super) url: String,
    #[serde(rename = "extension")]
    pub(super) parts: Vec<Extension>,
    pub(super) value_code: Option<String>,
    pub(super) value_decimal: Option<f64>,
    pub(super) value_date_time: Option<String>,
    pub(super) value_codeable_concept: Option<CodeableConcept>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Contained {
    pub(super) id: Option<String>,
    pub(super) code: Option<CodeableConcept>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Identifier {
    #[serde(rename = "type")]
    pub(super) kind: Option<CodeableConcept>,
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HumanName {
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) text: Option<String>,
    pub(super) family: Option<String>,
    /// Null stands for a name of which only extensions are known.
    pub(super) given: Vec<Option<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContactPoint {
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) rank: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Address {
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) text: Option<String>,
    pub(super) line: Vec<Option<String>>,
    pub(super) city: Option<String>,
    pub(super) state: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) country: Option<String>,
    pub(super) extension: Vec<Extension>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Contact {
    pub(super) relationship: Vec<CodeableConcept>,
    pub(super) name: Option<HumanName>,
    pub(super) telecom: Vec<ContactPoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Participant {
    pub(super) individual: Option<Reference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Period {
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    #[serde(rename = "reference")]
    pub(super) target: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) identifier: Option<Box<Identifier>>,
    pub(super) display: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CodeableConcept {
    pub(super) coding: Vec<Coding>,
    pub(super) text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
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

    /// The first code that it has.
    pub(super) fn first_code(&self) -> Option<&str> {
        self.coding.iter().find_map(|coding| coding.code.as_deref())
    }

    /// Whether it has one of these codes.
    pub(super) fn is_any(&self, codes: &[&str]) -> bool {
        self.coding.iter().filter_map(|coding| coding.code.as_deref()).any(|code| codes.contains(&code))
    }
}
