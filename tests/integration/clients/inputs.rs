//! Every error of an input says where in the arguments it is.

use std::collections::{HashSet, VecDeque};

use serde_json::{Value, json};
use support::{Backend, Phr, on_both_databases};

use super::schema::{Schema, list, named, text, written};
use crate::patients::{count, jane, with};

on_both_databases! {
    all_malformed_values_of_an_input_are_reported_together,
    an_argument_that_makes_no_sense_is_named,
}

/// A malformed value of an input, and where it stands.
struct Malformed {
    root: &'static str,
    field: String,
    selection: &'static str,
    argument: String,
    kind: String,
    value: Value,
    path: Vec<String>,
}

/// A value that a type does not take; none where it takes any.
fn malformed(schema: &Schema, kind: &str) -> Option<Value> {
    Some(match kind {
        "JSON" => return None,
        "UUID" => json!("6c1f7d1e"),
        "Date" => json!("2026-02-30"),
        "DateTime" => json!("yesterday"),
        "String" | "ID" => json!(true),
        "Int" | "Float" | "Boolean" => json!("7"),
        _ if schema.named(kind)["kind"] == "ENUM" => json!("NO_SUCH_CHOICE"),
        _ => json!(7),
    })
}

/// A value in the lists that its type asks for, and the numbers of the places in them.
fn in_lists(kind: &Value, value: Value) -> (Value, Vec<String>) {
    match text(&kind["kind"]) {
        "NON_NULL" => in_lists(&kind["ofType"], value),
        "LIST" => {
            let (inner, mut path) = in_lists(&kind["ofType"], value);
            path.insert(0, "0".to_owned());
            (json!([inner]), path)
        }
        _ => (value, Vec::new()),
    }
}

/// One for each argument of a root field and each field of an input object, on the shortest way to it.
fn every(schema: &Schema) -> Vec<Malformed> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    // Each waits with the fields that lead to it, and their types.
    let mut waiting: VecDeque<(&'static str, &Value, Vec<&Value>)> = VecDeque::new();
    for (root, name) in [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")] {
        for field in list(&schema.named(name)["fields"]) {
            waiting.extend(list(&field["args"]).iter().map(|argument| (root, field, vec![argument])));
        }
    }
    while let Some((root, field, way)) = waiting.pop_front() {
        let last = named(&way[way.len() - 1]["type"]);
        if let Some(bad) = malformed(schema, last) {
            let (mut value, mut path) = (bad, Vec::new());
            for step in way.iter().rev() {
                let (wrapped, places) = in_lists(&step["type"], value);
                path = std::iter::once(text(&step["name"]).to_owned()).chain(places).chain(path).collect();
                value = json!({ text(&step["name"]): wrapped });
            }
            found.push(Malformed {
                root,
                field: text(&field["name"]).to_owned(),
                selection: schema.selection(&field["type"]),
                argument: text(&way[0]["name"]).to_owned(),
                kind: written(&way[0]["type"]),
                value: value[text(&way[0]["name"])].take(),
                path,
            });
        }
        for inner in list(&schema.named(last)["inputFields"]) {
            if seen.insert((last.to_owned(), text(&inner["name"]).to_owned())) {
                waiting.push_back((root, field, [way.as_slice(), &[inner]].concat()));
            }
        }
    }
    found
}

/// A value as a document writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", literal(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::String(choice) if choice == "NO_SUCH_CHOICE" => choice.clone(),
        other => other.to_string(),
    }
}

fn is_blamed(response: &Value, path: &[String]) -> bool {
    let is_here = |error: &&Value| error["extensions"]["argumentPath"] == json!(path);
    list(&response["errors"]).iter().find(is_here).is_some_and(|error| error["extensions"]["code"] == "BAD_REQUEST")
}

#[test]
fn every_malformed_value_of_an_input_has_its_path() {
    let phr = Phr::start(Backend::Sqlite);
    let schema = Schema::of(&phr);
    let every = every(&schema);
    assert!(every.len() > 1000, "{} places", every.len());
    for Malformed { root, field, selection, argument, kind, value, path } in every {
        let document = format!("{root}($given: {kind}) {{ {field}({argument}: $given) {selection} }}");
        let response = phr.response(&document, &json!({ "given": value }));
        assert!(is_blamed(&response, &path), "{document} {value} {path:?}: {response}");
        let document = format!("{root} {{ {field}({argument}: {}) {selection} }}", literal(&value));
        let response = phr.response(&document, &json!({}));
        assert!(is_blamed(&response, &path), "{document} {path:?}: {response}");
    }
}

fn paths(response: &Value) -> Vec<String> {
    let path =
        |error: &Value| list(&error["extensions"]["argumentPath"]).iter().map(text).collect::<Vec<_>>().join(".");
    let mut paths: Vec<String> = list(&response["errors"]).iter().map(path).collect();
    paths.sort();
    paths
}

fn all_malformed_values_of_an_input_are_reported_together(phr: &Phr) {
    let create = "mutation($data: CreatePatientRegisterInput!) {
        createPatientRegister(input: $data) { patientRegister { uuid } userErrors { code } } }";
    let wrong = json!({"dateOfBirth": "01/02/1980", "doctorId": "x", "allergies": ["fine", 7], "alergies": []});
    let response = phr.response(create, &json!({ "data": with(jane(), &wrong) }));
    let expected = ["input.alergies", "input.allergies.1", "input.dateOfBirth", "input.doctorId"];
    assert_eq!(paths(&response), expected, "{response}");
    let message = text(&response["errors"][0]["message"]);
    assert!(message.starts_with("$data."), "the variable is named too: {message}");
    assert_eq!(count(phr), 0);
    // A variable within a value, one in a fragment, one that is missing, and a default.
    let nested = "query($born: Date, $deep: UUID, $uuid: UUID!, $page: Int = \"x\") {
        patientRegisters(filter: {and: [{dateOfBirth: {equal: $born}}]}, first: $page) { nodes { ...F } }
        patientRegister(uuid: $uuid) { uuid } }
        fragment F on PatientRegister { emails(filter: {uuid: {in: [$deep]}}) { nodes { uuid } } }";
    let response = phr.response(nested, &json!({"born": "never", "deep": "x"}));
    let expected = ["filter.and.0.dateOfBirth.equal", "filter.uuid.in.0", "first", "uuid"];
    assert_eq!(paths(&response), expected, "{response}");
    let literals = "{ patientRegisters(filter: {or: [{}, {dateOfBirth: {equal: \"x\"}}]}) {
        nodes { emails(filter: {uuid: {in: [\"x\"]}}) { nodes { uuid } } } } patientRegister { uuid } }";
    let response = phr.response(literals, &json!({}));
    assert_eq!(paths(&response), ["filter.or.1.dateOfBirth.equal", "filter.uuid.in.0", "uuid"], "{response}");
}

fn an_argument_that_makes_no_sense_is_named(phr: &Phr) {
    for (arguments, code, path) in [
        ("first: -1", "BAD_REQUEST", "first"),
        ("last: -1", "BAD_REQUEST", "last"),
        ("first: 1, last: 1", "BAD_REQUEST", "last"),
        ("first: 1001", "LIMIT_EXCEEDED", "first"),
        ("first: 1, after: \"nonsense\"", "BAD_REQUEST", "after"),
        ("last: 1, before: \"nonsense\"", "BAD_REQUEST", "before"),
        ("page: {page: 0}", "BAD_REQUEST", "page.page"),
        ("page: {perPage: 1001}", "LIMIT_EXCEEDED", "page.perPage"),
        ("page: {}, first: 1", "BAD_REQUEST", "page"),
        ("order: [{field: LAST_NAME}, {field: LAST_NAME}]", "BAD_REQUEST", "order.1"),
        ("filter: {lastName: {equal: null}}", "BAD_REQUEST", "filter.lastName.equal"),
        ("filter: {and: [{}, {dateOfBirth: {lessThan: null}}]}", "BAD_REQUEST", "filter.and.1.dateOfBirth.lessThan"),
        ("filter: {not: {lastName: {equal: \"\\u0000\"}}}", "BAD_REQUEST", "filter.not.lastName"),
        ("filter: {emails: {some: {address: {equal: null}}}}", "BAD_REQUEST", "filter.emails.some.address.equal"),
        ("filter: {doctor: {lastName: {equal: null}}}", "BAD_REQUEST", "filter.doctor.lastName.equal"),
    ] {
        let response = phr.response(&format!("{{ patientRegisters({arguments}) {{ nodes {{ uuid }} }} }}"), &json!({}));
        let found = (text(&response["errors"][0]["extensions"]["code"]), paths(&response).join(" "));
        assert_eq!(found, (code, path.to_owned()), "{arguments}: {response}");
    }
}
