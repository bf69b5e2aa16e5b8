//! Tokens of an OpenID provider elsewhere: another program, with another library and a certificate of its own.

use std::sync::Arc;

use phr::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use support::{Backend, Database, Phr, Provider, eventually, on_both_databases};

use super::forger::{encode, hs256};
use super::{answer, create, done, faults, is_good};
use crate::patients::with;

pub(super) const ISSUER: &str = "https://login.example/realms/clinic";
const AUDIENCE: &str = "records";
const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// A server that knows a provider, with settings besides.
pub(super) fn serve(database: &Arc<Database>, provider: &Provider, more: &[(&str, &str)]) -> Phr {
    let url = provider.url();
    let settings = [
        ("PHR_EXTERNAL_ISSUER", ISSUER),
        ("PHR_EXTERNAL_AUDIENCE", AUDIENCE),
        ("PHR_EXTERNAL_JWKS", &url),
        ("PHR_EXTERNAL_CA", provider.certificate.to_str().unwrap()),
        ("PHR_RATE_ANONYMOUS", "0"),
    ];
    Phr::serve(Arc::clone(database), &[&settings[..], more].concat(), &[])
}

fn now() -> u64 {
    u64::try_from(SystemClock.now().timestamp()).unwrap()
}

fn claims(subject: &str, more: &Value) -> Value {
    let now = now();
    with(json!({"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 600}), more)
}

pub(super) fn token(provider: &Provider, key: &str, subject: &str) -> String {
    provider.sign(key, &json!({}), &claims(subject, &json!({})))
}

/// A user whom the provider knows as `subject`.
fn link(phr: &Phr, name: &str, issuer: &str, subject: &str) -> String {
    create(phr, name, "staff", &json!({"externalIssuer": issuer, "externalSubject": subject}))
}

/// Whom the server takes the bearer of a token for.
fn name(phr: &Phr, token: &str) -> Value {
    phr.response_to(token, "{ viewer { username } }", &json!({}))["data"]["viewer"]["username"].take()
}

on_both_databases! {
    a_token_from_elsewhere_is_its_user_by_issuer_and_subject,
}

fn a_token_from_elsewhere_is_its_user_by_issuer_and_subject(phr: &Phr) {
    let provider = Provider::start(phr.database.folder(), None);
    for algorithm in ALGORITHMS {
        provider.make(algorithm, algorithm, &json!({}));
        provider.make(&format!("{algorithm} by its kind"), algorithm, &json!({"alg": null, "use": null}));
    }
    let phr = serve(&phr.database, &provider, &[]);
    let ada = link(&phr, "ada@clinic.example", ISSUER, "248289761001");
    link(&phr, "ben@clinic.example", "https://elsewhere.example", "ben");
    let known: Vec<String> = ALGORITHMS.iter().map(|key| token(&provider, key, "248289761001")).collect();
    eventually("the user is known", || is_good(&phr, &known[0]).then_some(()));
    for (token, algorithm) in known.iter().zip(ALGORITHMS) {
        assert_eq!(name(&phr, token), "ada@clinic.example", "{algorithm}");
        let by_kind = self::token(&provider, &format!("{algorithm} by its kind"), "248289761001");
        assert_eq!(name(&phr, &by_kind), "ada@clinic.example", "{algorithm}");
    }
    // Neither a name nor an address makes anybody somebody, nor does a subject of another issuer.
    let told = json!({"email": "ada@clinic.example", "email_verified": true, "preferred_username": "ada@clinic.example",
        "username": "ada@clinic.example", "role": "administrator"});
    for subject in ["ada@clinic.example", &ada, "ben", "nobody", ""] {
        let token = provider.sign("RS256", &json!({}), &claims(subject, &told));
        assert!(!is_good(&phr, &token), "{subject}");
    }
    // The token says who, and the user says what for.
    let told = provider.sign("RS256", &json!({}), &claims("248289761001", &told));
    let viewer = phr.response_to(&told, "{ viewer { role userUuid } }", &json!({}));
    assert_eq!(viewer["data"]["viewer"], json!({"role": "staff", "userUuid": ada}));
    let refused = phr.response_to(&told, "mutation { logout { endedSessions userErrors { code } } }", &json!({}));
    assert_eq!(faults(&refused), ["BAD_REQUEST"]);
    // What the user may no longer do, no token of theirs may.
    done(&phr, phr.token(), "updateUser", "user { uuid }", &json!({"uuid": ada, "isActive": false}));
    assert!(known.iter().all(|token| !is_good(&phr, token)));
    a_subject_is_somebody_with_an_issuer_alone(&phr, &ada);
}

fn a_subject_is_somebody_with_an_issuer_alone(phr: &Phr, ada: &str) {
    let update = |input: &Value| {
        let input = with(json!({ "uuid": ada }), input);
        faults(&answer(phr, phr.token(), "updateUser", "user { uuid }", &input))
    };
    assert_eq!(update(&json!({"externalIssuer": null})), ["REQUIRED input.externalIssuer"]);
    assert_eq!(update(&json!({"externalSubject": null})), ["REQUIRED input.externalSubject"]);
    let ben = json!({"externalIssuer": "https://elsewhere.example", "externalSubject": "ben"});
    assert_eq!(update(&ben), ["NOT_UNIQUE input.externalSubject"]);
    assert_eq!(update(&json!({"externalIssuer": null, "externalSubject": null})), Vec::<String>::new());
    let carl = json!({"kind": "CMS", "username": "carl", "roleId": super::role("staff"), "externalSubject": "carl"});
    let refused = answer(phr, phr.token(), "createUser", "user { uuid }", &carl);
    assert_eq!(faults(&refused), ["REQUIRED input.externalIssuer"]);
}

#[test]
fn no_broken_token_from_elsewhere_is_accepted() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let provider = Provider::start(database.folder(), None);
    let public = provider.make("key", "RS256", &json!({}));
    provider.make("another", "RS256", &json!({}));
    provider.make("for encryption", "RS256", &json!({"use": "enc"}));
    provider.make("of one way", "RS256", &json!({"alg": "PS256"}));
    provider.make("withdrawn", "RS256", &json!({}));
    provider.withdraw("withdrawn");
    let phr = serve(&database, &provider, &[]);
    link(&phr, "ada", ISSUER, "ada");
    let good = token(&provider, "key", "ada");
    eventually("the user is known", || is_good(&phr, &good).then_some(()));
    let now = now();
    let mut attacks: Vec<(String, String)> = Vec::new();
    for broken in [
        json!({"iss": "https://login.example/realms/other"}),
        json!({"iss": [ISSUER]}),
        json!({"iss": [ISSUER, "https://evil.example"]}),
        json!({"iss": format!("{ISSUER}/")}),
        json!({"iss": null}),
        json!({"iss": "phr"}),
        json!({"aud": "another"}),
        json!({"aud": "phr"}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"sub": null}),
        json!({"sub": ["ada"]}),
        json!({"sub": 1}),
        json!({"sub": "Ada"}),
        json!({"exp": now - 1}),
        json!({"exp": null}),
        json!({"exp": "never"}),
        json!({"nbf": now + 60}),
        json!({"nbf": "soon"}),
    ] {
        attacks.push((broken.to_string(), provider.sign("key", &json!({}), &claims("ada", &broken))));
    }
    for header in [
        json!({"kid": "another"}),
        json!({"kid": "nobody's"}),
        json!({"kid": null}),
        json!({"kid": 1}),
        json!({"alg": "none"}),
        json!({"alg": "PS256"}),
        json!({"alg": "RS512"}),
        json!({"alg": "ES256"}),
        json!({"typ": "logout+jwt"}),
        json!({"typ": "dpop+jwt"}),
        json!({"crit": ["exp"]}),
        json!({"kid": "nobody's", "jku": provider.url()}),
    ] {
        attacks.push((header.to_string(), provider.sign("key", &header, &claims("ada", &json!({})))));
    }
    for key in ["for encryption", "of one way", "withdrawn"] {
        attacks.push((key.to_owned(), token(&provider, key, "ada")));
    }
    // The public key, taken for a shared secret.
    let text =
        format!("{}.{}", encode(json!({"alg": "HS256", "kid": "key"}).to_string()), good.split('.').nth(1).unwrap());
    attacks.push(("confused".to_owned(), format!("{text}.{}", encode(hs256(public.as_bytes(), &text)))));
    let parts: Vec<&str> = good.split('.').collect();
    attacks.push(("without a signature".to_owned(), format!("{}.{}.", parts[0], parts[1])));
    let other = token(&provider, "key", "ben");
    attacks.push(("of another token".to_owned(), format!("{}.{}", other.rsplit_once('.').unwrap().0, parts[2])));
    for (attack, token) in &attacks {
        assert!(!is_good(&phr, token), "{attack}");
    }
    assert!(is_good(&phr, &good) && is_good(&phr, phr.token()));
    let both = provider.sign("key", &json!({"typ": "at+jwt"}), &claims("ada", &json!({"aud": ["x", AUDIENCE]})));
    assert!(is_good(&phr, &both));
}

#[test]
fn times_of_a_token_may_have_fractions() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let provider = Provider::start(database.folder(), None);
    provider.make("key", "RS256", &json!({}));
    let phr = serve(&database, &provider, &[]);
    link(&phr, "ada", ISSUER, "ada");
    eventually("the user is known", || is_good(&phr, &token(&provider, "key", "ada")).then_some(()));
    let at = |later: i64| {
        let time = SystemClock.now() + chrono::TimeDelta::milliseconds(later);
        time.format("%s%.3f").to_string().parse::<f64>().unwrap()
    };
    let bearing = |times: &Value| {
        let token = provider.sign("key", &json!({}), &claims("ada", times));
        faults(&phr.response_to(&token, "{ viewer { username } }", &json!({})))
    };
    assert_eq!(bearing(&json!({"iat": at(-250), "nbf": at(-250), "exp": at(600_250)})), Vec::<String>::new());
    assert_eq!(bearing(&json!({"exp": at(-250)})), ["SESSION_EXPIRED"]);
    for broken in [
        json!({"exp": 1e300}),
        json!({"nbf": at(60_500)}),
        json!({"exp": "1e9"}),
        json!({"exp": -1.5}),
        json!({"nbf": "1e9"}),
    ] {
        assert_eq!(bearing(&broken), ["UNAUTHENTICATED"], "{broken}");
    }
}

#[test]
fn a_provider_changes_its_keys_without_a_restart() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let provider = Provider::start(database.folder(), None);
    provider.make("first", "RS256", &json!({}));
    let eager = serve(&database, &provider, &[("PHR_EXTERNAL_PAUSE", "0"), ("PHR_EXTERNAL_REFRESH", "1")]);
    let calm = serve(&database, &provider, &[("PHR_EXTERNAL_PAUSE", "3000"), ("PHR_EXTERNAL_REFRESH", "3000")]);
    link(&eager, "ada", ISSUER, "ada");
    let first = token(&provider, "first", "ada");
    for phr in [&eager, &calm] {
        eventually("the first key is known", || is_good(phr, &first).then_some(()));
    }
    provider.make("second", "ES256", &json!({}));
    let second = token(&provider, "second", "ada");
    assert!(is_good(&eager, &second), "a new key is good from its first token on");
    assert!(is_good(&eager, &first), "and the old one as long as it is published");
    provider.withdraw("first");
    super::dies(&eager, &first);
    assert!(is_good(&eager, &second));
    // One that has just asked does not ask again for whatever comes.
    drop(eager);
    let asked = provider.asked();
    for number in 0..100 {
        assert!(!is_good(
            &calm,
            &provider.sign("second", &json!({"kid": format!("{number}")}), &claims("ada", &json!({})))
        ));
    }
    assert!(!is_good(&calm, &second) && is_good(&calm, &first));
    assert_eq!(provider.asked(), asked, "forged tokens make no requests");
}

#[test]
fn keys_outlast_their_provider_and_come_back_with_it() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let provider = Provider::start(database.folder(), None);
    provider.make("key", "EdDSA", &json!({}));
    let settings = [("PHR_EXTERNAL_PAUSE", "1"), ("PHR_EXTERNAL_REFRESH", "1")];
    let phr = serve(&database, &provider, &settings);
    link(&phr, "ada", ISSUER, "ada");
    let (one, two) = (token(&provider, "key", "ada"), token(&provider, "key", "ada"));
    eventually("the key is known", || is_good(&phr, &one).then_some(()));
    for how in ["failing", "nonsense", "huge", "moved", "broken"] {
        let asked = provider.asked();
        provider.behave(how);
        eventually("it was asked twice", || (provider.asked() >= asked + 2).then_some(()));
        assert!(is_good(&phr, &one), "{how}");
        phr.logs("cannot read the OpenID provider's keys");
    }
    provider.behave("silent");
    assert!(is_good(&phr, &one) && is_good(&phr, phr.token()));
    let port = provider.port;
    let url = provider.url();
    drop(provider);
    assert!(is_good(&phr, &one));
    assert!(is_good(&phr, &two), "one that was not seen before");
    // A server that starts meanwhile knows none of its tokens, and serves everybody else.
    let provider = Provider::start(database.folder(), Some(port));
    assert_eq!(provider.url(), url);
    provider.behave("failing");
    let late = serve(&database, &provider, &settings);
    assert!(!is_good(&late, &one) && is_good(&late, late.token()));
    provider.make("new key", "RS256", &json!({}));
    provider.behave("right");
    let new = token(&provider, "new key", "ada");
    for phr in [&phr, &late] {
        eventually("the provider is back", || is_good(phr, &new).then_some(()));
        super::dies(phr, &one);
    }
}

#[test]
fn keys_come_from_whom_they_should_or_not_at_all() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let provider = Provider::start(database.folder(), None);
    provider.make("key", "EdDSA", &json!({}));
    // Its certificate is nobody's that browsers trust.
    let phr = serve(&database, &provider, &[("PHR_EXTERNAL_CA", "")]);
    link(&phr, "ada", ISSUER, "ada");
    let token = token(&provider, "key", "ada");
    assert!(!is_good(&phr, &token));
    eventually("it says why", || phr.log().contains("UnknownIssuer").then_some(()));
    assert_eq!(provider.asked(), 0, "nothing was said to it");
    let url = database.url();
    let own = provider.url();
    for (jwks, authority, what) in [
        ("http://login.example/keys", "", "https://"),
        ("ftp://login.example/keys", "", "https://"),
        ("https://me:secret@login.example/keys", "", "https://"),
        ("https://login.example/keys#some", "", "https://"),
        ("https://", "", "https://"),
        ("keys.json", "ca.pem", "certificates are for"),
        (&own, "missing.pem", "missing.pem"),
        (&own, "/dev/null", "/dev/null"),
    ] {
        let refused = support::phr(
            database.folder(),
            &["token"],
            &[
                ("DATABASE_URL", &url),
                ("PHR_EXTERNAL_ISSUER", ISSUER),
                ("PHR_EXTERNAL_AUDIENCE", AUDIENCE),
                ("PHR_EXTERNAL_JWKS", jwks),
                ("PHR_EXTERNAL_CA", authority),
            ],
        );
        assert!(!refused.succeeded() && refused.stderr.contains("auth.external_jwks"), "{jwks}: {refused:?}");
        assert!(refused.stderr.contains(what) && !refused.stderr.contains("secret"), "{jwks}: {refused:?}");
    }
}

#[test]
fn keys_may_come_from_a_file_too() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let provider = Provider::start(database.folder(), None);
    provider.make("key", "ES256", &json!({}));
    let file = database.folder().join("keys.json");
    std::fs::write(&file, r#"{"keys": []}"#).unwrap();
    let place = file.to_str().unwrap().to_owned();
    let phr = serve(&database, &provider, &[("PHR_EXTERNAL_JWKS", &place), ("PHR_EXTERNAL_CA", "")]);
    link(&phr, "ada", ISSUER, "ada");
    let token = token(&provider, "key", "ada");
    assert!(!is_good(&phr, &token));
    let published = provider.published();
    std::fs::write(&file, &published).unwrap();
    eventually("the file is read anew", || is_good(&phr, &token).then_some(()));
    std::fs::write(&file, &published[..20]).unwrap();
    eventually("it says so", || phr.log().contains("holds no JWK set").then_some(()));
    assert!(is_good(&phr, &token), "a file that is half written changes nothing");
    std::fs::write(&file, r#"{"keys": []}"#).unwrap();
    super::dies(&phr, &token);
    assert_eq!(provider.asked(), 0);
}
