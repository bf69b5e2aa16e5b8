//! Servers that run trusted documents only, or do not show their schema.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Backend, Database, Phr, phr};

use super::HEALTH;

const NAMED: &str = "query Named($name: String!) { __type(name: $name) { name } }";

fn sha256(text: &str) -> String {
    let bytes: Vec<String> = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.concat()
}

/// A server that runs two documents.
fn trusting() -> Phr {
    let database = Database::new(Backend::Sqlite);
    let file = database.folder().join("documents.json");
    std::fs::write(&file, json!({ sha256(HEALTH): HEALTH, sha256(NAMED): NAMED }).to_string()).unwrap();
    let file = file.display().to_string();
    Phr::serve(std::sync::Arc::new(database), &[("PHR_TRUSTED_DOCUMENTS", &file)], &[])
}

fn code(response: &Value) -> &str {
    response["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[test]
fn trusted_documents_run_by_their_hash_or_their_text() {
    let phr = trusting();
    let hash = sha256(HEALTH);
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let prefixed = json!({ "persistedQuery": { "version": 1, "sha256Hash": format!("sha256:{hash}") } });
    for request in [
        json!({ "extensions": prefixed }),
        json!({ "extensions": prefixed, "query": HEALTH }),
        json!({ "documentId": hash }),
        json!({ "documentId": format!("sha256:{hash}") }),
        json!({ "documentId": hash.to_uppercase() }),
        json!({ "extensions": persisted }),
        json!({ "extensions": persisted, "query": HEALTH }),
        json!({ "documentId": hash, "query": HEALTH }),
        json!({ "query": HEALTH }),
    ] {
        assert_eq!(phr.post(&request.to_string()).json()["data"]["health"]["status"], "UP", "{request}");
    }
    let named = json!({ "documentId": sha256(NAMED), "variables": { "name": "Query" } });
    assert_eq!(phr.post(&named.to_string()).json()["data"]["__type"]["name"], "Query");
    let got = phr.http("GET", &format!("/graphql?documentId={hash}"), &[], b"");
    assert_eq!(got.json()["data"]["health"]["status"], "UP", "{}", got.body);
    assert_eq!(
        phr.post(&json!([named, { "documentId": hash }]).to_string()).json()[1]["data"]["health"]["status"],
        "UP"
    );
}

#[test]
fn no_other_document_runs() {
    let phr = trusting();
    let other = "mutation { createDoctorSpecialty(input: {name: \"X\"}) { userErrors { code } } }";
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": sha256(other) } });
    for request in [
        json!({ "query": other }),
        json!({ "query": format!("{HEALTH} ") }),
        json!({ "query": format!("{HEALTH} {other}") }),
        json!({ "documentId": sha256(other) }),
        json!({ "extensions": persisted }),
        json!({ "extensions": persisted, "query": other }),
        json!({ "extensions": persisted }),
    ] {
        let reply = phr.post(&request.to_string());
        assert_eq!((reply.status, code(&reply.json())), (400, "DOCUMENT_NOT_TRUSTED"), "{request}: {}", reply.body);
    }
    for confused in [
        json!({ "documentId": sha256(HEALTH), "query": other }),
        json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": sha256(HEALTH) } }, "query": other }),
        json!({ "documentId": "nonsense" }),
        json!({ "documentId": "" }),
        json!({}),
    ] {
        let reply = phr.post(&confused.to_string());
        assert_eq!((reply.status, code(&reply.json())), (400, "BAD_REQUEST"), "{confused}: {}", reply.body);
    }
    let batch = phr.post(&json!([{ "query": HEALTH }, { "query": other }]).to_string()).json();
    assert_eq!((&batch[0]["data"]["health"]["status"], code(&batch[1])), (&json!("UP"), "DOCUMENT_NOT_TRUSTED"));
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM doctor_specialties WHERE name = 'X'"), "0");
}

#[test]
fn a_broken_list_of_documents_refuses_the_start() {
    let database = Database::bare(Backend::Sqlite);
    let file = database.folder().join("documents.json");
    let start = || phr(database.folder(), &["serve"], &[("PHR_TRUSTED_DOCUMENTS", file.to_str().unwrap())]);
    let missing = start();
    assert!(!missing.succeeded() && missing.stderr.contains("documents.json"), "{missing:?}");
    for (content, word) in [
        ("", "JSON"),
        ("[]", "JSON"),
        ("{}", "no document"),
        ("{\"abc\": \"{ health { status } }\"}", "SHA-256"),
        (&json!({ sha256("x"): HEALTH }).to_string(), "SHA-256"),
        (&json!({ sha256("query {"): "query {" }).to_string(), "not GraphQL"),
    ] {
        std::fs::write(&file, content).unwrap();
        let refused = start();
        let named = refused.stderr.contains("documents.json") && refused.stderr.contains(word);
        assert!(!refused.succeeded() && named, "{content}: {refused:?}");
    }
    assert!(!database.file().exists(), "nothing was begun");
}

#[test]
fn a_hidden_schema_is_not_shown_by_any_way() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_INTROSPECTION", "off"), ("PHR_PLAYGROUND_ENABLED", "off")]);
    for query in [
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Query\") { name fields { name } } }",
        "{ a: __schema { types { name } } health { status } }",
        "query Q { ...F } fragment F on Query { __type(name: \"Patient\") { name } }",
    ] {
        // The first time a document is validated; the second time it may be remembered.
        for _ in 0..2 {
            let response = phr.response(query, &json!({})).to_string();
            assert!(!response.contains("\"Query\"") && !response.contains("\"name\":"), "{query}: {response}");
        }
    }
    let (code, message) = phr.error("{ doctors { nodes { lastNam } } }", &json!({}));
    assert_eq!(code, "BAD_REQUEST");
    assert!(!message.contains("Did you mean") && !message.contains("lastName"), "{message}");
    for path in ["/", "/playground/fallback.js", "/playground/examples.json"] {
        assert_eq!(phr.http("GET", path, &[], b"").status, 404, "{path}");
    }
    assert!(!phr.log().contains("GraphiQL"), "{}", phr.log());
}
