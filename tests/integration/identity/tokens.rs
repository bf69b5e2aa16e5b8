//! Tokens of every broken kind: none is accepted, and none learns why.

use std::collections::HashSet;

use phr::error::Unauthenticated;
use serde_json::{Value, json};
use support::{Backend, Phr, Reply};

use super::forged::{self, Attack};
use super::forger::{Forger, Key};
use super::{command, signed};

/// Nobody is asked to wait for having tried too often.
const PATIENT: [(&str, &str); 1] = [("PHR_RATE_ANONYMOUS", "0")];

#[test]
fn no_broken_token_is_accepted_over_sqlite() {
    no_broken_token_is_accepted(&Phr::with(Backend::Sqlite, &PATIENT));
}

#[test]
fn no_broken_token_is_accepted_over_postgres() {
    no_broken_token_is_accepted(&Phr::with(Backend::Postgres, &PATIENT));
}

const BODY: &str = r#"{"query": "{ viewer { role } }"}"#;

fn with_headers(phr: &Phr, headers: &[(&str, &str)]) -> Reply {
    let usual = [("content-type", "application/json"), ("accept", "application/graphql-response+json")];
    phr.http_as_nobody("POST", "/graphql", &[&usual, headers].concat(), BODY.as_bytes())
}

fn bearing(phr: &Phr, token: &str) -> Reply {
    with_headers(phr, &[("authorization", &format!("Bearer {token}"))])
}

fn is_accepted(reply: &Reply) -> bool {
    reply.status == 200 && reply.json()["data"]["viewer"]["role"] == "administrator"
}

/// A refusal says no more than that a session is needed; or, to who has a genuine token, that it has expired.
fn is_refused(name: &str, reply: &Reply) {
    if reply.status == 431 && name.contains("000 bytes") {
        return;
    }
    let told = reply.json();
    assert_eq!(reply.status, 401, "{name}: {told}");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{name}");
    let errors = told["errors"].as_array().unwrap();
    assert_eq!((errors.len(), told.get("data")), (1, None), "{name}: {told}");
    let why = match name.strip_prefix("claim exp ").map(str::parse::<u64>) {
        Some(Ok(expired)) if expired < u64::MAX => Unauthenticated::TokenExpired,
        _ => Unauthenticated::NoSession,
    };
    assert_eq!(errors[0]["message"], why.to_string(), "{name}");
    assert_eq!(errors[0]["extensions"]["code"], why.code(), "{name}");
    assert!(errors[0].get("path").is_none(), "{name}: {told}");
}

fn all_refused(phr: &Phr, attacks: &[Attack]) {
    for (name, token) in attacks {
        is_refused(name, &bearing(phr, token));
    }
}

/// The published key of this name.
fn published(phr: &Phr, key: &Value) -> Value {
    let keys = phr.http_as_nobody("GET", "/.well-known/jwks.json", &[], b"").json();
    let keys = keys["keys"].as_array().unwrap();
    keys.iter().find(|published| published["kid"] == *key).cloned().unwrap_or(Value::Null)
}

fn no_broken_token_is_accepted(phr: &Phr) {
    let forger = Forger::of(phr);
    let well_forged = forger.claiming(&forger.claims_with("jti", uuid::Uuid::new_v4().to_string()));
    assert!(is_accepted(&bearing(phr, &well_forged)), "what is wrong in nothing is accepted");
    assert!(is_accepted(&bearing(phr, &forger.genuine)));
    let public = published(phr, &forger.header["kid"]);
    assert!(public.get("d").is_none() && public["alg"] == "EdDSA", "{public}");
    let attacks = [
        forged::unsigned(&forger),
        forged::confused(&forger, &public),
        forged::renamed(&forger),
        forged::own_key(&forger),
        forged::damaged(&forger),
        forged::flipped(&forger),
        forged::rewritten(&forger),
        signed::headers(&forger),
        signed::claims(&forger),
    ]
    .concat();
    let (names, tokens): (HashSet<_>, HashSet<_>) = attacks.iter().cloned().unzip();
    assert!(names.len() >= 60 && tokens.len() >= 60, "{} kinds", names.len());
    all_refused(phr, &attacks);
    assert!(is_accepted(&bearing(phr, &forger.genuine)), "and the server is none the worse for it");
}

#[test]
fn a_token_is_only_where_it_belongs() {
    let phr = Phr::start(Backend::Sqlite);
    let token = phr.token();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert!(is_accepted(&with_headers(&phr, &[("authorization", &format!("{scheme} {token}"))])), "{scheme}");
    }
    let bearer = format!("Bearer {token}");
    let misplaced: [&[(&str, &str)]; 8] = [
        &[("authorization", token)],
        &[("authorization", &format!("Basic {token}"))],
        &[("authorization", &format!("Token {token}"))],
        &[("authorization", &format!("Bearer{token}"))],
        &[("authorization", &bearer), ("authorization", &bearer)],
        &[("authorization", "Bearer nonsense"), ("authorization", &bearer)],
        &[("x-authorization", &bearer)],
        &[("cookie", &format!("access_token={token}; authorization={bearer}"))],
    ];
    for headers in misplaced {
        is_refused(&format!("{headers:?}"), &with_headers(&phr, headers));
    }
    for name in ["access_token", "token", "authorization"] {
        let path = format!("/graphql?query=%7Bviewer%7Brole%7D%7D&{name}={token}");
        let accept = [("accept", "application/graphql-response+json")];
        is_refused(&path, &phr.http_as_nobody("GET", &path, &accept, b""));
    }
    // Who signs in anew need not throw an old token away first.
    let body = br#"{"query": "{ health { status } }"}"#;
    let headers = [("content-type", "application/json"), ("authorization", "Bearer nonsense")];
    assert_eq!(phr.http_as_nobody("POST", "/graphql", &headers, body).json()["data"]["health"]["status"], "UP");
    let elsewhere = Phr::start(Backend::Sqlite);
    assert!(is_accepted(&bearing(&elsewhere, elsewhere.token())));
    is_refused("of another database", &bearing(&elsewhere, token));
}

#[test]
fn keys_of_every_kind_are_told_apart() {
    let phr = Phr::with(Backend::Sqlite, &PATIENT);
    let first = Forger::of(&phr);
    for algorithm in ["HS256", "RS256"] {
        let rotated = command(&phr, &["key", "rotate", "--algorithm", algorithm]);
        assert!(rotated.succeeded() && rotated.stdout.contains(algorithm), "{rotated:?}");
        let forger = Forger::of(&phr);
        assert_eq!(forger.header["alg"], algorithm);
        let well_forged = forger.claiming(&forger.claims_with("jti", uuid::Uuid::new_v4().to_string()));
        assert!(is_accepted(&bearing(&phr, &well_forged)), "{algorithm}");
        assert!(is_accepted(&bearing(&phr, &first.genuine)), "a key that signs no longer is still good");
        let public = published(&phr, &forger.header["kid"]);
        assert_eq!(public.is_null(), algorithm == "HS256", "a secret is not published: {public}");
        assert!(["d", "p", "q", "k"].iter().all(|secret| public.get(secret).is_none()), "{public}");
        all_refused(&phr, &forged::unsigned(&forger));
        all_refused(&phr, &forged::renamed(&forger));
        all_refused(&phr, &forged::flipped(&forger));
        if matches!(forger.key, Key::Rs256(_)) {
            all_refused(&phr, &forged::confused(&forger, &public));
        }
        // The name of one key, and the signature of another.
        let exchanged = first.headed(&forger.header);
        is_refused("another key's name", &bearing(&phr, &exchanged));
        let exchanged = forger.headed(&first.header);
        is_refused("the first key's name", &bearing(&phr, &exchanged));
    }
    assert_eq!(json!(first.header["alg"]), "EdDSA");
}
