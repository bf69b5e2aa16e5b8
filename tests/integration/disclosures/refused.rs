//! Mutations that change nothing, and what their answers tell.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::scene::{allergy, key, nurse, patients};
use super::{Recorded, names};
use crate::patients::{HOME, NOBODY, done, register};

on_both_databases! {
    a_refused_change_is_on_record_with_its_patient,
    a_present_record_that_a_conflict_shows_is_on_record,
    a_change_to_nothing_is_on_record_with_its_patient,
    a_key_that_somebody_has_is_on_record,
    a_time_that_somebody_has_is_on_record,
    what_was_made_before_is_on_record,
}

/// The codes of a mutation's user errors, and whether a question of it names a patient.
fn refused(recorded: &Recorded, mutation: &str, input: &Value, patient: &str) -> (Value, bool) {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
    let (response, deeds) = recorded.ask(&nurse(), &query, &json!({ "input": input }));
    let payload = &response["data"][mutation];
    let codes =
        payload["userErrors"].as_array().map(|errors| errors.iter().map(|error| error["code"].clone()).collect());
    let codes: Vec<Value> = codes.unwrap_or_else(|| panic!("{response}"));
    (json!(codes), deeds.iter().any(|deed| deed.query.is_some() && names(deed, patient)))
}

fn a_refused_change_is_on_record_with_its_patient(phr: &Phr) {
    let patients = patients(phr);
    let (victim, other) = (patients[4].as_str(), patients[5].as_str());
    let latex = allergy(phr, victim, "Latex");
    done(phr, "addEmail", "uuid", &json!({"patientId": victim, "address": "a@b.example"}));
    let elsewhere = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    let foreign = register(phr, &json!({ "institutionId": elsewhere }));
    let recorded = Recorded::of(&phr.database);
    let cases = [
        (
            "updatePatientRegister",
            json!({"uuid": victim, "expectedVersion": 9, "lastName": "X"}),
            victim,
            "VERSION_CONFLICT",
        ),
        ("updatePatientRegister", json!({"uuid": foreign, "lastName": "X"}), &foreign, "NOT_FOUND"),
        ("deletePatientRegister", json!({"uuid": foreign}), &foreign, "NOT_FOUND"),
        ("restorePatientRegister", json!({"uuid": victim}), victim, "INVALID_STATE"),
        ("updatePatientAllergy", json!({"uuid": latex, "expectedVersion": 9}), victim, "VERSION_CONFLICT"),
        ("updatePatientAllergy", json!({"uuid": latex, "endDate": "2001-01-01"}), victim, "INVALID_STATE"),
        ("addEmail", json!({"patientId": victim, "address": "a@b.example"}), victim, "NOT_UNIQUE"),
        ("addEmail", json!({"patientId": foreign, "address": "a@b.example"}), &foreign, "REFERENCE_MISSING"),
        ("addEmail", json!({"patientId": victim, "address": "no address"}), victim, "INVALID_FORMAT"),
        ("validatePatientRegister", json!({"uuid": foreign, "as": "INSTITUTION"}), &foreign, "NOT_FOUND"),
        ("mergePatientRegisters", json!({"keep": victim, "merge": foreign}), victim, "NOT_FOUND"),
        ("mergePatientRegisters", json!({"keep": victim, "merge": foreign}), &foreign, "NOT_FOUND"),
        (
            "mergePatientRegisters",
            json!({"keep": victim, "merge": other, "expectedKeepVersion": 9}),
            other,
            "VERSION_CONFLICT",
        ),
    ];
    for (mutation, input, patient, code) in cases {
        assert_eq!(refused(&recorded, mutation, &input, patient), (json!([code]), true), "{mutation} {input}");
    }
    let nobodys = json!({"uuid": NOBODY, "expectedVersion": 1});
    assert_eq!(refused(&recorded, "removeEmail", &nobodys, victim), (json!(["NOT_FOUND"]), false));
}

fn a_present_record_that_a_conflict_shows_is_on_record(phr: &Phr) {
    let victim = register(phr, &json!({}));
    let recorded = Recorded::of(&phr.database);
    let query = "mutation($input: UpdatePatientRegisterInput!) { updatePatientRegister(input: $input) {
        userErrors { code } current { firstName } } }";
    let stale = json!({"input": {"uuid": victim, "expectedVersion": 9, "lastName": "X", "emergencyContact": null}});
    let (response, deeds) = recorded.ask(&nurse(), query, &stale);
    assert_eq!(response["data"]["updatePatientRegister"]["current"]["firstName"], "Jane", "{response}");
    let has = |deed: &phr::deed::Deed, field: &str| deed.fields.iter().any(|name| name == field);
    let shown = |deed: &&phr::deed::Deed| deed.query.is_none() && names(deed, &victim) && has(deed, "first_name");
    assert!(deeds.iter().any(|deed| shown(&deed)), "{deeds:?}");
    // That a field differs tells of it, also where the caller would have emptied it.
    let asked = |deed: &&phr::deed::Deed| {
        deed.query.is_some() && names(deed, &victim) && has(deed, "last_name") && has(deed, "emergency_contact")
    };
    assert!(deeds.iter().any(|deed| asked(&deed)), "{deeds:?}");
}

fn a_change_to_nothing_is_on_record_with_its_patient(phr: &Phr) {
    let victim = register(phr, &json!({}));
    let recorded = Recorded::of(&phr.database);
    for input in [json!({ "uuid": victim }), json!({"uuid": victim, "lastName": "Smith"})] {
        assert_eq!(refused(&recorded, "updatePatientRegister", &input, &victim), (json!([]), true), "{input}");
    }
}

fn a_key_that_somebody_has_is_on_record(phr: &Phr) {
    let patients = patients(phr);
    let (victim, other) = (patients[2].as_str(), patients[3].as_str());
    let latex = allergy(phr, victim, "Latex");
    let recorded = Recorded::of(&phr.database);
    let again = crate::patients::with(crate::patients::jane(), &json!({ "uuid": victim }));
    assert_eq!(refused(&recorded, "createPatientRegister", &again, victim), (json!(["NOT_UNIQUE"]), true));
    let taken = json!({"patientId": other, "uuid": latex, "display": "Nuts"});
    assert_eq!(refused(&recorded, "addPatientAllergy", &taken, victim), (json!(["NOT_UNIQUE"]), true));
    let whole = json!({"patient": again});
    assert_eq!(refused(&recorded, "registerPatientWithProfile", &whole, victim), (json!(["NOT_UNIQUE"]), true));
}

fn a_time_that_somebody_has_is_on_record(phr: &Phr) {
    let patients = patients(phr);
    let (victim, other) = (patients[0].as_str(), patients[1].as_str());
    let doctor = json!({"firstName": "Ada", "lastName": "Lee", "institutionId": HOME});
    let doctor = key(&done(phr, "createDoctor", "uuid", &doctor)["uuid"]);
    let at = |patient: &str| json!({"patientId": patient, "doctorId": doctor, "startsAt": "2040-01-01T10:00:00Z", "endsAt": "2040-01-01T11:00:00Z"});
    done(phr, "createAppointment", "uuid", &at(victim));
    let recorded = Recorded::of(&phr.database);
    assert_eq!(refused(&recorded, "createAppointment", &at(other), victim), (json!(["NOT_UNIQUE"]), true));
}

fn what_was_made_before_is_on_record(phr: &Phr) {
    let recorded = Recorded::of(&phr.database);
    let input = crate::patients::with(crate::patients::jane(), &json!({"idempotencyKey": "once"}));
    refused(&recorded, "createPatientRegister", &input, NOBODY);
    let made = phr.ask("{ patientRegisters { nodes { uuid } } }", &json!({}));
    let made = key(&made["patientRegisters"]["nodes"][0]["uuid"]);
    assert_eq!(refused(&recorded, "createPatientRegister", &input, &made), (json!([]), true));
}
