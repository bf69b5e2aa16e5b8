//! Events name their records by the global id and their patient by the key, and can be asked for by patient.

use serde_json::{Value, json};
use support::{Phr, Socket, on_both_databases};

use super::schema::text;
use crate::patients::{HOME, done, register};

on_both_databases! {
    an_event_has_the_records_id_and_the_patients_key,
    changes_of_one_patient_are_told_alone,
    a_record_that_goes_to_another_patient_leaves_who_follows_the_first,
}

const CHANGES: &str = "subscription($patient: UUID, $entities: [ChangedEntity!]) {
    changes(patientId: $patient, entities: $entities) {
        ... on RecordChange { recordId entity operation uuid patientId }
        ... on ChangeGap { reason } } }";

const REGISTERS: &str = "subscription { patientRegisterChanged {
    ... on PatientRegisterChange { recordId operation uuid patientId patientRegister { id } }
    ... on ChangeGap { reason } } }";

fn follow(phr: &Phr, token: &str, query: &str, variables: &Value) -> Socket {
    let mut socket = Socket::of(phr.address, token);
    socket.subscribe("1", query, variables);
    let first = socket.event("1");
    assert!(first.to_string().contains("BEGINNING"), "{first}");
    socket
}

fn next(socket: &mut Socket) -> Value {
    socket.event("1")["changes"].take()
}

fn an_event_has_the_records_id_and_the_patients_key(phr: &Phr) {
    let mut all = follow(phr, phr.token(), CHANGES, &json!({}));
    let mut registers = follow(phr, phr.token(), REGISTERS, &json!({}));
    let patient = done(phr, "createPatientRegister", "id uuid", &crate::patients::jane());
    let email = done(phr, "addEmail", "id uuid", &json!({"patientId": patient["uuid"], "address": "a@b.example"}));
    done(phr, "removeEmail", "uuid", &json!({"uuid": email["uuid"]}));
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": patient["uuid"]}));
    for (record, entity, operation) in [
        (&patient, "PATIENT_REGISTER", "CREATED"),
        (&email, "EMAIL", "CREATED"),
        (&email, "EMAIL", "DELETED"),
        (&patient, "PATIENT_REGISTER", "DELETED"),
    ] {
        let expected = json!({"recordId": record["id"], "uuid": record["uuid"], "entity": entity, "operation": operation,
            "patientId": patient["uuid"]});
        assert_eq!(next(&mut all), expected);
    }
    for operation in ["CREATED", "DELETED"] {
        let event = registers.event("1")["patientRegisterChanged"].take();
        let named = (&event["operation"], &event["recordId"], &event["patientId"]);
        assert_eq!(named, (&json!(operation), &patient["id"], &patient["uuid"]), "{event}");
    }
    let specialty = done(phr, "createDoctorSpecialty", "id uuid", &json!({"name": "Nothing"}));
    let event = next(&mut all);
    assert_eq!((&event["recordId"], &event["patientId"]), (&specialty["id"], &Value::Null), "{event}");
}

fn changes_of_one_patient_are_told_alone(phr: &Phr) {
    let (own, other) = (register(phr, &json!({})), register(phr, &json!({})));
    let mut socket = follow(phr, phr.token(), CHANGES, &json!({ "patient": own }));
    let mut emails = follow(phr, phr.token(), CHANGES, &json!({"patient": own, "entities": ["EMAIL"]}));
    let nurse = phr.token_for(&["--role", "nurse", "--institution", HOME]);
    let mut within = follow(phr, &nurse, CHANGES, &json!({ "patient": own }));
    done(phr, "createDoctorSpecialty", "uuid", &json!({"name": "Nothing"}));
    for patient in [&other, &own] {
        done(phr, "updatePatientRegister", "uuid", &json!({"uuid": patient, "address": "1 New Road"}));
        done(phr, "addEmail", "uuid", &json!({"patientId": patient, "address": "a@b.example"}));
    }
    for socket in [&mut socket, &mut within] {
        for entity in ["PATIENT_REGISTER", "EMAIL"] {
            let event = next(socket);
            assert_eq!((&event["patientId"], &event["entity"]), (&json!(own), &json!(entity)), "{event}");
        }
    }
    assert_eq!(next(&mut emails)["entity"], "EMAIL");
}

fn a_record_that_goes_to_another_patient_leaves_who_follows_the_first(phr: &Phr) {
    let (kept, lost) = (register(phr, &json!({})), register(phr, &json!({})));
    let email = done(phr, "addEmail", "uuid", &json!({"patientId": lost, "address": "a@b.example"}))["uuid"].take();
    let entities = json!(["EMAIL"]);
    let mut first = follow(phr, phr.token(), CHANGES, &json!({"patient": lost, "entities": entities}));
    let mut second = follow(phr, phr.token(), CHANGES, &json!({"patient": kept, "entities": entities}));
    let merge = "mutation($input: MergePatientRegistersInput!) { mergePatientRegisters(input: $input) {
        patientMerge { uuid } userErrors { code } } }";
    phr.ask(merge, &json!({"input": {"keep": kept, "merge": lost}}));
    for (socket, operation, patient) in [(&mut first, "LEFT", &lost), (&mut second, "UPDATED", &kept)] {
        let event = next(socket);
        assert_eq!((text(&event["operation"]), &event["uuid"]), (operation, &email), "{event}");
        assert_eq!(event["patientId"], json!(patient), "nobody is told of another patient: {event}");
    }
}
