//! What operators do at the machine itself.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;
use support::{Backend, Database, Phr, binary, on_both_databases, phr};

use super::{PASSWORD, by_password, by_token, command, faults, is_good};
use crate::patients::{HOME, NOBODY, register};

on_both_databases! {
    the_first_administrator_is_made_at_the_machine,
    a_token_is_printed_alone,
    what_operators_do_is_on_record,
    a_patients_token_is_for_one_record,
}

fn the_first_administrator_is_made_at_the_machine(phr: &Phr) {
    let made = command(phr, &["user", "create", "--username", "Ada@Clinic.Example", "--name", "Ada Lee"]);
    assert!(made.succeeded(), "{made:?}");
    let token = made.stdout.lines().last().unwrap();
    let response = by_token(phr, "ada@clinic.example", token);
    assert_eq!(faults(&response), Vec::<String>::new(), "{response}");
    let session = super::Session::of(&response["data"]["login"]);
    let viewer = phr.response_to(
        &session.access,
        "{ viewer { username displayName role institution { uuid } permissions { action } } }",
        &json!({}),
    );
    let viewer = &viewer["data"]["viewer"];
    assert_eq!((&viewer["username"], &viewer["displayName"]), (&json!("ada@clinic.example"), &json!("Ada Lee")));
    assert!(viewer["role"] == "administrator" && viewer["institution"].is_null(), "{viewer}");
    assert_eq!(viewer["permissions"].as_array().map(Vec::len), Some(12));
    // With a password at once.
    let given = with_password(phr, &["--username", "ben", "--role", "staff", "--institution", HOME], PASSWORD);
    assert!(given.status.success(), "{given:?}");
    assert!(!String::from_utf8_lossy(&given.stdout).contains(PASSWORD), "{given:?}");
    assert_eq!(faults(&by_password(phr, "ben", PASSWORD)), Vec::<String>::new());
    assert_eq!(
        phr.database.sql().value("SELECT count(*) FROM sessions WHERE revoked_at IS NULL"),
        "2",
        "none is left open"
    );
    for (arguments, what) in [
        (&["--username", "ada@clinic.example"][..], "another user has this"),
        (&["--username", " "], "input.username"),
        (&["--username", "x", "--role", "emperor"], "there is no role emperor"),
        (&["--username", "x", "--institution", NOBODY], "input.institutionId"),
        (&["--username", "x", "--institution", "here"], "--institution"),
        (&[], "--username"),
    ] {
        let refused = command(phr, &[&["user", "create"], arguments].concat());
        assert!(!refused.succeeded() && refused.stdout.is_empty(), "{refused:?}");
        assert!(refused.stderr.contains(what), "{what}: {refused:?}");
    }
    let weak = with_password(phr, &["--username", "carl"], "short");
    assert!(!weak.status.success() && String::from_utf8_lossy(&weak.stderr).contains("12 characters"), "{weak:?}");
    assert_eq!(phr.ask("{ users { totalCount } }", &json!({}))["users"]["totalCount"], 2);
}

fn with_password(phr: &Phr, arguments: &[&str], password: &str) -> std::process::Output {
    let mut child = Command::new(binary())
        .args([&["user", "create", "--password-stdin"], arguments].concat())
        .current_dir(phr.database.folder())
        .env_clear()
        .env("DATABASE_URL", phr.database.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn a_token_is_printed_alone(phr: &Phr) {
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM users"), "0", "before any user exists");
    let output = command(phr, &["token"]);
    assert!(output.succeeded() && output.stdout.trim().split('.').count() == 3, "{output:?}");
    assert_eq!(output.stdout.lines().count(), 1);
    let ask = |options: &[&str]| {
        let query = "{ viewer { userUuid role institution { uuid } } }";
        phr.response_to(&phr.token_for(options), query, &json!({}))["data"]["viewer"].take()
    };
    assert_eq!(ask(&[]), json!({"userUuid": null, "role": "administrator", "institution": null}));
    let bound = ["--role", "nurse", "--institution", HOME];
    assert_eq!(ask(&bound), json!({"userUuid": null, "role": "nurse", "institution": {"uuid": HOME}}));
    let created = super::done(
        phr,
        output.stdout.trim(),
        "createPatientRegister",
        "patientRegister { institution { uuid } }",
        &crate::patients::jane(),
    );
    assert_eq!(created["patientRegister"]["institution"]["uuid"], HOME);
    let short = phr.token_for(&["--ttl", "2s"]);
    support::eventually("the token expires", || (!is_good(phr, &short)).then_some(()));
    for (arguments, what) in [
        (&["--role", "emperor"][..], "there is no role emperor"),
        (&["--role", ""], "there is no role"),
        (&["--institution", NOBODY], "there is no institution"),
        (&["--institution", "here"], "--institution"),
        (&["--ttl", "0s"], "--ttl"),
        (&["--ttl", "2years"], "a year"),
        (&["--ttl", "soon"], "--ttl"),
        (&["--ttl=-5m"], "--ttl"),
        (&["--user", "ada"], "--user"),
    ] {
        let refused = command(phr, &[&["token"], arguments].concat());
        assert!(!refused.succeeded() && refused.stdout.is_empty(), "{refused:?}");
        assert!(refused.stderr.contains(what), "{what}: {refused:?}");
    }
}

fn what_operators_do_is_on_record(phr: &Phr) {
    let on_record = || {
        let own = phr.database.key("00000000-0000-4000-8000-000000000002");
        let made = "resource IN ('AccessToken', 'SigningKey')";
        let entries = format!(
            "SELECT action || ' ' || resource FROM audit_events
              WHERE actor_id = {own} AND outcome = 'SUCCEEDED' AND {made} ORDER BY 1"
        );
        phr.database.sql().column(&entries)
    };
    assert!(command(phr, &["token"]).succeeded());
    assert_eq!(on_record(), ["LOGIN AccessToken"]);
    assert!(command(phr, &["key", "rotate"]).succeeded());
    assert_eq!(on_record(), ["CREATE SigningKey", "LOGIN AccessToken", "UPDATE SigningKey"]);
    // What cannot be put on record is not done.
    std::fs::write(phr.database.folder().join("file"), "").unwrap();
    let url = phr.database.url();
    let keys = "SELECT count(*) FROM signing_keys";
    let before = phr.database.sql().value(keys);
    for arguments in [&["token"][..], &["key", "rotate"]] {
        let settings = [("DATABASE_URL", url.as_str()), ("PHR_AUDIT_SPOOL", "file/audit")];
        let refused = support::phr(phr.database.folder(), arguments, &settings);
        assert!(!refused.succeeded() && refused.stdout.is_empty(), "{refused:?}");
        assert!(refused.stderr.contains("the audit spool file/audit cannot be used"), "{refused:?}");
    }
    assert_eq!(phr.database.sql().value(keys), before);
    assert_eq!(on_record().len(), 3);
}

fn a_patients_token_is_for_one_record(phr: &Phr) {
    let elsewhere = super::institution(phr, "Elsewhere");
    let own = register(phr, &json!({"institutionId": elsewhere, "allergies": ["latex"]}));
    register(phr, &json!({"institutionId": elsewhere}));
    register(phr, &json!({}));
    for arguments in [&["--role", "patient"][..], &["--role", "patient", "--institution", HOME]] {
        let refused = command(phr, &[&["token"], arguments].concat());
        assert!(!refused.succeeded() && refused.stdout.is_empty(), "{refused:?}");
        assert!(refused.stderr.contains("--patient UUID"), "{refused:?}");
    }
    for (arguments, what) in [
        (&["--patient", NOBODY][..], "there is no patient"),
        (&["--patient", "me"], "--patient"),
        (&["--patient", &own, "--institution", HOME], "cannot be used with"),
    ] {
        let refused = command(phr, &[&["token", "--role", "patient"], arguments].concat());
        assert!(!refused.succeeded() && refused.stdout.is_empty(), "{refused:?}");
        assert!(refused.stderr.contains(what), "{what}: {refused:?}");
    }
    let query =
        "{ patientRegisters { totalCount nodes { uuid allergies } } viewer { role patientUuid institution { uuid } } }";
    for role in ["patient", "doctor"] {
        let shown = phr.response_to(&phr.token_for(&["--role", role, "--patient", &own]), query, &json!({}));
        let expected = json!({"totalCount": 1, "nodes": [{"uuid": own, "allergies": ["latex"]}]});
        assert_eq!(shown["data"]["patientRegisters"], expected, "{shown}");
        let viewer = json!({"role": role, "patientUuid": own, "institution": {"uuid": elsewhere}});
        assert_eq!(shown["data"]["viewer"], viewer);
    }
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let database = Database::bare(Backend::Sqlite);
    let url = database.url();
    for (name, value, what) in [
        ("PHR_ACCESS_TTL", "0", "auth.access_ttl"),
        ("PHR_ACCESS_TTL", "9223372036854775807", "auth.access_ttl"),
        ("PHR_SESSION_TTL", "9223372036854775807", "auth.session_ttl"),
        ("PHR_REFRESH_GRACE", "301", "auth.refresh_grace"),
        ("PHR_LOCKOUT_SECONDS", "9223372036854775807", "auth.lockout_seconds"),
        ("PHR_LOCKOUT_FAILURES", "0", "auth.lockout_failures"),
        ("PHR_LOCKOUT_FAILURES", "-1", "lockout_failures"),
        ("PHR_EXTERNAL_ISSUER", "https://login.example", "external_jwks"),
    ] {
        let refused = phr(database.folder(), &["token"], &[("DATABASE_URL", &url), (name, value)]);
        assert!(!refused.succeeded() && refused.stderr.contains(what), "{what}: {refused:?}");
    }
}
