//! R4's codes for what records choose from.

use crate::records::dependent::{
    AddressPurpose, AllergyCategory, AllergyStatus, ConditionStatus, MedicationStatus, Severity,
};

/// A choice of records, and R4's code for it.
pub(in crate::fhir) type Codes<T> = &'static [(T, &'static str)];

/// <https://hl7.org/fhir/R4/valueset-condition-clinical.html>
pub(in crate::fhir) const CONDITION_STATUS: Codes<ConditionStatus> = &[
    (ConditionStatus::Active, "active"),
    (ConditionStatus::Recurrence, "recurrence"),
    (ConditionStatus::Relapse, "relapse"),
    (ConditionStatus::Inactive, "inactive"),
    (ConditionStatus::Remission, "remission"),
    (ConditionStatus::Resolved, "resolved"),
];

/// <https://hl7.org/fhir/R4/valueset-allergyintolerance-clinical.html>
pub(in crate::fhir) const ALLERGY_STATUS: Codes<AllergyStatus> =
    &[(AllergyStatus::Active, "active"), (AllergyStatus::Inactive, "inactive"), (AllergyStatus::Resolved, "resolved")];

/// <https://hl7.org/fhir/R4/valueset-medicationrequest-status.html>, without what was entered in error.
pub(in crate::fhir) const MEDICATION_STATUS: Codes<MedicationStatus> = &[
    (MedicationStatus::Draft, "draft"),
    (MedicationStatus::Active, "active"),
    (MedicationStatus::OnHold, "on-hold"),
    (MedicationStatus::Completed, "completed"),
    (MedicationStatus::Stopped, "stopped"),
    (MedicationStatus::Cancelled, "cancelled"),
    (MedicationStatus::Unknown, "unknown"),
];

/// SNOMED CT: <https://hl7.org/fhir/R4/valueset-condition-severity.html>
pub(in crate::fhir) const CONDITION_SEVERITY: Codes<Severity> =
    &[(Severity::Mild, "255604002"), (Severity::Moderate, "6736007"), (Severity::Severe, "24484000")];

/// <https://hl7.org/fhir/R4/valueset-reaction-event-severity.html>, the mildest first.
pub(in crate::fhir) const REACTION_SEVERITY: Codes<Severity> =
    &[(Severity::Mild, "mild"), (Severity::Moderate, "moderate"), (Severity::Severe, "severe")];

/// <https://hl7.org/fhir/R4/valueset-allergy-intolerance-category.html>
pub(in crate::fhir) const ALLERGY_CATEGORY: Codes<AllergyCategory> = &[
    (AllergyCategory::Food, "food"),
    (AllergyCategory::Medication, "medication"),
    (AllergyCategory::Environment, "environment"),
    (AllergyCategory::Biologic, "biologic"),
];

/// <https://hl7.org/fhir/R4/valueset-address-use.html>
pub(in crate::fhir) const ADDRESS_PURPOSE: Codes<AddressPurpose> = &[
    (AddressPurpose::Home, "home"),
    (AddressPurpose::Work, "work"),
    (AddressPurpose::Temporary, "temp"),
    (AddressPurpose::Billing, "billing"),
    (AddressPurpose::Old, "old"),
];

/// Sexes at birth of US Core's extension, by the catalogue's codes:
/// <https://hl7.org/fhir/us/core/ValueSet-birthsex.html>
pub(in crate::fhir) const BIRTH_SEX: Codes<&str> =
    &[("male", "M"), ("female", "F"), ("other", "OTH"), ("unknown", "UNK")];

/// Systems of the codes for how a condition stands, the present one first.
pub(in crate::fhir) const CONDITION_CLINICAL: &[&str] =
    &["http://terminology.hl7.org/CodeSystem/condition-clinical", "http://hl7.org/fhir/condition-clinical"];
/// Systems of the codes for how certain a condition is.
pub(in crate::fhir) const CONDITION_CERTAINTY: &[&str] =
    &["http://terminology.hl7.org/CodeSystem/condition-ver-status", "http://hl7.org/fhir/condition-ver-status"];
/// Systems of the codes for how an allergy stands.
pub(in crate::fhir) const ALLERGY_CLINICAL: &[&str] = &[
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
    "http://hl7.org/fhir/allergyintolerance-clinical",
];
/// Systems of the codes for how certain an allergy is.
pub(in crate::fhir) const ALLERGY_CERTAINTY: &[&str] = &[
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
    "http://hl7.org/fhir/allergyintolerance-verification",
];
/// System of the codes for severities.
pub(in crate::fhir) const SNOMED: &[&str] = &["http://snomed.info/sct"];

pub(in crate::fhir) fn chosen<T: Copy>(codes: Codes<T>, code: &str) -> Option<T> {
    codes.iter().find(|(_, known)| *known == code).map(|(choice, _)| *choice)
}

pub(in crate::fhir) fn code_of<T: Copy + PartialEq>(codes: Codes<T>, choice: T) -> Option<&'static str> {
    codes.iter().find(|(known, _)| *known == choice).map(|(_, code)| *code)
}
