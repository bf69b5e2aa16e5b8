//! Users, and who manages whom.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{Session, answer, at_home, by_token, create, done, faults, institution, is_good, member, role};
use crate::patients::{HOME, register, with};

on_both_databases! {
    an_institutions_administrator_manages_its_own_users_alone,
    somebody_can_always_administer,
    what_a_user_is_makes_sense,
}

fn an_institutions_administrator_manages_its_own_users_alone(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let (own, boss) = member(phr, "boss", "institution_administrator", &at_home());
    let stranger = create(phr, "stranger", "staff", &json!({ "institutionId": elsewhere }));
    let (above, _) = member(phr, "above", "administrator", &at_home());
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
    for unseen in [stranger.as_str(), crate::patients::NOBODY] {
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
