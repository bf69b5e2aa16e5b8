//! The variables of an operation before it runs: the specification's coercion of variables (6.1.2) and of what they are
//! written into (3.10, 6.4.1). The library would take a variable without a value for null.

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Variables};
use async_graphql_value::Value;

/// Gives every variable of `operation` that was not given its default. Arguments and input fields whose variable has no
/// value then are as if they were not written: returns the document without them, which is the same one where there are
/// none. Within a list such a variable is null.
pub(super) fn settle(
    document: &Arc<ExecutableDocument>,
    operation: &OperationDefinition,
    variables: &mut Variables,
) -> Arc<ExecutableDocument> {
    let mut absent = HashSet::new();
    for definition in &operation.variable_definitions {
        let (name, default) = (&definition.node.name.node, &definition.node.default_value);
        if variables.contains_key(name) {
            continue;
        }
        match default {
            Some(default) => drop(variables.insert(name.clone(), default.node.clone())),
            None => drop(absent.insert(name)),
        }
    }
    if absent.is_empty() {
        return Arc::clone(document);
    }
    let mut settled = (**document).clone();
    Absent(absent).leave_out(&mut settled);
    Arc::new(settled)
}

/// Variables without a value.
struct Absent<'d>(HashSet<&'d Name>);

type Arguments = Vec<(Positioned<Name>, Positioned<Value>)>;

impl Absent<'_> {
    fn leave_out(&self, document: &mut ExecutableDocument) {
        match &mut document.operations {
            DocumentOperations::Single(operation) => self.operation(&mut operation.node),
            DocumentOperations::Multiple(operations) => {
                for operation in operations.values_mut() {
                    self.operation(&mut operation.node);
                }
            }
        }
        for fragment in document.fragments.values_mut() {
            self.directives(&mut fragment.node.directives);
            self.selections(&mut fragment.node.selection_set.node);
        }
    }

    fn operation(&self, operation: &mut OperationDefinition) {
        self.directives(&mut operation.directives);
        self.selections(&mut operation.selection_set.node);
    }

    fn selections(&self, set: &mut SelectionSet) {
        for selection in &mut set.items {
            self.directives(selection.node.directives_mut());
            match &mut selection.node {
                Selection::Field(field) => {
                    self.arguments(&mut field.node.arguments);
                    self.selections(&mut field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => self.selections(&mut fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn directives(&self, directives: &mut [Positioned<Directive>]) {
        for directive in directives {
            self.arguments(&mut directive.node.arguments);
        }
    }

    fn arguments(&self, arguments: &mut Arguments) {
        arguments.retain(|(_, value)| !self.is(&value.node));
        for (_, value) in arguments {
            self.within(&mut value.node);
        }
    }

    fn within(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|_, field| !self.is(field));
                fields.values_mut().for_each(|field| self.within(field));
            }
            Value::List(items) => {
                for item in items {
                    if self.is(item) {
                        *item = Value::Null;
                    }
                    self.within(item);
                }
            }
            _ => {}
        }
    }

    fn is(&self, value: &Value) -> bool {
        matches!(value, Value::Variable(name) if self.0.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;
    use crate::graphql::limits::chosen;

    fn settled(
        text: &str,
        variables: serde_json::Value,
    ) -> (Arc<ExecutableDocument>, Arc<ExecutableDocument>, Variables) {
        let document = Arc::new(parse_query(text).unwrap());
        let mut variables = Variables::from_json(variables);
        let settled = settle(&document, chosen(&document, None).unwrap(), &mut variables);
        (document, settled, variables)
    }

    fn arguments(document: &ExecutableDocument) -> String {
        let Selection::Field(field) = &chosen(document, None).unwrap().selection_set.node.items[0].node else {
            panic!("a field")
        };
        let arguments = field.node.arguments.iter().map(|(name, value)| format!("{}: {}", name.node, value.node));
        arguments.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_has_no_value_is_as_if_it_were_not_written() {
        let text = "query($a: A, $b: B, $n: N = 7) { f(a: $a, b: {c: $a, d: [$a, {e: $a, f: $b}], g: $n}, h: $n) }";
        let (_, settled, variables) = settled(text, json!({"b": null}));
        assert_eq!(arguments(&settled), "b: {d: [null, {f: $b}], g: $n}, h: $n");
        assert_eq!(variables, Variables::from_json(json!({"b": null, "n": 7})));
    }

    #[test]
    fn a_document_whose_variables_all_have_values_is_not_copied() {
        let text = "query($a: A, $n: N = 7) { f(a: $a, n: $n) }";
        let (document, settled, _) = settled(text, json!({"a": 1}));
        assert!(Arc::ptr_eq(&document, &settled));
    }
}
