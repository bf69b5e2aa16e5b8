//! The server's cost of refusing a request: processor time and memory of each, printed as a table, with bounds.

use std::time::Instant;

use serde_json::json;
use support::{Backend, Phr};

/// Requests of each kind, so that a clock tick of 10 ms is small against their sum.
const TIMES: u32 = 20;
/// Milliseconds of processor time of a refused request at most, in a build for production.
const REFUSED_MS: f64 = 20.0;
/// The same of a body of a megabyte.
const LARGE_MS: f64 = 50.0;
/// Bytes by which memory may grow at its peak while a request is refused.
const PEAK: u64 = 16 * 1024 * 1024;
/// Programs that are built for tests are not optimised. A parser, a scanner and a JSON reader take up to so many times as long.
const UNOPTIMISED: f64 = 12.0;

/// A body that is to be refused, or answered with an error.
struct Attack {
    name: &'static str,
    body: String,
}

fn query(name: &'static str, text: &str) -> Attack {
    Attack { name, body: json!({ "query": text }).to_string() }
}

fn with(name: &'static str, variables: &serde_json::Value) -> Attack {
    let text = "query Q($f: CountryFilter) { countries(filter: $f) { totalCount } }";
    Attack { name, body: json!({ "query": text, "variables": variables }).to_string() }
}

fn small() -> Vec<Attack> {
    vec![
        query(
            "7,000 lists after a comment",
            &format!("{{node(id:#\r{}{}\n){{id}}}}", "[".repeat(7000), "]".repeat(7000)),
        ),
        query("20,000 fields", &format!("{{ {} }}", "__typename ".repeat(20_000))),
        query("10,000 braces", &"{a".repeat(10_000)),
        query(
            "1,000 aliases",
            &format!("{{ {} }}", (0..1000).map(|n| format!("a{n}: __typename ")).collect::<Vec<_>>().concat()),
        ),
        query("5,000 directives", &format!("{{ __typename {} }}", "@skip(if: true) ".repeat(1500))),
        query("a circle of fragments", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
        query("doubling fragments", &doubling(40)),
        with("2,000 empty filters", &json!({ "f": { "and": vec![json!({}); 2000] } })),
    ]
}

/// Fragments of which each spreads the next one twice.
fn doubling(count: usize) -> String {
    let fragment = |number| format!("fragment F{number} on Query {{ ...F{0} ...F{0} }} ", number + 1);
    let fragments: String = (0..count).map(fragment).collect();
    format!("{{ ...F0 }} {fragments} fragment F{count} on Query {{ __typename }}")
}

fn large() -> Vec<Attack> {
    const SIZE: usize = 1_000_000;
    let raw = |name, body: String| Attack { name, body };
    vec![
        raw("brackets", "[".repeat(SIZE)),
        raw("braces", "{\"a\":".repeat(SIZE / 5)),
        raw("letters", "a".repeat(SIZE)),
        raw("numbers", format!("[{}1]", "1,".repeat(SIZE / 2 - 2))),
        raw("batch", format!("[{}{{}}]", "{},".repeat(SIZE / 3 - 2))),
        query("blanks", &" ".repeat(SIZE)),
        query("comments", &"#\r".repeat(SIZE / 3)),
        query("a text", &format!("{{ node(id: \"{}\") {{ id }} }}", "a".repeat(SIZE))),
        query("escapes", &format!("{{ node(id: \"{}\") {{ id }} }}", "\\u0041".repeat(SIZE / 7))),
        query("fields", &format!("{{ {} }}", "a ".repeat(SIZE / 2 - 10))),
        query("lists", &format!("{{ node(id: {}) {{ id }} }}", "[]".repeat(SIZE / 2 - 20))),
        with("empty filters", &json!({ "f": { "and": vec![json!({}); SIZE / 3 - 50] } })),
        with("texts", &json!({ "f": { "name": { "in": vec!["a"; SIZE / 4 - 50] } } })),
    ]
}

/// Sends each several times; fails where one costs more than it may, and prints what they cost.
fn measured(phr: &Phr, attacks: &[Attack], bound_ms: f64) {
    let headers = [("content-type", "application/json")];
    let mut dear = Vec::new();
    println!("{:<32}{:>8}{:>10}{:>10}{:>10}", "refused", "status", "CPU ms", "wall ms", "peak MB");
    for Attack { name, body } in attacks {
        phr.forget_peak();
        let (cpu, began, memory) = (phr.processor_seconds(), Instant::now(), phr.memory());
        let mut status = 0;
        for _ in 0..TIMES {
            status = phr.http("POST", "/graphql", &headers, body.as_bytes()).status;
        }
        let each = 1000.0 / f64::from(TIMES);
        let (cpu, wall) = ((phr.processor_seconds() - cpu) * each, began.elapsed().as_secs_f64() * each);
        let peak = phr.peak_memory().saturating_sub(memory);
        let megabytes = f64::from(u32::try_from(peak / 1024).unwrap()) / 1024.0;
        println!("{name:<32}{status:>8}{cpu:>10.1}{wall:>10.1}{megabytes:>10.1}");
        assert!((400..500).contains(&status) || status == 200, "{name}: {status}");
        if cpu > bound_ms * UNOPTIMISED || peak > PEAK {
            dear.push(*name);
        }
    }
    assert!(dear.is_empty(), "more than {bound_ms} ms (times {UNOPTIMISED}) or {PEAK} bytes: {dear:?}");
}

#[test]
fn refusing_a_request_costs_little() {
    let phr = Phr::start(Backend::Sqlite);
    // Whatever is made once, is made now.
    let first = phr.ask("{ countries { totalCount } }", &json!({}));
    assert!(first["countries"]["totalCount"].is_number());
    measured(&phr, &small(), REFUSED_MS);
    measured(&phr, &large(), LARGE_MS);
    assert_eq!(phr.ask("{ health { status } }", &json!({}))["health"]["status"], "UP");
}
