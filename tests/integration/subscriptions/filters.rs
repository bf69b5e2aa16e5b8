//! Subscriptions to the records that meet a filter.

use serde_json::{Value, json};
use support::{Phr, Socket, on_both_databases};

use super::{done, following, next, registers, told};
use crate::patients::{self, mutate, register};

on_both_databases! {
    what_meets_the_filter_is_told_and_what_leaves_it,
    a_filter_by_what_is_related_is_followed,
    a_filter_that_cannot_be_is_refused,
}

fn update(phr: &Phr, uuid: &str, changes: &Value) {
    patients::done(phr, "updatePatientRegister", "uuid", &patients::with(json!({ "uuid": uuid }), changes));
}

fn what_meets_the_filter_is_told_and_what_leaves_it(phr: &Phr) {
    let filter = json!({"filter": {"or": [{"lastName": {"equal": "Smith"}}, {"not": {"email": {"isNull": false}}}]}});
    let (mut smiths, _) = following(phr, phr.token(), "lastName", &filter);
    let (mut all, _) = following(phr, phr.token(), "lastName", &json!({}));
    let (smith, jones) = (register(phr, &json!({})), register(phr, &json!({"lastName": "Jones"})));
    assert_eq!(told(&next(&mut smiths, "1")), done("CREATED", &smith, 1));
    update(phr, &jones, &json!({"address": "7 Oak Road"}));
    update(phr, &smith, &json!({"address": "7 Oak Road"}));
    assert_eq!(told(&next(&mut smiths, "1")), done("UPDATED", &smith, 2), "Jones is passed over");
    update(phr, &smith, &json!({"lastName": "Miller"}));
    let left = next(&mut smiths, "1");
    assert_eq!((told(&left), &left["patientRegister"]), (done("LEFT", &smith, 3), &Value::Null));
    update(phr, &smith, &json!({"address": "9 Oak Road"}));
    update(phr, &jones, &json!({"lastName": "Smith"}));
    let come = next(&mut smiths, "1");
    assert_eq!((told(&come), &come["patientRegister"]["lastName"]), (done("UPDATED", &jones, 3), &json!("Smith")));
    mutate(phr, "deletePatientRegister", "uuid", &json!({ "uuid": smith }));
    mutate(phr, "deletePatientRegister", "uuid", &json!({ "uuid": jones }));
    assert_eq!(told(&next(&mut smiths, "1")), done("DELETED", &jones, 4));
    let whole: Vec<_> = (0..9).map(|_| told(&next(&mut all, "1"))).collect();
    assert_eq!(whole[8], done("DELETED", &jones, 4), "who has no filter is told everything: {whole:?}");
}

fn a_filter_by_what_is_related_is_followed(phr: &Phr) {
    let institution = crate::identity::institution(phr, "Elsewhere");
    let filter = json!({"filter": {"institution": {"name": {"equal": "Elsewhere"}}}});
    let (mut socket, _) = following(phr, phr.token(), "lastName", &filter);
    let uuid = register(phr, &json!({}));
    update(phr, &uuid, &json!({ "institutionId": institution }));
    assert_eq!(told(&next(&mut socket, "1")), done("UPDATED", &uuid, 2));
    update(phr, &uuid, &json!({ "institutionId": patients::HOME }));
    assert_eq!(told(&next(&mut socket, "1")), done("LEFT", &uuid, 3));
}

fn a_filter_that_cannot_be_is_refused(phr: &Phr) {
    let staff = phr.token_for(&["--role", "staff"]);
    let mut socket = Socket::of(phr.address, &staff);
    let mut code = |variables: &Value| {
        socket.subscribe("1", &registers("lastName"), variables);
        let answer = socket.hear();
        assert_eq!(answer["type"], "error", "{answer}");
        answer["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(code(&json!({"filter": {"allergies": {"contains": "latex"}}})), "FORBIDDEN");
    assert_eq!(code(&json!({"filter": {"not": {"medicalHistory": {"contains": "asthma"}}}})), "FORBIDDEN");
    assert_eq!(code(&json!({"filter": {"lastNam": {"equal": "Smith"}}})), "BAD_REQUEST");
    let deep = (0..9).fold(json!({}), |filter, _| json!({ "not": filter }));
    assert_eq!(code(&json!({ "filter": deep })), "LIMIT_EXCEEDED");
    for cursor in ["", "nonsense", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(code(&json!({ "after": cursor })), "BAD_REQUEST", "{cursor}");
    }
}
