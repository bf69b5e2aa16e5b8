//! Puts the fields of a response into the order in which they were asked for, as the GraphQL specification would have
//! it (section 7.2.2). Fields are resolved side by side and collected as they come.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value};

/// Orders the data of a response to `operation`.
pub(super) fn order(data: &mut Value, operation: &OperationDefinition, document: &ExecutableDocument) {
    let selected = &operation.selection_set.node;
    if !stands(data, selected) {
        arrange(data, &[selected], document);
    }
}

/// Whether all of it stands in order already, as it mostly does: told by one comparison of names after the other.
/// Fragments, and fields that were left out or are selected twice, are left to `arrange`.
fn stands(value: &Value, set: &SelectionSet) -> bool {
    match value {
        Value::List(items) => items.iter().all(|item| stands(item, set)),
        Value::Object(object) if !set.items.is_empty() => {
            let is_next = |((name, value), item): ((&Name, &Value), &Positioned<Selection>)| {
                let Selection::Field(field) = &item.node else { return false };
                field.node.response_key().node == *name && stands(value, &field.node.selection_set.node)
            };
            object.len() == set.items.len() && object.iter().zip(&set.items).all(is_next)
        }
        _ => true,
    }
}

/// The fields of one object: each response name, with every selection of what is below it.
type Fields<'d> = IndexMap<&'d str, Vec<&'d SelectionSet>>;

fn arrange(value: &mut Value, sets: &[&SelectionSet], document: &ExecutableDocument) {
    if sets.iter().all(|set| set.items.is_empty()) || !matches!(value, Value::Object(_) | Value::List(_)) {
        return;
    }
    let mut fields = Fields::new();
    for set in sets {
        collect(set, document, &mut fields);
    }
    arrange_by(value, &fields, document);
}

fn arrange_by(value: &mut Value, fields: &Fields<'_>, document: &ExecutableDocument) {
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| arrange_by(item, fields, document)),
        Value::Object(object) => {
            if !is_ordered(object, fields) {
                object.sort_by_cached_key(|name, _| fields.get_index_of(name.as_str()).unwrap_or(usize::MAX));
            }
            for (name, value) in object {
                if let Some(below) = fields.get(name.as_str()) {
                    arrange(value, below, document);
                }
            }
        }
        _ => {}
    }
}

fn is_ordered(object: &IndexMap<Name, Value>, fields: &Fields<'_>) -> bool {
    object.keys().map(|name| fields.get_index_of(name.as_str()).unwrap_or(usize::MAX)).is_sorted()
}

/// Fragments count where they are spread, whatever type they are for: which of them apply shows in what the object has.
fn collect<'d>(set: &'d SelectionSet, document: &'d ExecutableDocument, fields: &mut Fields<'d>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                fields.entry(field.node.response_key().node.as_str()).or_default().push(&field.node.selection_set.node);
            }
            Selection::InlineFragment(fragment) => collect(&fragment.node.selection_set.node, document, fields),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect(&fragment.node.selection_set.node, document, fields);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;
    use crate::graphql::limits::chosen;

    #[test]
    fn fields_come_in_the_order_of_the_document() {
        let document = parse_query("{ b { y ...F x: z } a } fragment F on T { w { q p } y }").unwrap();
        let mut data = Value::from_json(serde_json::json!({
            "a": 1, "b": [{"x": 1, "w": {"p": 1, "q": 2}, "y": 2}, {"w": null, "x": 3, "y": 4}]
        }))
        .unwrap();
        order(&mut data, chosen(&document, None).unwrap(), &document);
        let text = serde_json::to_string(&data).unwrap();
        assert_eq!(text, r#"{"b":[{"y":2,"w":{"q":2,"p":1},"x":1},{"y":4,"w":null,"x":3}],"a":1}"#);
    }
}
