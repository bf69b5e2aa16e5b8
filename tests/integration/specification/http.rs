//! Requests as they are written in HTTP and JSON.

use serde_json::{Value, json};
use support::{Backend, Phr, Reply, Socket};

const HEALTH: &str = "{ health { status } }";

fn is_up(response: &Value) -> bool {
    *response == json!({"health": {"status": "UP"}})
}

fn refused(reply: &Reply, status: u16) -> String {
    let response = reply.json();
    assert_eq!(reply.status, status, "{}", reply.body);
    assert!(response.get("data").is_none(), "{response}");
    response["errors"][0]["message"].as_str().unwrap().to_owned()
}

fn post(phr: &Phr, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    phr.http("POST", "/graphql", &[&[("accept", "application/graphql-response+json")], headers].concat(), body)
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn a_list_where_an_object_belongs_is_refused_with_its_path() {
    let phr = Phr::start(Backend::Sqlite);
    let request = json!({ "query": HEALTH });
    let hash = [json!(1), json!("ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38")];
    for (body, path) in [
        (json!([[HEALTH]]), "[0]: "),
        (json!([request, [HEALTH, null, null, {}, {}]]), "[1]: "),
        (json!({"query": HEALTH, "extensions": []}), "extensions: "),
        (json!({"query": HEALTH, "extensions": [{}]}), "extensions: "),
        (json!({"query": HEALTH, "extensions": {"persistedQuery": hash}}), "extensions.persistedQuery: "),
        (json!([{"query": HEALTH, "extensions": {"persistedQuery": hash}}]), "[0].extensions.persistedQuery: "),
        (json!({"query": HEALTH, "variables": [{}]}), "variables: "),
    ] {
        let message = refused(&post(&phr, &[JSON], body.to_string().as_bytes()), 400);
        assert!(message.starts_with(path), "{body}: {message}");
    }
    let input = "mutation($input: UpdatePatientRegisterInput!) { updatePatientRegister(input: $input) { userErrors { code } } }";
    let body = json!({"query": input, "variables": {"input": ["x"]}});
    assert!(refused(&post(&phr, &[JSON], body.to_string().as_bytes()), 400).starts_with("$input: must be an object"));
    let path = "/graphql?query=%7B__typename%7D&extensions=%5B%7B%7D%5D";
    assert_eq!(phr.http("GET", path, &[], b"").status, 400);
    for message in [
        json!({"id": "1", "type": "subscribe", "payload": [HEALTH]}),
        json!(["subscribe", "1", request]),
        json!({"id": "1", "type": "subscribe", "payload": {"query": HEALTH, "extensions": [{}]}}),
    ] {
        let mut socket = Socket::of(phr.address, phr.token());
        socket.say(&message);
        assert_eq!(socket.closed().0, 4400, "{message}");
    }
}

#[test]
fn an_empty_name_of_an_operation_is_none() {
    let phr = Phr::start(Backend::Sqlite);
    let request = |query: &str| json!({"query": query, "operationName": "", "variables": {}});
    for query in [HEALTH, "query A { health { status } }"] {
        let reply = post(&phr, &[JSON], request(query).to_string().as_bytes());
        assert!(is_up(&reply.json()["data"]), "{}", reply.body);
        let mut socket = Socket::of(phr.address, phr.token());
        socket.say(&json!({"id": "1", "type": "subscribe", "payload": request(query)}));
        assert!(is_up(&socket.event("1")));
    }
    let got = phr.http("GET", "/graphql?operationName=&query=%7Bhealth%7Bstatus%7D%7D", &[], b"");
    assert!(is_up(&got.json()["data"]), "{}", got.body);
    let both = request("query A { health { status } } query B { __typename }").to_string();
    refused(&post(&phr, &[JSON], both.as_bytes()), 400);
}

#[test]
fn a_charset_is_utf_8_however_it_is_spelt() {
    let phr = Phr::start(Backend::Sqlite);
    let body = json!({ "query": HEALTH }).to_string();
    for kind in
        ["application/json; charset=utf8", "application/json;charset=\"UTF8\"", "application/json; charset=utf-8"]
    {
        let reply = phr.http("POST", "/graphql", &[("content-type", kind), ("accept", kind)], body.as_bytes());
        assert!(reply.status == 200 && is_up(&reply.json()["data"]), "{kind}: {}", reply.body);
    }
}

#[test]
fn a_body_that_is_compressed_is_of_no_media_type_that_is_read() {
    let phr = Phr::start(Backend::Sqlite);
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    for encoding in ["gzip", "br", "identity, gzip"] {
        let message = refused(&post(&phr, &[JSON, ("content-encoding", encoding)], &gzip), 415);
        assert!(message.contains("Content-Encoding"), "{message}");
    }
    let body = json!({ "query": HEALTH }).to_string();
    let reply = post(&phr, &[JSON, ("content-encoding", "identity")], body.as_bytes());
    assert!(is_up(&reply.json()["data"]), "{}", reply.body);
}

#[test]
fn a_byte_order_mark_before_json_is_passed_over() {
    let phr = Phr::start(Backend::Sqlite);
    let one = json!({ "query": HEALTH });
    let reply = post(&phr, &[JSON], format!("\u{feff}{one}").as_bytes());
    assert!(is_up(&reply.json()["data"]), "{}", reply.body);
    let reply = post(&phr, &[JSON], format!("\u{feff} [{one}, {one}]").as_bytes());
    assert!(is_up(&reply.json()[1]["data"]), "{}", reply.body);
    let many = vec![one; 1000];
    refused(&post(&phr, &[JSON], format!("\u{feff}{}", json!(many)).as_bytes()), 400);
    refused(&post(&phr, &[JSON], "\u{feff}\u{feff}{}".as_bytes()), 400);
}
