//! Too many failed attempts to sign in lock a user name out, whether or not there is such a user.

use std::thread;

use phr::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use support::{Backend, Phr, Server, on_both_databases, request};

use super::{PASSWORD, another, by_password, create, done, faults, member, sign_in};

on_both_databases! {
    names_that_nobody_has_lock_out_like_any_other,
    a_flood_by_any_name_tries_no_more_than_is_allowed,
    a_name_counts_however_it_is_written,
}

fn names_that_nobody_has_lock_out_like_any_other(phr: &Phr) {
    let other = another(phr, &[]);
    let (off, _) = member(phr, "off", "staff", &json!({}));
    member(phr, "ada", "staff", &json!({}));
    create(phr, "new", "staff", &json!({}));
    done(phr, phr.token(), "updateUser", "user { uuid }", &json!({"uuid": off, "isActive": false}));
    let mut told = Vec::new();
    for name in ["ada", "nobody", "off", "new", "nobody\u{0}"] {
        // On both servers, and with the right password too.
        let attempts = [(phr, "wrong"), (&other, "wrong"), (phr, ""), (&other, "wrong"), (phr, "wrong")];
        for (server, password) in attempts {
            assert_eq!(faults(&by_password(server, name, password)), ["INVALID_CREDENTIALS"], "{name}");
        }
        for (server, password) in [(phr, PASSWORD), (&other, "wrong")] {
            let mut response = by_password(server, name, password);
            assert_eq!(faults(&response), ["LOCKED_OUT"], "{name}");
            let error = &mut response["errors"][0];
            let seconds = error["extensions"]["retryAfter"].take().as_u64().unwrap();
            assert!((800..=900).contains(&seconds), "{seconds}");
            let until = error["extensions"]["lockedUntil"].take();
            let until = chrono::DateTime::parse_from_rfc3339(until.as_str().unwrap()).unwrap();
            let left = (until.to_utc() - SystemClock.now()).num_seconds();
            assert!((800..=900).contains(&left), "{left}");
            error["extensions"]["requestId"].take();
            error["message"] = error["message"].as_str().unwrap().replace(&format!("{seconds} s"), "").into();
            told.push(response);
        }
    }
    assert!(told.iter().all(|response| *response == told[0]), "{told:#?}");
    let names = phr.database.sql().value("SELECT count(DISTINCT name_code) FROM login_failures");
    assert_eq!(names, "5");
}

fn a_flood_by_any_name_tries_no_more_than_is_allowed(phr: &Phr) {
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| by_password(phr, "nobody", "wrong"));
        }
    });
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM login_failures"), "5");
    assert_eq!(faults(&by_password(phr, "nobody", "wrong")), ["LOCKED_OUT"]);
}

fn a_name_counts_however_it_is_written(phr: &Phr) {
    member(phr, "ada", "staff", &json!({}));
    for name in ["ada", "ADA", " Ada ", "\u{ff41}\u{ff44}\u{ff41}", "aDa"] {
        assert_eq!(faults(&by_password(phr, name, "wrong")), ["INVALID_CREDENTIALS"], "{name}");
    }
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), ["LOCKED_OUT"]);
}

/// What `login` answers to somebody at this address.
fn from(server: &Server, address: &str, password: &str) -> Vec<String> {
    let query = "mutation($input: LoginInput!) { login(input: $input) { userErrors { code path } } }";
    let body = json!({"query": query, "variables": {"input": {"username": "ada", "password": password}}}).to_string();
    let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
    let response: Value = request(server.address, "POST", "/graphql", &headers, body.as_bytes()).json();
    faults(&response)
}

#[test]
fn who_signs_in_is_forgiven_where_they_are() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_TRUSTED_PROXIES", "127.0.0.1")]);
    member(&phr, "ada", "staff", &json!({}));
    let (here, there) = ("192.0.2.1", "198.51.100.7");
    let none = Vec::<String>::new();
    for _ in 0..2 {
        (0..4).for_each(|_| assert_eq!(from(&phr, here, "wrong"), ["INVALID_CREDENTIALS"]));
        assert_eq!(from(&phr, here, PASSWORD), none);
    }
    // Whoever fails elsewhere does not learn by the count that there is a user who has signed in.
    (0..4).for_each(|_| assert_eq!(from(&phr, there, "wrong"), ["INVALID_CREDENTIALS"]));
    assert_eq!(from(&phr, here, PASSWORD), none);
    assert_eq!(from(&phr, there, "wrong"), ["INVALID_CREDENTIALS"]);
    assert_eq!(from(&phr, there, "wrong"), ["LOCKED_OUT"]);
}

#[test]
fn failures_that_count_no_longer_are_forgotten() {
    let phr = Phr::with(Backend::Postgres, &[("PHR_LOCKOUT_SECONDS", "1"), ("PHR_RATE_ANONYMOUS", "0")]);
    member(&phr, "ada", "staff", &json!({}));
    for number in 0..3 {
        by_password(&phr, &format!("nobody{number}"), "wrong");
    }
    support::eventually("only the last failures are kept", || {
        by_password(&phr, "nobody", "wrong");
        let names = phr.database.sql().value("SELECT count(DISTINCT name_code) FROM login_failures");
        (names == "1").then_some(())
    });
    sign_in(&phr, "ada");
}
