//! Who comes with a token of an OpenID provider elsewhere has no session here, and opens a record in an emergency all the
//! same.

use std::sync::Arc;

use serde_json::{Value, json};
use support::{Backend, Database, Phr, Provider, eventually, on_both_databases};

use super::outside::{ISSUER, serve, token};
use super::{another, answer, at_home, create, dies, done, faults, institution, is_good, role};
use crate::patients::{register, with};

on_both_databases! {
    a_leave_from_elsewhere_opens_one_record_until_it_is_taken_away,
}

/// A doctor whom only the provider knows; returns the key, and a token of the provider.
fn doctor(phr: &Phr, provider: &Provider, name: &str) -> (String, String) {
    let user = with(at_home(), &json!({"externalIssuer": ISSUER, "externalSubject": name}));
    let key = create(phr, name, "doctor", &user);
    let token = token(provider, "EdDSA", name);
    eventually("the doctor is known", || is_good(phr, &token).then_some(()));
    (key, token)
}

fn take(phr: &Phr, token: &str, patient: &str, minutes: i32) -> Value {
    let input = json!({"patientUuid": patient, "reason": "unconscious at the door", "minutes": minutes});
    done(phr, token, "breakGlass", "leave { uuid accessToken expiresAt }", &input)["leave"].take()
}

fn sees(phr: &Phr, token: &str, patient: &str) -> bool {
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid } }";
    let response = phr.response_to(token, query, &json!({ "uuid": patient }));
    assert_eq!(faults(&response), Vec::<String>::new());
    response["data"]["patientRegister"].is_object()
}

fn a_leave_from_elsewhere_opens_one_record_until_it_is_taken_away(own: &Phr) {
    let database = Arc::new(Database::new(own.backend()));
    let provider = Provider::start(database.folder(), None);
    provider.make("EdDSA", "EdDSA", &json!({}));
    let phr = serve(&database, &provider, &[]);
    // It knows nothing of the provider, and so must know of the leave by what is said here.
    let other = another(&phr, &[]);
    let elsewhere = institution(&phr, "Elsewhere");
    let (theirs, another) = (
        register(&phr, &json!({ "institutionId": elsewhere })),
        register(&phr, &json!({ "institutionId": elsewhere })),
    );
    let (key, outside) = doctor(&phr, &provider, "ada");
    assert!(!sees(&phr, &outside, &theirs));
    let open = |minutes| {
        let leave = take(&phr, &outside, &theirs, minutes);
        let token = leave["accessToken"].as_str().unwrap().to_owned();
        for phr in [&phr, &other] {
            eventually("the leave is good", || is_good(phr, &token).then_some(()));
            assert!(sees(phr, &token, &theirs) && !sees(phr, &token, &another));
        }
        token
    };
    // It opens nothing else, and is no way to a session.
    let first = open(5);
    for own in ["logout { endedSessions }", "logoutEverywhere { endedSessions }"] {
        assert_eq!(faults(&phr.response_to(&first, &format!("mutation {{ {own} }}"), &json!({}))), ["FORBIDDEN"]);
    }
    let more = json!({"patientUuid": another, "reason": "more"});
    assert_eq!(faults(&answer(&phr, &first, "breakGlass", "leave { uuid }", &more)), ["FORBIDDEN"]);
    // By the user, whose other token stays good.
    let ended = phr.response_to(&outside, "mutation { logoutEverywhere { endedSessions } }", &json!({}));
    assert_eq!(ended["data"]["logoutEverywhere"]["endedSessions"], 1, "{ended}");
    for phr in [&phr, &other] {
        dies(phr, &first);
    }
    assert!(is_good(&phr, &outside));
    // By whoever manages the user; by another role, and by another name with the provider.
    let update =
        |input: Value| done(&phr, phr.token(), "updateUser", "user { uuid }", &with(json!({"uuid": key}), &input));
    for (change, back) in [
        (json!({"roleId": role("nurse")}), json!({"roleId": role("doctor")})),
        (json!({"externalSubject": "eve"}), json!({"externalSubject": "ada"})),
        (json!({"isActive": false}), json!({"isActive": true})),
    ] {
        let leave = open(5);
        update(change);
        for phr in [&phr, &other] {
            dies(phr, &leave);
        }
        update(back);
        eventually("the doctor is known again", || is_good(&phr, &outside).then_some(()));
        assert!(!is_good(&phr, &leave) && !is_good(&other, &leave));
    }
    let leave = open(5);
    done(&phr, phr.token(), "logoutEverywhere", "endedSessions", &json!({ "userUuid": key }));
    dies(&other, &leave);
}

/// The server's clock is not the tests', so the time is read in the token, and its end seen with a short one elsewhere.
#[test]
fn a_leave_from_elsewhere_lasts_as_long_as_was_asked_for() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let provider = Provider::start(database.folder(), None);
    provider.make("EdDSA", "EdDSA", &json!({}));
    let phr = serve(&database, &provider, &[]);
    let patient = register(&phr, &json!({"institutionId": institution(&phr, "Elsewhere")}));
    let (_, outside) = doctor(&phr, &provider, "ada");
    let leave = take(&phr, &outside, &patient, 240);
    let token = leave["accessToken"].as_str().unwrap();
    let claims: Value = serde_json::from_slice(&super::forger::decode(token.split('.').nth(1).unwrap())).unwrap();
    let lasts = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lasts, 240 * 60);
    let session = &claims["sid"];
    let row = format!("uuid = {}", database.key(session.as_str().unwrap()));
    let mut sql = database.sql();
    assert_eq!(sql.value(&format!("SELECT count(*) FROM sessions WHERE {row}")), "1");
    assert_eq!(sql.value("SELECT count(*) FROM refresh_tokens"), "0", "nothing prolongs it");
    let left = claims["iat"].as_i64().unwrap() + 2;
    let short = super::forger::Forger::of(&phr).claiming(&with(claims, &json!({ "exp": left })));
    eventually("the leave ends", || (!is_good(&phr, &short)).then_some(()));
    assert!(is_good(&phr, token), "and no other does");
}
