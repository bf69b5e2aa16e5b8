//! Adding, changing and removing what belongs to a patient.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{RXNORM, SNOMED, add, code, kinds};
use crate::audit::{Entry, shipped};
use crate::patients::{done, fault, faults, mutate, register, with};

on_both_databases! {
    each_kind_is_added_changed_and_removed,
    a_code_finds_its_entry_and_an_entry_its_code,
    everything_of_a_profile_is_kept,
    a_changed_address_is_not_verified_any_more,
    a_stale_version_changes_nothing,
    a_repeated_addition_adds_once,
    what_moves_with_its_patient_is_of_the_new_institution,
    every_change_is_on_record,
}

fn each_kind_is_added_changed_and_removed(phr: &Phr) {
    let patient = register(phr, &json!({}));
    for (kind, list, _, what) in kinds() {
        let fields = "id uuid version patientRegister { uuid }";
        let added = add(phr, kind, &patient, fields, &what);
        assert_eq!((&added["version"], &added["patientRegister"]["uuid"]), (&json!(1), &json!(patient)), "{kind}");
        let one = format!("{}{}", kind[..1].to_lowercase(), &kind[1..]);
        let read = |phr: &Phr| {
            let query = format!("query($uuid: UUID!) {{ {one}(uuid: $uuid) {{ {fields} }} {list} {{ totalCount }} }}");
            phr.ask(&query, &json!({ "uuid": added["uuid"] }))
        };
        assert_eq!(read(phr), json!({ one.as_str(): added, list: {"totalCount": 1} }));
        let node = phr.ask("query($id: ID!) { node(id: $id) { id } }", &json!({ "id": added["id"] }));
        assert_eq!(node["node"]["id"], added["id"], "{kind}");
        let change = match kind {
            "HealthProfile" => json!({"heightCm": 180}),
            "Email" => json!({"address": "c@d.de"}),
            "Phone" => json!({"number": "555-267-5675"}),
            "Address" => json!({"city": "Boston"}),
            "Identifier" => json!({"typeCode": "MR"}),
            _ => json!({"display": "Something else"}),
        };
        let change = with(change, &json!({ "uuid": added["uuid"] }));
        let (field, value) = change.as_object().unwrap().iter().find(|(field, _)| *field != "uuid").unwrap();
        let changed = done(phr, &format!("update{kind}"), &format!("version {field}"), &change);
        assert_eq!(changed, json!({"version": 2, field.as_str(): value}), "{kind}");
        let target = json!({ "uuid": added["uuid"] });
        let removed = done(phr, &format!("remove{kind}"), "uuid version", &target);
        assert_eq!(removed, with(target.clone(), &json!({"version": 3})), "{kind}");
        assert_eq!(read(phr), json!({ one.as_str(): null, list: {"totalCount": 0} }));
        for verb in ["update", "remove"] {
            assert_eq!(faults(phr, &format!("{verb}{kind}"), &target), [fault("NOT_FOUND", "input.uuid")], "{kind}");
        }
        // What was removed may be told again.
        add(phr, kind, &patient, "uuid", &what);
    }
}

fn a_code_finds_its_entry_and_an_entry_its_code(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let asthma = code(phr, "MedicalCondition", SNOMED, "195967001", "Asthma");
    let ibuprofen = code(phr, "Medication", RXNORM, "310965", "Ibuprofen 200 MG Oral Tablet");
    let coded = |kind: &str, entry: &str, what: &Value| {
        let mut added = add(phr, kind, &patient, &format!("system code display {entry} {{ uuid }}"), what);
        (added["system"].take(), added["code"].take(), added["display"].take(), added[entry]["uuid"].take())
    };
    for (kind, entry, key, system, number, name) in [
        ("PatientCondition", "medicalCondition", &asthma, SNOMED, "195967001", "Asthma"),
        ("PatientAllergy", "medicalCondition", &asthma, SNOMED, "195967001", "Asthma"),
        ("PatientMedication", "medication", &ibuprofen, RXNORM, "310965", "Ibuprofen 200 MG Oral Tablet"),
    ] {
        let expected = |display: &str| (json!(system), json!(number), json!(display), key.clone());
        let by_code = json!({"system": system, "code": number});
        let by_entry = json!({ format!("{entry}Id"): key });
        assert_eq!(coded(kind, entry, &by_code), expected(name));
        assert_eq!(coded(kind, entry, &by_entry), expected(name));
        assert_eq!(coded(kind, entry, &with(by_code, &json!({"display": "As told"}))), expected("As told"));
        let words = (json!(null), json!(null), json!("In words"), json!(null));
        assert_eq!(coded(kind, entry, &json!({"display": "In words"})), words);
        let uuid = add(phr, kind, &patient, "uuid", &by_entry)["uuid"].take();
        let fields = format!("code {entry} {{ uuid }} display");
        let mut cleared = done(phr, &format!("update{kind}"), &fields, &json!({"uuid": uuid, "code": null}));
        assert_eq!((cleared["code"].take(), cleared[entry].take()), (json!(null), json!(null)));
        assert_eq!(cleared["display"], name, "the words stay");
    }
}

fn everything_of_a_profile_is_kept(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let entry = |catalogue: &str, code: &str| crate::catalogues::entry(phr, catalogue, code);
    let (sex, blood) = (entry("sexes", "female"), entry("bloodTypes", "O-"));
    let told = json!({"heightCm": 171, "weightKg": 63.5, "smoking": "FORMER", "smokingEndDate": "2015-06-01",
        "alcohol": "CURRENT", "alcoholUnitsPerWeek": 3});
    let profile = with(told.clone(), &json!({"sexId": sex, "bloodTypeId": blood}));
    let fields = "heightCm weightKg smoking smokingEndDate alcohol alcoholUnitsPerWeek cigarettesPerDay
        sex { code } bloodType { code canReceiveFrom { code } } gender { code }";
    let expected = with(
        told,
        &json!({"cigarettesPerDay": null, "sex": {"code": "female"}, "gender": null,
        "bloodType": {"code": "O-", "canReceiveFrom": [{"code": "O-"}]}}),
    );
    assert_eq!(add(phr, "HealthProfile", &patient, fields, &profile), expected);
    let query = format!("query($uuid: UUID!) {{ patientRegister(uuid: $uuid) {{ healthProfile {{ {fields} }} }} }}");
    assert_eq!(phr.ask(&query, &json!({ "uuid": patient }))["patientRegister"]["healthProfile"], expected);
}

fn a_changed_address_is_not_verified_any_more(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let at = json!("2020-01-02T03:04:05.678901Z");
    for (kind, field, other, third) in
        [("Email", "address", "c@d.de", "e@f.de"), ("Phone", "number", "555-267-5675", "555-267-5676")]
    {
        let (.., what) = kinds().into_iter().find(|(name, ..)| *name == kind).unwrap();
        let added = add(phr, kind, &patient, "uuid verifiedAt", &with(what.clone(), &json!({"verifiedAt": at})));
        let change = |changes: &Value| {
            let changes = with(changes.clone(), &json!({"uuid": added["uuid"]}));
            done(phr, &format!("update{kind}"), "verifiedAt", &changes)["verifiedAt"].clone()
        };
        assert_eq!(
            change(&json!({field: what[field], "isPrimary": true})),
            added["verifiedAt"],
            "nothing else is told"
        );
        assert_eq!(change(&json!({field: other})), Value::Null, "{kind}");
        assert_eq!(change(&json!({field: third, "verifiedAt": at})), added["verifiedAt"], "it is told along");
    }
}

fn a_stale_version_changes_nothing(phr: &Phr) {
    let patient = register(phr, &json!({}));
    for (kind, _, _, what) in kinds() {
        let uuid = add(phr, kind, &patient, "uuid", &what)["uuid"].take();
        for verb in ["update", "remove"] {
            let stale = json!({"uuid": uuid, "expectedVersion": 7});
            let expected = [fault("VERSION_CONFLICT", "input.expectedVersion")];
            assert_eq!(faults(phr, &format!("{verb}{kind}"), &stale), expected, "{verb} {kind}");
        }
    }
}

fn a_repeated_addition_adds_once(phr: &Phr) {
    let patient = register(phr, &json!({}));
    for (kind, list, _, what) in kinds() {
        let input = with(what, &json!({"patientId": patient, "idempotencyKey": "again"}));
        let first = done(phr, &format!("add{kind}"), "uuid", &input);
        assert_eq!(done(phr, &format!("add{kind}"), "uuid", &input), first, "{kind}");
        let other = with(input, &json!({"uuid": crate::patients::NOBODY}));
        let refused = mutate(phr, &format!("add{kind}"), "uuid", &other);
        assert_eq!(refused["userErrors"][0]["code"], "IDEMPOTENCY_MISMATCH", "{kind}: {refused}");
        assert_eq!(phr.ask(&format!("{{ {list} {{ totalCount }} }}"), &json!({}))[list]["totalCount"], 1);
    }
}

fn what_moves_with_its_patient_is_of_the_new_institution(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let kept: Vec<Value> = kinds().iter().map(|(kind, _, _, what)| add(phr, kind, &patient, "uuid", what)).collect();
    let other = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": patient, "institutionId": other}));
    for ((kind, list, ..), added) in kinds().iter().zip(kept) {
        let query = format!(
            "query($to: UUID!) {{ {list}(filter: {{patientRegister: {{institutionId: {{equal: $to}}}}}}) {{ nodes {{ uuid version }} }} }}"
        );
        let found = phr.ask(&query, &json!({ "to": other }));
        assert_eq!(found[list]["nodes"], json!([with(added, &json!({"version": 2}))]), "{kind}");
    }
}

fn every_change_is_on_record(phr: &Phr) {
    let patient = register(phr, &json!({}));
    for (kind, list, _, what) in kinds() {
        let uuid = add(phr, kind, &patient, "uuid", &what)["uuid"].take();
        done(phr, &format!("remove{kind}"), "version", &json!({ "uuid": uuid }));
        let own = format!("resource_id = {} AND action <> 'READ'", phr.database.key(uuid.as_str().unwrap()));
        let told = |entry: &Entry| format!("{} {} {}", entry["resource"], entry["action"], entry["outcome"]);
        let found = shipped(&phr.database, &own, 4);
        let expected = ["CREATE INTENDED", "CREATE SUCCEEDED", "DELETE INTENDED", "DELETE SUCCEEDED"]
            .map(|step| format!("{kind} {step}"));
        assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
        assert!(found.iter().all(|entry| entry["patient_id"] == patient), "{found:?}");
        // What is shown of it is too: whose it is, and which fields.
        let shown = add(phr, kind, &patient, "uuid", &what)["uuid"].take();
        phr.ask(&format!("{{ {list} {{ nodes {{ version }} }} }}"), &json!({}));
        let read = format!("resource_id = {} AND action = 'READ'", phr.database.key(shown.as_str().unwrap()));
        let found = shipped(&phr.database, &read, 2);
        assert!(found.iter().all(|entry| entry["patient_id"] == patient && entry["resource"] == kind), "{found:?}");
        assert!(found[1]["fields"].split(' ').any(|field| field == "version"), "{found:?}");
    }
}
