//! Signing in.

use serde_json::{Value, json};
use support::{Backend, Phr, eventually, on_both_databases};

use super::{
    PASSWORD, answer, at_home, by_password, by_token, create, done, faults, is_good, login, member, one_time_token,
    sign_in,
};
use crate::patients::HOME;

on_both_databases! {
    whatever_is_wrong_is_told_in_the_same_words,
    a_password_from_elsewhere_is_accepted_and_kept_better,
    a_one_time_token_is_good_once,
    a_one_time_token_is_withdrawn_by_the_users_own_new_password,
    who_is_locked_out_gets_in_with_a_one_time_token,
    a_failure_that_cannot_be_put_on_record_counts,
    what_proves_who_somebody_is_is_on_record_within_their_institution,
}

#[test]
fn every_refusal_takes_the_same_work() {
    let settings = [("LOG_LEVEL", "info,phr::auth=trace"), ("PHR_RATE_ANONYMOUS", "0"), ("PHR_LOCKOUT_FAILURES", "7")];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let phr = Phr::with(backend, &settings);
        for name in ["ada", "locked", "off"] {
            member(&phr, name, "staff", &json!({}));
        }
        create(&phr, "new", "staff", &json!({}));
        let brought = create(&phr, "brought", "staff", &json!({}));
        let off = phr.ask("{ users(filter: {username: {equal: \"off\"}}) { nodes { uuid } } }", &json!({}));
        let off = json!({"uuid": off["users"]["nodes"][0]["uuid"], "isActive": false});
        done(&phr, phr.token(), "updateUser", "user { uuid }", &off);
        for _ in 0..7 {
            by_password(&phr, "locked", "wrong");
        }
        let count = |algorithm: &str| phr.log().matches(&format!("compared by {algorithm}")).count();
        let work = |name: &str, password: &str| {
            let before = (count("Argon2id"), count("bcrypt"));
            let code = if name == "locked" { "LOCKED_OUT" } else { "INVALID_CREDENTIALS" };
            assert_eq!(faults(&by_password(&phr, name, password)), [code], "{name}");
            // Logged before the answer, and read by another thread.
            eventually("the comparison is logged", || (count("Argon2id") > before.0).then_some(()));
            phr.ask("{ viewer { role } }", &json!({}));
            (count("Argon2id") - before.0, count("bcrypt") - before.1)
        };
        let attempts = [
            ("ada", "wrong"),
            ("nobody", PASSWORD),
            ("nobody\u{0}", PASSWORD),
            ("new", PASSWORD),
            ("locked", PASSWORD),
            ("locked", "wrong"),
            ("off", PASSWORD),
            ("brought", "wrong"),
        ];
        for (name, password) in attempts {
            assert_eq!(work(name, password), (1, 0), "{name}");
        }
        // Two spellings of a password are two comparisons, whoever it is.
        for name in ["ada", "nobody", "new", "off", "brought"] {
            assert_eq!(work(name, "cafe\u{301} au lait"), (2, 0), "{name}");
        }
        // As soon as anybody has a password from elsewhere, nobody can be told from them.
        let (key, hash) = (phr.database.key(&brought), bcrypt::hash(PASSWORD, 4).unwrap());
        phr.database.sql().run(&format!("DELETE FROM user_secrets WHERE user_id = {key}"));
        phr.database.sql().run(&format!("INSERT INTO user_secrets (user_id, password_hash) VALUES ({key}, '{hash}')"));
        for (name, password) in attempts {
            assert_eq!(work(name, password), (1, 1), "{name}");
        }
        sign_in(&phr, "brought");
        assert_eq!(work("ada", "wrong"), (1, 0));
    }
}

fn whatever_is_wrong_is_told_in_the_same_words(phr: &Phr) {
    let (uuid, _) = member(phr, "Ada@Clinic.Example", "staff", &json!({}));
    create(phr, "new@clinic.example", "staff", &json!({}));
    sign_in(phr, "  aDA@clinic.EXAMPLE ");
    let token = one_time_token(phr, &uuid);
    let attempts = [
        json!({"username": "ada@clinic.example", "password": "incorrect horse"}),
        json!({"username": "ada@clinic.example", "password": ""}),
        json!({"username": "ada@clinic.example", "password": PASSWORD.to_uppercase()}),
        json!({"username": "ada@clinic.example", "password": format!("{PASSWORD}\u{0}")}),
        json!({"username": "nobody@clinic.example", "password": PASSWORD}),
        json!({"username": "ada@clinic.example\u{0}", "password": PASSWORD}),
        json!({"username": "", "password": PASSWORD}),
        json!({"username": "' OR 1=1 --", "password": "' OR 1=1 --"}),
        json!({"username": "a".repeat(10_000), "password": "b".repeat(100_000)}),
        json!({"username": "new@clinic.example", "password": PASSWORD}),
        json!({"username": "new@clinic.example", "oneTimeToken": token, "newPassword": PASSWORD}),
        json!({"username": "nobody@clinic.example", "oneTimeToken": token, "newPassword": PASSWORD}),
        json!({"username": "new@clinic.example", "oneTimeToken": "nonsense", "newPassword": PASSWORD}),
    ];
    let mut told = Vec::new();
    for attempt in &attempts {
        let mut response = login(phr, attempt);
        assert_eq!(faults(&response), ["INVALID_CREDENTIALS"], "{attempt}");
        response["errors"][0]["extensions"]["requestId"].take();
        told.push(response);
    }
    assert!(told.iter().all(|response| *response == told[0]), "{told:#?}");
    done(phr, phr.token(), "updateUser", "user { uuid }", &json!({"uuid": uuid, "isActive": false}));
    assert_eq!(faults(&by_password(phr, "ada@clinic.example", PASSWORD)), ["INVALID_CREDENTIALS"]);
}

#[test]
fn who_fails_too_often_is_locked_out_for_a_while() {
    let settings = [("PHR_LOCKOUT_FAILURES", "3"), ("PHR_LOCKOUT_SECONDS", "8"), ("PHR_RATE_ANONYMOUS", "0")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    member(&phr, "ada", "staff", &json!({}));
    for _ in 0..2 {
        by_password(&phr, "ada", "wrong");
    }
    sign_in(&phr, "ada");
    for _ in 0..3 {
        by_password(&phr, "ada", "wrong");
    }
    // The right password is refused like a wrong one, and other users are not.
    assert_eq!(by_password(&phr, "ada", PASSWORD)["data"], by_password(&phr, "ada", "wrong")["data"]);
    assert_eq!(faults(&by_password(&phr, "ada", PASSWORD)), ["LOCKED_OUT"]);
    member(&phr, "ben", "staff", &json!({}));
    eventually("the time is over", || faults(&by_password(&phr, "ada", PASSWORD)).is_empty().then_some(()));
    by_password(&phr, "ada", "wrong");
    sign_in(&phr, "ada");
}

fn who_is_locked_out_gets_in_with_a_one_time_token(phr: &Phr) {
    let (uuid, _) = member(phr, "ada", "staff", &json!({}));
    for _ in 0..6 {
        by_password(phr, "ada", "wrong");
    }
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), ["LOCKED_OUT"]);
    let token = one_time_token(phr, &uuid);
    assert_eq!(faults(&by_token(phr, "ada", "nonsense")), ["INVALID_CREDENTIALS"]);
    assert_eq!(faults(&by_token(phr, "ada", &token)), Vec::<String>::new());
    sign_in(phr, "ada");
}

fn a_failure_that_cannot_be_put_on_record_counts(phr: &Phr) {
    member(phr, "ada", "staff", &json!({}));
    std::fs::remove_dir_all(phr.database.folder().join("data/audit")).unwrap();
    assert_ne!(faults(&by_password(phr, "ada", "wrong")), Vec::<String>::new());
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM login_failures"), "1");
}

fn a_password_from_elsewhere_is_accepted_and_kept_better(phr: &Phr) {
    let uuid = create(phr, "ada", "staff", &json!({}));
    let (key, hash) = (phr.database.key(&uuid), bcrypt::hash(PASSWORD, 4).unwrap());
    let mut sql = phr.database.sql();
    sql.run(&format!("INSERT INTO user_secrets (user_id, password_hash) VALUES ({key}, '{hash}')"));
    let kept = format!("SELECT password_hash FROM user_secrets WHERE user_id = {key}");
    assert_eq!(faults(&by_password(phr, "ada", "wrong")), ["INVALID_CREDENTIALS"]);
    assert_eq!(sql.value(&kept), hash);
    sign_in(phr, "ada");
    let better = sql.value(&kept);
    assert!(better.starts_with("$argon2id$"), "{better}");
    sign_in(phr, "ada");
    assert_eq!(sql.value(&kept), better);
}

fn a_one_time_token_is_withdrawn_by_the_users_own_new_password(phr: &Phr) {
    let (uuid, session) = member(phr, "ada", "staff", &json!({}));
    let token = one_time_token(phr, &uuid);
    let new = "an entirely new password";
    let input = json!({"password": PASSWORD, "newPassword": new});
    done(phr, &session.access, "changePassword", "changed", &input);
    assert_eq!(faults(&by_token(phr, "ada", &token)), ["INVALID_CREDENTIALS"]);
    assert_eq!(faults(&by_password(phr, "ada", new)), Vec::<String>::new());
}

fn a_one_time_token_is_good_once(phr: &Phr) {
    let uuid = create(phr, "ada", "staff", &json!({}));
    let first = one_time_token(phr, &uuid);
    let second = one_time_token(phr, &uuid);
    assert_eq!(faults(&by_token(phr, "ada", &first)), ["INVALID_CREDENTIALS"], "a newer one replaces it");
    let input = json!({"username": "ada", "oneTimeToken": second});
    assert_eq!(faults(&login(phr, &input)), ["REQUIRED input.newPassword"]);
    let session = super::Session::of(&by_token(phr, "Ada", &second)["data"]["login"]);
    assert_eq!(faults(&by_token(phr, "ada", &second)), ["INVALID_CREDENTIALS"], "once");
    assert!(is_good(phr, &session.access));
    let third = one_time_token(phr, &uuid);
    assert_eq!(faults(&by_token(phr, "ada", &third)), Vec::<String>::new());
    assert!(!is_good(phr, &session.access), "who knew the old password is signed out");
    let late = one_time_token(phr, &uuid);
    phr.database.sql().run("UPDATE one_time_tokens SET expires_at = created_at");
    assert_eq!(faults(&by_token(phr, "ada", &late)), ["INVALID_CREDENTIALS"], "too late");
    let texts = phr.database.sql().column("SELECT count(*) FROM one_time_tokens");
    assert_eq!(texts, ["1"]);
}

#[test]
fn a_new_password_obeys_the_rules() {
    let phr = Phr::start(Backend::Sqlite);
    let uuid = create(&phr, "ada@clinic.example", "staff", &json!({}));
    let token = one_time_token(&phr, &uuid);
    for (password, fault) in [
        ("eleven char", "TOO_SHORT input.newPassword"),
        (&"ä".repeat(257), "TOO_LONG input.newPassword"),
        ("ADA@clinic.example", "INVALID_FORMAT input.newPassword"),
    ] {
        let input = json!({"username": "ada@clinic.example", "oneTimeToken": token, "newPassword": password});
        assert_eq!(faults(&login(&phr, &input)), [fault]);
    }
    for (input, fault) in [
        (json!({"username": "ada"}), "REQUIRED input.password"),
        (json!({"username": "ada", "newPassword": PASSWORD}), "REQUIRED input.password"),
        (json!({"username": "ada", "password": "x", "oneTimeToken": token}), "INVALID_FORMAT input.password"),
        (json!({"username": "ada", "password": "x", "device": "d".repeat(201)}), "TOO_LONG input.device"),
    ] {
        assert_eq!(faults(&login(&phr, &input)), [fault]);
    }
    let response = by_token(&phr, "ada@clinic.example", &token);
    let session = super::Session::of(&response["data"]["login"]);
    let change = |old: &str, new: &str| {
        let input = json!({"password": old, "newPassword": new});
        faults(&answer(&phr, &session.access, "changePassword", "changed", &input))
    };
    assert_eq!(change(PASSWORD, "short"), ["TOO_SHORT input.newPassword"]);
    assert_eq!(change("wrong", "another good password"), ["INVALID_CREDENTIALS"]);
    assert_eq!(change(PASSWORD, "another good password"), Vec::<String>::new());
    assert!(faults(&by_password(&phr, "ada@clinic.example", "another good password")).is_empty());
    assert_eq!(faults(&by_password(&phr, "ada@clinic.example", PASSWORD)), ["INVALID_CREDENTIALS"]);
}

fn what_proves_who_somebody_is_is_on_record_within_their_institution(phr: &Phr) {
    let (uuid, session) = member(phr, "ada", "doctor", &at_home());
    by_password(phr, "ada", "wrong");
    let wrong = json!({"password": "wrong", "newPassword": "another good password"});
    assert_eq!(faults(&answer(phr, &session.access, "changePassword", "changed", &wrong)), ["INVALID_CREDENTIALS"]);
    let next = super::Session::of(&session.refresh(phr)["data"]["refreshSession"]);
    assert_eq!(faults(&next.refresh(phr)), Vec::<String>::new());
    assert_eq!(faults(&session.refresh(phr)), ["SESSION_ENDED"], "a refresh token is good once");
    let query = "query($user: UUID!) { auditEvents(first: 100, filter: {actorId: {equal: $user},
        outcome: {in: [SUCCEEDED, FAILED]}}, order: [{field: OCCURRED_AT}]) {
        nodes { action outcome resource fields institutionId } } }";
    let auditor = phr.token_for(&["--role", "auditor", "--institution", HOME]);
    let seen = |action: &str, outcome: &str, resource: &str, fields: &[&str]| json!({"action": action, "outcome": outcome, "resource": resource, "fields": fields, "institutionId": HOME});
    // What one transaction did happened at one time.
    let expected = [
        seen("EXECUTE", "SUCCEEDED", "Session", &[]),
        seen("EXECUTE", "SUCCEEDED", "Session", &[]),
        seen("LOGIN", "FAILED", "User", &[]),
        seen("LOGIN", "SUCCEEDED", "Session", &[]),
        seen("LOGOUT", "SUCCEEDED", "Session", &[]),
        seen("UPDATE", "FAILED", "User", &["password"]),
        seen("UPDATE", "SUCCEEDED", "User", &["password"]),
    ];
    let mut found: Vec<Value> = eventually("it is on record", || {
        let response = phr.response_to(&auditor, query, &json!({ "user": uuid }));
        let nodes = &response["data"]["auditEvents"]["nodes"];
        nodes.as_array().filter(|nodes| nodes.len() >= 7).cloned()
    });
    found.sort_by_key(|entry| format!("{} {}", entry["action"], entry["outcome"]));
    assert_eq!(found, expected);
}
