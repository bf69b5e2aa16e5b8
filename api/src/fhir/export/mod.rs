//! FHIR R4 export: what an import takes over, as resources of which an import makes records that are equal in it.

mod clinical;
mod exporter;
mod files;
mod person;
mod run;

pub use files::{Exported, Files};
pub use run::export;

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The types that are exported, in the order in which their files are written.
const TYPES: [&str; 7] = [
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Patient",
    "AllergyIntolerance",
    "Condition",
    "MedicationRequest",
];

/// A resource without what is null, and without lists and objects that hold nothing.
fn resource(kind: &'static str, id: Uuid, fields: Value) -> Value {
    let mut whole = Map::new();
    whole.insert("resourceType".to_owned(), kind.into());
    whole.insert("id".to_owned(), id.to_string().into());
    if let Value::Object(fields) = fields {
        whole.extend(fields.into_iter().filter_map(|(name, value)| Some((name, filled(value)?))));
    }
    Value::Object(whole)
}

/// FHIR knows no null and no empty list or object.
fn filled(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(values) => {
            let values: Vec<Value> = values.into_iter().filter_map(filled).collect();
            (!values.is_empty()).then_some(Value::Array(values))
        }
        Value::Object(fields) => {
            let fields: Map<String, Value> =
                fields.into_iter().filter_map(|(name, value)| Some((name, filled(value)?))).collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        value => Some(value),
    }
}

fn reference(kind: &str, key: Option<Uuid>) -> Value {
    key.map_or(Value::Null, |key| json!({ "reference": format!("{kind}/{key}") }))
}

fn coded(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}
