//! Codes and statuses: by the systems that FHIR names, with whatever words there are.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{active, condition, import, import_lines, patient, reference, register, request, statuses, with};

on_both_databases!(
    a_code_without_words_is_kept,
    a_status_is_told_by_its_own_system,
    a_dose_keeps_its_decimals,
    a_modifier_extension_is_not_passed_over,
    codes_are_as_long_as_they_come
);

const ICD: &str = "http://hl7.org/fhir/sid/icd-10-cm";

fn coded(code: &str) -> Value {
    json!({ "coding": [{ "system": ICD, "code": code }] })
}

fn a_code_without_words_is_kept(phr: &Phr) {
    let lena = reference("Patient", 1);
    let bare = with(condition(2, &lena), "code", coded("Z99.9"));
    let named = json!({ "coding": [{ "system": ICD, "code": "J45", "display": "Asthma" }], "text": "Asthma" });
    let told = with(condition(3, &lena), "code", named);
    let same = with(condition(4, &lena), "code", coded("J45"));
    let nothing = with(condition(5, &lena), "code", json!({ "coding": [{ "code": "1" }] }));
    let all = [patient(1), same.clone(), bare, told, nothing];
    let outcomes = import(phr, &all);
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED", "CREATED", "CREATED", "FAILED"], "{outcomes:?}");
    assert!(outcomes[4].is("FAILED", "Condition.code", "has no text, no display text and no code"), "{outcomes:?}");
    let list = register(phr, 1)["medicalHistory"].as_array().unwrap().clone();
    assert!(list.contains(&json!("Z99.9")) && list.contains(&json!("Asthma")) && list.len() == 2, "{list:?}");
    assert_eq!(statuses(&import(phr, &all)), ["UNCHANGED", "UNCHANGED", "UNCHANGED", "UNCHANGED", "FAILED"]);
    // The catalogue's words, in another run.
    let later = with(condition(6, &lena), "code", coded("J45"));
    assert_eq!(statuses(&import(phr, &[patient(1), later])), ["UPDATED", "CREATED"]);
    let words = "SELECT count(*) FROM patient_conditions WHERE code = 'J45' AND display = 'Asthma'";
    assert_eq!(phr.database.sql().value(words), "3");
}

fn a_status_is_told_by_its_own_system(phr: &Phr) {
    let clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical";
    let lena = reference("Patient", 1);
    let local = json!({ "system": "https://a.example/states", "code": "resolved" });
    let both = json!({ "coding": [local, { "system": clinical, "code": "active" }] });
    let of_another = with(condition(2, &lena), "clinicalStatus", both);
    let only_local = with(condition(3, &lena), "clinicalStatus", json!({ "coding": [local] }));
    let doubted = json!({ "coding": [{ "system": "https://a.example/states", "code": "entered-in-error" }] });
    let certain = with(condition(4, &lena), "verificationStatus", doubted);
    let grave = json!({ "coding": [{ "system": "https://a.example/grades", "code": "24484000" }] });
    let graded = with(condition(5, &lena), "severity", grave);
    let outcomes = import(phr, &[patient(1), of_another, only_local, certain, graded]);
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED", "SKIPPED", "CREATED", "CREATED"], "{outcomes:?}");
    assert!(outcomes[2].reason.contains("does not say how it stands"), "{outcomes:?}");
    assert!(outcomes[4].is("CREATED", "Condition.severity", "was left out"), "{outcomes:?}");
    let states = phr.database.sql().value("SELECT count(*) FROM patient_conditions WHERE status = 'ACTIVE'");
    assert_eq!(states, "3");
}

fn a_dose_keeps_its_decimals(phr: &Phr) {
    // As text, since objects of programs forget how a number was written.
    let dose = r#"[{ "doseAndRate": [{ "doseQuantity": { "value": 1.50, "unit": "mg" } }] }]"#;
    let whole = with(request(2, &reference("Patient", 1)), "dosageInstruction", json!("HERE"));
    let line = whole.to_string().replace("\"HERE\"", dose);
    let told = super::ask(phr, &json!({ "ndjson": format!("{}\n{line}", patient(1)) }));
    assert_eq!(statuses(&told), ["CREATED", "CREATED"], "{told:?}");
    assert_eq!(register(phr, 1)["medications"]["nodes"][0]["dose"], "1.50 mg");
}

fn a_modifier_extension_is_not_passed_over(phr: &Phr) {
    let odd = json!([{ "url": "https://a.example/never", "valueBoolean": true }]);
    let never = with(condition(2, &reference("Patient", 1)), "modifierExtension", odd);
    let outcomes = import_lines(phr, &[patient(1), with(never, "clinicalStatus", active())]);
    assert_eq!(statuses(&outcomes), ["CREATED", "SKIPPED"], "{outcomes:?}");
}

fn codes_are_as_long_as_they_come(phr: &Phr) {
    let of = |number: u32, code: &str| {
        let named = json!({ "coding": [{ "system": ICD, "code": code }], "text": format!("Finding {number}") });
        with(condition(number, &reference("Patient", 1)), "code", named)
    };
    let long = "9".repeat(200);
    let outcomes = import(phr, &[patient(1), of(2, &long), of(3, "a b"), of(4, "a  b"), of(5, &"9".repeat(201))]);
    assert_eq!(statuses(&outcomes), ["CREATED"; 5], "{outcomes:?}");
    for number in [3, 4] {
        assert!(outcomes[number].is("CREATED", "Condition.code.coding", "was left out"), "{outcomes:?}");
    }
    let kept = phr.database.sql().column("SELECT code FROM patient_conditions WHERE code IS NOT NULL ORDER BY code");
    assert_eq!(kept, [long, "a b".to_owned()]);
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patient_conditions"), "4");
}
