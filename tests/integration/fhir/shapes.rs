//! JSON that is not of FHIR's shape, and FHIR that is not R4's.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{condition, import, patient, reference, register, statuses, with};

on_both_databases!(
    a_list_where_an_object_belongs_is_refused_with_its_path,
    an_element_of_another_shape_costs_itself,
    profiles_of_guides_have_versions_of_their_own,
    other_versions_of_fhir_are_named
);

fn a_list_where_an_object_belongs_is_refused_with_its_path(phr: &Phr) {
    let listed = json!([["official", "Lena Moreau", "Wrong", ["Lena"]], { "family": "Moreau", "given": ["Lena"] }]);
    let outcomes = import(phr, &[with(patient(1), "name", listed)]);
    assert!(outcomes[0].is("CREATED", "Patient.name[0]", "is not of the shape"), "{outcomes:?}");
    assert_eq!(register(phr, 1)["lastName"], "Moreau");
    // What must be understood is not left out.
    let listed = with(condition(2, &reference("Patient", 1)), "clinicalStatus", json!([[{ "code": "active" }]]));
    let outcomes = import(phr, &[patient(1), listed]);
    assert!(outcomes[1].is("FAILED", "Condition.clinicalStatus", "is not of the shape"), "{outcomes:?}");
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": [[null, patient(3)], { "resource": ["Patient"] }] });
    let outcomes = super::import_bundle(phr, &bundle);
    assert_eq!(statuses(&outcomes), ["FAILED", "FAILED"], "{outcomes:?}");
    let lines = r#"{"resourceType":"Bundle","type":"collection","entry":{}}"#;
    assert!(super::ask(phr, &json!({ "ndjson": lines }))[0].is("FAILED", "", "is no list"));
}

fn an_element_of_another_shape_costs_itself(phr: &Phr) {
    let odd = [
        with(patient(1), "telecom", json!(["555-010-0001", { "system": "phone", "value": "555-010-0002" }])),
        with(patient(2), "contact", json!("nobody")),
        with(patient(3), "name", json!([{ "family": "Moreau", "given": [7, "Lena"] }])),
        with(condition(4, &reference("Patient", 1)), "onsetDateTime", json!(1990)),
    ];
    let outcomes = import(phr, &odd);
    assert_eq!(statuses(&outcomes), ["CREATED"; 4], "{outcomes:?}");
    let paths: Vec<&str> = outcomes.iter().map(|told| told.path.as_str()).collect();
    assert_eq!(paths, ["Patient.telecom[0]", "Patient.contact", "Patient.name[0].given[0]", "Condition.onsetDateTime"]);
    assert_eq!(register(phr, 1)["phoneNumber"], "555-010-0002");
    assert_eq!(register(phr, 3)["firstName"], "Lena");
}

fn profiles_of_guides_have_versions_of_their_own(phr: &Phr) {
    let profile = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|3.0.1";
    let guided = with(patient(1), "meta", json!({ "profile": [profile] }));
    let r4b = json!({ "profile": ["http://hl7.org/fhir/StructureDefinition/Patient|4.3.0"] });
    assert_eq!(statuses(&import(phr, &[guided, with(patient(2), "meta", r4b)])), ["CREATED", "CREATED"]);
}

fn other_versions_of_fhir_are_named(phr: &Phr) {
    let r5: [(Value, &str); 6] = [
        (
            json!({ "resourceType": "MedicationRequest", "id": "1", "medication": { "concept": {} } }),
            "MedicationRequest.medication",
        ),
        (json!({ "resourceType": "Encounter", "id": "1", "class": [{}] }), "Encounter.class"),
        (json!({ "resourceType": "Encounter", "id": "1", "actualPeriod": {} }), "Encounter.actualPeriod"),
        (json!({ "resourceType": "AllergyIntolerance", "id": "1", "type": {} }), "AllergyIntolerance.type"),
        (json!({ "resourceType": "DeviceUsage", "id": "1" }), "DeviceUsage.resourceType"),
        (
            json!({ "resourceType": "CapabilityStatement", "id": "1", "fhirVersion": "5.0.0" }),
            "CapabilityStatement.fhirVersion",
        ),
    ];
    for (resource, path) in r5 {
        let told = import(phr, &[resource]);
        assert!(told[0].is("FAILED", path, "shows that this is FHIR R5"), "{told:?}");
    }
    let older = json!({ "resourceType": "MedicationOrder", "id": "1" });
    assert!(import(phr, &[older])[0].reason.contains("DSTU2 or STU3"));
    let r4b = json!({ "resourceType": "CapabilityStatement", "id": "1", "fhirVersion": "4.3.0" });
    assert_eq!(import(phr, &[r4b])[0].reason, "its type is not imported");
}
