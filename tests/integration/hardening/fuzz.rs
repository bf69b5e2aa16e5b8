//! Anything at all, sent to the HTTP entrance of a server: it lives, answers in its form, and finds no fault in itself.
//! `PHR_SOAK` goes on for `PHR_SOAK_SECONDS`.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use support::{Backend, Phr, request};

use super::lives;

/// A request as it is sent.
#[derive(Clone, Debug)]
struct Sent {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    is_signed_in: bool,
}

/// What stands in documents, and what does not.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "$",
    "@",
    "!",
    "=",
    "...",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    " ",
    "\n",
    "\r",
    "#",
    "\"",
    "\"\"\"",
    "\\",
    "\u{feff}",
    "\u{2028}",
    "é",
    "\0",
    ",",
    "null",
    "true",
    "0",
    "-1.5e3",
    "a",
    "v",
    "id",
    "health",
    "status",
    "__typename",
    "__schema",
    "__type",
    "types",
    "name",
    "fields",
    "node",
    "nodes",
    "patientRegisters",
    "doctors",
    "countries",
    "filter",
    "order",
    "page",
    "first",
    "after",
    "uuid",
    "lastName",
    "totalCount",
    "edges",
    "cursor",
    "pageInfo",
    "hasNextPage",
    "@skip(if: true)",
    "@include(if: $v)",
    "login",
    "replicationStatus",
    "Query",
    "ID",
    "Int",
];

/// Operations whose variables are of any kind.
const OPERATIONS: &[&str] = &[
    "query($f: PatientRegisterFilter, $o: [PatientRegisterOrder!], $n: Int, $c: String) {
        patientRegisters(filter: $f, order: $o, first: $n, after: $c) { totalCount nodes { uuid allergies } }
    }",
    "query($f: DoctorFilter, $p: PageInput) { doctors(filter: $f, page: $p) { nodes { patientRegisters { totalCount } } } }",
    "query($f: CountryFilter) { countries(filter: $f) { nodes { code name } pageInfo { totalPages } } }",
    "query($f: AppointmentFilter) { appointments(filter: $f) { nodes { uuid } } }",
    "query($f: AuditEventFilter) { auditEvents(filter: $f, first: 3) { nodes { uuid } } }",
    "query($c: ID!) { node(id: $c) { id } nodes(ids: [$c, $c]) { id } }",
    "mutation($f: JSON, $c: String) { importFhir(input: {bundle: $f, ndjson: $c, dryRun: true}) { failed } }",
    "mutation($c: String!) { login(input: {username: $c, password: $c}) { userErrors { code } } }",
    "mutation($f: CreateDoctorSpecialtyInput!) { createDoctorSpecialty(input: $f) { userErrors { code path } } }",
];

/// Fields of filters, and of none.
const FIELDS: &[&str] = &[
    "and",
    "or",
    "not",
    "uuid",
    "lastName",
    "firstName",
    "dateOfBirth",
    "status",
    "allergies",
    "version",
    "createdAt",
    "doctor",
    "patientRegisters",
    "appointments",
    "patientRegister",
    "institution",
    "some",
    "none",
    "every",
    "code",
    "name",
    "startsAt",
    "nonsense",
    "perPage",
    "page",
    "field",
    "direction",
];

const OPERATORS: &[&str] = &[
    "equal",
    "notEqual",
    "in",
    "notIn",
    "lessThan",
    "greaterThanOrEqual",
    "isNull",
    "startsWith",
    "contains",
    "containsIgnoreCase",
    "equalIgnoreCase",
    "startsWithIgnoreCase",
    "containsAll",
    "containsAny",
    "isEmpty",
    "some",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        prop::sample::select(
            &[
                "",
                "a",
                "Smith",
                "%",
                "_",
                "\u{0}",
                "\u{10ffff}",
                "é\u{301}",
                "2026-01-31",
                "2026-02-30",
                "0001-01-01",
                "9999-12-31T23:59:59Z",
                "2026-01-31T12:00:00+14:00",
                "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
                "ACTIVE",
                "ASC",
                "(?i)[",
                "\\",
                "'; --",
                "LAST_NAME",
                "UUID"
            ][..]
        )
        .prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        (0..1100_usize).prop_map(|length| Value::from("x".repeat(length))),
    ]
}

/// An item so many times, but no more of it than a body holds: repetitions within repetitions would fill the memory.
fn repeated(item: Value, count: usize) -> Vec<Value> {
    const MOST: usize = 200_000;
    let most = MOST / item.to_string().len().max(1);
    vec![item; count.min(most)]
}

/// Values that filters might be made of.
fn value() -> impl Strategy<Value = Value> {
    let list = (scalar(), 0..1100_usize).prop_map(|(item, length)| json!(repeated(item, length)));
    let operand = prop_oneof![6 => scalar(), 1 => list];
    let operators = prop::collection::btree_map(prop::sample::select(OPERATORS), operand, 0..4);
    let condition =
        (prop::sample::select(FIELDS), operators).prop_map(|(field, operators)| json!({ field: operators }));
    let leaf = prop_oneof![4 => condition, 2 => scalar(), 1 => Just(json!({})), 1 => Just(json!([]))];
    let whole = leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(FIELDS), inner.clone(), 0..4).prop_map(|map| json!(map)),
            (inner.clone(), 0..300_usize).prop_map(|(item, count)| json!({ "or": repeated(item, count) })),
            (inner, 0..40_usize).prop_map(|(inner, depth)| (0..depth).fold(inner, |inner, _| json!({ "not": inner }))),
        ]
    });
    whole.boxed()
}

fn document() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat());
    let spaced = prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.join(" "));
    let nested = (0..3000_usize, prop::sample::select(&["{a", "[", "(a:", "... {", "{a(b:["][..]))
        .prop_map(|(depth, open)| format!("{{ node(id: #\r{}", open.repeat(depth)));
    let known = prop::sample::select(OPERATIONS).prop_map(ToOwned::to_owned);
    let spoilt =
        (known.clone(), any::<prop::sample::Index>(), prop::sample::select(PIECES)).prop_map(|(text, at, piece)| {
            let at =
                (0..=text.len()).filter(|at| text.is_char_boundary(*at)).nth(at.index(text.len())).unwrap_or_default();
            format!("{}{piece}{}", &text[..at], &text[at..])
        });
    prop_oneof![2 => pieces, 2 => spaced, 1 => nested, 6 => known, 3 => spoilt]
}

fn asked() -> impl Strategy<Value = Value> {
    let variables = (value(), value(), scalar(), scalar(), value());
    let variables = variables.prop_map(|(f, o, n, c, p)| json!({"f": f, "o": o, "n": n, "c": c, "v": c, "p": p}));
    let name = prop::option::weighted(0.1, "[a-zA-Z]{0,3}");
    (document(), variables, name)
        .prop_map(|(query, variables, name)| json!({"query": query, "variables": variables, "operationName": name}))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let one = asked().prop_map(|asked| asked.to_string().into_bytes()).boxed();
    let batch = prop::collection::vec(asked(), 0..12).prop_map(|batch| json!(batch).to_string().into_bytes());
    let any_json = value().prop_map(|value| value.to_string().into_bytes());
    let broken = (one.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut body, at, byte)| {
        let at = at.index(body.len());
        body[at] = byte;
        body
    });
    let deep = (0..5000_usize).prop_map(|depth| format!("{}\"query\"", "{\"query\":[".repeat(depth)).into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    prop_oneof![10 => one, 1 => batch, 1 => any_json, 2 => broken, 1 => deep, 1 => bytes]
}

fn sent() -> impl Strategy<Value = Sent> {
    let methods = &["POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"][..];
    let kinds = &[
        "application/json",
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "",
        "multipart/form-data",
    ];
    let accepted = &[
        "application/graphql-response+json",
        "application/json",
        "*/*",
        "text/html",
        "application/json;q=x, */*;q=0",
        "",
        ";;,",
    ];
    let others: &[(&str, &str)] = &[
        ("x-consistency", "strong"),
        ("x-consistency", "nonsense"),
        ("x-consistency-token", "AAAA"),
        ("cookie", "phr=x; a"),
        ("x-request-id", "nobody"),
        ("authorization", "Bearer x.y.z"),
        ("authorization", "Basic"),
        ("origin", "https://x.example"),
        ("content-encoding", "gzip"),
        ("x-forwarded-for", "1.2.3.4, ::1, ["),
    ];
    let path = prop_oneof![
        12 => Just("/graphql".to_owned()),
        2 => (document(), value()).prop_map(|(query, variables)| {
            let encode = |text: &str| text.bytes().take(3000).map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
            format!("/graphql?query={}&variables={}", encode(&query), encode(&variables.to_string()))
        }),
        1 => "/[a-z%0-9?&=./]{0,30}",
    ];
    let headers = (
        prop::sample::select(&kinds[..]),
        prop::sample::select(&accepted[..]),
        prop::option::weighted(0.2, prop::sample::select(others)),
    );
    (prop::sample::select(methods), path, headers, body(), prop::bool::weighted(0.8)).prop_map(
        |(method, path, (kind, accept, other), body, is_signed_in)| {
            let mut headers = vec![("content-type", kind.to_owned()), ("accept", accept.to_owned())];
            headers.extend(other.map(|(name, value)| (name, value.to_owned())));
            Sent { method, path, headers, body, is_signed_in }
        },
    )
}

/// Sends it, and judges the answer.
fn answered(phr: &Phr, sent: &Sent) -> Result<(), TestCaseError> {
    let bearer = format!("Bearer {}", phr.token());
    let mut headers: Vec<(&str, &str)> = sent.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if sent.is_signed_in && !headers.iter().any(|(name, _)| *name == "authorization") {
        headers.push(("authorization", &bearer));
    }
    let reply = request(phr.address, sent.method, &sent.path, &headers, &sent.body);
    prop_assert!((200..600).contains(&reply.status) && reply.status != 500, "{} {}", reply.head, reply.body);
    prop_assert!(!reply.body.contains("\"INTERNAL\""), "{}", reply.body);
    let kind = reply.header("content-type").unwrap_or_default();
    if kind.contains("json") && sent.method != "HEAD" {
        let answer: Result<Value, _> = serde_json::from_str(&reply.body);
        prop_assert!(answer.is_ok_and(|answer| answer.is_object() || answer.is_array()), "{}", reply.body);
    }
    Ok(())
}

fn feed(backend: Backend) {
    const CASES: u32 = 150;
    let settings = [
        ("PHR_RATE_REQUESTS", "0"),
        ("PHR_RATE_COST", "0"),
        ("PHR_RATE_ANONYMOUS", "0"),
        ("PHR_REQUEST_TIMEOUT", "20"),
    ];
    let phr = Phr::with(backend, &settings);
    let soak = std::env::var_os("PHR_SOAK").is_some();
    let seconds = std::env::var("PHR_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(3600);
    let (began, mut fed) = (Instant::now(), 0_u64);
    loop {
        let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 50, ..Config::default() };
        // The same each time, but for long runs.
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = if soak { TestRunner::new(config) } else { TestRunner::new_with_rng(config, rng) };
        let outcome = runner.run(&sent(), |sent| answered(&phr, &sent));
        outcome.unwrap_or_else(|error| panic!("{error}"));
        fed += u64::from(CASES);
        lives(&phr);
        if !soak || began.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
    }
    println!("{fed} requests, {} MB of memory", phr.memory() >> 20);
}

#[test]
fn whatever_is_sent_to_a_server_on_sqlite_is_answered() {
    feed(Backend::Sqlite);
}

#[test]
fn whatever_is_sent_to_a_server_on_postgresql_is_answered() {
    feed(Backend::Postgres);
}
