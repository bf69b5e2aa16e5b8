//! Opening a record outside the own boundary, for a while and with a reason.

use serde_json::{Value, json};
use support::{Backend, Phr, eventually, on_both_databases};

use super::forger::Forger;
use super::{Session, answer, at_home, done, faults, institution, is_good, member, role};
use crate::patients::{HOME, NOBODY, jane, register, with};

on_both_databases! {
    a_leave_opens_one_record_and_nothing_else,
    what_is_wrong_with_a_leave_is_named,
    a_patient_opens_nobody_elses_record,
}

/// Takes a leave; returns its key and its token.
fn leave(phr: &Phr, session: &Session, patient: &str, more: &Value) -> (String, String) {
    let input = with(json!({"patientUuid": patient, "reason": "unconscious at the door"}), more);
    let made = done(phr, &session.access, "breakGlass", "leave { uuid accessToken expiresAt }", &input);
    let text = |name: &str| made["leave"][name].as_str().unwrap().to_owned();
    (text("uuid"), text("accessToken"))
}

fn sees(phr: &Phr, token: &str, patient: &str) -> bool {
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid allergies } }";
    let response = phr.response_to(token, query, &json!({ "uuid": patient }));
    assert_eq!(faults(&response), Vec::<String>::new());
    response["data"]["patientRegister"].is_object()
}

fn a_leave_opens_one_record_and_nothing_else(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let (theirs, other) =
        (register(phr, &json!({ "institutionId": elsewhere })), register(phr, &json!({ "institutionId": elsewhere })));
    let own = register(phr, &json!({}));
    let (doctor, session) = member(phr, "ada", "doctor", &at_home());
    assert!(sees(phr, &session.access, &own) && !sees(phr, &session.access, &theirs));
    let (uuid, token) = leave(phr, &session, &theirs, &json!({"minutes": 5}));
    assert!(sees(phr, &token, &theirs) && !sees(phr, &token, &other) && !sees(phr, &token, &own));
    assert!(!sees(phr, &session.access, &theirs), "only with the leave's own token");
    let listed =
        phr.response_to(&token, "{ patientRegisters(deleted: INCLUDED) { totalCount nodes { uuid } } }", &json!({}));
    assert_eq!(listed["data"]["patientRegisters"], json!({"totalCount": 1, "nodes": [{ "uuid": theirs }]}));
    let ask = |mutation: &str, fields: &str, input: &Value| answer(phr, &token, mutation, fields, input);
    let change = |patient: &str| {
        let input = json!({"uuid": patient, "allergies": ["penicillin"]});
        faults(&ask("updatePatientRegister", "patientRegister { uuid }", &input))
    };
    assert_eq!(change(&theirs), Vec::<String>::new(), "treating includes writing it down");
    assert_eq!(change(&other), ["NOT_FOUND input.uuid"]);
    assert_eq!(change(&own), ["NOT_FOUND input.uuid"]);
    let created = ask("createPatientRegister", "patientRegister { uuid }", &jane());
    assert!(created["data"]["createPatientRegister"]["patientRegister"].is_null(), "{created}");
    // It manages nothing, not even the session that it belongs to.
    let again = json!({"patientUuid": other, "reason": "more"});
    assert_eq!(faults(&ask("breakGlass", "leave { uuid }", &again)), ["FORBIDDEN"]);
    let new = json!({"password": super::PASSWORD, "newPassword": "another good password"});
    assert_eq!(faults(&ask("changePassword", "changed", &new)), ["FORBIDDEN"]);
    for own in [
        "{ logout { endedSessions } }",
        "{ logoutEverywhere { endedSessions } }",
        "{ enrolSecondFactor { enrolment { secret } } }",
    ] {
        assert_eq!(faults(&phr.response_to(&token, &format!("mutation {own}"), &json!({}))), ["FORBIDDEN"]);
    }
    audits_nothing(phr, &token, &theirs);
    is_seen_at_home(phr, &uuid);
    marks_every_entry(phr, &uuid, &theirs);
    is_reviewed(phr, &elsewhere, &uuid, &doctor, &theirs);
    // Who may take no leave any more has none; and it ends with the session.
    let treating = |permissions: &Value| {
        let input = json!({"uuid": role("doctor"), "permissions": permissions});
        done(phr, phr.token(), "updateRole", "role { uuid }", &input);
    };
    let read = json!({"resource": "PatientRegister", "action": "read"});
    let (clinical, using) =
        (json!({"resource": "ClinicalRecord", "action": "read"}), json!({"resource": "BreakGlass", "action": "use"}));
    treating(&json!([read, clinical]));
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid } }";
    assert_eq!(faults(&phr.response_to(&token, query, &json!({ "uuid": theirs }))), ["FORBIDDEN"]);
    treating(&json!([read, clinical, using]));
    assert!(sees(phr, &token, &theirs));
    phr.response_to(&session.access, "mutation { logout { endedSessions } }", &json!({}));
    assert!(!is_good(phr, &token));
}

/// Who looked into the record, in which session and from where, is not for treating.
fn audits_nothing(phr: &Phr, token: &str, patient: &str) {
    let query = "query($patient: UUID!) { auditEvents(filter: {patientId: {equal: $patient}}) { nodes { id } } }";
    let id = eventually("something is on record", || {
        let found = phr.ask(query, &json!({ "patient": patient }));
        found["auditEvents"]["nodes"][0]["id"].as_str().map(ToOwned::to_owned)
    });
    let listed = phr.response_to(token, query, &json!({ "patient": patient }));
    assert_eq!((faults(&listed), &listed["data"]), (vec!["FORBIDDEN".to_owned()], &Value::Null), "{listed}");
    let node = phr.response_to(token, "query($id: ID!) { node(id: $id) { id } }", &json!({ "id": id }));
    assert!(node["data"]["node"].is_null(), "{node}");
}

/// The taking of a leave is on record as done by somebody of the own institution, whose auditor sees it too.
fn is_seen_at_home(phr: &Phr, leave: &str) {
    let query = "query($leave: UUID!) { auditEvents(filter: {resourceId: {equal: $leave}, action: {equal: CREATE}}) {
        nodes { institutionId outcome } } }";
    let auditor = phr.token_for(&["--role", "auditor", "--institution", HOME]);
    let seen = eventually("it is on record", || {
        let mut response = phr.response_to(&auditor, query, &json!({ "leave": leave }));
        let nodes = response["data"]["auditEvents"]["nodes"].take();
        (nodes.as_array().is_some_and(|nodes| nodes.len() == 2)).then_some(nodes)
    });
    for node in seen.as_array().unwrap() {
        assert_eq!(node["institutionId"], HOME, "{seen}");
    }
}

/// Every entry made with a leave names it: of what was shown, what was changed, and what was refused.
fn marks_every_entry(phr: &Phr, leave: &str, patient: &str) {
    let query = "query($leave: UUID!) { auditEvents(filter: {grantId: {equal: $leave}}, first: 100) {
        nodes { action outcome patientIds operators } } }";
    let made = |nodes: &[Value], action: &str, outcome: &str| {
        nodes.iter().any(|node| node["action"] == action && node["outcome"] == outcome)
    };
    eventually("all of it is marked", || {
        let response = phr.response_to(phr.token(), query, &json!({ "leave": leave }));
        let nodes = response["data"]["auditEvents"]["nodes"].as_array()?;
        let expected = [("READ", "SUCCEEDED"), ("UPDATE", "INTENDED"), ("UPDATE", "SUCCEEDED"), ("EXECUTE", "DENIED")];
        // Others are named by what was asked for alone.
        let own = |node: &Value| {
            let is_asked = node["operators"].as_array().is_some_and(|operators| !operators.is_empty());
            is_asked || node["patientIds"] == json!([patient]) || node["patientIds"] == json!([])
        };
        assert!(nodes.iter().all(own), "{response}");
        expected.iter().all(|(action, outcome)| made(nodes, action, outcome)).then_some(())
    });
}

/// The institution whose record was opened reviews it, once.
fn is_reviewed(phr: &Phr, institution: &str, leave: &str, doctor: &str, patient: &str) {
    let fields = "uuid userUuid patientUuid reason reviewedAt reviewedByUuid reviewNote";
    let list = format!("{{ breakGlassGrants {{ nodes {{ {fields} }} }} }}");
    let of = |institution: &str| phr.token_for(&["--role", "auditor", "--institution", institution]);
    let (theirs, ours) = (of(institution), of(HOME));
    let listed = |token: &str| phr.response_to(token, &list, &json!({}))["data"]["breakGlassGrants"]["nodes"].take();
    assert_eq!(listed(&ours), json!([]));
    let expected = json!([{
        "uuid": leave, "userUuid": doctor, "patientUuid": patient, "reason": "unconscious at the door",
        "reviewedAt": null, "reviewedByUuid": null, "reviewNote": null,
    }]);
    assert_eq!(listed(&theirs), expected);
    let review = |token: &str, note: &str| {
        faults(&answer(
            phr,
            token,
            "reviewBreakGlassGrant",
            "breakGlassGrant { uuid }",
            &json!({"uuid": leave, "note": note}),
        ))
    };
    assert_eq!(review(&ours, "fine"), ["NOT_FOUND input.uuid"]);
    assert_eq!(review(&theirs, &"x".repeat(501)), ["TOO_LONG input.note"]);
    assert_eq!(review(&theirs, "  fine "), Vec::<String>::new());
    assert_eq!(review(&theirs, "fine"), ["INVALID_STATE input.uuid"], "once");
    let reviewed = &listed(&theirs)[0];
    assert!(reviewed["reviewedAt"].is_string() && reviewed["reviewNote"] == "fine", "{reviewed}");
}

fn what_is_wrong_with_a_leave_is_named(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let (_, session) = member(phr, "ada", "administrator", &json!({}));
    let take = |more: &Value| {
        let input = with(json!({"patientUuid": patient, "reason": "an emergency"}), more);
        faults(&answer(phr, &session.access, "breakGlass", "leave { uuid }", &input))
    };
    for (more, fault) in [
        (json!({"reason": ""}), "REQUIRED input.reason"),
        (json!({"reason": " \n "}), "REQUIRED input.reason"),
        (json!({"reason": "x".repeat(501)}), "TOO_LONG input.reason"),
        (json!({"reason": "a\u{0}b"}), "INVALID_FORMAT input.reason"),
        (json!({"minutes": 0}), "OUT_OF_RANGE input.minutes"),
        (json!({"minutes": -1}), "OUT_OF_RANGE input.minutes"),
        (json!({"minutes": 241}), "OUT_OF_RANGE input.minutes"),
        (json!({"patientUuid": NOBODY}), "NOT_FOUND input.patientUuid"),
    ] {
        assert_eq!(take(&more), [fault], "{more}");
    }
    done(phr, phr.token(), "deletePatientRegister", "patientRegister { uuid }", &json!({ "uuid": patient }));
    assert_eq!(take(&json!({})), ["NOT_FOUND input.patientUuid"]);
    done(phr, phr.token(), "restorePatientRegister", "patientRegister { uuid }", &json!({ "uuid": patient }));
    let (uuid, _) = leave(phr, &session, &patient, &json!({}));
    let own = json!({ "uuid": uuid });
    let review = answer(phr, &session.access, "reviewBreakGlassGrant", "breakGlassGrant { uuid }", &own);
    assert_eq!(faults(&review), ["INVALID_STATE input.uuid"], "not by oneself");
    let input = json!({"patientUuid": patient, "reason": "an emergency"});
    assert_eq!(faults(&answer(phr, phr.token(), "breakGlass", "leave { uuid }", &input)), ["BAD_REQUEST"]);
    let staff = phr.token_for(&["--role", "staff"]);
    assert_eq!(faults(&answer(phr, &staff, "breakGlass", "leave { uuid }", &input)), ["FORBIDDEN"]);
}

/// Whatever their role may do.
fn a_patient_opens_nobody_elses_record(phr: &Phr) {
    let (own, other) = (register(phr, &json!({})), register(phr, &json!({})));
    let (_, session) = member(phr, "jane", "doctor", &json!({"kind": "PATIENT", "patientId": own}));
    for patient in [&own, &other] {
        let input = json!({"patientUuid": patient, "reason": "curiosity"});
        let refused = answer(phr, &session.access, "breakGlass", "leave { uuid }", &input);
        assert_eq!(faults(&refused), ["FORBIDDEN"], "{refused}");
    }
}

#[test]
fn a_leave_ends_at_its_time_and_no_later_than_its_session() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_SESSION_TTL", "20")]);
    let patient = register(&phr, &json!({"institutionId": institution(&phr, "Elsewhere")}));
    let (_, session) = member(&phr, "ada", "doctor", &at_home());
    let (_, token) = leave(&phr, &session, &patient, &json!({"minutes": 60}));
    let forger = Forger::of(&phr);
    let claims = |token: &str| -> Value {
        serde_json::from_slice(&super::forger::decode(token.split('.').nth(1).unwrap())).unwrap()
    };
    let (own, opened) = (claims(&session.access), claims(&token));
    assert_eq!((&opened["exp"], &opened["sid"]), (&own["exp"], &own["sid"]), "both end with the session");
    // The same leave, with but two seconds left.
    let left = opened["iat"].as_i64().unwrap() + 2;
    let short = forger.claiming(&with(opened, &json!({ "exp": left })));
    eventually("the leave ends", || (!is_good(&phr, &short)).then_some(()));
    assert!(is_good(&phr, &token), "and no other does");
}
