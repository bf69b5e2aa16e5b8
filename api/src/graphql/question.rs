use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::Positioned;
use async_graphql::Variables;
use async_graphql::parser::types::{Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql_value::Value;

/// What decides what a subscription tells of an event: its document, which operation of it, and the variables but for those that are arguments
/// of the root field alone. Those decide which events there are: a cursor to go on from is everybody's own.
pub(super) fn question(
    text: &str,
    operation_name: Option<&str>,
    operation: &OperationDefinition,
    document: &ExecutableDocument,
    variables: &Variables,
) -> Arc<str> {
    let mut used = BTreeSet::new();
    of_directives(&operation.directives, &mut used);
    for selection in &operation.selection_set.node.items {
        match &selection.node {
            Selection::Field(root) => {
                of_directives(&root.node.directives, &mut used);
                of_selections(&root.node.selection_set.node, &mut used);
            }
            _ => of_selection(&selection.node, &mut used),
        }
    }
    for fragment in document.fragments.values() {
        of_directives(&fragment.node.directives, &mut used);
        of_selections(&fragment.node.selection_set.node, &mut used);
    }
    let values = used.iter().filter_map(|name| Some(format!("\n${name} = {}", variables.get(*name)?)));
    // A document may have several operations.
    let name = operation_name.map(|name| format!("\n{name}"));
    [text.to_owned()].into_iter().chain(name).chain(values).collect::<String>().into()
}

fn of_selections<'d>(set: &'d SelectionSet, used: &mut BTreeSet<&'d str>) {
    set.items.iter().for_each(|selection| of_selection(&selection.node, used));
}

fn of_selection<'d>(selection: &'d Selection, used: &mut BTreeSet<&'d str>) {
    match selection {
        Selection::Field(field) => {
            field.node.arguments.iter().for_each(|(_, value)| of_value(&value.node, used));
            of_directives(&field.node.directives, used);
            of_selections(&field.node.selection_set.node, used);
        }
        Selection::InlineFragment(fragment) => {
            of_directives(&fragment.node.directives, used);
            of_selections(&fragment.node.selection_set.node, used);
        }
        Selection::FragmentSpread(spread) => of_directives(&spread.node.directives, used),
    }
}

fn of_directives<'d>(directives: &'d [Positioned<Directive>], used: &mut BTreeSet<&'d str>) {
    for directive in directives {
        directive.node.arguments.iter().for_each(|(_, value)| of_value(&value.node, used));
    }
}

fn of_value<'d>(value: &'d Value, used: &mut BTreeSet<&'d str>) {
    match value {
        Value::Variable(name) => {
            used.insert(name);
        }
        Value::List(items) => items.iter().for_each(|item| of_value(item, used)),
        Value::Object(fields) => fields.values().for_each(|field| of_value(field, used)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn of(text: &str, variables: &serde_json::Value) -> Arc<str> {
        let document = parse_query(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        question(text, None, &operation.node, &document, &Variables::from_json(variables.clone()))
    }

    #[test]
    fn two_operations_of_a_document_are_two_questions() {
        let text = "subscription A { changed { a } } subscription B { changed { b } }";
        let document = parse_query(text).unwrap();
        let mut asked: Vec<_> = document
            .operations
            .iter()
            .map(|(name, operation)| {
                let name = name.map(async_graphql::Name::as_str);
                question(text, name, &operation.node, &document, &Variables::default())
            })
            .collect();
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 2);
    }

    #[test]
    fn where_somebody_begins_makes_no_difference_and_what_is_shown_does() {
        let text = "subscription($after: String, $long: Boolean!, $first: Int) { changed(after: $after) { a ...F \
             b(first: $first) c @include(if: $long) } } fragment F on T { d(in: [{e: $deep}]) }";
        let asked = |change: &serde_json::Value| {
            let mut variables = json!({"after": "x", "long": true, "first": 1, "deep": 1});
            variables.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            of(text, &variables)
        };
        assert_eq!(asked(&json!({})), asked(&json!({"after": "y"})));
        for change in [json!({"long": false}), json!({"first": 2}), json!({"deep": 2}), json!({"first": null})] {
            assert_ne!(asked(&json!({})), asked(&change), "{change}");
        }
        assert_ne!(of("subscription { a }", &json!({})), of("subscription { b }", &json!({})));
    }
}
