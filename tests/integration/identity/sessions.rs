//! Sessions: how they go on, and how they end.

use serde_json::{Value, json};
use support::{Backend, Phr, eventually, on_both_databases};

use super::{
    PASSWORD, another, answer, at_home, dies, done, faults, institution, is_good, member, role, sign_in, within,
};

on_both_databases! {
    who_signs_out_is_out_everywhere,
    what_a_user_may_do_has_changed_when_it_was_changed_anywhere,
    who_may_be_signed_in_is_not_deleted,
}

fn logout(phr: &Phr, token: &str) -> Value {
    phr.response_to(token, "mutation { logout { endedSessions userErrors { code } } }", &json!({}))
}

fn who_signs_out_is_out_everywhere(phr: &Phr) {
    let other = another(phr, &[]);
    let (uuid, first) = member(phr, "ada", "staff", &json!({}));
    let (second, third) = (sign_in(phr, "ada"), sign_in(&other, "ada"));
    let (_, stranger) = member(phr, "ben", "staff", &json!({}));
    for server in [phr, &other] {
        assert!([&first, &second, &third].iter().all(|session| is_good(server, &session.access)));
    }
    assert_eq!(logout(phr, &first.access)["data"]["logout"]["endedSessions"], 1);
    assert!(!is_good(phr, &first.access), "at once where it was asked");
    assert_eq!(faults(&logout(phr, &first.access)), ["SESSION_ENDED"]);
    assert_eq!(faults(&first.refresh(phr)), ["SESSION_ENDED"]);
    dies(&other, &first.access);
    assert!(is_good(phr, &second.access));
    let new = json!({"password": PASSWORD, "newPassword": "another good password"});
    done(phr, &second.access, "changePassword", "changed", &new);
    assert!(is_good(phr, &second.access) && !is_good(phr, &third.access));
    dies(&other, &third.access);
    let everywhere = |token: &str, input: &Value| answer(phr, token, "logoutEverywhere", "endedSessions", input);
    let of_ada = json!({ "userUuid": uuid });
    assert_eq!(faults(&everywhere(&stranger.access, &of_ada)), ["FORBIDDEN"]);
    assert_eq!(everywhere(&second.access, &Value::Null)["data"]["logoutEverywhere"]["endedSessions"], 1);
    assert!(!is_good(phr, &second.access) && is_good(phr, &stranger.access));
    dies(&other, &second.access);
    assert_eq!(everywhere(phr.token(), &of_ada)["data"]["logoutEverywhere"]["endedSessions"], 0);
}

fn what_a_user_may_do_has_changed_when_it_was_changed_anywhere(phr: &Phr) {
    let other = another(phr, &[]);
    let elsewhere = institution(phr, "Elsewhere");
    let (uuid, mut session) = member(phr, "ada", "staff", &at_home());
    for change in [json!({"roleId": role("editor")}), json!({"institutionId": elsewhere}), json!({"isActive": false})] {
        assert!(is_good(phr, &session.access) && is_good(&other, &session.access));
        let change = crate::patients::with(json!({ "uuid": uuid }), &change);
        done(phr, phr.token(), "updateUser", "user { uuid }", &change);
        assert!(!is_good(phr, &session.access), "{change}");
        dies(&other, &session.access);
        assert_eq!(faults(&session.refresh(&other)), ["SESSION_ENDED"]);
        if change["isActive"].is_null() {
            session = sign_in(&other, "ada");
        }
    }
    done(phr, phr.token(), "updateUser", "user { uuid }", &json!({"uuid": uuid, "isActive": true}));
    assert!(!is_good(phr, &session.access), "what has ended stays ended");
    // What a role may do holds for whoever is signed in.
    let session = sign_in(phr, "ada");
    let patients =
        |server: &Phr| faults(&server.response_to(&session.access, "{ patientRegisters { totalCount } }", &json!({})));
    for (permissions, expected) in
        [(json!([{"resource": "PatientRegister", "action": "read"}]), vec![]), (json!([]), vec!["FORBIDDEN"])]
    {
        let change = json!({"uuid": role("editor"), "permissions": permissions});
        done(&other, phr.token(), "updateRole", "role { uuid }", &change);
        for server in [phr, &other] {
            within(super::PROMISED, "the role's permissions hold", || (patients(server) == expected).then_some(()));
        }
    }
}

fn who_may_be_signed_in_is_not_deleted(phr: &Phr) {
    let (uuid, session) = member(phr, "ada", "staff", &json!({}));
    let key = phr.database.key(&uuid);
    let delete = || phr.database.sql().attempt(&format!("DELETE FROM users WHERE uuid = {key}"));
    assert!(delete().unwrap_err().contains("set is_active to false"));
    phr.database.sql().run(&format!("UPDATE users SET is_active = false WHERE uuid = {key}"));
    dies(phr, &session.access);
    assert!(delete().is_err(), "what it was signed in with may not have expired");
    phr.database.sql().run(&format!("UPDATE sessions SET expires_at = created_at WHERE user_id = {key}"));
    assert_eq!(delete(), Ok(()));
    assert!(!is_good(phr, &session.access));
}

#[test]
fn what_was_done_is_told_although_nobody_can_look_at_it_yet() {
    let phr = Phr::start(Backend::Postgres);
    let (_, first) = member(&phr, "ada", "staff", &json!({}));
    let second = sign_in(&phr, "ada");
    // From here on the server can write, and cannot read who may do what.
    phr.database.sql().run("REVOKE SELECT ON role_permissions FROM phr_server");
    let next = super::Session::of(&first.refresh(&phr)["data"]["refreshSession"]);
    assert_eq!(faults(&next.refresh(&phr)), Vec::<String>::new());
    assert_eq!(faults(&first.refresh(&phr)), ["SESSION_ENDED"]);
    let new = json!({"password": PASSWORD, "newPassword": "another good password"});
    assert_eq!(done(&phr, &second.access, "changePassword", "changed", &new)["changed"], true);
    assert_eq!(logout(&phr, &second.access)["data"]["logout"]["endedSessions"], 1);
    phr.database.sql().run("GRANT SELECT ON role_permissions TO phr_server");
    for session in [&first, &second] {
        dies(&phr, &session.access);
    }
}

#[test]
fn a_token_that_was_made_for_longer_than_a_server_remembers_is_not_good_there() {
    let phr = Phr::start(Backend::Postgres);
    let shorter = another(&phr, &[("PHR_ACCESS_TTL", "60"), ("PHR_BREAK_GLASS_TTL", "60")]);
    let (_, session) = member(&phr, "ada", "staff", &json!({}));
    assert!(is_good(&phr, &session.access) && !is_good(&shorter, &session.access));
    let next = super::Session::of(&session.refresh(&shorter)["data"]["refreshSession"]);
    assert!(is_good(&phr, &next.access) && is_good(&shorter, &next.access));
    assert!(is_good(&shorter, phr.token()), "what belongs to no session ends with its own time");
}

#[test]
fn a_token_that_was_good_a_moment_ago_expires() {
    let phr =
        Phr::with(Backend::Sqlite, &[("PHR_ACCESS_TTL", "2"), ("PHR_SESSION_TTL", "6"), ("PHR_RATE_ANONYMOUS", "0")]);
    let (_, session) = member(&phr, "ada", "staff", &json!({}));
    eventually("the token expires", || (!is_good(&phr, &session.access)).then_some(()));
    let mut next = super::Session::of(&session.refresh(&phr)["data"]["refreshSession"]);
    assert!(is_good(&phr, &next.access));
    // However often it is refreshed, the session ends.
    eventually("the session ends", || {
        let response = next.refresh(&phr);
        if faults(&response) == ["SESSION_EXPIRED"] {
            return Some(());
        }
        next = super::Session::of(&response["data"]["refreshSession"]);
        None
    });
    eventually("the last token ends with it", || (!is_good(&phr, &next.access)).then_some(()));
}
