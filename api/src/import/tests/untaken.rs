use serde_json::{Value, json};

use super::build::{allergy, bundle, condition, medication, organization, patient, practitioner, whole_patient};
use super::*;

/// What an import says to have no place for, of one resource.
async fn no_place_for(resource: Value) -> Vec<String> {
    let kind = resource["resourceType"].as_str().unwrap().to_owned();
    let all = if kind == "Patient" { vec![resource] } else { vec![patient(1), resource] };
    let imported = Database::new().await.import(document(&bundle(&all))).await;
    let outcomes = imported.of(&kind);
    assert_eq!((outcomes.len(), outcomes[0].status), (1, Status::Created), "{:#?}", imported.outcomes);
    outcomes[0].no_place_for.clone()
}

#[tokio::test]
async fn what_is_not_kept_of_a_record_is_named() {
    let mut nuts = allergy(500, 1, "Peanuts");
    nuts["criticality"] = json!("high");
    nuts["note"] = json!([{ "text": "told by the mother" }]);
    nuts["meta"] = json!({ "tag": [{ "code": "x" }] });
    nuts["text"] = json!({ "div": "<div/>" });
    nuts["extension"] = json!([{ "url": "http://a.example/certainty", "valueCode": "sure" }]);
    nuts["reaction"] = json!([{ "substance": { "text": "dust" }, "manifestation": [{
        "coding": [{ "system": "http://snomed.info/sct", "code": "1", "display": "Hives" }] }] }]);
    let mut names = no_place_for(nuts).await;
    names.sort_unstable();
    let expected =
        ["criticality", "extension(certainty)", "note", "reaction.manifestation.coding", "reaction.substance"];
    assert_eq!(names, expected);
    let mut gout = condition(400, 1, "Gout", "active");
    gout["code"]["coding"] = json!([]);
    assert_eq!(no_place_for(gout.clone()).await, [""; 0]);
    gout["bodySite"] = json!([{ "text": "toe" }]);
    gout["category"] = json!([{ "text": "problem" }]);
    gout["code"]["coding"] =
        json!([{ "system": "s", "code": "1" }, { "system": "t", "code": "2", "display": "Gicht" }]);
    assert_eq!(no_place_for(gout).await, ["bodySite", "code.coding", "category"]);
    let mut insulin = medication(600, 1, "Insulin", "active");
    insulin["dispenseRequest"] = json!({ "numberOfRepeatsAllowed": 1 });
    insulin["intent"] = json!("reflex-order");
    insulin["dosageInstruction"] = json!([
        { "timing": { "repeat": { "frequency": 2 } } },
        { "timing": { "repeat": { "frequency": 3 } }, "asNeededBoolean": true },
    ]);
    let mut names = no_place_for(insulin).await;
    names.sort_unstable();
    let expected =
        ["dispenseRequest", "dosageInstruction.asNeededBoolean", "dosageInstruction.timing.repeat.frequency", "intent"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn what_is_not_kept_of_a_person_or_place_is_named() {
    let mut ana = patient(1);
    ana["maritalStatus"] = json!({ "text": "married" });
    ana["name"][1]["prefix"] = json!(["Dr"]);
    ana["extension"] = json!([
        { "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "extension": [{ "url": "text", "valueString": "x" }] },
        { "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F" },
    ]);
    let expected = ["name.prefix", "maritalStatus", "name", "extension(us-core-race)"];
    let mut names = no_place_for(ana).await;
    names.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    let mut closed = organization(100);
    closed["active"] = json!(false);
    closed["telecom"].as_array_mut().unwrap().push(json!({ "system": "fax", "value": "5087999000" }));
    assert_eq!(no_place_for(closed).await, ["active", "telecom"]);
}

#[tokio::test]
async fn what_was_not_taken_at_all_names_no_element() {
    let mut refuted = condition(400, 1, "Gout", "active");
    refuted["verificationStatus"] = json!({ "coding": [{ "code": "refuted" }] });
    refuted["stage"] = json!([{}]);
    let imported = Database::new().await.import(document(&bundle(&[patient(1), refuted]))).await;
    assert_eq!(imported.of("Condition")[0].no_place_for, [""; 0]);
}

#[tokio::test]
async fn names_that_are_none_are_not_shown_and_many_are_cut_short() {
    let mut odd = condition(400, 1, "Gout", "active");
    odd["code"]["coding"] = json!([]);
    odd["Ana María"] = json!(1);
    assert_eq!(no_place_for(odd.clone()).await, ["?"]);
    for number in 0..100 {
        odd[format!("element{number}")] = json!(1);
    }
    let names = no_place_for(odd).await;
    assert_eq!((names.len(), names.last().map(String::as_str)), (50, Some("others")));
}

#[tokio::test]
async fn a_summary_counts_elements_and_not_their_combinations() {
    let mut both = condition(401, 1, "Gout", "active");
    both["stage"] = json!([{}]);
    both["bodySite"] = json!([{}]);
    let mut one = condition(402, 1, "Cold", "active");
    one["stage"] = json!([{}]);
    for resource in [&mut both, &mut one] {
        resource["code"]["coding"] = json!([]);
    }
    let imported = Database::new().await.import(document(&bundle(&[patient(1), both, one]))).await;
    let of_conditions: Vec<_> = imported.summary.by_element().filter(|(kind, ..)| *kind == "Condition").collect();
    assert_eq!(of_conditions, [("Condition", "bodySite", 1), ("Condition", "stage", 2)]);
}

#[tokio::test]
async fn a_twin_that_differs_in_what_is_not_kept_is_the_same() {
    let mut resources = whole_patient();
    let mut again = practitioner(200);
    again["qualification"] = json!([{}]);
    resources.push(again);
    let imported = Database::new().await.import(document(&bundle(&resources))).await;
    assert_eq!(imported.outcomes.last().unwrap().status, Status::Skipped);
}
