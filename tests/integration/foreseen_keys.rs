//! Keys that imports make, and that clients may not take.

use serde_json::{Map, Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{HOME, register};

on_both_databases!(no_record_is_created_under_a_key_of_imports);

/// A key that an import could make.
const FORESEEN: &str = "886313e1-3b8a-5372-9b90-0c9aee199e5d";

/// Input types by their names.
struct Inputs(Map<String, Value>);

impl Inputs {
    fn of(phr: &Phr) -> (Self, Vec<(String, String)>) {
        const KIND: &str = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
        let query = format!(
            "{{ __schema {{ types {{ name kind enumValues {{ name }} inputFields {{ name type {{ {KIND} }} }} }}
                mutationType {{ fields {{ name args {{ name type {{ {KIND} }} }} }} }} }} }}"
        );
        let schema = phr.ask(&query, &json!({}))["__schema"].take();
        let named = |kind: &Value| (kind["name"].as_str().unwrap().to_owned(), kind.clone());
        let types = Self(schema["types"].as_array().unwrap().iter().map(named).collect());
        let fields = schema["mutationType"]["fields"].as_array().unwrap();
        let input = |field: &Value| {
            let argument = field["args"].as_array()?.first()?;
            Some((field["name"].as_str()?.to_owned(), argument["type"]["ofType"]["name"].as_str()?.to_owned()))
        };
        (types, fields.iter().filter_map(input).collect())
    }

    fn fields(&self, kind: &str) -> Vec<&Value> {
        self.0[kind]["inputFields"].as_array().map(|fields| fields.iter().collect()).unwrap_or_default()
    }

    /// Whether a new record's key can be told somewhere in it.
    fn tells_key(&self, kind: &str) -> bool {
        self.fields(kind).iter().any(|field| {
            (field["name"] == "uuid" && field["type"]["name"] == "UUID")
                || innermost(&field["type"]) != kind && self.tells_key(&innermost(&field["type"]))
        })
    }

    /// A value with a foreseen key wherever one can be told, and their places.
    fn value(&self, kind: &str, place: &[String], patient: &str, places: &mut Vec<Vec<String>>) -> Value {
        let mut value = Map::new();
        for field in self.fields(kind) {
            let (name, inner) = (field["name"].as_str().unwrap(), innermost(&field["type"]));
            let mut place = place.to_vec();
            place.push(name.to_owned());
            let is_needed = field["type"]["kind"] == "NON_NULL";
            let is_list = [&field["type"], &field["type"]["ofType"]].iter().any(|kind| kind["kind"] == "LIST");
            if name == "uuid" && !is_needed {
                places.push(place);
                value.insert(name.to_owned(), json!(FORESEEN));
            } else if self.tells_key(&inner) || is_needed {
                if is_list {
                    place.push("0".to_owned());
                }
                let told = match self.0[&inner]["kind"].as_str() {
                    Some("INPUT_OBJECT") => self.value(&inner, &place, patient, places),
                    Some("ENUM") => self.0[&inner]["enumValues"][0]["name"].clone(),
                    _ => scalar(&inner, name, patient),
                };
                value.insert(name.to_owned(), if is_list { json!([told]) } else { told });
            }
        }
        Value::Object(value)
    }
}

fn scalar(kind: &str, name: &str, patient: &str) -> Value {
    match kind {
        "UUID" if name == "patientId" => json!(patient),
        "UUID" => json!(HOME),
        "Date" => json!("2000-01-01"),
        "DateTime" => json!("2000-01-01T00:00:00Z"),
        "Int" | "Float" => json!(1),
        "Boolean" => json!(true),
        _ => json!("x"),
    }
}

fn innermost(kind: &Value) -> String {
    kind["name"].as_str().map_or_else(|| innermost(&kind["ofType"]), ToOwned::to_owned)
}

fn no_record_is_created_under_a_key_of_imports(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let (inputs, mutations) = Inputs::of(phr);
    let creating: Vec<_> = mutations.iter().filter(|(_, kind)| inputs.tells_key(kind)).collect();
    assert!(creating.len() >= 28, "{creating:?}");
    for (mutation, kind) in creating {
        let mut places = Vec::new();
        let input = inputs.value(kind, &["input".to_owned()], &patient, &mut places);
        let query =
            format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code path }} }} }}");
        let answer = phr.response(&query, &json!({ "input": input }));
        let errors = answer["data"][mutation]["userErrors"].as_array().unwrap_or_else(|| panic!("{input}: {answer}"));
        for place in places {
            let expected = json!({ "code": "INVALID_FORMAT", "path": place });
            assert!(errors.contains(&expected), "{mutation}: {place:?} {input}: {answer}");
        }
    }
}
