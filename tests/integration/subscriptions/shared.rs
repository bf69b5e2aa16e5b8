//! What many are told at once is found out once, and yet told to each as theirs.

use std::sync::Arc;

use serde_json::{Value, json};
use support::{Backend, Database, Phr, Socket, eventually, on_both_databases};

use super::{done, following, next, told};
use crate::audit::about;
use crate::identity::{institution, member};
use crate::patients::{self, HOME, register};

on_both_databases! {
    what_many_are_told_is_on_record_for_each,
    who_asks_the_same_with_other_rights_is_told_something_else,
    what_is_asked_for_by_variables_is_told,
}

const HIDDEN: &str = "lastName allergies";

fn what_many_are_told_is_on_record_for_each(phr: &Phr) {
    let doctor = |name: &str| member(phr, name, "doctor", &json!({ "institutionId": HOME }));
    let (ada, ben) = (doctor("ada"), doctor("ben"));
    let mut sockets: Vec<Socket> =
        [&ada, &ben, &ada].map(|(_, session)| following(phr, &session.access, HIDDEN, &json!({})).0).into();
    let uuid = register(phr, &json!({"allergies": ["latex"]}));
    let heard: Vec<Value> = sockets.iter_mut().map(|socket| next(socket, "1")).collect();
    for event in &heard {
        assert_eq!(told(event), done("CREATED", &uuid, 1));
        assert_eq!(event["patientRegister"]["allergies"], json!(["latex"]));
    }
    for ((actor, _), times) in [(&ada, "2"), (&ben, "1")] {
        let (actor, patient) = (phr.database.key(actor), about(&phr.database, &uuid));
        let shown = format!(
            "SELECT count(*) FROM audit_events WHERE action = 'READ' AND outcome = 'SUCCEEDED' AND actor_id = {actor} \
             AND {patient} AND session_id IS NOT NULL"
        );
        eventually("each event is on record", || (phr.database.sql().value(&shown) == times).then_some(()));
    }
    let requests = format!(
        "SELECT count(DISTINCT request_id) FROM audit_events WHERE action = 'READ' AND role = 'doctor' AND {}",
        about(&phr.database, &uuid)
    );
    assert_eq!(phr.database.sql().value(&requests), "3", "each is a request of its own");
}

fn who_asks_the_same_with_other_rights_is_told_something_else(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let token = |role: &str, institution: &str| phr.token_for(&["--role", role, "--institution", institution]);
    let tokens = [phr.token().to_owned(), token("staff", HOME), token("doctor", HOME), token("doctor", &elsewhere)];
    // Whoever may see the most is told first, or last.
    for order in [[0, 2, 1, 3], [3, 1, 2, 0]] {
        let mut sockets = order.map(|number| following(phr, &tokens[number], HIDDEN, &json!({})).0);
        let uuid = register(phr, &json!({"allergies": ["latex"]}));
        let theirs = register(phr, &json!({"institutionId": elsewhere}));
        for (socket, number) in sockets.iter_mut().zip(order) {
            let message = socket.hear();
            let (event, errors) =
                (&message["payload"]["data"]["patientRegisterChanged"], &message["payload"]["errors"]);
            if number == 3 {
                assert_eq!(told(event), done("CREATED", &theirs, 1), "and nothing of others");
                continue;
            }
            assert_eq!(told(event), done("CREATED", &uuid, 1), "{message}");
            let shown = &event["patientRegister"]["allergies"];
            if number == 1 {
                assert_eq!((shown, &errors[0]["extensions"]["code"]), (&Value::Null, &json!("FORBIDDEN")), "{message}");
            } else {
                assert_eq!((shown, errors), (&json!(["latex"]), &Value::Null), "{message}");
            }
        }
    }
}

fn what_is_asked_for_by_variables_is_told(phr: &Phr) {
    let query = "subscription($after: String, $long: Boolean!) { patientRegisterChanged(after: $after) { \
          ... on PatientRegisterChange { operation uuid version patientRegister { lastName @include(if: $long) uuid } } \
          ... on ChangeGap { cursor reason } } }";
    let (_, cursor) = following(phr, phr.token(), "lastName", &json!({}));
    let mut sockets = [true, false, true].map(|long| {
        let mut socket = Socket::of(phr.address, phr.token());
        socket.subscribe("1", query, &json!({ "after": cursor, "long": long }));
        (socket, long)
    });
    let uuid = register(phr, &json!({}));
    for (socket, long) in &mut sockets {
        let event = next(socket, "1");
        assert_eq!(told(&event), done("CREATED", &uuid, 1));
        assert_eq!(event["patientRegister"]["lastName"].is_string(), *long, "{event}");
    }
}

#[test]
fn what_many_are_told_is_read_once() {
    let database = Database::new(Backend::Postgres);
    database.log_statements();
    let phr = Phr::serve(Arc::new(database), &[], &[]);
    let uuid = register(&phr, &json!({}));
    let records = "subscription { changes { ... on RecordChange { version record { \
          ... on PatientRegister { lastName institution { name } } } } ... on ChangeGap { reason } } }";
    let mut sockets: Vec<Socket> = Vec::new();
    let mut cost = |phr: &Phr, more: usize, number: usize| {
        for _ in 0..more {
            let mut socket = following(phr, phr.token(), "lastName institution { name }", &json!({})).0;
            socket.subscribe("2", records, &json!({}));
            assert_eq!(socket.event("2")["changes"]["reason"], "BEGINNING");
            sockets.push(socket);
        }
        let (_, from) = phr.database.log(0);
        let change = json!({"uuid": uuid, "address": format!("No. {number}")});
        patients::done(phr, "updatePatientRegister", "uuid", &change);
        for socket in &mut sockets {
            for _ in 0..2 {
                assert_eq!(socket.hear()["type"], "next");
            }
        }
        let reads = |line: &&String| line.contains("FROM \"patientregister\"") || line.contains("medical_institutions");
        phr.database.log(from).0.iter().filter(reads).count()
    };
    cost(&phr, 1, 1);
    let one = cost(&phr, 0, 2);
    // By its first event a subscription joins the others.
    cost(&phr, 20, 3);
    let many = cost(&phr, 0, 4);
    assert!(one > 0 && many <= one + 2, "{one} statements for one of each, and {many} for 21");
}
