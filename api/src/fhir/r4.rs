//! The parts of R4's resources that are imported, and no more: <https://hl7.org/fhir/R4/>.

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Patient {
    pub(super) identifier: Vec<Identifier>,
    pub(super) name: Vec<HumanName>,
    pub(super) telecom: Vec<ContactPoint>,
    pub(super) birth_date: Option<String>,
    pub(super) deceased_date_time: Option<String>,
    pub(super) address: Vec<Address>,
    pub(super) contact: Vec<Contact>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Organization {
    pub(super) identifier: Vec<Identifier>,
    pub(super) name: Option<String>,
    pub(super) telecom: Vec<ContactPoint>,
    pub(super) address: Vec<Address>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Practitioner {
    pub(super) identifier: Vec<Identifier>,
    pub(super) name: Vec<HumanName>,
    pub(super) telecom: Vec<ContactPoint>,
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
    pub(super) status: Option<String>,
    pub(super) intent: Option<String>,
    pub(super) do_not_perform: bool,
    pub(super) medication_codeable_concept: Option<CodeableConcept>,
    pub(super) medication_reference: Option<Reference>,
    pub(super) contained: Vec<Contained>,
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
    pub(super) code: Option<String>,
    pub(super) display: Option<String>,
}

impl CodeableConcept {
    /// What it says in words: the text, or else the first display text.
    pub(super) fn words(&self) -> Option<&str> {
        let texts = self.text.iter().chain(self.coding.iter().filter_map(|coding| coding.display.as_ref()));
        texts.map(|text| text.trim()).find(|text| !text.is_empty())
    }

    /// Whether it has one of these codes.
    pub(super) fn is_any(&self, codes: &[&str]) -> bool {
        self.coding.iter().filter_map(|coding| coding.code.as_deref()).any(|code| codes.contains(&code))
    }
}
