//! Conditions, medications and allergies of made-up patients. One choice fills a register's lists and the coded records, so
//! that both say the same.

use chrono::{Days, NaiveDate};

use crate::date::Date;
use crate::records::dependent::{
    AllergyCategory, ConditionStatus, MedicationStatus, PatientAllergyItemInput, PatientConditionItemInput,
    PatientMedicationItemInput, Severity,
};

use super::{catalogues, nth};

/// An entry of a catalogue, and the words for it in a register.
pub(super) struct Coded {
    pub(super) words: &'static str,
    pub(super) code: &'static str,
    pub(super) name: &'static str,
}

/// A condition, the number of the medication that treats it, and whether it lasts for life.
pub(super) struct Condition {
    pub(super) coded: Coded,
    treatment: Option<u32>,
    is_chronic: bool,
}

/// A medication and its usual dose.
pub(super) struct Medication {
    pub(super) coded: Coded,
    dose: &'static str,
}

/// An allergy as a condition, with its category and what happens.
pub(super) struct Allergy {
    pub(super) coded: Coded,
    category: AllergyCategory,
    reaction: &'static str,
}

/// The health of one patient: numbers of allergies and conditions, none of which repeats.
pub(super) struct Health {
    patient: u32,
    allergies: Vec<u32>,
    conditions: Vec<u32>,
}

impl Health {
    pub(super) fn of(patient: u32) -> Self {
        // Two steps apart in lists of more than two.
        let few = |count: u32, length: usize| (0..count).map(|step| wrap(patient + step * 2, length)).collect();
        Self {
            patient,
            allergies: few(patient % 3, ALLERGIES.len()),
            conditions: few(patient / 2 % 3, CONDITIONS.len()),
        }
    }

    /// The register's `allergies`.
    pub(super) fn allergy_words(&self) -> Vec<String> {
        self.allergies.iter().map(|number| allergy(*number).coded.words.to_owned()).collect()
    }

    /// The register's `medicalHistory`.
    pub(super) fn condition_words(&self) -> Vec<String> {
        self.conditions.iter().map(|number| condition(*number).coded.words.to_owned()).collect()
    }

    /// The register's `currentMedications`.
    pub(super) fn medication_words(&self) -> Vec<String> {
        let current = self.treatments().filter(|(_, is_current)| *is_current);
        current.map(|(number, _)| medication(number).coded.words.to_owned()).collect()
    }

    /// The coded allergies of somebody born on this day.
    pub(super) fn allergies(&self, born: NaiveDate, today: NaiveDate) -> Vec<PatientAllergyItemInput> {
        let coded = |number: &u32| {
            let Allergy { coded, category, reaction } = allergy(*number);
            PatientAllergyItemInput {
                medical_condition_id: Some(catalogues::allergy(*number)),
                display: Some(coded.words.to_owned()),
                category: Some(*category),
                severity: Some(self.severity(*number)),
                reaction: Some((*reaction).to_owned()),
                onset_date: Some(self.onset(*number, born, today)),
                ..PatientAllergyItemInput::default()
            }
        };
        self.allergies.iter().map(coded).collect()
    }

    /// The coded conditions of somebody born on this day.
    pub(super) fn conditions(&self, born: NaiveDate, today: NaiveDate) -> Vec<PatientConditionItemInput> {
        let coded = |number: &u32| {
            let Condition { coded, is_chronic, .. } = condition(*number);
            PatientConditionItemInput {
                medical_condition_id: Some(catalogues::condition(*number)),
                display: Some(coded.words.to_owned()),
                severity: Some(self.severity(*number)),
                onset_date: Some(self.onset(*number, born, today)),
                status: Some(if *is_chronic { ConditionStatus::Active } else { ConditionStatus::Resolved }),
                end_date: (!is_chronic).then_some(Date(today)),
                ..PatientConditionItemInput::default()
            }
        };
        self.conditions.iter().map(coded).collect()
    }

    /// The coded medications of somebody born on this day: what treated a condition that is over is stopped.
    pub(super) fn medications(&self, born: NaiveDate, today: NaiveDate) -> Vec<PatientMedicationItemInput> {
        let coded = |(number, is_current): (u32, bool)| {
            let Medication { coded, dose } = medication(number);
            PatientMedicationItemInput {
                medication_id: Some(catalogues::medication(number)),
                display: Some(coded.words.to_owned()),
                dose: Some((*dose).to_owned()),
                instructions: Some("twice a day".to_owned()),
                status: Some(if is_current { MedicationStatus::Active } else { MedicationStatus::Stopped }),
                start_date: Some(self.onset(number, born, today)),
                ..PatientMedicationItemInput::default()
            }
        };
        self.treatments().map(coded).collect()
    }

    /// The numbers of the conditions' medications, and whether each is still taken.
    fn treatments(&self) -> impl Iterator<Item = (u32, bool)> {
        self.conditions.iter().filter_map(|number| {
            let Condition { treatment, is_chronic, .. } = condition(*number);
            treatment.map(|treatment| (treatment, *is_chronic))
        })
    }

    fn severity(&self, number: u32) -> Severity {
        nth(&[Severity::Mild, Severity::Moderate, Severity::Severe], self.patient + number)
    }

    /// A day in the patient's life, of the last sixteen years.
    fn onset(&self, number: u32, born: NaiveDate, today: NaiveDate) -> Date {
        let age = u64::try_from((today - born).num_days()).unwrap_or_default();
        let ago = u64::from(self.patient * 3 + number) * 811 % age.clamp(1, 6000);
        Date(today.checked_sub_days(Days::new(ago)).unwrap_or(today))
    }
}

fn wrap(number: u32, length: usize) -> u32 {
    number % u32::try_from(length).unwrap_or(u32::MAX)
}

fn condition(number: u32) -> &'static Condition {
    &CONDITIONS[number as usize]
}

fn medication(number: u32) -> &'static Medication {
    &MEDICATIONS[number as usize]
}

fn allergy(number: u32) -> &'static Allergy {
    &ALLERGIES[number as usize]
}

const fn lasting(coded: Coded, treatment: Option<u32>) -> Condition {
    Condition { coded, treatment, is_chronic: true }
}

const fn passing(coded: Coded, treatment: Option<u32>) -> Condition {
    Condition { coded, treatment, is_chronic: false }
}

const fn coded(words: &'static str, code: &'static str, name: &'static str) -> Coded {
    Coded { words, code, name }
}

/// Codes of SNOMED CT, as the sample of FHIR bundles has them, so that an import meets them.
pub(super) const CONDITIONS: &[Condition] = &[
    lasting(coded("hypertension", "38341003", "Hypertension"), Some(0)),
    lasting(coded("asthma", "195967001", "Asthma"), Some(1)),
    lasting(coded("type 2 diabetes", "44054006", "Diabetes"), Some(2)),
    lasting(coded("prediabetes", "15777000", "Prediabetes"), None),
    passing(coded("appendicitis", "74400008", "Appendicitis"), None),
    passing(coded("sprained wrist", "70704007", "Sprain of wrist"), Some(4)),
    lasting(coded("hypothyroidism", "83664006", "Idiopathic atrophic hypothyroidism"), Some(3)),
];

/// Codes of `RxNorm`.
pub(super) const MEDICATIONS: &[Medication] = &[
    Medication { coded: coded("lisinopril 10 mg", "314076", "lisinopril 10 MG Oral Tablet"), dose: "1 tablet" },
    Medication {
        coded: coded("albuterol inhaler", "745679", "200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler"),
        dose: "2 puffs",
    },
    Medication {
        coded: coded("metformin 500 mg", "860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"),
        dose: "2 tablets",
    },
    Medication {
        coded: coded("levothyroxine 75 µg", "966222", "Levothyroxine Sodium 0.075 MG Oral Tablet"),
        dose: "1 tablet",
    },
    Medication { coded: coded("ibuprofen 200 mg", "310965", "Ibuprofen 200 MG Oral Tablet"), dose: "1 tablet" },
];

/// Codes of SNOMED CT.
pub(super) const ALLERGIES: &[Allergy] = &[
    Allergy {
        coded: coded("penicillin", "91936005", "Allergy to penicillin"),
        category: AllergyCategory::Medication,
        reaction: "anaphylaxis",
    },
    Allergy {
        coded: coded("latex", "300916003", "Latex allergy"),
        category: AllergyCategory::Environment,
        reaction: "contact dermatitis",
    },
    Allergy {
        coded: coded("peanuts", "91935009", "Allergy to peanuts"),
        category: AllergyCategory::Food,
        reaction: "swollen lips",
    },
    Allergy {
        coded: coded("pollen", "300910009", "Pollen allergy"),
        category: AllergyCategory::Environment,
        reaction: "runny nose",
    },
    Allergy {
        coded: coded("shellfish", "300913006", "Shellfish allergy"),
        category: AllergyCategory::Food,
        reaction: "hives",
    },
    Allergy {
        coded: coded("house dust mites", "232350006", "House dust mite allergy"),
        category: AllergyCategory::Environment,
        reaction: "sneezing",
    },
    Allergy {
        coded: coded("aspirin", "293586001", "Allergy to aspirin"),
        category: AllergyCategory::Medication,
        reaction: "wheezing",
    },
];
