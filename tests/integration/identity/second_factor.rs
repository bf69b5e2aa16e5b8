//! One-time codes as second factor.

use phr::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use support::{Phr, eventually, on_both_databases};
use totp_rs::{Algorithm, Secret, TOTP};

use crate::audit::{shipped, values};

use super::{
    PASSWORD, answer, at_home, by_password, command, done, faults, institution, is_good, login, member, one_time_token,
    sign_in,
};

on_both_databases! {
    a_second_factor_is_asked_for_once_it_was_confirmed,
    a_lost_second_factor_is_taken_away_by_who_manages_the_user,
    a_one_time_token_is_no_way_to_try_every_code,
    a_right_password_without_its_code_counts_and_is_on_record,
}

/// The last time step that has begun.
fn step() -> i64 {
    SystemClock.now().timestamp() / 30
}

/// Confirms a second factor by the code of the time step before this one; the faults. Where that step became the one before
/// the last meanwhile, by the next one's.
fn confirmed(secret: &str, confirm: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    loop {
        let begun = step();
        let faults = confirm(&code(secret, -1));
        if faults.is_empty() || step() == begun {
            return faults;
        }
    }
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
    assert_eq!(confirmed(secret, confirm), none());
    assert_eq!(faults(&enrol()), ["INVALID_STATE "]);
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), ["SECOND_FACTOR_REQUIRED"]);
    assert_eq!(faults(&by_password(phr, "ada", "wrong")), ["INVALID_CREDENTIALS"], "the password comes first");
    assert_eq!(by_code(phr, &code(secret, 9)), ["SECOND_FACTOR_INVALID"]);
    let used = code(secret, 0);
    assert_eq!(by_code(phr, &used), none());
    assert_eq!(by_code(phr, &used), ["SECOND_FACTOR_INVALID"], "a code is good once");
    let next = code(secret, 1);
    let (first, last) = next.split_at(3);
    assert_eq!(
        by_code(phr, &format!(" {first}-\u{a0}{last}")),
        none(),
        "clocks may differ, and codes are shown in groups"
    );
    is_sealed(phr, &uuid, secret);
    let viewer = phr.response_to(&session.access, "{ viewer { hasSecondFactor } }", &json!({}));
    assert_eq!(viewer["data"]["viewer"]["hasSecondFactor"], true);
    let remove = |password: &str| faults(&ask("removeSecondFactor", "removed", &json!({ "password": password })));
    assert_eq!(remove("wrong"), ["INVALID_CREDENTIALS"]);
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), ["SECOND_FACTOR_REQUIRED"]);
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

fn a_right_password_without_its_code_counts_and_is_on_record(phr: &Phr) {
    let (uuid, session) = member(phr, "ada", "staff", &json!({}));
    let query = "mutation { enrolSecondFactor { enrolment { secret } } }";
    let enrolled = phr.response_to(&session.access, query, &json!({}));
    let secret = enrolled["data"]["enrolSecondFactor"]["enrolment"]["secret"].as_str().unwrap().to_owned();
    let shown = code(&secret, -1);
    let shown = format!("{} {}", &shown[..3], &shown[3..]);
    done(phr, &session.access, "confirmSecondFactor", "confirmed", &json!({ "oneTimeCode": shown }));
    let failures = "SELECT count(*) FROM login_failures";
    for tried in ["1", "2"] {
        assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), ["SECOND_FACTOR_REQUIRED"]);
        assert_eq!(phr.database.sql().value(failures), tried);
    }
    let condition = format!("action = 'LOGIN' AND outcome = 'FAILED' AND resource_id = {}", phr.database.key(&uuid));
    let entries = shipped(&phr.database, &condition, 2);
    assert_eq!(values(&entries, "fields"), ["second_factor"; 2]);
    assert_eq!(by_code(phr, &code(&secret, 0)), none());
    assert_eq!(phr.database.sql().value(failures), "0", "who follows with the code is not locked out by it");
}

fn a_one_time_token_is_no_way_to_try_every_code(phr: &Phr) {
    let (uuid, session) = member(phr, "ada", "staff", &json!({}));
    let query = "mutation { enrolSecondFactor { enrolment { secret } } }";
    let enrolment = phr.response_to(&session.access, query, &json!({}));
    let secret = enrolment["data"]["enrolSecondFactor"]["enrolment"]["secret"].as_str().unwrap();
    confirm(phr, &session.access, secret);
    let attempt = |token: &str, code: &str| {
        let proof = json!({"username": "ada", "oneTimeToken": token, "newPassword": PASSWORD, "oneTimeCode": code});
        faults(&login(phr, &proof))
    };
    let first = one_time_token(phr, &uuid);
    // Five failures lock the user out, and the next one is the token's last.
    for _ in 0..6 {
        assert_eq!(attempt(&first, &code(secret, 9)), ["SECOND_FACTOR_INVALID"]);
    }
    assert_eq!(attempt(&first, &code(secret, 0)), ["INVALID_CREDENTIALS"]);
    let second = one_time_token(phr, &uuid);
    assert_eq!(attempt(&second, ""), ["SECOND_FACTOR_REQUIRED"]);
    assert_eq!(attempt(&second, &code(secret, 0)), none());
}

/// Sets a second factor up; returns its secret.
fn enrolled(phr: &Phr, token: &str) -> String {
    let query = "mutation { enrolSecondFactor { enrolment { secret } userErrors { code } } }";
    let enrolment = phr.response_to(token, query, &json!({}))["data"]["enrolSecondFactor"]["enrolment"].take();
    let secret = enrolment["secret"].as_str().unwrap().to_owned();
    confirm(phr, token, &secret);
    secret
}

fn confirm(phr: &Phr, token: &str, secret: &str) {
    let confirm =
        |code: &str| faults(&answer(phr, token, "confirmSecondFactor", "confirmed", &json!({ "oneTimeCode": code })));
    assert_eq!(confirmed(secret, confirm), none());
}

fn a_lost_second_factor_is_taken_away_by_who_manages_the_user(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let (ada, session) = member(phr, "ada", "staff", &at_home());
    enrolled(phr, &session.access);
    let (own, boss) = member(phr, "boss", "institution_administrator", &at_home());
    let (above, chief) = member(phr, "chief", "administrator", &json!({}));
    let (_, stranger) = member(phr, "stranger", "institution_administrator", &json!({ "institutionId": elsewhere }));
    enrolled(phr, &boss.access);
    let secret = enrolled(phr, &chief.access);
    let reset = |by: &str, user: &str| {
        let answer = answer(phr, by, "resetSecondFactor", "reset", &json!({ "userUuid": user }));
        (faults(&answer), answer["extensions"]["requestId"].clone())
    };
    let refused = |by: &str, user: &str| reset(by, user).0;
    assert_eq!(refused(&session.access, &above), ["FORBIDDEN"]);
    assert_eq!(refused(&boss.access, &above), ["NOT_FOUND input.userUuid"], "of no institution");
    assert_eq!(refused(&stranger.access, &ada), ["NOT_FOUND input.userUuid"]);
    assert_eq!(refused(&boss.access, crate::patients::NOBODY), ["NOT_FOUND input.userUuid"]);
    let (within, other) = member(phr, "within", "administrator", &at_home());
    enrolled(phr, &other.access);
    assert_eq!(refused(&boss.access, &within), ["FORBIDDEN"], "who may do more");
    assert_eq!(refused(&boss.access, &own), ["INVALID_STATE input.userUuid"], "a stolen session keeps it");
    assert_eq!(faults(&by_password(phr, "ada", PASSWORD)), ["SECOND_FACTOR_REQUIRED"], "nothing was done");
    assert_eq!(refused(&boss.access, &ada), none());
    assert_eq!(refused(&boss.access, &ada), ["INVALID_STATE input.userUuid"], "there is none any more");
    assert!(!is_good(phr, &session.access), "what has the lost device is signed out");
    assert_eq!(faults(&by_password(phr, "ada", "wrong")), ["INVALID_CREDENTIALS"], "the password still counts");
    enrolled(phr, &sign_in(phr, "ada").access);
    // The last administrator's own, at the machine itself.
    let command = |name: &str| command(phr, &["user", "reset-second-factor", "--username", name]);
    assert!(login(phr, &json!({"username": "chief", "password": PASSWORD, "oneTimeCode": code(&secret, 0)}))["data"]["login"]["session"].is_object());
    let told = command("Chief");
    assert!(told.succeeded() && told.stdout.contains("password alone"), "{told:?}");
    super::dies(phr, &chief.access);
    assert_eq!(faults(&by_password(phr, "chief", PASSWORD)), none());
    for (name, what) in [("chief", "no second factor"), ("nobody", "there is no user nobody")] {
        let told = command(name);
        assert!(!told.succeeded() && told.stderr.contains(what), "{told:?}");
    }
    let entries = |user: &str, actor: &str| {
        let query = "query($filter: AuditEventFilter) { auditEvents(filter: $filter, first: 100) { nodes {
            outcome fields } } }";
        let filter = json!({"resourceId": {"equal": user}, "actorId": {"equal": actor}, "action": {"equal": "UPDATE"},
            "outcome": {"equal": "SUCCEEDED"}});
        let shown = phr.ask(query, &json!({ "filter": filter }))["auditEvents"]["nodes"].take();
        let is_reset = |node: &&Value| node["fields"] == json!(["second_factor"]);
        shown.as_array().unwrap().iter().filter(is_reset).count()
    };
    eventually("the resets are on record", || {
        (entries(&ada, &own) == 1 && entries(&above, "00000000-0000-4000-8000-000000000002") == 1).then_some(())
    });
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
