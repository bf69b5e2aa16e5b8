use serde_json::{Number, Value, json};
use uuid::Uuid;

use crate::fhir::map::code::{
    ALLERGY_CATEGORY, ALLERGY_STATUS, CONDITION_SEVERITY, CONDITION_STATUS, MEDICATION_STATUS, REACTION_SEVERITY,
    code_of,
};
use crate::fhir::map::{ABSENT, ALLERGY_END, goes_on};
use crate::records::dependent::{AllergyStatus, MedicationStatus};
use crate::records::export::Folder;
use crate::records::import::{ImportedAllergy, ImportedConcept, ImportedCondition, ImportedMedication};

use super::{coded, reference, resource};

const SNOMED: &str = "http://snomed.info/sct";
const CONDITION_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";

/// The allergies of a patient; those that only the register's list tells, in its words.
pub(super) fn allergies(folder: &Folder) -> Vec<Value> {
    let own = folder.allergies.iter().map(|row| {
        let is_listed = row.status == AllergyStatus::Active;
        (is_listed.then_some(row.concept.display.as_str()), allergy(row))
    });
    as_listed(folder.register.allergies.as_deref(), own.collect(), |text| {
        let fields = json!({
            "clinicalStatus": coded(ALLERGY_CLINICAL, "active"),
            "code": { "text": text },
            "patient": reference("Patient", Some(folder.register.uuid)),
        });
        resource("AllergyIntolerance", named(folder, "allergies", text), fields)
    })
}

/// The conditions of a patient; those that only the register's list tells, in its words.
pub(super) fn conditions(folder: &Folder) -> Vec<Value> {
    let own = folder.conditions.iter().map(|row| {
        let is_listed = goes_on(row.status);
        (is_listed.then_some(row.concept.display.as_str()), condition(row))
    });
    as_listed(folder.register.medical_history.as_deref(), own.collect(), |text| {
        let fields = json!({
            "clinicalStatus": coded(CONDITION_CLINICAL, "active"),
            "code": { "text": text },
            "subject": reference("Patient", Some(folder.register.uuid)),
        });
        resource("Condition", named(folder, "medicalHistory", text), fields)
    })
}

/// The medications of a patient; those that only the register's list tells, in its words.
pub(super) fn medications(folder: &Folder) -> Vec<Value> {
    let own = folder.medications.iter().map(|row| {
        let is_listed = row.status == MedicationStatus::Active;
        (is_listed.then_some(row.concept.display.as_str()), medication(row))
    });
    as_listed(folder.register.current_medications.as_deref(), own.collect(), |text| {
        let fields = json!({
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": { "text": text },
            "subject": reference("Patient", Some(folder.register.uuid)),
        });
        resource("MedicationRequest", named(folder, "currentMedications", text), fields)
    })
}

/// Records, each with the words that it has in the register's list, in the order of that list, so that an import makes the
/// same one; texts that no record has, as `made` of them; and then the records that the list does not have.
fn as_listed(list: Option<&[String]>, own: Vec<(Option<&str>, Value)>, made: impl Fn(&str) -> Value) -> Vec<Value> {
    let list = list.unwrap_or_default();
    let place = |words: Option<&str>| list.iter().position(|text| Some(text.as_str()) == words).unwrap_or(list.len());
    let mut all: Vec<(usize, Value)> = own.into_iter().map(|(words, resource)| (place(words), resource)).collect();
    let is_new = |(index, _): &(usize, &String)| !all.iter().any(|(place, _)| place == index);
    let more: Vec<(usize, Value)> =
        list.iter().enumerate().filter(is_new).map(|(index, text)| (index, made(text))).collect();
    all.extend(more);
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, resource)| resource).collect()
}

/// The same key for the same text of the same patient.
fn named(folder: &Folder, list: &str, text: &str) -> Uuid {
    Uuid::new_v5(&folder.register.uuid, format!("{list}|{text}").as_bytes())
}

fn concept(concept: &ImportedConcept) -> Value {
    let coding = concept.code.as_ref().map(|(system, code)| {
        json!({ "system": system, "code": code, "display": concept.name.as_ref().unwrap_or(&concept.display) })
    });
    json!({ "coding": coding.as_slice(), "text": concept.display })
}

fn condition(record: &ImportedCondition) -> Value {
    let severity = record.severity.and_then(|severity| code_of(CONDITION_SEVERITY, severity));
    let fields = json!({
        "clinicalStatus": code_of(CONDITION_STATUS, record.status).map(|code| coded(CONDITION_CLINICAL, code)),
        "severity": severity.map(|code| coded(SNOMED, code)),
        "code": concept(&record.concept),
        "subject": reference("Patient", Some(record.patient_id)),
        "onsetDateTime": record.onset_date,
        "abatementDateTime": record.end_date,
    });
    resource("Condition", record.uuid, fields)
}

fn allergy(record: &ImportedAllergy) -> Value {
    let severity = record.severity.and_then(|severity| code_of(REACTION_SEVERITY, severity));
    let manifestation = match &record.reaction {
        Some(text) => json!({ "text": text }),
        None => coded(ABSENT, "unknown"),
    };
    let is_told = record.reaction.is_some() || severity.is_some();
    let reaction = is_told.then(|| json!({ "manifestation": [manifestation], "severity": severity }));
    let fields = json!({
        "extension": record.end_date.map(|date| json!({ "url": ALLERGY_END, "valueDateTime": date })).as_slice(),
        "clinicalStatus": code_of(ALLERGY_STATUS, record.status).map(|code| coded(ALLERGY_CLINICAL, code)),
        "category": record.category.and_then(|category| code_of(ALLERGY_CATEGORY, category)).as_slice(),
        "code": concept(&record.concept),
        "patient": reference("Patient", Some(record.patient_id)),
        "onsetDateTime": record.onset_date,
        "reaction": reaction.as_slice(),
    });
    resource("AllergyIntolerance", record.uuid, fields)
}

fn medication(record: &ImportedMedication) -> Value {
    let dosage = json!({
        "text": record.instructions,
        "timing": { "repeat": { "boundsPeriod": { "start": record.start_date, "end": record.end_date } } },
        "doseAndRate": [{ "doseQuantity": record.dose.as_deref().map(quantity) }],
    });
    let fields = json!({
        "status": code_of(MEDICATION_STATUS, record.status),
        "intent": "order",
        "medicationCodeableConcept": concept(&record.concept),
        "subject": reference("Patient", Some(record.patient_id)),
        "dosageInstruction": [dosage],
    });
    resource("MedicationRequest", record.uuid, fields)
}

/// `2.5 mg` is a number and a unit; what does not begin with a number as it would be written is a unit as a whole.
fn quantity(dose: &str) -> Value {
    let (first, rest) = dose.split_once(' ').unwrap_or((dose, ""));
    match serde_json::from_str::<Number>(first) {
        Ok(value) if value.to_string() == first => {
            json!({ "value": value, "unit": (!rest.is_empty()).then_some(rest) })
        }
        _ => json!({ "unit": dose }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dose_is_a_number_and_a_unit_where_it_is_written_so() {
        assert_eq!(quantity("2.5 mg"), json!({ "value": 2.5, "unit": "mg" }));
        assert_eq!(quantity("1"), json!({ "value": 1, "unit": null }));
        assert_eq!(quantity("1.0 tablet"), json!({ "value": 1.0, "unit": "tablet" }));
        for text in ["1.50 mg", "two puffs", "inf mg", "007 x"] {
            assert_eq!(quantity(text), json!({ "unit": text }), "{text}");
        }
    }
}
