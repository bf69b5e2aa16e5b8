use std::borrow::Cow;

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
}

#[derive(Deserialize)]
struct Meta<'m> {
    #[serde(default, borrow)]
    profile: Vec<Cow<'m, str>>,
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

/// Where a resource shows that it is an older FHIR's than R4; none where it does not.
pub(super) fn older_than_r4(head: &Head<'_>) -> Option<&'static str> {
    let starts = |value: Option<&RawValue>, with: char| value.is_some_and(|value| value.get().starts_with(with));
    let stated = head.fhir_version.is_some_and(|version| {
        let version = version.get().trim_matches('"');
        !version.starts_with("4.") && version.chars().next().is_some_and(|first| ('0'..'4').contains(&first))
    });
    if stated {
        return Some("fhirVersion");
    }
    if head.meta.is_some_and(|meta| names_older_profile(meta.get())) {
        return Some("meta.profile");
    }
    match head.resource_type.as_deref()? {
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

fn names_older_profile(meta: &str) -> bool {
    let Ok(meta) = serde_json::from_str::<Meta<'_>>(meta) else { return false };
    let marks = ["/DSTU2/", "/STU3/", "/dstu2/", "/stu3/", "/argonaut/", "|1.0.2", "|3.0.1", "|3.0.2"];
    meta.profile.iter().any(|profile| marks.iter().any(|mark| profile.contains(mark)))
}
