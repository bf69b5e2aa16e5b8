//! What both databases must do in the same way: patient registers from creation to change.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{EVERY_FIELD, HOME, NOBODY, count, done, fault, faults, jane, read, register, with};

on_both_databases! {
    the_server_is_healthy,
    a_register_reads_back_as_it_was_created,
    what_an_input_leaves_out_gets_its_default,
    a_client_may_choose_the_key,
    a_key_is_unique_deleted_registers_included,
    nobody_is_found_under_an_unknown_key,
    a_register_is_a_node,
    texts_are_stored_without_the_space_around_them,
    every_broken_rule_of_an_input_is_told_at_once,
    what_a_register_refers_to_must_exist,
    an_update_changes_what_it_names_and_nothing_else,
    null_is_not_the_same_as_left_out,
    every_change_counts_and_no_change_does_not,
    a_stale_version_changes_nothing,
    an_update_tells_every_fault_with_its_path,
    an_incomplete_register_becomes_pending_when_completed,
    a_validated_register_keeps_its_doctor,
    the_schema_history_is_told,
    errors_carry_code_request_and_retryability,
}

fn the_server_is_healthy(phr: &Phr) {
    assert_eq!(phr.ask("{ health { status } }", &json!({})), json!({"health": {"status": "UP"}}));
}

fn a_register_reads_back_as_it_was_created(phr: &Phr) {
    let institution = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Harbour Clinic"}))["uuid"].take();
    let doctor = done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
    let input = with(
        jane(),
        &json!({
            "allergies": ["penicillin", "\"latex\", \\ and 'more'", "{braces}"],
            "medicalHistory": ["asthma"],
            "currentMedications": [],
            "institutionId": institution,
            "doctorId": doctor,
        }),
    );
    let created = done(phr, "createPatientRegister", EVERY_FIELD, &input);
    for field in ["firstName", "lastName", "dateOfBirth", "email", "phoneNumber", "address", "emergencyContact"] {
        assert_eq!(created[field], input[field], "{field}");
    }
    for list in ["allergies", "medicalHistory", "currentMedications"] {
        assert_eq!(created[list], input[list], "{list}");
    }
    assert_eq!(created["institution"]["uuid"], institution);
    assert_eq!(created["doctor"]["uuid"], doctor);
    assert_eq!(read(phr, created["uuid"].as_str().unwrap()), created);
}

fn what_an_input_leaves_out_gets_its_default(phr: &Phr) {
    let created = done(phr, "createPatientRegister", EVERY_FIELD, &jane());
    assert_eq!(created["status"], "PENDING");
    assert_eq!(created["version"], 1);
    assert_eq!(created["institution"]["uuid"], HOME);
    assert_eq!(created["createdAt"], created["updatedAt"]);
    for empty in ["allergies", "medicalHistory", "currentMedications"] {
        assert_eq!(created[empty], json!([]), "{empty}");
    }
    for unknown in ["doctor", "deletedAt"] {
        assert_eq!(created[unknown], Value::Null, "{unknown}");
    }
    let version = created["uuid"].as_str().unwrap().as_bytes()[14];
    assert_eq!(version, b'4', "a random key");
}

fn a_client_may_choose_the_key(phr: &Phr) {
    let uuid = "0b9fbb4e-7a55-4a3c-8c33-2d6a7f3f1a01";
    assert_eq!(register(phr, &json!({"uuid": uuid})), uuid);
    assert_eq!(read(phr, uuid)["uuid"], uuid);
}

fn a_key_is_unique_deleted_registers_included(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let again = with(jane(), &json!({"uuid": uuid}));
    assert_eq!(faults(phr, "createPatientRegister", &again), [fault("NOT_UNIQUE", "input.uuid")]);
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": uuid}));
    assert_eq!(faults(phr, "createPatientRegister", &again), [fault("NOT_UNIQUE", "input.uuid")]);
    assert_eq!(count(phr), 1);
}

fn nobody_is_found_under_an_unknown_key(phr: &Phr) {
    assert_eq!(read(phr, NOBODY), Value::Null);
    for mutation in ["updatePatientRegister", "deletePatientRegister", "restorePatientRegister"] {
        assert_eq!(faults(phr, mutation, &json!({"uuid": NOBODY})), [fault("NOT_FOUND", "input.uuid")], "{mutation}");
    }
}

fn a_register_is_a_node(phr: &Phr) {
    let created = done(phr, "createPatientRegister", "id uuid", &jane());
    let data = phr.ask(
        "query($id: ID!, $ids: [ID!]!) {
            node(id: $id) { __typename id ... on PatientRegister { uuid lastName doctor { uuid } } }
            nodes(ids: $ids) { id }
        }",
        &json!({"id": created["id"], "ids": [created["id"], "nonsense", created["id"]]}),
    );
    assert_eq!(data["node"]["__typename"], "PatientRegister");
    assert_eq!(data["node"]["uuid"], created["uuid"]);
    assert_eq!(data["node"]["lastName"], "Smith");
    assert_eq!(data["nodes"], json!([{"id": created["id"]}, null, {"id": created["id"]}]));
    let many = vec![created["id"].clone(); 101];
    let (code, message) = phr.error("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", &json!({"ids": many}));
    assert_eq!(code, "LIMIT_EXCEEDED");
    assert!(message.contains("ids"), "{message}");
}

fn texts_are_stored_without_the_space_around_them(phr: &Phr) {
    let changes = json!({"firstName": "  Jane ", "email": " jane@mail.example", "allergies": [" latex\u{a0}"]});
    let stored = read(phr, &register(phr, &changes));
    assert_eq!(stored["firstName"], "Jane");
    assert_eq!(stored["email"], "jane@mail.example");
    assert_eq!(stored["allergies"], json!(["latex"]));
}

fn every_broken_rule_of_an_input_is_told_at_once(phr: &Phr) {
    let taken = register(phr, &json!({}));
    let input = json!({
        "uuid": taken,
        "firstName": " ",
        "lastName": "x".repeat(201),
        "dateOfBirth": "1880-01-01",
        "email": "nobody",
        "phoneNumber": "123",
        "address": "",
        "emergencyContact": "a\u{7}b",
        "allergies": ["fine", "", "y".repeat(501)],
        "medicalHistory": vec!["z"; 101],
        "institutionId": NOBODY,
        "doctorId": NOBODY,
    });
    let mut found = faults(phr, "createPatientRegister", &input);
    found.sort();
    let mut expected = vec![
        fault("NOT_UNIQUE", "input.uuid"),
        fault("REQUIRED", "input.firstName"),
        fault("TOO_LONG", "input.lastName"),
        fault("OUT_OF_RANGE", "input.dateOfBirth"),
        fault("INVALID_FORMAT", "input.email"),
        fault("TOO_SHORT", "input.phoneNumber"),
        fault("REQUIRED", "input.address"),
        fault("INVALID_FORMAT", "input.emergencyContact"),
        fault("REQUIRED", "input.allergies.1"),
        fault("TOO_LONG", "input.allergies.2"),
        fault("TOO_MANY", "input.medicalHistory"),
        fault("REFERENCE_MISSING", "input.institutionId"),
        fault("REFERENCE_MISSING", "input.doctorId"),
    ];
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(count(phr), 1);
}

fn what_a_register_refers_to_must_exist(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    for field in ["institutionId", "doctorId"] {
        let expected = [fault("REFERENCE_MISSING", &format!("input.{field}"))];
        let input = with(jane(), &json!({field: NOBODY}));
        assert_eq!(faults(phr, "createPatientRegister", &input), expected);
        assert_eq!(faults(phr, "updatePatientRegister", &json!({"uuid": uuid, field: NOBODY})), expected);
    }
    assert_eq!(count(phr), 1);
    assert_eq!(read(phr, &uuid)["version"], 1);
}

fn an_update_changes_what_it_names_and_nothing_else(phr: &Phr) {
    let uuid = register(phr, &json!({"allergies": ["latex"]}));
    let before = read(phr, &uuid);
    let changes = json!({"lastName": "Lee", "currentMedications": ["aspirin"]});
    let after = done(phr, "updatePatientRegister", EVERY_FIELD, &with(json!({"uuid": uuid}), &changes));
    let expected = with(with(before.clone(), &changes), &json!({"version": 2, "updatedAt": after["updatedAt"]}));
    assert_eq!(after, expected);
    assert!(after["updatedAt"].as_str() > before["updatedAt"].as_str(), "{after}");
    assert_eq!(read(phr, &uuid), after);
}

fn null_is_not_the_same_as_left_out(phr: &Phr) {
    let doctor = done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
    let uuid = register(phr, &json!({"doctorId": doctor, "allergies": ["latex"]}));
    let kept = done(phr, "updatePatientRegister", EVERY_FIELD, &json!({"uuid": uuid, "address": "1 Oak Avenue"}));
    assert_eq!(kept["doctor"]["uuid"], doctor);
    assert_eq!(kept["allergies"], json!(["latex"]));
    let cleared = json!({"uuid": uuid, "doctorId": null, "allergies": null});
    let cleared = done(phr, "updatePatientRegister", EVERY_FIELD, &cleared);
    assert_eq!(cleared["doctor"], Value::Null);
    assert_eq!(cleared["allergies"], json!([]));
    for field in ["dateOfBirth", "email", "phoneNumber", "address", "emergencyContact"] {
        let found = faults(phr, "updatePatientRegister", &json!({"uuid": uuid, field: null}));
        assert_eq!(found, [fault("REQUIRED", &format!("input.{field}"))]);
    }
    let nameless = json!({"uuid": uuid, "firstName": null, "lastName": null});
    assert_eq!(faults(phr, "updatePatientRegister", &nameless), [fault("REQUIRED", "input.firstName")]);
    let single = done(phr, "updatePatientRegister", EVERY_FIELD, &json!({"uuid": uuid, "firstName": null}));
    assert_eq!(single["firstName"], Value::Null, "a person may have a single name");
    let found = faults(phr, "updatePatientRegister", &json!({"uuid": uuid, "institutionId": null}));
    assert_eq!(found, [fault("REQUIRED", "input.institutionId")]);
}

fn every_change_counts_and_no_change_does_not(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    for version in 2..5 {
        let input = json!({"uuid": uuid, "address": format!("{version} Oak Avenue"), "expectedVersion": version - 1});
        assert_eq!(done(phr, "updatePatientRegister", "version", &input)["version"], version);
    }
    let before = read(phr, &uuid);
    for same in [json!({"uuid": uuid}), json!({"uuid": uuid, "address": "4 Oak Avenue", "firstName": " Jane"})] {
        assert_eq!(done(phr, "updatePatientRegister", EVERY_FIELD, &same), before, "{same}");
    }
    let log = format!("SELECT count(*) FROM change_log WHERE key = {}", phr.database.key(&uuid));
    assert_eq!(phr.database.sql().value(&log), "4");
}

fn a_stale_version_changes_nothing(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": uuid, "address": "1 Oak Avenue"}));
    let before = read(phr, &uuid);
    let conflict = [fault("VERSION_CONFLICT", "input.expectedVersion")];
    let stale = json!({"uuid": uuid, "expectedVersion": 1, "lastName": "Lee"});
    assert_eq!(faults(phr, "updatePatientRegister", &stale), conflict);
    assert_eq!(faults(phr, "deletePatientRegister", &json!({"uuid": uuid, "expectedVersion": 3})), conflict);
    assert_eq!(read(phr, &uuid), before);
}

fn an_update_tells_every_fault_with_its_path(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let input = json!({
        "uuid": uuid, "expectedVersion": 9, "lastName": "x".repeat(201), "email": null, "phoneNumber": "1".repeat(16),
        "doctorId": NOBODY, "medicalHistory": ["\u{1}"],
    });
    let mut found = faults(phr, "updatePatientRegister", &input);
    found.sort();
    let mut expected = vec![
        fault("VERSION_CONFLICT", "input.expectedVersion"),
        fault("TOO_LONG", "input.lastName"),
        fault("REQUIRED", "input.email"),
        fault("TOO_LONG", "input.phoneNumber"),
        fault("REFERENCE_MISSING", "input.doctorId"),
        fault("INVALID_FORMAT", "input.medicalHistory.0"),
    ];
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(read(phr, &uuid)["version"], 1);
}

fn an_incomplete_register_becomes_pending_when_completed(phr: &Phr) {
    let uuid = "1d5b42a6-98a2-4b43-9f3f-6b0d6f1f0a02";
    phr.database.sql().run(&format!(
        "INSERT INTO patientregister (uuid, first_name, last_name, date_of_birth, phone_number, address, status)
         VALUES ({}, 'Ada', 'Lee', '1990-01-01', '555-267-5674', '1 Oak Avenue', 'INCOMPLETE')",
        phr.database.key(uuid)
    ));
    assert_eq!(read(phr, uuid)["status"], "INCOMPLETE");
    assert_eq!(read(phr, uuid)["email"], Value::Null);
    let update = |changes: &Value| done(phr, "updatePatientRegister", "status", &with(json!({"uuid": uuid}), changes));
    assert_eq!(update(&json!({"firstName": "Eve"}))["status"], "INCOMPLETE");
    assert_eq!(update(&json!({"email": "eve@mail.example"}))["status"], "INCOMPLETE");
    assert_eq!(update(&json!({"emergencyContact": "Adam Lee"}))["status"], "PENDING");
    let emptied = json!({"uuid": uuid, "email": null});
    assert_eq!(faults(phr, "updatePatientRegister", &emptied), [fault("REQUIRED", "input.email")]);
}

fn a_validated_register_keeps_its_doctor(phr: &Phr) {
    let doctor = done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
    let uuid = register(phr, &json!({"doctorId": doctor}));
    let validate = format!("UPDATE patientregister SET status = 'VALIDATED' WHERE uuid = {}", phr.database.key(&uuid));
    phr.database.sql().run(&validate);
    let found = faults(phr, "updatePatientRegister", &json!({"uuid": uuid, "doctorId": null}));
    assert_eq!(found, [fault("INVALID_STATE", "input.doctorId")]);
    let status = done(phr, "updatePatientRegister", "status", &json!({"uuid": uuid, "address": "1 Quay"}));
    assert_eq!(status["status"], "VALIDATED");
}

fn the_schema_history_is_told(phr: &Phr) {
    let data =
        phr.ask("{ migrations { history { version direction sha256 appliedAt } pending { version } } }", &json!({}));
    let history = data["migrations"]["history"].as_array().unwrap();
    let names: Vec<_> = migration::steps().into_iter().map(|step| Value::from(step.name)).collect();
    assert_eq!(history.iter().map(|event| event["version"].clone()).collect::<Vec<_>>(), names);
    assert!(history.iter().all(|event| event["direction"] == "UP"));
    assert!(history.iter().all(|event| event["sha256"].as_str().is_some_and(|sum| sum.len() == 64)));
    assert_eq!(data["migrations"]["pending"], json!([]));
}

fn errors_carry_code_request_and_retryability(phr: &Phr) {
    let body = json!({"query": "{ patientRegisters(page: {page: 0}) { nodes { uuid } } }"}).to_string();
    let reply = phr.post(&body);
    let response = reply.json();
    let error = &response["errors"][0];
    assert_eq!(error["path"], json!(["patientRegisters"]));
    assert_eq!(error["extensions"]["code"], "BAD_REQUEST");
    assert_eq!(error["extensions"]["retryable"], false);
    assert_eq!(error["extensions"]["requestId"].as_str(), reply.header("x-request-id"));
    let healthy = phr.response("{ medicalInstitutions { nodes { name } } }", &json!({}));
    assert!(healthy["extensions"]["consistency"]["servedBy"].is_string(), "{healthy}");
    assert!(healthy["extensions"]["consistency"]["lagMs"].is_number(), "{healthy}");
    assert!(healthy["extensions"]["cost"]["complexity"].is_number(), "{healthy}");
}
