use uuid::Uuid;

use crate::fhir::r4::{Category, CodeableConcept, Dosage, Entry, Extension, Period, Quantity};
use crate::records::dependent::{AllergyStatus, ConditionStatus, MedicationStatus, Severity};
use crate::records::import::{ImportSource, ImportedAllergy, ImportedConcept, ImportedCondition, ImportedMedication};

use super::code::{
    ALLERGY_CATEGORY, ALLERGY_STATUS, CONDITION_SEVERITY, CONDITION_STATUS, Codes, MEDICATION_STATUS,
    REACTION_SEVERITY, chosen,
};
use super::entry::Fact;
use super::text::{in_one_line, joined, whole_date};
use super::{Mapped, Problem};

/// When an allergy ended: <https://hl7.org/fhir/extensions/StructureDefinition-allergyintolerance-abatement.html>
pub(in crate::fhir) const ALLERGY_END: &str = "http://hl7.org/fhir/StructureDefinition/allergyintolerance-abatement";

/// A record for one of the tables, whose patient is not known yet.
#[derive(Debug, Hash)]
pub(in crate::fhir) enum Coded {
    Allergy(Mapped<ImportedAllergy>),
    Condition(Mapped<ImportedCondition>),
    Medication(Mapped<ImportedMedication>),
}

impl Coded {
    /// The same, as this patient's.
    pub(in crate::fhir) fn of(mut self, patient: Uuid) -> Self {
        match &mut self {
            Self::Allergy(mapped) => mapped.record.patient_id = patient,
            Self::Condition(mapped) => mapped.record.patient_id = patient,
            Self::Medication(mapped) => mapped.record.patient_id = patient,
        }
        self
    }

    /// Where in the resource its words stand.
    pub(in crate::fhir) const fn code_path(&self) -> &'static str {
        match self {
            Self::Allergy(_) => "AllergyIntolerance.code",
            Self::Condition(_) => "Condition.code",
            Self::Medication(_) => "MedicationRequest.medication",
        }
    }
}

/// Dates, and what is no date although it stands in the place of one.
struct Days {
    root: &'static str,
    left_out: Vec<Problem>,
}

impl Days {
    /// Words that fit into a line of so many characters.
    fn words(&mut self, field: &str, told: Option<String>, most: usize) -> Option<String> {
        let told = in_one_line(&told?);
        if told.chars().count() > most {
            let reason = format!("was left out: must have at most {most} characters");
            self.left_out.push(Problem::new(format!("{}.{field}", self.root), reason));
            return None;
        }
        Some(told)
    }

    /// Nobody is certain: the record does not tell.
    fn doubt(&mut self, entry: &Entry) {
        let doubts = ["unconfirmed", "provisional"];
        if entry.verification_status.as_ref().is_some_and(|status| status.is_any(&doubts)) {
            let reason = "was left out: the record does not tell that it is unconfirmed";
            self.left_out.push(Problem::new(format!("{}.verificationStatus", self.root), reason));
        }
    }

    /// The day of an instant as it is written there, or of a period's end. A year alone is no day.
    fn day(&mut self, field: &str, told: Option<&String>) -> Option<chrono::NaiveDate> {
        let told = told?;
        let day = told.get(..10).and_then(whole_date);
        if day.is_none() {
            let reason = "was left out: is no whole date";
            self.left_out.push(Problem::new(format!("{}.{field}", self.root), reason));
        }
        day
    }

    fn vague(&mut self, field: &str, is_told: bool) {
        if is_told {
            let reason = "was left out: only dates are kept";
            self.left_out.push(Problem::new(format!("{}.{field}", self.root), reason));
        }
    }

    fn onset(&mut self, entry: &Entry) -> Option<chrono::NaiveDate> {
        self.vague("onsetAge", entry.onset_age.is_some());
        self.vague("onsetRange", entry.onset_range.is_some());
        self.vague("onsetString", entry.onset_string.is_some());
        let start = entry.onset_period.as_ref().and_then(|period| period.start.as_ref());
        match &entry.onset_date_time {
            Some(at) => self.day("onsetDateTime", Some(at)),
            None => self.day("onsetPeriod.start", start),
        }
    }

    fn abatement(&mut self, entry: &Entry) -> Option<chrono::NaiveDate> {
        self.vague("abatementAge", entry.abatement_age.is_some());
        self.vague("abatementRange", entry.abatement_range.is_some());
        self.vague("abatementString", entry.abatement_string.is_some());
        let end = entry.abatement_period.as_ref().and_then(|period| period.end.as_ref());
        match &entry.abatement_date_time {
            Some(at) => self.day("abatementDateTime", Some(at)),
            None => self.day("abatementPeriod.end", end),
        }
    }
}

fn status<T: Copy>(codes: Codes<T>, path: &str, code: Option<&str>) -> Result<T, Problem> {
    let Some(code) = code else { return Err(Problem::new(path, "must not be empty")) };
    chosen(codes, code).ok_or_else(|| Problem::new(path, "is none of the codes that R4 has"))
}

fn clinical(concept: Option<&CodeableConcept>) -> Option<&str> {
    concept.and_then(CodeableConcept::first_code)
}

pub(super) fn condition(
    entry: &Entry,
    (uuid, source): (Uuid, ImportSource),
    concept: ImportedConcept,
) -> Result<Fact, Problem> {
    let status = status(CONDITION_STATUS, "Condition.clinicalStatus", clinical(entry.clinical_status.as_ref()))?;
    let mut days = Days { root: "Condition", left_out: Vec::new() };
    days.doubt(entry);
    let severity = entry.severity.as_ref().and_then(|severity| {
        let found = CONDITION_SEVERITY.iter().find(|(_, code)| severity.is_any(&[*code]));
        if found.is_none() {
            let reason = "was left out: is none of mild, moderate and severe (SNOMED CT)";
            days.left_out.push(Problem::new("Condition.severity", reason));
        }
        found.map(|(severity, _)| *severity)
    });
    let record = ImportedCondition {
        uuid,
        source,
        patient_id: Uuid::nil(),
        status,
        severity,
        onset_date: days.onset(entry),
        end_date: days.abatement(entry),
        concept,
    };
    let places = [
        ("status", "Condition.clinicalStatus"),
        ("severity", "Condition.severity"),
        (
            "onsetDate",
            if entry.onset_date_time.is_some() { "Condition.onsetDateTime" } else { "Condition.onsetPeriod.start" },
        ),
        (
            "endDate",
            if entry.abatement_date_time.is_some() {
                "Condition.abatementDateTime"
            } else {
                "Condition.abatementPeriod.end"
            },
        ),
    ];
    let is_active = goes_on(status);
    let words = record.concept.display.clone();
    let record = Coded::Condition(mapped(record, "Condition.code", "Condition.subject", &places));
    Ok(Fact { words, is_active, record, left_out: days.left_out })
}

/// Recurrence and relapse are kinds of active: <https://hl7.org/fhir/R4/valueset-condition-clinical.html>.
pub(in crate::fhir) const fn goes_on(status: ConditionStatus) -> bool {
    matches!(status, ConditionStatus::Active | ConditionStatus::Recurrence | ConditionStatus::Relapse)
}

pub(super) fn allergy(
    entry: &Entry,
    (uuid, source): (Uuid, ImportSource),
    concept: ImportedConcept,
) -> Result<Fact, Problem> {
    const PATH: &str = "AllergyIntolerance.clinicalStatus";
    let status = status(ALLERGY_STATUS, PATH, clinical(entry.clinical_status.as_ref()))?;
    let mut days = Days { root: "AllergyIntolerance", left_out: Vec::new() };
    days.doubt(entry);
    let category = entry.category.iter().find_map(|category| match category {
        Category::Code(code) => chosen(ALLERGY_CATEGORY, code),
        Category::Concept {} => None,
    });
    if entry.category.len() > 1 || (category.is_none() && !entry.category.is_empty()) {
        let reason = "was left out but for the first that R4 has: an allergy is of one kind";
        days.left_out.push(Problem::new("AllergyIntolerance.category", reason));
    }
    let reactions = entry.reaction.iter().flat_map(|reaction| &reaction.manifestation);
    let reaction = joined(reactions.filter_map(CodeableConcept::words), "; ");
    let reaction = days.words("reaction", reaction, 500);
    let end = extension(&entry.extension, ALLERGY_END).and_then(|extension| extension.value_date_time.as_ref());
    let record = ImportedAllergy {
        uuid,
        source,
        patient_id: Uuid::nil(),
        status,
        category,
        severity: worst(entry),
        reaction,
        onset_date: days.onset(entry),
        end_date: days.day("extension", end),
        concept,
    };
    let places = [
        ("status", PATH),
        ("reaction", "AllergyIntolerance.reaction"),
        ("severity", "AllergyIntolerance.reaction"),
        ("onsetDate", "AllergyIntolerance.onsetDateTime"),
        ("endDate", "AllergyIntolerance.extension"),
    ];
    let words = record.concept.display.clone();
    let record = Coded::Allergy(mapped(record, "AllergyIntolerance.code", "AllergyIntolerance.patient", &places));
    Ok(Fact { words, is_active: status == AllergyStatus::Active, record, left_out: days.left_out })
}

/// The worst of the reactions: who is not told of a mild one misses less.
fn worst(entry: &Entry) -> Option<Severity> {
    let is_told = |code: &str| entry.reaction.iter().any(|reaction| reaction.severity.as_deref() == Some(code));
    REACTION_SEVERITY.iter().rev().find(|(_, code)| is_told(code)).map(|(severity, _)| *severity)
}

pub(super) fn medication(
    entry: &Entry,
    (uuid, source): (Uuid, ImportSource),
    concept: ImportedConcept,
) -> Result<Fact, Problem> {
    let status = status(MEDICATION_STATUS, "MedicationRequest.status", entry.status.as_deref())?;
    let mut days = Days { root: "MedicationRequest", left_out: Vec::new() };
    let first = entry.dosage_instruction.first();
    if entry.dosage_instruction.len() > 1 {
        let reason = "was left out but for its text: a record has one dose and one period";
        days.left_out.push(Problem::new("MedicationRequest.dosageInstruction[1]", reason));
    }
    let bounds = first.and_then(bounds);
    let quantity = first.and_then(|dosage| dosage.dose_and_rate.first()?.dose_quantity.as_ref());
    let texts = entry.dosage_instruction.iter().filter_map(|dosage| dosage.text.as_deref());
    let start = bounds.and_then(|period| period.start.as_ref());
    let (start_place, start) = match start {
        Some(_) => ("dosageInstruction[0].timing.repeat.boundsPeriod.start", start),
        None => ("authoredOn", entry.authored_on.as_ref()),
    };
    let end_place = "dosageInstruction[0].timing.repeat.boundsPeriod.end";
    let record = ImportedMedication {
        uuid,
        source,
        patient_id: Uuid::nil(),
        status,
        dose: days.words("dosageInstruction[0].doseAndRate[0].doseQuantity", quantity.and_then(dose), 100),
        instructions: days.words("dosageInstruction", joined(texts, "; "), 500),
        start_date: days.day(start_place, start),
        end_date: days.day(end_place, bounds.and_then(|period| period.end.as_ref())),
        concept,
    };
    let places = [
        ("status", "MedicationRequest.status"),
        ("dose", "MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity"),
        ("instructions", "MedicationRequest.dosageInstruction"),
        ("startDate", &*format!("MedicationRequest.{start_place}")),
        ("endDate", &*format!("MedicationRequest.{end_place}")),
    ];
    let words = record.concept.display.clone();
    let root = if entry.medication_reference.is_some() {
        "MedicationRequest.medicationReference"
    } else {
        "MedicationRequest.medicationCodeableConcept"
    };
    let record = Coded::Medication(mapped(record, root, "MedicationRequest.subject", &places));
    Ok(Fact { words, is_active: status == MedicationStatus::Active, record, left_out: days.left_out })
}

pub(super) fn bounds(dosage: &Dosage) -> Option<&Period> {
    dosage.timing.as_ref()?.repeat.as_ref()?.bounds_period.as_ref()
}

/// `2.5 mg`, of which either part may be missing.
fn dose(quantity: &Quantity) -> Option<String> {
    let value = quantity.value.map(|value| value.to_string());
    joined(value.as_deref().into_iter().chain(quantity.unit.as_deref()), " ")
}

pub(super) fn extension<'e>(extensions: &'e [Extension], url: &str) -> Option<&'e Extension> {
    extensions.iter().find(|extension| extension.url == url)
}

fn mapped<T>(record: T, code: &str, patient: &str, places: &[(&'static str, &str)]) -> Mapped<T> {
    let concept = ["display", "system", "code", "name"].map(|field| (field, code));
    let all = concept.into_iter().chain(places.iter().copied()).chain([("patientId", patient)]);
    Mapped {
        record,
        places: all.map(|(field, place)| (field, place.to_owned())).collect(),
        problem: None,
        left_out: Vec::new(),
    }
}
