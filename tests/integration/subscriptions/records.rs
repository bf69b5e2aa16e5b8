//! What happens to records of every kind.

use serde_json::{Value, json};
use support::{Phr, Socket, on_both_databases};

use super::{done, told};
use crate::identity::institution;
use crate::patients::register;

on_both_databases! {
    every_kind_is_told_of_in_one_subscription,
    only_what_somebody_may_read_is_told,
}

const CHANGES: &str =
    "subscription($entities: [ChangedEntity!], $after: String) { changes(entities: $entities, after: $after) {
    ... on RecordChange { cursor entity operation uuid version changedFields record { __typename
      ... on MedicalInstitution { name } ... on PatientRegister { lastName } } }
    ... on ChangeGap { cursor reason } } }";

fn next(socket: &mut Socket) -> Value {
    socket.event("1")["changes"].take()
}

fn following(phr: &Phr, token: &str, variables: &Value) -> Socket {
    let mut socket = Socket::of(phr.address, token);
    socket.subscribe("1", CHANGES, variables);
    assert_eq!(next(&mut socket)["reason"], "BEGINNING");
    socket
}

fn every_kind_is_told_of_in_one_subscription(phr: &Phr) {
    let mut all = following(phr, phr.token(), &json!({}));
    let mut some = following(phr, phr.token(), &json!({"entities": ["MEDICAL_INSTITUTION"]}));
    let uuid = register(phr, &json!({}));
    let place = institution(phr, "Elsewhere");
    let event = next(&mut all);
    assert_eq!((told(&event), &event["entity"]), (done("CREATED", &uuid, 1), &json!("PATIENT_REGISTER")));
    assert_eq!(event["record"], json!({"__typename": "PatientRegister", "lastName": "Smith"}));
    for socket in [&mut all, &mut some] {
        let event = next(socket);
        assert_eq!((told(&event), &event["entity"]), (done("CREATED", &place, 1), &json!("MEDICAL_INSTITUTION")));
        assert_eq!(event["record"], json!({"__typename": "MedicalInstitution", "name": "Elsewhere"}));
    }
    let rename = json!({"uuid": place, "name": "Nowhere"});
    crate::identity::done(phr, phr.token(), "updateMedicalInstitution", "medicalInstitution { uuid }", &rename);
    let event = next(&mut some);
    assert_eq!((told(&event), &event["changedFields"]), (done("UPDATED", &place, 2), &json!(["name"])));
    let cursor = next(&mut all)["cursor"].clone();
    // One cursor is good for every subscription.
    let mut socket = Socket::of(phr.address, phr.token());
    socket.subscribe("1", &super::registers("lastName"), &json!({ "after": cursor }));
    let later = register(phr, &json!({}));
    assert_eq!(told(&super::next(&mut socket, "1")), done("CREATED", &later, 1));
}

fn only_what_somebody_may_read_is_told(phr: &Phr) {
    let staff = phr.token_for(&["--role", "staff", "--institution", crate::patients::HOME]);
    let mut socket = Socket::of(phr.address, &staff);
    socket.subscribe("1", CHANGES, &json!({"entities": ["PATIENT_REGISTER", "USER"]}));
    assert_eq!(socket.hear()["payload"][0]["extensions"]["code"], "FORBIDDEN");
    socket.subscribe("1", CHANGES, &json!({"entities": []}));
    assert_eq!(socket.hear()["payload"][0]["extensions"]["code"], "BAD_REQUEST");
    let mut own = following(phr, &staff, &json!({}));
    crate::identity::create(phr, "ada", "staff", &json!({}));
    let uuid = register(phr, &json!({}));
    assert_eq!(told(&next(&mut own)), done("CREATED", &uuid, 1), "and nothing of users");
}
