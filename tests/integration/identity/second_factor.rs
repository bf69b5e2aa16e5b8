//! One-time codes as second factor.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};
use totp_rs::{Algorithm, Secret, TOTP};

use super::{PASSWORD, answer, by_password, done, faults, login, member};

on_both_databases! {
    a_second_factor_is_asked_for_once_it_was_confirmed,
}

/// The code of the present time step, or of one so many steps later.
fn code(secret: &str, later: i64) -> String {
    let secret = Secret::Encoded(secret.to_owned()).to_bytes().unwrap();
    let codes = TOTP::new(Algorithm::SHA1, 6, 0, 30, secret, None, "ada".to_owned()).unwrap();
    let next = codes.next_step_current().unwrap();
    codes.generate(next.saturating_add_signed((later - 1) * 30))
}

fn by_code(phr: &Phr, code: &str) -> Vec<String> {
    faults(&login(phr, &json!({"username": "ada", "password": PASSWORD, "oneTimeCode": code})))
}

fn none() -> Vec<String> {
    Vec::new()
}

fn a_second_factor_is_asked_for_once_it_was_confirmed(phr: &Phr) {
    let (uuid, session) = member(phr, "ada", "staff", &json!({}));
    let ask = |mutation: &str, fields: &str, input: &Value| answer(phr, &session.access, mutation, fields, input);
    let enrol = || {
        let query = "mutation { enrolSecondFactor { enrolment { secret url } userErrors { code path } } }";
        phr.response_to(&session.access, query, &json!({}))
    };
    let confirm = |code: &str| faults(&ask("confirmSecondFactor", "confirmed", &json!({ "oneTimeCode": code })));
    assert_eq!(confirm("123456"), ["INVALID_FORMAT input.oneTimeCode"], "nothing was enrolled");
    let first = enrol();
    let enrolment = enrol()["data"]["enrolSecondFactor"]["enrolment"].take();
    let secret = enrolment["secret"].as_str().unwrap();
    assert!(enrolment["url"].as_str().unwrap().starts_with("otpauth://totp/phr:ada?secret="), "{enrolment}");
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), none(), "no code is asked for before one was confirmed");
    let replaced = first["data"]["enrolSecondFactor"]["enrolment"]["secret"].as_str().unwrap();
    for wrong in [code(replaced, 0), "000 000".to_owned(), String::new(), code(secret, 9)] {
        assert_eq!(confirm(&wrong), ["INVALID_FORMAT input.oneTimeCode"]);
    }
    assert_eq!(confirm(&code(secret, -1)), none());
    assert_eq!(faults(&enrol()), ["INVALID_STATE "]);
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), ["REQUIRED input.oneTimeCode"]);
    assert_eq!(faults(&by_password(phr, "ada", "wrong")), ["UNAUTHENTICATED"], "the password comes first");
    assert_eq!(by_code(phr, &code(secret, 9)), ["UNAUTHENTICATED"]);
    let used = code(secret, 0);
    assert_eq!(by_code(phr, &used), none());
    assert_eq!(by_code(phr, &used), ["UNAUTHENTICATED"], "a code is good once");
    assert_eq!(by_code(phr, &code(secret, 1)), none(), "clocks may differ");
    is_sealed(phr, &uuid, secret);
    let viewer = phr.response_to(&session.access, "{ viewer { hasSecondFactor } }", &json!({}));
    assert_eq!(viewer["data"]["viewer"]["hasSecondFactor"], true);
    let remove = |password: &str| faults(&ask("removeSecondFactor", "removed", &json!({ "password": password })));
    assert_eq!(remove("wrong"), ["UNAUTHENTICATED"]);
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), ["REQUIRED input.oneTimeCode"]);
    assert_eq!(remove(PASSWORD), none());
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), none());
    done(
        phr,
        &session.access,
        "changePassword",
        "changed",
        &json!({"password": PASSWORD, "newPassword": "a new password"}),
    );
}

/// The database holds the secret, and nothing by which it is known.
fn is_sealed(phr: &Phr, uuid: &str, secret: &str) {
    let bytes = Secret::Encoded(secret.to_owned()).to_bytes().unwrap();
    let clear = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let hex = match phr.backend() {
        support::Backend::Postgres => "encode(totp_secret, 'hex')",
        support::Backend::Sqlite => "lower(hex(totp_secret))",
    };
    let kept = format!("SELECT {hex} FROM user_secrets WHERE user_id = {}", phr.database.key(uuid));
    let kept = phr.database.sql().value(&kept);
    // A nonce of 12 bytes, and a tag of 16.
    assert_eq!(kept.len(), 2 * (12 + bytes.len() + 16), "{kept}");
    assert!(!kept.contains(&clear) && !kept.contains(&clear[..16]), "{kept}");
}
