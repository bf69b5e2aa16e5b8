//! The schema as clients see it: by introspection.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::Phr;

const TYPE: &str = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";

/// The types of the schema, by their names.
pub(super) struct Schema(BTreeMap<String, Value>);

impl Schema {
    pub(super) fn of(phr: &Phr) -> Self {
        let query = format!(
            "{{ __schema {{ types {{ kind name inputFields {{ name type {{ {TYPE} }} }} \
               fields {{ name type {{ {TYPE} }} args {{ name type {{ {TYPE} }} }} }} }} }} }}"
        );
        let types = phr.ask(&query, &json!({}))["__schema"]["types"].take();
        let types = types.as_array().expect("types").iter();
        Self(types.map(|kind| (text(&kind["name"]).to_owned(), kind.clone())).collect())
    }

    /// The type of this name.
    pub(super) fn named(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// All types.
    pub(super) fn types(&self) -> impl Iterator<Item = &Value> {
        self.0.values()
    }

    /// What to select of values of a type, so that a document is valid: nothing of scalars.
    pub(super) fn selection(&self, kind: &Value) -> &'static str {
        let kind = text(&self.named(named(kind))["kind"]);
        if ["OBJECT", "INTERFACE", "UNION"].contains(&kind) { "{ __typename }" } else { "" }
    }
}

/// The name of a type, whatever wraps it.
pub(super) fn named(mut kind: &Value) -> &str {
    while !kind["ofType"].is_null() {
        kind = &kind["ofType"];
    }
    text(&kind["name"])
}

/// A type as documents write it.
pub(super) fn written(kind: &Value) -> String {
    match text(&kind["kind"]) {
        "NON_NULL" => format!("{}!", written(&kind["ofType"])),
        "LIST" => format!("[{}]", written(&kind["ofType"])),
        _ => text(&kind["name"]).to_owned(),
    }
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
