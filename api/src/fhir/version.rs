use std::borrow::Cow;

use chrono::DateTime;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What is looked at first in every resource: what it is, and whether it is R4's.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Head<'h> {
    #[serde(borrow)]
    pub(super) resource_type: Option<Cow<'h, str>>,
    #[serde(borrow)]
    pub(super) id: Option<Cow<'h, str>>,
    #[serde(borrow)]
    meta: Option<&'h RawValue>,
    #[serde(borrow)]
    fhir_version: Option<&'h RawValue>,
    #[serde(borrow)]
    animal: Option<&'h RawValue>,
    #[serde(borrow)]
    care_provider: Option<&'h RawValue>,
    #[serde(borrow)]
    clinical_status: Option<&'h RawValue>,
    #[serde(borrow)]
    substance: Option<&'h RawValue>,
    #[serde(borrow)]
    patient: Option<&'h RawValue>,
    #[serde(borrow)]
    class: Option<&'h RawValue>,
    #[serde(borrow)]
    name: Option<&'h RawValue>,
    #[serde(borrow)]
    context: Option<&'h RawValue>,
    #[serde(borrow)]
    medication: Option<&'h RawValue>,
    #[serde(borrow)]
    actual_period: Option<&'h RawValue>,
    #[serde(borrow)]
    participant: Option<&'h RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'h RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Meta<'m> {
    #[serde(borrow)]
    profile: Vec<Cow<'m, str>>,
    #[serde(borrow)]
    version_id: Option<Cow<'m, str>>,
    #[serde(borrow)]
    last_updated: Option<Cow<'m, str>>,
}

/// Types that DSTU2 or STU3 had and R4 has no more: <https://hl7.org/fhir/R4/history.html>.
const GONE: [&str; 18] = [
    "BodySite",
    "Conformance",
    "DataElement",
    "DeviceComponent",
    "DeviceUseRequest",
    "DiagnosticOrder",
    "EligibilityRequest",
    "EligibilityResponse",
    "ExpansionProfile",
    "ImagingManifest",
    "ImagingObjectSelection",
    "MedicationOrder",
    "Order",
    "OrderResponse",
    "ProcedureRequest",
    "ProcessRequest",
    "ReferralRequest",
    "Sequence",
];

/// Types that R4 did not have yet: <https://hl7.org/fhir/R5/history.html>, without those that R4B brought.
const LATER: [&str; 17] = [
    "ActorDefinition",
    "ArtifactAssessment",
    "BiologicallyDerivedProductDispense",
    "ConditionDefinition",
    "DeviceAssociation",
    "DeviceDispense",
    "DeviceUsage",
    "EncounterHistory",
    "FormularyItem",
    "GenomicStudy",
    "ImagingSelection",
    "InventoryItem",
    "InventoryReport",
    "NutritionIntake",
    "RequestOrchestration",
    "TestPlan",
    "Transport",
];

/// Versions that are not imported.
const OLDER: &str = "DSTU2 or STU3";
const R5: &str = "R5";

/// The element by which a resource shows that it is of another FHIR than R4, and of which; none otherwise. R4B has the same shapes
/// as R4, for all types that are imported.
pub(super) fn other_than_r4(head: &Head<'_>) -> Option<(&'static str, &'static str)> {
    let stated = head.fhir_version.and_then(|version| of_number(version.get().trim_matches('"')));
    if let Some(version) = stated {
        return Some(("fhirVersion", version));
    }
    if let Some(version) = head.meta.and_then(|meta| of_profiles(meta.get())) {
        return Some(("meta.profile", version));
    }
    let kind = head.resource_type.as_deref()?;
    older_shape(head, kind).map(|mark| (mark, OLDER)).or_else(|| later_shape(head, kind).map(|mark| (mark, R5)))
}

fn starts(value: Option<&RawValue>, with: char) -> bool {
    value.is_some_and(|value| value.get().starts_with(with))
}

fn older_shape(head: &Head<'_>, kind: &str) -> Option<&'static str> {
    match kind {
        gone if GONE.contains(&gone) => Some("resourceType"),
        "Patient" if head.animal.is_some() => Some("animal"),
        "Patient" if head.care_provider.is_some() => Some("careProvider"),
        "Practitioner" if starts(head.name, '{') => Some("name"),
        "Condition" | "AllergyIntolerance" if starts(head.clinical_status, '"') => Some("clinicalStatus"),
        "Condition" if head.patient.is_some() => Some("patient"),
        "AllergyIntolerance" if head.substance.is_some() => Some("substance"),
        "Encounter" if starts(head.class, '"') => Some("class"),
        "MedicationRequest" if head.context.is_some() => Some("context"),
        _ => None,
    }
}

fn later_shape(head: &Head<'_>, kind: &str) -> Option<&'static str> {
    match kind {
        later if LATER.contains(&later) => Some("resourceType"),
        "MedicationRequest" if head.medication.is_some() => Some("medication"),
        "Encounter" if starts(head.class, '[') => Some("class"),
        "Encounter" if head.actual_period.is_some() => Some("actualPeriod"),
        "Condition" | "AllergyIntolerance" if head.participant.is_some() => Some("participant"),
        "AllergyIntolerance" if starts(head.kind, '{') => Some("type"),
        _ => None,
    }
}

/// The FHIR of a version's number, where that is not R4 or R4B: <https://hl7.org/fhir/valueset-FHIR-version.html>
fn of_number(version: &str) -> Option<&'static str> {
    match version.chars().next()? {
        '0'..='3' => Some(OLDER),
        '5'..='9' => Some(R5),
        _ => None,
    }
}

fn of_profiles(meta: &str) -> Option<&'static str> {
    let meta: Meta<'_> = serde_json::from_str(meta).ok()?;
    meta.profile.iter().find_map(|profile| of_profile(profile))
}

/// A version behind a profile is that of FHIR only where the profile is FHIR's own: guides count for themselves.
fn of_profile(profile: &str) -> Option<&'static str> {
    let older = ["/DSTU2/StructureDefinition/", "/STU3/StructureDefinition/", "fhir.org/guides/argonaut/"];
    if older.iter().any(|mark| profile.contains(mark)) {
        return Some(OLDER);
    }
    let path =
        profile.strip_prefix("http").map(|rest| rest.trim_start_matches('s'))?.strip_prefix("://hl7.org/fhir/")?;
    let (folder, rest) = path.split_once('/')?;
    match folder {
        "StructureDefinition" => of_number(rest.split_once('|')?.1),
        "DSTU2" | "STU3" | "dstu2" | "stu3" => Some(OLDER),
        "R5" | "r5" => Some(R5),
        number => of_number(number),
    }
}

impl Head<'_> {
    /// Age of a resource's version by its own word, the newer the greater: when it was last changed, or else its version's
    /// number; 0 where it says neither.
    pub(super) fn version(&self) -> i64 {
        let meta = self.meta.and_then(|meta| serde_json::from_str::<Meta<'_>>(meta.get()).ok()).unwrap_or_default();
        let at = meta.last_updated.as_deref().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let number = meta.version_id.as_deref().and_then(|text| text.parse::<u32>().ok());
        at.map(|at| at.timestamp_micros()).or(number.map(i64::from)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_tell_the_version_of_fhir_and_guides_their_own() {
        for (profile, version) in [
            ("http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|3.0.1", None),
            ("http://hl7.org/fhir/us/core/STU3/StructureDefinition-us-core-patient.html", None),
            ("https://guide.example/StructureDefinition/patient|5.0.0", None),
            ("http://hl7.org/fhir/StructureDefinition/Patient|4.0.1", None),
            ("http://hl7.org/fhir/StructureDefinition/Patient|4.3.0", None),
            ("http://hl7.org/fhir/StructureDefinition/Patient", None),
            ("http://hl7.org/fhir/4.0/StructureDefinition/Patient", None),
            ("http://hl7.org/fhir/StructureDefinition/Patient|3.0.2", Some(OLDER)),
            ("http://hl7.org/fhir/STU3/patient.html", Some(OLDER)),
            ("http://hl7.org/fhir/3.0/StructureDefinition/Patient", Some(OLDER)),
            ("https://fhir.example.org.uk/STU3/StructureDefinition/Patient-1", Some(OLDER)),
            ("http://hl7.org/fhir/StructureDefinition/Patient|5.0.0", Some(R5)),
        ] {
            assert_eq!(of_profile(profile), version, "{profile}");
        }
    }
}
