//! Roles that administrators make and change.

use serde_json::{Value, json};
use sha2::Digest as _;
use support::{Backend, Database, Phr, on_both_databases};

use super::{answer, by_password, done, faults, is_good, login, member, role};

on_both_databases! {
    a_role_is_made_of_permissions_that_exist_and_that_one_has,
    a_role_is_used_only_where_and_when_it_may_be,
}

fn permission(resource: &str, action: &str) -> Value {
    json!({"resource": resource, "action": action})
}

fn a_role_is_made_of_permissions_that_exist_and_that_one_has(phr: &Phr) {
    let create = |token: &str, input: &Value| {
        answer(phr, token, "createRole", "role { uuid permissions { resource action } }", input)
    };
    let wanted = json!([
        permission("PatientRegister", "read"),
        permission("PatientRegister", "destroy"),
        permission("Universe", "read"),
        permission("patientregister", "read"),
    ]);
    let expected = ["NOT_FOUND input.permissions.1", "NOT_FOUND input.permissions.2", "NOT_FOUND input.permissions.3"];
    assert_eq!(faults(&create(phr.token(), &json!({"name": "clerk", "permissions": wanted}))), expected);
    for (name, fault) in [
        ("", "INVALID_FORMAT input.name"),
        ("Clerk", "INVALID_FORMAT input.name"),
        ("a b", "INVALID_FORMAT input.name"),
        ("a\u{0}", "INVALID_FORMAT input.name"),
        (&"a".repeat(51), "TOO_LONG input.name"),
        ("doctor", "NOT_UNIQUE input.name"),
    ] {
        assert_eq!(faults(&create(phr.token(), &json!({"name": name, "permissions": []}))), [fault]);
    }
    let own = json!([permission("Role", "manage"), permission("User", "manage"), permission("Directory", "read")]);
    let made = done(
        phr,
        phr.token(),
        "createRole",
        "role { uuid permissions { resource action } }",
        &json!({"name": "keeper", "permissions": own}),
    );
    assert_eq!(made["role"]["permissions"].as_array().map(Vec::len), Some(3), "{made}");
    let keeper = phr.token_for(&["--role", "keeper"]);
    let more =
        json!({"name": "more", "permissions": [permission("Directory", "read"), permission("System", "operate")]});
    assert_eq!(faults(&create(&keeper, &more)), ["INVALID_STATE input.permissions.1"]);
    // Whoever may less does not take anything from whoever may more.
    let update = |token: &str, input: &Value| faults(&answer(phr, token, "updateRole", "role { uuid }", input));
    for change in [
        json!({"uuid": role("administrator"), "permissions": own}),
        json!({"uuid": role("administrator"), "conditions": {"weekdays": ["MONDAY"]}}),
        json!({"uuid": role("administrator"), "description": "x"}),
    ] {
        assert_eq!(update(&keeper, &change), ["INVALID_STATE input.uuid"], "{change}");
    }
    assert_eq!(update(&keeper, &json!({"uuid": crate::patients::NOBODY})), ["NOT_FOUND input.uuid"]);
    let bound = phr.token_for(&["--institution", crate::patients::HOME]);
    assert_eq!(update(&bound, &json!({"uuid": role("staff"), "permissions": []})), ["FORBIDDEN"]);
    assert_eq!(faults(&create(&bound, &json!({"name": "mine", "permissions": []}))), ["FORBIDDEN"]);
    let names = phr.ask("{ roles { totalCount } }", &json!({}));
    assert_eq!(names["roles"]["totalCount"], 10);
    let stale = json!({"uuid": role("staff"), "permissions": [], "expectedVersion": 7});
    assert_eq!(update(phr.token(), &stale), ["VERSION_CONFLICT input.expectedVersion"]);
}

fn conditions(phr: &Phr, conditions: &Value) {
    let change = json!({"uuid": role("staff"), "conditions": conditions});
    done(phr, phr.token(), "updateRole", "role { uuid }", &change);
}

fn a_role_is_used_only_where_and_when_it_may_be(phr: &Phr) {
    let (_, session) = member(phr, "ada", "staff", &json!({}));
    let network = |network: &str| json!({"locations": [{"name": "ward", "network": network}]});
    for (wanted, allowed) in [
        (network("10.1.0.0/16"), false),
        (network("127.0.0.0/8"), true),
        (json!({"weekdays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]}), true),
        (json!({"devices": ["ab".repeat(32)]}), false),
        (json!({}), true),
    ] {
        conditions(phr, &wanted);
        assert_eq!(is_good(phr, &session.access), allowed, "{wanted}");
        let expected = if allowed { vec![] } else { vec!["FORBIDDEN"] };
        assert_eq!(faults(&by_password(phr, "ada", super::PASSWORD)), expected, "{wanted}");
        assert_eq!(faults(&by_password(phr, "ada", "wrong")), ["INVALID_CREDENTIALS"], "the password comes first");
    }
    // Of two halves of the day one is now.
    let halves = [("00:00", "12:00"), ("12:00", "00:00")];
    let good = halves.map(|(from, until)| {
        conditions(phr, &json!({"from": from, "until": until, "utcOffset": "+00:00"}));
        is_good(phr, &session.access)
    });
    assert_ne!(good[0], good[1]);
    // SHA-256 of "tablet 7".
    let device = sha2::Sha256::digest("tablet 7").iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    conditions(phr, &json!({ "devices": [device] }));
    assert!(!is_good(phr, &session.access));
    let with = |device: &str| login(phr, &json!({"username": "ada", "password": super::PASSWORD, "device": device}));
    assert_eq!(faults(&with("tablet 8")), ["FORBIDDEN"]);
    let own = super::Session::of(&with("tablet 7")["data"]["login"]);
    assert!(is_good(phr, &own.access));
    let next = super::Session::of(&own.refresh(phr)["data"]["refreshSession"]);
    assert!(is_good(phr, &next.access), "the device is remembered");
}

#[test]
fn conditions_that_make_no_sense_are_named() {
    let phr = Phr::start(Backend::Sqlite);
    let conditions = json!({
        "from": "7", "utcOffset": "noon", "devices": ["x"],
        "locations": [{"name": "ward", "network": "10.1.0.0/16"}, {"name": " ", "network": "ward"}],
    });
    let input = json!({"uuid": role("staff"), "conditions": conditions});
    let expected = [
        "INVALID_FORMAT input.conditions.from",
        "REQUIRED input.conditions.until",
        "INVALID_FORMAT input.conditions.utcOffset",
        "REQUIRED input.conditions.locations.1.name",
        "INVALID_FORMAT input.conditions.locations.1.network",
        "INVALID_FORMAT input.conditions.devices.0",
    ];
    assert_eq!(faults(&answer(&phr, phr.token(), "updateRole", "role { uuid }", &input)), expected);
    let never = json!({"uuid": role("staff"), "conditions": {"from": "07:00", "until": "07:00"}});
    let refused = answer(&phr, phr.token(), "updateRole", "role { uuid }", &never);
    assert_eq!(faults(&refused), ["INVALID_STATE input.conditions.until"]);
}

#[test]
fn what_a_role_may_do_is_told_as_of_its_version() {
    let phr = Phr::start(Backend::Postgres);
    let other = super::another(&phr, &[]);
    let token = phr.token();
    let query = "query($uuid: UUID!) { role(uuid: $uuid) { version permissions { resource action } } }";
    for number in 1..=5 {
        let permissions = if number % 2 == 0 { json!([]) } else { json!([permission("Directory", "read")]) };
        let change = json!({"uuid": role("staff"), "permissions": permissions});
        let changed = done(&phr, token, "updateRole", "role { version permissions { resource action } }", &change);
        assert_eq!(changed["role"], json!({"version": number + 1, "permissions": permissions}));
        let told = other.response_to(token, query, &json!({"uuid": role("staff")}));
        assert_eq!(
            told["data"]["role"], changed["role"],
            "on another server, which looks once a second what roles may do"
        );
    }
}

#[test]
fn nobody_is_looked_up_anew_for_changes_that_were_refused() {
    let database = Database::new(Backend::Postgres);
    database.log_statements();
    let phr = Phr::serve(std::sync::Arc::new(database), &[], &[]);
    let token = phr.token_for(&["--role", "staff"]);
    let key = crate::patients::NOBODY;
    let refused: Vec<String> = (0..30)
        .map(|number| {
            format!(
                "a{number}: updateRole(input: {{uuid: \"{key}\"}}) {{ role {{ uuid }} }}
                 b{number}: updateUser(input: {{uuid: \"{key}\"}}) {{ user {{ uuid }} }}
                 c{number}: createRole(input: {{name: \"x\", permissions: []}}) {{ role {{ uuid }} }} "
            )
        })
        .collect();
    let refused = refused.concat();
    let (_, from) = phr.database.log(0);
    let response = phr.response_to(&token, &format!("mutation {{ {refused} }}"), &json!({}));
    assert_eq!(faults(&response), vec!["FORBIDDEN"; 90]);
    let (lines, _) = phr.database.log(from);
    // The server looks by itself each second.
    let looked = lines.iter().filter(|line| line.contains("role_permissions")).count();
    assert!(looked < 30, "{looked} times");
    // What a mutation's type is called lets none of it run without a session.
    let body = json!({"query": format!("mutation {{ __typename {refused} }}")}).to_string();
    let reply = phr.http_as_nobody("POST", "/graphql", &[("content-type", "application/json")], body.as_bytes());
    assert_eq!(reply.json()["data"], Value::Null, "{}", reply.body);
    assert_eq!(faults(&reply.json()), ["UNAUTHENTICATED"]);
}
