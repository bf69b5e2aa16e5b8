//! What happens to patient registers, told to who may see it.

use serde_json::{Value, json};
use support::{Phr, Socket, eventually, on_both_databases};

use super::{done, following, next, registers, told};
use crate::audit::{about, spools};
use crate::identity::{another, institution};
use crate::patients::{self, HOME, mutate, register};

on_both_databases! {
    everything_that_happens_is_told_in_order,
    an_institution_is_told_of_its_own_records,
    what_somebody_may_not_see_is_not_told,
    what_is_told_is_on_record,
    nothing_is_told_that_cannot_be_put_on_record,
}

fn update(phr: &Phr, uuid: &str, changes: &Value) {
    patients::done(phr, "updatePatientRegister", "uuid", &patients::with(json!({ "uuid": uuid }), changes));
}

fn everything_that_happens_is_told_in_order(phr: &Phr) {
    let (mut socket, _) = following(phr, phr.token(), "lastName deletedAt doctor { uuid }", &json!({}));
    let (first, second) = (register(phr, &json!({})), register(phr, &json!({"lastName": "Jones"})));
    let event = next(&mut socket, "1");
    assert_eq!(told(&event), done("CREATED", &first, 1));
    assert_eq!((&event["changedFields"], &event["patientRegister"]["lastName"]), (&json!([]), &json!("Smith")));
    assert_eq!(told(&next(&mut socket, "1")), done("CREATED", &second, 1));
    update(phr, &first, &json!({"address": "7 Oak Road", "lastName": "Miller"}));
    let event = next(&mut socket, "1");
    assert_eq!(told(&event), done("UPDATED", &first, 2));
    assert_eq!(event["changedFields"], json!(["address", "lastName"]));
    assert_eq!(event["patientRegister"]["lastName"], "Miller");
    mutate(phr, "deletePatientRegister", "uuid", &json!({ "uuid": first }));
    let event = next(&mut socket, "1");
    assert_eq!((told(&event), &event["patientRegister"]), (done("DELETED", &first, 3), &Value::Null));
    mutate(phr, "restorePatientRegister", "uuid", &json!({ "uuid": first }));
    let event = next(&mut socket, "1");
    assert_eq!(told(&event), done("UPDATED", &first, 4));
    assert_eq!((&event["changedFields"], &event["patientRegister"]["version"]), (&json!(["deletedAt"]), &json!(4)));
    let mut by_hand = phr.database.sql();
    by_hand.run("UPDATE patientregister SET address = 'by hand' WHERE last_name = 'Jones'");
    assert_eq!(told(&next(&mut socket, "1")), done("UPDATED", &second, 2));
}

fn an_institution_is_told_of_its_own_records(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let of = |institution: &str| phr.token_for(&["--role", "staff", "--institution", institution]);
    let (mut home, _) = following(phr, &of(HOME), "lastName", &json!({}));
    let (mut away, _) = following(phr, &of(&elsewhere), "lastName", &json!({}));
    let (own, foreign) = (register(phr, &json!({})), register(phr, &json!({ "institutionId": elsewhere })));
    assert_eq!(told(&next(&mut home, "1")), done("CREATED", &own, 1));
    assert_eq!(told(&next(&mut away, "1")), done("CREATED", &foreign, 1));
    update(phr, &own, &json!({ "institutionId": elsewhere }));
    let left = next(&mut home, "1");
    assert_eq!((told(&left), &left["patientRegister"]), (done("LEFT", &own, 2), &Value::Null));
    let come = next(&mut away, "1");
    assert_eq!((told(&come), &come["patientRegister"]["lastName"]), (done("UPDATED", &own, 2), &json!("Smith")));
    update(phr, &own, &json!({"lastName": "Miller"}));
    assert_eq!(told(&next(&mut away, "1")), done("UPDATED", &own, 3));
    let last = register(phr, &json!({}));
    assert_eq!(told(&next(&mut home, "1")), done("CREATED", &last, 1), "and nothing in between");
}

fn what_somebody_may_not_see_is_not_told(phr: &Phr) {
    let staff = phr.token_for(&["--role", "staff"]);
    let (mut socket, _) = following(phr, &staff, "lastName allergies", &json!({}));
    let uuid = register(phr, &json!({}));
    let mut event = || {
        let message = socket.hear();
        let errors = &message["payload"]["errors"];
        assert_eq!(errors[0]["extensions"]["code"], "FORBIDDEN", "{message}");
        assert_eq!(errors[0]["path"], json!(["patientRegisterChanged", "patientRegister", "allergies"]));
        message["payload"]["data"]["patientRegisterChanged"].clone()
    };
    let created = event();
    assert_eq!((told(&created), &created["patientRegister"]["allergies"]), (done("CREATED", &uuid, 1), &Value::Null));
    update(phr, &uuid, &json!({"allergies": ["latex"], "address": "7 Oak Road"}));
    assert_eq!(event()["changedFields"], json!(["address"]), "nor that it was changed");
    // An event without a field would tell that one of the hidden ones was changed.
    update(phr, &uuid, &json!({"medicalHistory": ["asthma"]}));
    update(phr, &uuid, &json!({"address": "9 Oak Road"}));
    assert_eq!(told(&event()), done("UPDATED", &uuid, 4), "and nothing in between");
    let mut service = Socket::of(phr.address, &phr.token_for(&["--role", "auditor"]));
    service.subscribe("1", &registers("lastName"), &json!({}));
    assert_eq!(service.hear()["payload"][0]["extensions"]["code"], "FORBIDDEN");
}

fn what_is_told_is_on_record(phr: &Phr) {
    let (mut socket, _) = following(phr, &phr.token_for(&["--role", "doctor"]), "lastName allergies", &json!({}));
    let uuid = register(phr, &json!({}));
    assert_eq!(told(&next(&mut socket, "1")), done("CREATED", &uuid, 1));
    let condition = format!(
        "SELECT count(*) FROM audit_events WHERE action = 'READ' AND role = 'doctor' AND outcome = 'SUCCEEDED' \
         AND {}",
        about(&phr.database, &uuid)
    );
    eventually("the event is on record", || (phr.database.sql().value(&condition) == "1").then_some(()));
}

fn nothing_is_told_that_cannot_be_put_on_record(phr: &Phr) {
    let (mut socket, cursor) = following(phr, phr.token(), "lastName", &json!({}));
    let uuid = register(phr, &json!({}));
    assert_eq!(told(&next(&mut socket, "1")), done("CREATED", &uuid, 1));
    std::fs::remove_dir_all(&spools(&phr.database)[0]).unwrap();
    phr.database.sql().run("UPDATE patientregister SET address = 'by hand'");
    let message = socket.hear();
    assert_eq!(message["type"], "error", "{message}");
    assert_eq!(message["payload"][0]["extensions"]["code"], "UNAVAILABLE");
    assert!(!message.to_string().contains("Smith"), "{message}");
    // Nor is it passed over: another server tells it, after what was heard.
    let other = another(phr, &[("PHR_AUDIT_SPOOL", "data/another")]);
    let mut socket = Socket::of(other.address, phr.token());
    socket.subscribe("1", &registers("lastName"), &json!({ "after": cursor }));
    assert_eq!(told(&next(&mut socket, "1")), done("CREATED", &uuid, 1));
    assert_eq!(told(&next(&mut socket, "1")), done("UPDATED", &uuid, 2));
}
