//! The detections of graphql-cop (its list of 2023, version 1.13), each as the request that it sends.

use serde_json::{Value, json};
use support::{Backend, Phr};

use super::HEALTH;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn code(response: &Value) -> &str {
    response["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// A document of `count` fields, each with an alias of its own.
fn aliases(count: usize) -> String {
    let fields: String = (0..count).map(|number| format!("alias{number}: __typename ")).collect::<Vec<_>>().concat();
    format!("query cop {{ {fields}}}")
}

#[test]
fn overloaded_documents_are_refused() {
    let phr = Phr::start(Backend::Sqlite);
    let deep = "fields { type { ".repeat(12) + "name" + &" } }".repeat(12);
    for (detection, query) in [
        ("alias overloading", aliases(101)),
        ("directive overloading", format!("query cop {{ __typename {} }}", "@aa".repeat(101))),
        ("field duplication", format!("query cop {{ {} }}", "__typename ".repeat(20_000))),
        ("circular introspection", format!("query cop {{ __schema {{ types {{ {deep} }} }} }}")),
        (
            "circular fragments",
            "query cop { ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(),
        ),
    ] {
        let reply = phr.http("POST", "/graphql", JSON, json!({ "query": query }).to_string().as_bytes());
        assert_eq!(code(&reply.json()), "LIMIT_EXCEEDED", "{detection}: {}", reply.body);
    }
}

#[test]
fn batches_beyond_the_limit_are_refused_whole() {
    let phr = Phr::start(Backend::Sqlite);
    let batch = vec![json!({ "query": HEALTH }); 101];
    let reply = phr.http_as_nobody("POST", "/graphql", JSON, Value::from(batch).to_string().as_bytes());
    assert_eq!(code(&reply.json()), "LIMIT_EXCEEDED", "{}", reply.body);
}

#[test]
fn other_pages_can_send_nothing_that_changes_anything() {
    let phr = Phr::start(Backend::Sqlite);
    let got = phr.http("GET", "/graphql?query=mutation+cop+%7B__typename%7D", &[], b"");
    assert_eq!(got.status, 405, "a mutation by GET: {}", got.body);
    for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
        for body in ["query=query+cop+%7B__typename%7D", "{\"query\": \"mutation { __typename }\"}"] {
            let reply = phr.http("POST", "/graphql", &[("content-type", kind)], body.as_bytes());
            assert_eq!(reply.status, 415, "{kind}: {}", reply.body);
        }
    }
}

#[test]
fn answers_tell_nothing_of_the_inside() {
    let phr = Phr::start(Backend::Sqlite);
    let bodies = [
        json!({ "query": "qwerty cop { abc }" }),
        json!({ "query": "query cop { __typename", "variables": { "x": 1 } }),
        json!({ "query": HEALTH, "extensions": { "tracing": true } }),
    ];
    for body in bodies {
        let reply = phr.http_as_nobody("POST", "/graphql", JSON, body.to_string().as_bytes());
        let text = reply.body.to_lowercase();
        for word in ["tracing", "stacktrace", "exception", "panicked", ".rs:", "select "] {
            assert!(!text.contains(word), "{body}: {word}: {}", reply.body);
        }
    }
}
