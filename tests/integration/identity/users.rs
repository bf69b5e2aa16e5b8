//! Users, and who manages whom.

use serde_json::{Value, json};
use support::{Phr, eventually, on_both_databases};

use super::{Session, answer, at_home, by_token, create, done, faults, institution, is_good, member, role};
use crate::patients::{HOME, register, with};

on_both_databases! {
    an_institutions_administrator_manages_its_own_users_alone,
    a_patient_manages_nobody_else,
    when_a_user_last_signed_in_is_told,
    somebody_can_always_administer,
    what_a_user_is_makes_sense,
    nobody_makes_more_of_themself,
}

fn an_institutions_administrator_manages_its_own_users_alone(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let (own, boss) = member(phr, "boss", "institution_administrator", &at_home());
    let stranger = create(phr, "stranger", "staff", &json!({ "institutionId": elsewhere }));
    let (above, _) = member(phr, "above", "administrator", &at_home());
    let their_chief = create(phr, "chief", "administrator", &json!({ "institutionId": elsewhere }));
    let doctor = create(phr, "doctor", "doctor", &at_home());
    let ask = |mutation: &str, fields: &str, input: &Value| answer(phr, &boss.access, mutation, fields, input);
    let new = |name: &str, role: &str, more: &Value| {
        let input = with(json!({"kind": "STAFF", "username": name, "roleId": self::role(role)}), more);
        ask("createUser", "user { uuid institution { uuid } }", &input)
    };
    let made = new("clerk", "staff", &json!({}));
    let made = &made["data"]["createUser"]["user"];
    assert_eq!(made["institution"]["uuid"], HOME, "{made}");
    let clerk = made["uuid"].as_str().unwrap();
    assert_eq!(
        faults(&new("x", "staff", &json!({ "institutionId": elsewhere }))),
        ["REFERENCE_MISSING input.institutionId"]
    );
    for role in ["administrator", "service"] {
        assert_eq!(faults(&new("x", role, &json!({}))), ["INVALID_STATE input.roleId"], "{role}");
    }
    // Who treats is let in by whoever runs the institution, who does not treat.
    for role in ["nurse", "doctor"] {
        assert_eq!(faults(&new(&format!("another-{role}"), role, &json!({}))), Vec::<String>::new(), "{role}");
    }
    let token = |user: &str| ask("createOneTimeToken", "oneTimeToken { token }", &json!({ "userUuid": user }));
    let made = token(clerk);
    let made = made["data"]["createOneTimeToken"]["oneTimeToken"]["token"].as_str().unwrap();
    let session = Session::of(&by_token(phr, "clerk", made)["data"]["login"]);
    let update =
        |user: &str, more: &Value| faults(&ask("updateUser", "user { uuid }", &with(json!({ "uuid": user }), more)));
    let off = json!({"isActive": false});
    let everywhere = |user: &str| faults(&ask("logoutEverywhere", "endedSessions", &json!({ "userUuid": user })));
    assert_eq!(faults(&token(&above)), ["FORBIDDEN"]);
    assert_eq!(everywhere(&above), ["FORBIDDEN"]);
    assert_eq!(update(&above, &off), ["INVALID_STATE input.roleId"]);
    assert_eq!(faults(&token(&doctor)), Vec::<String>::new());
    assert_eq!(update(&doctor, &off), Vec::<String>::new());
    for unseen in [stranger.as_str(), &their_chief, crate::patients::NOBODY] {
        assert_eq!(faults(&token(unseen)), ["NOT_FOUND input.userUuid"]);
        assert_eq!(everywhere(unseen), ["NOT_FOUND input.userUuid"]);
        assert_eq!(update(unseen, &off), ["NOT_FOUND input.uuid"]);
        let one = phr.response_to(
            &boss.access,
            "query($uuid: UUID!) { user(uuid: $uuid) { uuid } }",
            &json!({ "uuid": unseen }),
        );
        assert_eq!(one["data"]["user"], Value::Null, "{one}");
    }
    for more in
        [json!({"roleId": role("administrator")}), json!({"institutionId": null}), json!({"institutionId": elsewhere})]
    {
        assert_eq!(update(clerk, &more).len(), 1, "{more}");
        assert_eq!(update(&own, &more).len(), 1, "{more}");
    }
    assert_eq!(update(clerk, &json!({"roleId": role("editor")})), Vec::<String>::new());
    assert!(!is_good(phr, &session.access));
    let listed = phr.response_to(&boss.access, "{ users { totalCount nodes { username } } }", &json!({}));
    let names = ["above", "another-doctor", "another-nurse", "boss", "clerk", "doctor"];
    let names = names.map(|name| json!({ "username": name }));
    assert_eq!(listed["data"]["users"], json!({"totalCount": 6, "nodes": names}), "{listed}");
}

fn when_a_user_last_signed_in_is_told(phr: &Phr) {
    let never = create(phr, "never", "staff", &json!({}));
    let (once, _) = member(phr, "once", "staff", &json!({}));
    let query = "{ users(filter: {username: {in: [\"never\", \"once\"]}}) { nodes { uuid lastLoginAt createdAt } } }";
    let told = phr.ask(query, &json!({}))["users"]["nodes"].take();
    assert_eq!((&told[0]["uuid"], &told[0]["lastLoginAt"]), (&json!(never), &Value::Null));
    assert_eq!(told[1]["uuid"], once);
    assert!(told[1]["lastLoginAt"].as_str() >= told[1]["createdAt"].as_str(), "{told}");
    let by_key = "query($uuid: UUID!) { user(uuid: $uuid) { lastLoginAt } }";
    assert_eq!(phr.ask(by_key, &json!({ "uuid": once }))["user"]["lastLoginAt"], told[1]["lastLoginAt"]);
}

/// Whatever their role may do.
fn a_patient_manages_nobody_else(phr: &Phr) {
    let colleague = create(phr, "colleague", "staff", &at_home());
    let patient = json!({"kind": "PATIENT", "patientId": register(phr, &json!({}))});
    let (own, session) = member(phr, "jane", "institution_administrator", &patient);
    let ask =
        |mutation: &str, fields: &str, input: &Value| faults(&answer(phr, &session.access, mutation, fields, input));
    let of = |user: &str| json!({ "userUuid": user });
    let token = "oneTimeToken { token }";
    assert_eq!(ask("createOneTimeToken", token, &of(&colleague)), ["NOT_FOUND input.userUuid"]);
    assert_eq!(ask("logoutEverywhere", "endedSessions", &of(&colleague)), ["NOT_FOUND input.userUuid"]);
    let change = json!({"uuid": colleague, "displayName": "x"});
    assert_eq!(ask("updateUser", "user { uuid }", &change), ["NOT_FOUND input.uuid"]);
    assert_eq!(ask("createOneTimeToken", token, &of(&own)), Vec::<String>::new());
}

fn somebody_can_always_administer(phr: &Phr) {
    let ask = |mutation: &str, fields: &str, input: &Value| faults(&answer(phr, phr.token(), mutation, fields, input));
    let (first, _) = member(phr, "first", "administrator", &json!({}));
    let update = |user: &str, more: &Value| ask("updateUser", "user { uuid }", &with(json!({ "uuid": user }), more));
    let demotions = [json!({"roleId": role("editor")}), json!({"isActive": false}), json!({ "institutionId": HOME })];
    for demotion in &demotions {
        assert_eq!(update(&first, demotion), ["INVALID_STATE input.uuid"], "{demotion}");
    }
    let fewer = json!({"uuid": role("administrator"), "permissions": [{"resource": "User", "action": "manage"}]});
    assert_eq!(ask("updateRole", "role { uuid }", &fewer), ["INVALID_STATE input.permissions"]);
    for conditions in [json!({"weekdays": ["MONDAY"]}), json!({"devices": ["ab".repeat(32)]})] {
        let bound = json!({"uuid": role("administrator"), "conditions": conditions});
        assert_eq!(ask("updateRole", "role { uuid }", &bound), ["INVALID_STATE input.conditions"], "{bound}");
    }
    assert_eq!(update(&first, &json!({"displayName": "Ada"})), Vec::<String>::new());
    // Of two who are demoted at once, one stays.
    for demotion in [&demotions[0], &demotions[1]] {
        let name = format!("second {}", demotion.as_object().unwrap().keys().next().unwrap());
        let second = create(phr, &name, "administrator", &json!({}));
        let answers: Vec<Vec<String>> = std::thread::scope(|scope| {
            let threads = [&first, &second].map(|user| scope.spawn(move || update(user, demotion)));
            threads.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert_eq!(answers.iter().filter(|answer| answer.is_empty()).count(), 1, "{answers:?}");
        let refused = answers.iter().find(|answer| !answer.is_empty()).unwrap();
        assert_eq!(*refused, ["INVALID_STATE input.uuid"]);
        for user in [&first, &second] {
            let back = json!({"roleId": role("administrator"), "isActive": true});
            assert_eq!(update(user, &back), Vec::<String>::new());
        }
        assert_eq!(update(&second, &json!({"isActive": false})), Vec::<String>::new());
    }
}

fn what_a_user_is_makes_sense(phr: &Phr) {
    let ask = |mutation: &str, input: &Value| faults(&answer(phr, phr.token(), mutation, "user { uuid }", input));
    let new = |more: &Value| {
        ask("createUser", &with(json!({"kind": "CMS", "username": "ada", "roleId": role("staff")}), more))
    };
    let patient = register(phr, &json!({}));
    let nobody = crate::patients::NOBODY;
    for (input, fault) in [
        (json!({"username": " "}), "REQUIRED input.username"),
        (json!({"username": "a\u{0}b"}), "INVALID_FORMAT input.username"),
        (json!({"username": "a".repeat(255)}), "TOO_LONG input.username"),
        (json!({"roleId": nobody}), "REFERENCE_MISSING input.roleId"),
        (json!({"institutionId": nobody}), "REFERENCE_MISSING input.institutionId"),
        (json!({"kind": "PATIENT"}), "REQUIRED input.patientId"),
        (json!({"kind": "DOCTOR"}), "REQUIRED input.doctorId"),
        (json!({ "patientId": patient }), "INVALID_STATE input.patientId"),
        (json!({"kind": "PATIENT", "patientId": nobody}), "REFERENCE_MISSING input.patientId"),
        (json!({"kind": "DOCTOR", "doctorId": nobody}), "REFERENCE_MISSING input.doctorId"),
        (json!({"kind": "PATIENT", "patientId": patient, "institutionId": HOME}), "INVALID_STATE input.institutionId"),
        // Keys by which the audit trail knows nobody, the local operator, and the server itself.
        (json!({"uuid": "00000000-0000-0000-0000-000000000000"}), "NOT_UNIQUE input.uuid"),
        (json!({"uuid": "00000000-0000-4000-8000-000000000002"}), "NOT_UNIQUE input.uuid"),
        (json!({"uuid": "00000000-0000-4000-8000-000000000003"}), "NOT_UNIQUE input.uuid"),
    ] {
        assert_eq!(new(&input), [fault], "{input}");
    }
    assert_eq!(new(&json!({"username": "Jane", "kind": "PATIENT", "patientId": patient})), Vec::<String>::new());
    assert_eq!(new(&json!({"username": "jANE"})), ["NOT_UNIQUE input.username"]);
    assert_eq!(new(&json!({"kind": "PATIENT", "patientId": patient})), ["NOT_UNIQUE input.patientId"]);
    let jane = phr.ask("{ users { nodes { uuid username } } }", &json!({}))["users"]["nodes"][0].take();
    assert_eq!(jane["username"], "jane");
    let moved = json!({"uuid": jane["uuid"], "institutionId": HOME});
    assert_eq!(ask("updateUser", &moved), ["INVALID_STATE input.institutionId"]);
    // An institution's administrator lets its own patients in, and no others.
    let elsewhere = institution(phr, "Elsewhere");
    for (own, expected) in [(HOME, vec![]), (elsewhere.as_str(), vec!["NOT_FOUND input.userUuid"])] {
        let token = phr.token_for(&["--institution", own]);
        let input = json!({"userUuid": jane["uuid"]});
        assert_eq!(faults(&answer(phr, &token, "createOneTimeToken", "oneTimeToken { token }", &input)), expected);
        let input = json!({"uuid": jane["uuid"], "isActive": false});
        let expected: Vec<_> = expected.iter().map(|fault| fault.replace("userUuid", "uuid")).collect();
        assert_eq!(faults(&answer(phr, &token, "updateUser", "user { uuid }", &input)), expected);
    }
    done(phr, phr.token(), "updateUser", "user { isActive }", &json!({"uuid": jane["uuid"], "isActive": true}));
}

fn nobody_makes_more_of_themself(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let (chief, administrator) = member(phr, "chief", "administrator", &json!({}));
    let (own, boss) = member(phr, "boss", "institution_administrator", &at_home());
    let update = |by: &Session, user: &str, input: &Value| {
        faults(&answer(phr, &by.access, "updateUser", "user { uuid }", &with(json!({ "uuid": user }), input)))
    };
    // Treating is what the boss may let others do: nothing by which they could read a record themself.
    let query = "{ patientRegisters { nodes { allergies } } }";
    register(phr, &json!({"allergies": ["latex"]}));
    let reads = || faults(&phr.response_to(&boss.access, query, &json!({})));
    assert_eq!(reads(), ["FORBIDDEN"]);
    for role in ["doctor", "nurse", "staff", "institution_administrator"].map(role) {
        let expected: &[&str] =
            if role == self::role("institution_administrator") { &[] } else { &["INVALID_STATE input.roleId"] };
        assert_eq!(update(&boss, &own, &json!({ "roleId": role })), expected, "{role}");
    }
    assert_eq!(update(&boss, &own, &json!({"institutionId": elsewhere})), ["INVALID_STATE input.institutionId"]);
    assert_eq!(update(&boss, &own, &json!({"displayName": "The boss"})), Vec::<String>::new());
    assert_eq!(reads(), ["FORBIDDEN"]);
    let both = json!({"roleId": role("auditor"), "institutionId": HOME});
    let expected = ["INVALID_STATE input.roleId", "INVALID_STATE input.institutionId"];
    assert_eq!(update(&administrator, &chief, &both), expected, "nor does an administrator");
    // Roles are no way around: what one may not do, no role is given by them, and their own is given nothing.
    let clinical = json!([{"resource": "ClinicalRecord", "action": "read"}]);
    let change = |by: &Session, input: &Value| faults(&answer(phr, &by.access, "updateRole", "role { uuid }", input));
    let wider = json!({"uuid": role("institution_administrator"), "permissions": clinical});
    assert_eq!(change(&boss, &wider), ["FORBIDDEN"]);
    let limited = json!({"name": "keeper", "permissions": [
        {"resource": "User", "action": "manage"}, {"resource": "Role", "action": "manage"}]});
    let keeper = done(phr, phr.token(), "createRole", "role { uuid }", &limited)["role"]["uuid"].take();
    let (_, keeper_session) = member(phr, "keeper", "staff", &json!({}));
    let user = phr.ask("{ users(filter: {username: {equal: \"keeper\"}}) { nodes { uuid } } }", &json!({}));
    let user = user["users"]["nodes"][0]["uuid"].as_str().unwrap().to_owned();
    assert_eq!(update(&administrator, &user, &json!({ "roleId": keeper })), Vec::<String>::new());
    super::dies(phr, &keeper_session.access);
    let keeping = super::sign_in(phr, "keeper");
    for permissions in [clinical, json!([{"resource": "System", "action": "operate"}])] {
        let own = json!({ "uuid": keeper, "permissions": permissions });
        assert_eq!(change(&keeping, &own), ["INVALID_STATE input.permissions.0"]);
    }
    // A role for patients shows nobody more than a record.
    let clerk = json!({"kind": "STAFF", "username": "clerk", "roleId": role("patient")});
    let refused = answer(phr, &administrator.access, "createUser", "user { uuid }", &clerk);
    assert_eq!(faults(&refused), ["INVALID_STATE input.roleId"]);
    each_role_that_is_given_is_on_record(phr, &boss, &own);
}

/// Who was let treat patients, and by whom.
fn each_role_that_is_given_is_on_record(phr: &Phr, boss: &Session, own: &str) {
    let doctor = json!({"kind": "STAFF", "username": "another", "roleId": role("doctor")});
    let made = done(phr, &boss.access, "createUser", "user { uuid }", &doctor)["user"]["uuid"].take();
    let token = json!({ "userUuid": made });
    done(phr, &boss.access, "createOneTimeToken", "oneTimeToken { token }", &token);
    let input = json!({"uuid": made, "roleId": role("nurse")});
    done(phr, &boss.access, "updateUser", "user { uuid }", &input);
    let query =
        "query($filter: AuditEventFilter) { auditEvents(filter: $filter, first: 100) { nodes { action fields } } }";
    let filter = json!({"resourceId": {"equal": made}, "actorId": {"equal": own}, "outcome": {"equal": "SUCCEEDED"}});
    let has = |nodes: &[Value], action: &str, field: &str| {
        let is_it =
            |node: &&Value| node["action"] == action && node["fields"].as_array().unwrap().contains(&json!(field));
        nodes.iter().any(|node| is_it(&node))
    };
    eventually("each is on record", || {
        let shown = phr.ask(query, &json!({ "filter": filter }))["auditEvents"]["nodes"].take();
        let nodes = shown.as_array().unwrap().clone();
        let all = [("CREATE", "role_id"), ("UPDATE", "one_time_token"), ("UPDATE", "role_id")];
        all.into_iter().all(|(action, field)| has(&nodes, action, field)).then_some(())
    });
}
