//! Documents and JSON that are made to be deep, or to be read over and over again.

use serde_json::{Value, json};
use support::{Backend, Events, Phr, Reply, Socket};

use super::{HEALTH, lives};
use crate::patients::NOBODY;

const JSON: (&str, &str) = ("content-type", "application/json");
const ACCEPT: (&str, &str) = ("accept", "application/graphql-response+json");

/// A list that a scanner might not see, after what it might take for a comment or a text.
fn hidden(before: &str, depth: usize) -> String {
    format!("{{ node(id: {before}{}{}\n) {{ id }} }}", "[".repeat(depth), "]".repeat(depth))
}

/// Ways to hide what follows from a scanner that reads other than the parser.
const DISGUISES: &[&str] = &[
    "",
    "#\r",
    "#\r\n",
    "# \"\r",
    "#\u{2028}\r",
    "\"\" ",
    "\"#\" ",
    "\"\\\"\" ",
    "\"\"\"\"\"\" ",
    "\"\"\" \\\"\"\" \"\"\" ",
    "\"\"\"\\\\\"\"\" ",
    "\u{feff},",
];

fn refused(reply: &Reply, what: &str) -> String {
    let body = reply.json();
    assert_eq!(body["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{what}: {body}");
    assert_eq!(reply.status, 400, "{what}");
    body["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
}

fn as_nobody(phr: &Phr, body: &Value) -> Reply {
    phr.http_as_nobody("POST", "/graphql", &[JSON, ACCEPT], body.to_string().as_bytes())
}

#[test]
fn no_disguise_hides_how_deep_a_document_nests() {
    let phr = Phr::start(Backend::Sqlite);
    for before in DISGUISES {
        let query = hidden(before, 50_000);
        let message = refused(&as_nobody(&phr, &json!({ "query": query })), before);
        assert!(message.contains("levels deep"), "{message}");
        let batch = as_nobody(&phr, &json!([{ "query": query }, { "query": HEALTH }])).json();
        assert_eq!(batch[0]["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{batch}");
        assert_eq!(batch[1]["data"]["health"]["status"], "UP", "{batch}");
        // A head is smaller than a body.
        let encoded: String = hidden(before, 7000)
            .bytes()
            .map(|byte| match byte {
                b'[' | b']' => char::from(byte).to_string(),
                byte => format!("%{byte:02x}"),
            })
            .collect();
        let got = phr.http_as_nobody("GET", &format!("/graphql?query={encoded}"), &[ACCEPT], b"");
        refused(&got, before);
    }
    lives(&phr);
}

#[test]
fn no_transport_takes_a_document_that_nests_too_deep() {
    let phr = Phr::start(Backend::Sqlite);
    let query = hidden("#\r", 50_000);
    let body = json!({ "query": query }).to_string();
    let mut events = Events::open(phr.address, "POST", "/graphql", &[], &body);
    let (_, told) = events.told().expect("an event tells why");
    assert_eq!(told["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{told}");
    for (protocol, begin) in [("graphql-transport-ws", "subscribe"), ("graphql-ws", "start")] {
        let mut socket = Socket::open(phr.address, protocol, &[]).unwrap();
        socket.say(&json!({ "type": "connection_init" }));
        socket.say(&json!({ "id": "1", "type": begin, "payload": { "query": query } }));
        let error = std::iter::repeat_with(|| socket.hear()).find(|message| message["type"] == "error").unwrap();
        assert!(error.to_string().contains("LIMIT_EXCEEDED"), "{error}");
        // JSON that nests too deep is no message.
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        socket.say_text(&format!(
            r#"{{"id":"2","type":"{begin}","payload":{{"query":"{{a}}","variables":{{"v":{deep}}}}}}}"#
        ));
        assert_eq!(socket.closed().0, 4400);
    }
    lives(&phr);
}

/// Operations and fragments that do not run are validated all the same.
#[test]
fn operations_that_do_not_run_are_limited_like_those_that_do() {
    let phr = Phr::start(Backend::Sqlite);
    let circle = "fragment F on Query { ...F }";
    let doubled: String =
        (0..40).map(|n| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }} ", n + 1)).collect::<Vec<_>>().concat();
    let doubled = format!("{doubled} fragment F40 on Query {{ health {{ status }} }}");
    for (document, operation) in [
        (format!("query A {HEALTH} query B {{ ...F }} {circle}"), Some("A")),
        (format!("query A {{ ...F }} query B {HEALTH} {circle}"), Some("C")),
        (format!("query A {{ ...F }} query B {HEALTH} {circle}"), None),
        (format!("{HEALTH} {circle}"), None),
        (format!("query A {HEALTH} query B {{ ...F0 }} {doubled}"), Some("A")),
        (format!("{HEALTH} {doubled}"), None),
    ] {
        refused(&as_nobody(&phr, &json!({ "query": document, "operationName": operation })), &document);
    }
    lives(&phr);
}

#[test]
fn a_document_is_limited_in_bytes_tokens_and_names() {
    let phr = Phr::start(Backend::Sqlite);
    for (what, query, word) in [
        ("comments", format!("#{}\n{HEALTH}", "x".repeat(300_000)), "262144 bytes"),
        ("commas", format!("{}{HEALTH}", ",".repeat(300_000)), "262144 bytes"),
        ("zeros, each a number", format!("{{ node(id: [{}]) {{ id }} }}", "0".repeat(20_000)), "tokens"),
        (
            "nulls, which might be a name",
            format!("{{ node(id: [{}]) {{ id }} }}", "null".repeat(20_000)),
            "256 letters",
        ),
        ("a name", format!("{{ health {{ {} }} }}", "a".repeat(257)), "256 letters"),
        ("a name with a keyword's beginning", format!("{{ health {{ {} }} }}", "true".repeat(65)), "256 letters"),
    ] {
        let message = refused(&as_nobody(&phr, &json!({ "query": query })), what);
        assert!(message.contains(word), "{what}: {message}");
    }
    lives(&phr);
}

#[test]
fn so_many_faults_of_a_document_are_told() {
    let phr = Phr::start(Backend::Sqlite);
    let unknown: String =
        (0..900).map(|number| format!("{}{number:04} ", "a".repeat(250))).collect::<Vec<_>>().concat();
    for query in [
        format!("{{ {unknown} }}"),
        format!("{{ ... {{ {unknown} }} }}"),
        format!("{HEALTH} fragment F on Query {{ {unknown} }}"),
    ] {
        let reply = phr.post(&json!({ "query": query }).to_string());
        let message = reply.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains("more than 20 fields that there are not"), "{message}");
        assert_eq!(reply.status, 400);
    }
    let unknown: String = (0..900).map(|number| format!("a{number}: 1 ")).collect::<Vec<_>>().concat();
    let arguments = format!("{{ health {{ status({unknown}) }} }}");
    let reply = as_nobody(&phr, &json!({ "query": arguments }));
    assert_eq!((reply.status, reply.json()["errors"].as_array().unwrap().len()), (400, 100));
    lives(&phr);
}

#[test]
fn json_is_limited_before_it_is_read() {
    let phr = Phr::start(Backend::Sqlite);
    let with = |variables: &str| format!(r#"{{"query":"{HEALTH}","variables":{{"v":{variables}}}}}"#);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for body in [
        with(&nested(400_000)),
        with(&format!("[{}0]", "0,".repeat(400_000))),
        with(&format!("[{}{{}}]", "{},".repeat(200_000))),
        format!(r#"{{"query":"{HEALTH}","extensions":{}}}"#, nested(400_000)),
        format!("[{}{{}}]", "{},".repeat(300_000)),
        format!("[{}{{}}]", "{},".repeat(10)),
        "[]".to_owned(),
    ] {
        refused(&phr.http_as_nobody("POST", "/graphql", &[JSON, ACCEPT], body.as_bytes()), &body[..60.min(body.len())]);
    }
    let query = "%7Bhealth%7Bstatus%7D%7D";
    for name in ["variables", "extensions"] {
        let path = format!("/graphql?query={query}&{name}=%7B%22v%22:{}%7D", nested(5000));
        refused(&phr.http_as_nobody("GET", &path, &[ACCEPT], b""), name);
    }
    assert_eq!(phr.post(&with(&nested(118))).json()["data"]["health"]["status"], "UP", "the deepest that is read");
    lives(&phr);
}

#[test]
fn a_variable_counts_wherever_it_is_used() {
    let phr = Phr::start(Backend::Sqlite);
    let uses: String = (0..99).map(|n| format!("a{n}: node(id: $v) {{ id }} ")).collect::<Vec<_>>().concat();
    let body = json!({ "query": format!("query($v: ID!) {{ {uses} }}"), "variables": { "v": vec![0; 2000] } });
    let reply = phr.post(&body.to_string());
    assert!(refused(&reply, "").contains("100000 values"), "{}", reply.body);
}

/// The deepest that the limits allow, on the stack that a worker has.
#[test]
fn the_deepest_that_is_allowed_is_answered() {
    let phr = Phr::start(Backend::Sqlite);
    let query = |text: &str, variables: &str| phr.post(&format!(r#"{{"query":"{text}","variables":{variables}}}"#));
    // Values: within the document, within variables, and both.
    let (open, close) = ("[".repeat(117), "]".repeat(117));
    for (text, variables) in [
        (format!("{{ node(id: {open}{close}) {{ id }} }}"), "{}".to_owned()),
        ("query($v: [ID!]!) { nodes(ids: $v) { id } }".to_owned(), format!("{{\"v\":{open}{close}}}")),
        (format!("query($v: ID) {{ nodes(ids: {open}$v{close}) {{ id }} }}"), format!("{{\"v\":{open}{close}}}")),
        (format!("query($v: {open}ID{close}) {{ nodes(ids: $v) {{ id }} }}"), format!("{{\"v\":{open}{close}}}")),
        (format!("query($v: [ID!]! = {open}{close}) {{ nodes(ids: $v) {{ id }} }}"), "{}".to_owned()),
        (
            "mutation($v: JSON!) { importFhir(input: {bundle: $v}) { failed } }".to_owned(),
            format!("{{\"v\":{open}{close}}}"),
        ),
        (
            format!(
                "mutation($v: JSON!) {{ importFhir(input: {{bundle: {}$v{}}}) {{ failed }} }}",
                &open[3..],
                &close[3..]
            ),
            format!("{{\"v\":{open}{close}}}"),
        ),
        (format!("{{ health @skip(if: {open}{close}) {{ status }} }}"), "{}".to_owned()),
    ] {
        let reply = query(&text, &variables);
        let code = reply.json()["errors"][0]["extensions"]["code"].clone();
        assert!(code != "LIMIT_EXCEEDED" && code != "INTERNAL", "{text}: {}", reply.body);
    }
    // FHIR is JSON within a text, and nests as deep as its parser goes.
    for depth in [20, 60, 25_000] {
        let nested = format!("{}{}", r#"{"extension":["#.repeat(depth), "]}".repeat(depth));
        for outer in ["Patient", "Bundle", "Nothing"] {
            let line = format!(
                r#"{{"resourceType":"{outer}","id":"x","extension":[{nested}],"entry":[{{"resource":{nested}}}]}}"#
            );
            if line.len() > 1_000_000 {
                continue;
            }
            let imported = "mutation($t: String!) { importFhir(input: {ndjson: $t, dryRun: true}) { failed skipped } }";
            let response = phr.response(imported, &json!({ "t": line }));
            assert!(response["data"]["importFhir"].is_object(), "{depth} {outer}: {response}");
        }
    }
    // Fields and fragments: 97 levels, of which 15 are fields.
    let (inline, out) = ("... { ".repeat(8), "} ".repeat(8));
    let levels: String = (0..9)
        .map(|number| {
            let next = format!("...F{}", number + 1);
            let (on, inner) = if number % 2 == 0 {
                ("Doctor", format!("specialty {{ {next} }}"))
            } else {
                ("DoctorSpecialty", format!("doctors {{ nodes {{ {next} }} }}"))
            };
            format!("fragment F{number} on {on} {{ {inline} {inner} {out} }} ")
        })
        .collect::<Vec<_>>()
        .concat();
    let text =
        format!("{{ doctor(uuid: \\\"{NOBODY}\\\") {{ ...F0 }} }} {levels} fragment F9 on DoctorSpecialty {{ uuid }}");
    let reply = query(&text, "{}");
    assert_eq!(reply.json()["data"]["doctor"], Value::Null, "{}", reply.body);
    assert!(reply.json().get("errors").is_none(), "{}", reply.body);
    lives(&phr);
}
