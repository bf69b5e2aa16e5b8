use serde_json::{Value, json};
use uuid::Uuid;

use crate::fhir::map::ALLERGY_END;
use crate::fhir::map::code::{
    ALLERGY_CATEGORY, ALLERGY_STATUS, CONDITION_SEVERITY, CONDITION_STATUS, MEDICATION_STATUS, REACTION_SEVERITY,
    code_of,
};
use crate::records::export::Folder;
use crate::records::import::{ImportedAllergy, ImportedConcept, ImportedCondition, ImportedMedication};

use super::{coded, reference, resource};

const SNOMED: &str = "http://snomed.info/sct";
const CONDITION_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
/// R4 wants every reaction to say what happens: <https://hl7.org/fhir/R4/valueset-data-absent-reason.html>
const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";

/// The allergies of a patient; those that only the register's list tells, in its words.
pub(super) fn allergies(folder: &Folder) -> Vec<Value> {
    let own = folder.allergies.iter().map(allergy);
    let told = folder.allergies.iter().map(|row| row.concept.display.as_str());
    let words = unrecorded(folder.register.allergies.as_deref(), told);
    let more = words.into_iter().map(|text| {
        let id = named(folder, "allergies", text);
        let fields = json!({
            "clinicalStatus": coded(ALLERGY_CLINICAL, "active"),
            "code": { "text": text },
            "patient": reference("Patient", Some(folder.register.uuid)),
        });
        resource("AllergyIntolerance", id, fields)
    });
    own.chain(more).collect()
}

/// The conditions of a patient; those that only the register's list tells, in its words.
pub(super) fn conditions(folder: &Folder) -> Vec<Value> {
    let own = folder.conditions.iter().map(condition);
    let told = folder.conditions.iter().map(|row| row.concept.display.as_str());
    let words = unrecorded(folder.register.medical_history.as_deref(), told);
    let more = words.into_iter().map(|text| {
        let id = named(folder, "medicalHistory", text);
        let fields = json!({
            "clinicalStatus": coded(CONDITION_CLINICAL, "active"),
            "code": { "text": text },
            "subject": reference("Patient", Some(folder.register.uuid)),
        });
        resource("Condition", id, fields)
    });
    own.chain(more).collect()
}

/// The medications of a patient; those that only the register's list tells, in its words.
pub(super) fn medications(folder: &Folder) -> Vec<Value> {
    let own = folder.medications.iter().map(medication);
    let told = folder.medications.iter().map(|row| row.concept.display.as_str());
    let words = unrecorded(folder.register.current_medications.as_deref(), told);
    let more = words.into_iter().map(|text| {
        let id = named(folder, "currentMedications", text);
        let fields = json!({
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": { "text": text },
            "subject": reference("Patient", Some(folder.register.uuid)),
        });
        resource("MedicationRequest", id, fields)
    });
    own.chain(more).collect()
}

/// The texts of a register's list that no record has.
fn unrecorded<'f>(list: Option<&'f [String]>, told: impl Iterator<Item = &'f str> + Clone) -> Vec<&'f str> {
    let is_new = |text: &&str| !told.clone().any(|known| known == *text);
    list.unwrap_or_default().iter().map(String::as_str).filter(is_new).collect()
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
    match first.parse::<f64>() {
        Ok(value) if value.is_finite() && value.to_string() == first => {
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
        assert_eq!(quantity("1"), json!({ "value": 1.0, "unit": null }));
        for text in ["1.50 mg", "two puffs", "inf mg", "007 x"] {
            assert_eq!(quantity(text), json!({ "unit": text }), "{text}");
        }
    }
}
