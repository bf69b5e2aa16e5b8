//! Filters that are made to be long, deep, or dear to read.

use serde_json::{Value, json};
use support::{Phr, Socket, on_both_databases};

use super::lives;
use crate::patients::register;

on_both_databases! {
    every_part_of_a_filter_counts_empty_ones_too,
    a_deep_filter_is_refused_before_it_is_read,
    the_largest_filters_are_answered,
    lists_to_compare_with_are_answered_or_refused_with_a_reason,
    lists_of_texts_are_compared_as_before,
}

const PATIENTS: &str =
    "query($f: PatientRegisterFilter) { patientRegisters(filter: $f) { totalCount nodes { uuid } } }";

/// The message of a refusal; fails for anything but one because of a limit.
fn refused(phr: &Phr, query: &str, variables: &Value) -> String {
    let response = phr.response(query, variables);
    let error = &response["errors"][0];
    assert_eq!(error["extensions"]["code"], "LIMIT_EXCEEDED", "{response}");
    error["message"].as_str().unwrap_or_default().to_owned()
}

fn found(phr: &Phr, filter: &Value) -> u64 {
    phr.ask(PATIENTS, &json!({ "f": filter }))["patientRegisters"]["totalCount"].as_u64().expect("a number")
}

fn nested(levels: usize, innermost: Value, outer: impl Fn(Value) -> Value) -> Value {
    (0..levels).fold(innermost, |inner, _| outer(inner))
}

fn every_part_of_a_filter_counts_empty_ones_too(phr: &Phr) {
    let empty = |count: usize| vec![json!({}); count];
    for list in ["and", "or"] {
        for query in ["query($f: CountryFilter) { countries(filter: $f) { nodes { uuid } } }", PATIENTS, PATIENTS] {
            let message = refused(phr, query, &json!({ "f": { list: empty(60_000) } }));
            assert_eq!(message, format!("$f.{list}.999: a filter has at most 1000 parts, empty ones included"));
        }
    }
    // In the document itself, and a little in each of many variables.
    let literal = format!("{{ patientRegisters(filter: {{and: [{}]}}) {{ totalCount }} }}", "{} ".repeat(4000));
    assert!(refused(phr, &literal, &json!({})).starts_with("filter.and.999: "));
    let spread = format!(
        "query($a: PatientRegisterFilter!) {{ patientRegisters(filter: {{and: [{}]}}) {{ totalCount }} }}",
        "$a ".repeat(20)
    );
    assert!(refused(phr, &spread, &json!({ "a": { "and": empty(99) } })).contains("1000 parts"));
    let default = format!(
        "query($f: PatientRegisterFilter = {{or: [{}]}}) {{ patientRegisters(filter: $f) {{ totalCount }} }}",
        "{} ".repeat(2000)
    );
    assert!(refused(phr, &default, &json!({})).contains("1000 parts"));
    let inner =
        "query($f: PatientRegisterFilter) { doctors { nodes { patientRegisters(filter: $f) { totalCount } } } }";
    assert!(refused(phr, inner, &json!({ "f": { "and": empty(60_000) } })).contains("1000 parts"));
    let mut socket = Socket::of(phr.address, phr.token());
    let followed = "subscription($f: PatientRegisterFilter) { patientRegisterChanged(filter: $f) { __typename } }";
    socket.subscribe("1", followed, &json!({ "f": { "and": empty(20_000) } }));
    let answer = socket.hear();
    assert!(answer["payload"].to_string().contains("1000 parts"), "{answer}");
    assert_eq!(found(phr, &json!({ "and": empty(999) })), 0);
    assert_eq!(found(phr, &json!({ "or": empty(999) })), 0);
    lives(phr);
}

fn a_deep_filter_is_refused_before_it_is_read(phr: &Phr) {
    let not = |inner| json!({ "not": inner });
    let and = |inner| json!({ "and": [inner] });
    let some = |inner| json!({ "appointments": { "some": { "patientRegister": inner } } });
    for deep in [nested(100, json!({}), not), nested(50, json!({}), and), nested(30, json!({}), some)] {
        assert!(refused(phr, PATIENTS, &json!({ "f": deep })).contains("8 levels deep"));
    }
    let literal = |levels| {
        format!(
            "{{ patientRegisters(filter: {}{{}}{}) {{ totalCount }} }}",
            "{not: ".repeat(levels),
            "}".repeat(levels)
        )
    };
    assert!(refused(phr, &literal(115), &json!({})).contains("8 levels deep"));
    let both = format!(
        "query($f: PatientRegisterFilter!) {{ patientRegisters(filter: {}$f{}) {{ totalCount }} }}",
        "{not: ".repeat(110),
        "}".repeat(110)
    );
    assert!(refused(phr, &both, &json!({ "f": nested(110, json!({}), not) })).contains("8 levels deep"));
    lives(phr);
}

/// Whatever the limits allow works, on SQLite too, which has limits of its own.
fn the_largest_filters_are_answered(phr: &Phr) {
    register(phr, &json!({}));
    let dear = |count: usize| vec![json!({"lastName": {"containsIgnoreCase": "zz"}}); count];
    for (list, expected) in [("or", 0), ("and", 0)] {
        assert_eq!(found(phr, &json!({ list: dear(200) })), expected);
        let wrapped = nested(7, json!({ list: dear(200) }), |inner| json!({ "and": [{}, inner, {}] }));
        assert_eq!(found(phr, &wrapped), 0);
        let negated = nested(6, json!({ list: dear(200) }), |inner| json!({ "not": inner }));
        assert_eq!(found(phr, &negated), 0);
    }
    // As many conditions as there may be, spread over all levels.
    let level = |inner: Value| {
        let mut all = dear(24);
        all.push(inner);
        json!({ "or": all })
    };
    assert_eq!(found(phr, &nested(8, json!({"lastName": {"equal": "Smith"}}), level)), 1);
    // Related records in each other, eight levels of them.
    let through = |inner: Value| json!({ "doctor": { "patientRegisters": { "some": inner } } });
    found(phr, &nested(4, json!({ "lastName": { "equal": "Smith" } }), through));
}

fn lists_to_compare_with_are_answered_or_refused_with_a_reason(phr: &Phr) {
    register(phr, &json!({}));
    let names = |last: &str| {
        let mut names: Vec<_> = (0..999).map(|number| format!("name {number}")).collect();
        names.push(last.to_owned());
        names
    };
    let within = |count: usize| json!({ "and": vec![json!({ "lastName": { "in": names("Smith") } }); count] });
    assert_eq!(found(phr, &within(10)), 1);
    for count in [11, 33, 60] {
        assert!(refused(phr, PATIENTS, &json!({ "f": within(count) })).contains("10000 values"), "{count}");
    }
    for operator in ["containsAll", "containsAny"] {
        assert_eq!(found(phr, &json!({ "allergies": { operator: names("x") } })), 0, "{operator}");
    }
}

fn lists_of_texts_are_compared_as_before(phr: &Phr) {
    let latex = "a \"quoted\" \\ text, [é]";
    register(phr, &json!({ "allergies": [latex, "pollen"] }));
    register(phr, &json!({ "firstName": "John", "email": "john@mail.example", "allergies": [] }));
    let met = |operator: &str, entries: &[&str]| found(phr, &json!({ "allergies": { operator: entries } }));
    let mut many: Vec<String> = (0..998).map(|number| format!("x{number}")).collect();
    many.extend([latex.to_owned(), "pollen".to_owned()]);
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (operator, entries, expected) in [
        ("containsAll", &[][..], 2),
        ("containsAll", &[latex], 1),
        ("containsAll", &["pollen", latex, latex], 1),
        ("containsAll", &["pollen", "x"], 0),
        ("containsAll", &many[..], 0),
        ("containsAny", &[], 0),
        ("containsAny", &["x", latex], 1),
        ("containsAny", &["x"], 0),
        ("containsAny", &many[..], 1),
    ] {
        assert_eq!(met(operator, entries), expected, "{operator} of {} entries", entries.len());
    }
    assert_eq!(found(phr, &json!({ "not": { "allergies": { "containsAny": [latex] } } })), 1);
}
