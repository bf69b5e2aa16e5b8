//! The HTTP level: what is no GraphQL request, what asks for too much, and what must not be sent by GET.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Backend, Phr, Reply};

use crate::bad_input::is_discreet;
use crate::patients::{count, jane};

const JSON: (&str, &str) = ("content-type", "application/json");
const ACCEPT: (&str, &str) = ("accept", "application/graphql-response+json");
const DELETE: &str = "mutation { createDoctorSpecialty(input: {name: \"Cardiology\"}) { userErrors { code } } }";

fn refused(phr: &Phr, reply: &Reply, status: u16, code: &str) -> String {
    assert_eq!(reply.status, status, "{}", reply.body);
    let response = reply.json();
    assert_eq!(response["errors"][0]["extensions"]["code"], code, "{response}");
    assert!(response.get("data").is_none(), "{response}");
    is_discreet(&reply.body);
    assert_eq!(phr.ask("{ health { status } }", &json!({}))["health"]["status"], "UP");
    response["errors"][0]["message"].as_str().unwrap().to_owned()
}

fn specialties(phr: &Phr) -> Value {
    phr.ask("{ doctorSpecialties { totalCount } }", &json!({}))["doctorSpecialties"]["totalCount"].take()
}

fn sha256(text: &str) -> String {
    let bytes: Vec<String> = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.concat()
}

fn encoded(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

#[test]
fn what_is_not_json_is_refused_with_its_place_and_without_its_content() {
    let phr = Phr::start(Backend::Sqlite);
    for body in ["", "{", "{\"query\": \"{ secret }\"", "nonsense", "{\"query\": \"a\u{1}b\"}"] {
        let message = refused(&phr, &phr.post(body), 400, "BAD_REQUEST");
        assert!(message.contains("line 1") && !message.contains("secret"), "{message}");
    }
    for body in
        ["[]", "7", "null", "\"x\"", "{\"query\": 7}", "{\"query\": \"{ health { status } }\", \"variables\": 7}", "{}"]
    {
        assert_eq!(phr.post(body).status, 400, "{body}");
    }
    let mut invalid = b"{\"query\": \"".to_vec();
    invalid.extend([0xff, 0xfe]);
    invalid.extend(b"\"}");
    refused(&phr, &phr.http("POST", "/graphql", &[JSON, ACCEPT], &invalid), 400, "BAD_REQUEST");
}

#[test]
fn only_json_is_read_so_that_no_foreign_page_can_post() {
    let phr = Phr::start(Backend::Sqlite);
    let body = json!({ "query": DELETE }).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
    ] {
        let reply = phr.http("POST", "/graphql", &[("content-type", kind), ACCEPT], body.as_bytes());
        refused(&phr, &reply, 415, "BAD_REQUEST");
    }
    refused(&phr, &phr.http("POST", "/graphql", &[ACCEPT], body.as_bytes()), 415, "BAD_REQUEST");
    assert_eq!(specialties(&phr), 0);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        assert_eq!(phr.http(method, "/graphql", &[JSON], body.as_bytes()).status, 405, "{method}");
    }
    assert_eq!(phr.http("POST", "/graphql", &[JSON, ("accept", "text/html")], body.as_bytes()).status, 406);
}

#[test]
fn a_body_of_ten_megabytes_is_refused() {
    let phr = Phr::start(Backend::Sqlite);
    let body = json!({"query": "{ health { status } }", "variables": {"x": "a".repeat(10 * 1024 * 1024)}}).to_string();
    let message = refused(&phr, &phr.post(&body), 413, "LIMIT_EXCEEDED");
    assert!(message.contains("1048576 bytes"), "{message}");
}

#[test]
fn a_mutation_never_comes_by_get() {
    let phr = Phr::start(Backend::Sqlite);
    let get = |path: &str| phr.http("GET", path, &[ACCEPT], b"");
    let answered = get(&format!("/graphql?query={}", encoded("{ health { status } }")));
    assert_eq!(answered.json()["data"]["health"]["status"], "UP");
    let reply = get(&format!("/graphql?query={}", encoded(DELETE)));
    assert_eq!(reply.header("allow"), Some("POST"));
    refused(&phr, &reply, 405, "BAD_REQUEST");
    // Nor under the name of one of several operations.
    let both = format!("query A {{ health {{ status }} }} {}", DELETE.replace("mutation", "mutation B"));
    let named = |name: &str| get(&format!("/graphql?query={}&operationName={name}", encoded(&both)));
    assert_eq!(named("A").status, 200);
    refused(&phr, &named("B"), 405, "BAD_REQUEST");
    // Nor by the hash of a document that was sent before.
    let hash = sha256(DELETE);
    let extensions = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
    let known = phr.post(&json!({"query": DELETE, "extensions": extensions}).to_string());
    assert_eq!(known.json()["data"]["createDoctorSpecialty"]["userErrors"], json!([]));
    let reply = get(&format!("/graphql?extensions={}", encoded(&extensions.to_string())));
    refused(&phr, &reply, 405, "BAD_REQUEST");
    assert_eq!(specialties(&phr), 1);
}

#[test]
fn persisted_queries_are_known_by_their_hash_alone() {
    let phr = Phr::start(Backend::Sqlite);
    let text = "{ health { status } }";
    let hash = sha256(text);
    let by_hash = |hash: &str| json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    let reply = phr.post(&by_hash(&hash).to_string());
    assert_eq!(reply.json()["errors"][0]["message"], "PersistedQueryNotFound");
    assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    let mut with_text = by_hash(&hash);
    with_text["query"] = json!(text);
    assert_eq!(phr.post(&with_text.to_string()).json()["data"]["health"]["status"], "UP");
    for hash in [hash.clone(), format!("sha256:{hash}")] {
        assert_eq!(phr.post(&by_hash(&hash).to_string()).json()["data"]["health"]["status"], "UP");
    }
    with_text["query"] = json!("{ __typename }");
    refused(&phr, &phr.post(&with_text.to_string()), 400, "BAD_REQUEST");
    refused(&phr, &phr.post(&by_hash("abc").to_string()), 400, "BAD_REQUEST");
}

#[test]
fn documents_that_ask_for_too_much_are_refused_before_anything_runs() {
    let phr = Phr::start(Backend::Sqlite);
    let nested = |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    let aliases = (0..1000).map(|number| format!("a{number}: health {{ status }} ")).collect::<Vec<_>>().concat();
    let node = "{ patientRegisters { nodes { doctor { uuid } } } }";
    let deep = format!("{{ patientRegisters {{ nodes {} {} }} }}", "{ doctor ".repeat(100), "}".repeat(100));
    let batch: String = "... on Query { __typename } ".repeat(8_000);
    let chain = |length: usize| -> String {
        (0..length)
            .map(|number| format!("fragment F{number} on Query {{ ...F{} }} ", number + 1))
            .collect::<Vec<_>>()
            .concat()
    };
    let chained = format!("{{ ...F0 }} {} fragment F600 on Query {{ __typename }}", chain(600));
    for (query, word) in [
        (chained, "fragments"),
        (format!("{{ {aliases} }}"), "alias"),
        (deep, "levels deep"),
        (
            format!("{{ patientRegisters(filter: {}) {{ nodes {{ uuid }} }} }}", nested("{not: ", "}", 5000)),
            "levels deep",
        ),
        (format!("{{ node(id: {}) {{ id }} }}", nested("[", "]", 100_000)), "levels deep"),
        (format!("{{ health {{ status {} }} }}", "@skip(if: false) ".repeat(101)), "directives"),
        (format!("{{ {batch} }}"), "tokens"),
        (format!("{{ patientRegisters(first: 1000) {{ nodes {{ {} }} }} }}", "uuid ".repeat(200)), "fields"),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(), ""),
    ] {
        let reply = phr.post(&json!({ "query": query }).to_string());
        let message = refused(&phr, &reply, 400, "LIMIT_EXCEEDED");
        assert!(message.contains(word), "{message}");
    }
    // What is not reached by the operation is measured too, since it is validated.
    for unused in
        ["fragment A on Query { ...A }".to_owned(), format!("{} fragment F600 on Query {{ ...F0 }}", chain(600))]
    {
        let reply = phr.post(&json!({"query": format!("{{ __typename }} {unused}")}).to_string());
        refused(&phr, &reply, 400, "LIMIT_EXCEEDED");
    }
    assert_eq!(phr.ask(node, &json!({}))["patientRegisters"]["nodes"], json!([]));
}

#[test]
fn a_deep_json_body_is_refused() {
    let phr = Phr::start(Backend::Sqlite);
    let body = format!("{{\"query\": \"{{ __typename }}\", \"variables\": {{\"x\": {}}}}}", "[".repeat(100_000));
    refused(&phr, &phr.post(&body), 400, "LIMIT_EXCEEDED");
    let variables = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let body = format!("{{\"query\": \"{{ __typename }}\", \"variables\": {{\"x\": {variables}}}}}");
    assert_eq!(phr.post(&body).status, 200);
}

#[test]
fn batched_requests_are_answered_in_order_and_limited() {
    let phr = Phr::start(Backend::Sqlite);
    let one = json!({"query": "query($n: String!) { __type(name: $n) { name } }", "variables": {"n": "Query"}});
    let mut other = one.clone();
    other["variables"]["n"] = json!("Mutation");
    let reply = phr.post(&json!([one, other, {"query": "{ nonsense }"}]).to_string());
    let answers = reply.json();
    assert_eq!(answers[0]["data"]["__type"]["name"], "Query");
    assert_eq!(answers[1]["data"]["__type"]["name"], "Mutation");
    assert_eq!(answers[2]["errors"][0]["extensions"]["code"], "BAD_REQUEST");
    let message = refused(&phr, &phr.post(&json!(vec![one; 11]).to_string()), 400, "LIMIT_EXCEEDED");
    assert!(message.contains("1 to 10"), "{message}");
}

#[test]
fn a_wrong_consistency_is_refused() {
    let phr = Phr::start(Backend::Sqlite);
    let body = json!({"query": "{ health { status } }"}).to_string();
    let with = |wish: &str| phr.http("POST", "/graphql", &[JSON, ACCEPT, ("x-consistency", wish)], body.as_bytes());
    for wish in ["eventual", "session", "strong"] {
        assert_eq!(with(wish).status, 200);
    }
    refused(&phr, &with("perhaps"), 400, "BAD_REQUEST");
}

#[test]
fn the_schema_can_be_hidden() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_INTROSPECTION", "false"), ("PHR_PLAYGROUND_ENABLED", "false")]);
    let response = phr.response("{ __schema { queryType { name } } }", &json!({}));
    assert!(response["data"]["__schema"].is_null(), "{response}");
    assert_eq!(phr.http("GET", "/", &[], b"").status, 404);
    assert_eq!(phr.ask("{ health { status } }", &json!({}))["health"]["status"], "UP");
}

#[test]
fn limits_can_be_set() {
    let settings = [("PHR_MAX_BODY", "2000"), ("PHR_MAX_DEPTH", "3"), ("PHR_MAX_ALIASES", "1"), ("PHR_MAX_BATCH", "1")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let post = |query: &str| phr.post(&json!({ "query": query }).to_string());
    refused(&phr, &post(&" ".repeat(2000)), 413, "LIMIT_EXCEEDED");
    refused(&phr, &post("{ patientRegisters { nodes { doctor { uuid } } } }"), 400, "LIMIT_EXCEEDED");
    refused(&phr, &post("{ a: health { status } b: health { status } }"), 400, "LIMIT_EXCEEDED");
    assert_eq!(phr.post(&json!([{"query": "{ __typename }"}, {"query": "{ __typename }"}]).to_string()).status, 400);
    crate::patients::done(&phr, "createPatientRegister", "uuid", &jane());
    assert_eq!(count(&phr), 1);
}
