use chrono::NaiveDate;
use uuid::Uuid;

use crate::fhir::r4::{CodeableConcept, Dosage, Entry, Extension, Period, Quantity};
use crate::records::dependent::{AllergyStatus, ConditionStatus, MedicationStatus, Severity};
use crate::records::import::{
    Fact as Kind, ImportSource, ImportedAllergy, ImportedConcept, ImportedCondition, ImportedMedication,
};

use super::code::{
    ALLERGY_CATEGORY, ALLERGY_CERTAINTY, ALLERGY_CLINICAL, ALLERGY_STATUS, CONDITION_CERTAINTY, CONDITION_CLINICAL,
    CONDITION_SEVERITY, CONDITION_STATUS, Codes, MEDICATION_STATUS, REACTION_SEVERITY, SNOMED, chosen,
};
use super::days::Days;
use super::entry::Fact;
use super::text::joined;
use super::{Mapped, Problem, References};

/// When an allergy ended: <https://hl7.org/fhir/extensions/StructureDefinition-allergyintolerance-abatement.html>
pub(in crate::fhir) const ALLERGY_END: &str = "http://hl7.org/fhir/StructureDefinition/allergyintolerance-abatement";

/// The key of a record, where it comes from, and when.
pub(super) struct Own {
    pub(super) uuid: Uuid,
    pub(super) source: ImportSource,
    pub(super) today: NaiveDate,
}

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

    /// Its key, and where it comes from.
    pub(in crate::fhir) fn own(&self) -> (Uuid, ImportSource) {
        match self {
            Self::Allergy(mapped) => (mapped.record.uuid, mapped.record.source.clone()),
            Self::Condition(mapped) => (mapped.record.uuid, mapped.record.source.clone()),
            Self::Medication(mapped) => (mapped.record.uuid, mapped.record.source.clone()),
        }
    }

    /// Kind of the record.
    pub(in crate::fhir) const fn kind(&self) -> Kind {
        match self {
            Self::Allergy(_) => Kind::Allergy,
            Self::Condition(_) => Kind::Condition,
            Self::Medication(_) => Kind::Medication,
        }
    }

    /// Concept of the record.
    pub(in crate::fhir) const fn concept(&self) -> &ImportedConcept {
        match self {
            Self::Allergy(mapped) => &mapped.record.concept,
            Self::Condition(mapped) => &mapped.record.concept,
            Self::Medication(mapped) => &mapped.record.concept,
        }
    }

    /// The same, by other words.
    pub(in crate::fhir) fn called(mut self, concept: ImportedConcept) -> Self {
        match &mut self {
            Self::Allergy(mapped) => mapped.record.concept = concept,
            Self::Condition(mapped) => mapped.record.concept = concept,
            Self::Medication(mapped) => mapped.record.concept = concept,
        }
        self
    }

    /// Place in the resource where its words stand.
    pub(in crate::fhir) fn code_path(&self) -> &str {
        match self {
            Self::Allergy(_) => "AllergyIntolerance.code",
            Self::Condition(_) => "Condition.code",
            Self::Medication(mapped) => mapped.place_of("display"),
        }
    }
}

fn status<T: Copy>(codes: Codes<T>, path: &str, code: Option<&str>) -> Result<T, Problem> {
    let Some(code) = code else { return Err(Problem::new(path, "must not be empty")) };
    chosen(codes, code).ok_or_else(|| Problem::new(path, "is none of the codes that R4 has"))
}

pub(super) fn condition(entry: &Entry, own: Own, concept: ImportedConcept) -> Result<Fact, Problem> {
    let Own { uuid, source, today } = own;
    let told = entry.clinical_status.as_ref().and_then(|status| status.code_of(CONDITION_CLINICAL));
    let status = status(CONDITION_STATUS, "Condition.clinicalStatus", told)?;
    let mut days = Days::new("Condition", today);
    days.doubt(entry, CONDITION_CERTAINTY);
    let severity = entry.severity.as_ref().and_then(|severity| {
        let found = CONDITION_SEVERITY.iter().find(|(_, code)| severity.code_of(SNOMED) == Some(*code));
        if found.is_none() {
            let reason = "was left out: is none of mild, moderate and severe (SNOMED CT)";
            days.left_out.push(Problem::new("Condition.severity", reason));
        }
        found.map(|(severity, _)| *severity)
    });
    let onset_date = days.onset(entry);
    let record = ImportedCondition {
        uuid,
        source,
        patient_id: Uuid::nil(),
        status,
        severity,
        onset_date,
        end_date: days.abatement(entry, onset_date, goes_on(status)),
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
    let record = Coded::Condition(mapped(record, "Condition.code", "Condition.subject", &places));
    Ok(Fact { medication: None, is_active, record, left_out: days.left_out })
}

/// Recurrence and relapse are kinds of active: <https://hl7.org/fhir/R4/valueset-condition-clinical.html>.
pub(in crate::fhir) const fn goes_on(status: ConditionStatus) -> bool {
    matches!(status, ConditionStatus::Active | ConditionStatus::Recurrence | ConditionStatus::Relapse)
}

pub(super) fn allergy(entry: &Entry, own: Own, concept: ImportedConcept) -> Result<Fact, Problem> {
    const PATH: &str = "AllergyIntolerance.clinicalStatus";
    let Own { uuid, source, today } = own;
    let told = entry.clinical_status.as_ref().and_then(|status| status.code_of(ALLERGY_CLINICAL));
    let status = status(ALLERGY_STATUS, PATH, told)?;
    let mut days = Days::new("AllergyIntolerance", today);
    days.doubt(entry, ALLERGY_CERTAINTY);
    let category = entry.category.iter().find_map(|category| chosen(ALLERGY_CATEGORY, category.as_str()?));
    if entry.category.len() > 1 || (category.is_none() && !entry.category.is_empty()) {
        let reason = "was left out but for the first that R4 has: an allergy is of one kind";
        days.left_out.push(Problem::new("AllergyIntolerance.category", reason));
    }
    let reactions = entry.reaction.iter().flat_map(|reaction| &reaction.manifestation);
    let reaction = joined(reactions.filter_map(CodeableConcept::words), "; ");
    let reaction = days.words("reaction", reaction, 500);
    let end = extension(&entry.extension, ALLERGY_END).and_then(|extension| extension.value_date_time.as_ref());
    let onset_date = days.onset(entry);
    let end_date = days.past("extension", end);
    let record = ImportedAllergy {
        uuid,
        source,
        patient_id: Uuid::nil(),
        status,
        category,
        severity: worst(entry),
        reaction,
        onset_date,
        end_date: days.after("extension", end_date, onset_date, status == AllergyStatus::Active),
        concept,
    };
    let places = [
        ("status", PATH),
        ("reaction", "AllergyIntolerance.reaction"),
        ("severity", "AllergyIntolerance.reaction"),
        ("onsetDate", "AllergyIntolerance.onsetDateTime"),
        ("endDate", "AllergyIntolerance.extension"),
    ];
    let record = Coded::Allergy(mapped(record, "AllergyIntolerance.code", "AllergyIntolerance.patient", &places));
    Ok(Fact { medication: None, is_active: status == AllergyStatus::Active, record, left_out: days.left_out })
}

/// The worst of the reactions: who is not told of a mild one misses less.
fn worst(entry: &Entry) -> Option<Severity> {
    let is_told = |code: &str| entry.reaction.iter().any(|reaction| reaction.severity.as_deref() == Some(code));
    REACTION_SEVERITY.iter().rev().find(|(_, code)| is_told(code)).map(|(severity, _)| *severity)
}

pub(super) fn medication(entry: &Entry, own: Own, concept: ImportedConcept) -> Result<Fact, Problem> {
    let Own { uuid, source, today } = own;
    let status = status(MEDICATION_STATUS, "MedicationRequest.status", entry.status.as_deref())?;
    let mut days = Days::new("MedicationRequest", today);
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
    let start_date = days.planned(start_place, start);
    let end_date = days.planned(end_place, bounds.and_then(|period| period.end.as_ref()));
    let record = ImportedMedication {
        uuid,
        source,
        patient_id: Uuid::nil(),
        status,
        dose: days.words("dosageInstruction[0].doseAndRate[0].doseQuantity", quantity.and_then(dose), 100),
        instructions: days.words("dosageInstruction", joined(texts, "; "), 500),
        start_date,
        end_date: days.after(end_place, end_date, start_date, false),
        concept,
    };
    let places = [
        ("status", "MedicationRequest.status"),
        ("dose", "MedicationRequest.dosageInstruction[0].doseAndRate[0].doseQuantity"),
        ("instructions", "MedicationRequest.dosageInstruction"),
        ("startDate", &*format!("MedicationRequest.{start_place}")),
        ("endDate", &*format!("MedicationRequest.{end_place}")),
    ];
    let root = if entry.medication_reference.is_some() {
        "MedicationRequest.medicationReference"
    } else {
        "MedicationRequest.medicationCodeableConcept"
    };
    let record = Coded::Medication(mapped(record, root, "MedicationRequest.subject", &places));
    Ok(Fact { medication: None, is_active: status == MedicationStatus::Active, record, left_out: days.left_out })
}

pub(super) fn bounds(dosage: &Dosage) -> Option<&Period> {
    dosage.timing.as_ref()?.repeat.as_ref()?.bounds_period.as_ref()
}

/// `2.50 mg`, the number as it is written; either part may be missing.
fn dose(quantity: &Quantity) -> Option<String> {
    let value = quantity.value.as_ref().map(|value| value.get()).filter(|text| text.parse::<f64>().is_ok());
    joined(value.into_iter().chain(quantity.unit.as_deref()), " ")
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
        shortened: Vec::new(),
        references: References::default(),
    }
}
