//! The extent of a request: how far and how deep the library will walk through its document, and how many values it will
//! make of the arguments. Judged before validation, which repeats what a fragment holds for every place that spreads it,
//! and what a variable holds for every place that uses it; and of all operations, as it validates those that do not run too.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, VariableDefinition,
};
use async_graphql::{Name, Positioned, Variables};
use async_graphql_value::{ConstValue, Value};

use crate::error::{Error, Result};

use super::filter_size::check_filter;

/// How deep fields and fragments may nest in each other.
pub(super) const MAX_LEVELS: usize = 100;

/// How many fields and fragments a document may have, those of a fragment counted wherever it is spread.
pub(super) const MAX_SELECTIONS: usize = 20_000;

/// How many values the arguments of a request may hold, those of a variable counted wherever it is used.
pub(super) const MAX_VALUES: usize = 100_000;

type Arguments = [(Positioned<Name>, Positioned<Value>)];

/// Judges everything in a document, or only the operation that runs where the document was found to be valid before.
///
/// # Errors
/// `Limit`.
pub(super) fn check(
    document: &ExecutableDocument,
    valid: Option<&OperationDefinition>,
    variables: &Variables,
) -> Result<()> {
    let mut extent = Extent { document, variables, spread: HashSet::new(), selections: 0, values: 0 };
    if let Some(operation) = valid {
        return extent.operation(operation);
    }
    for (_, operation) in document.operations.iter() {
        extent.operation(&operation.node)?;
    }
    for (name, fragment) in &document.fragments {
        if !extent.spread.contains(name) {
            let mut known = Known::new(variables, &[]);
            extent.directives(&fragment.node.directives, &mut known)?;
            extent.set(&fragment.node.selection_set.node, 1, &mut known)?;
        }
    }
    Ok(())
}

struct Extent<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    spread: HashSet<&'d Name>,
    selections: usize,
    values: usize,
}

impl<'d> Extent<'d> {
    fn operation(&mut self, operation: &'d OperationDefinition) -> Result<()> {
        let mut known = Known::new(self.variables, &operation.variable_definitions);
        self.directives(&operation.directives, &mut known)?;
        self.set(&operation.selection_set.node, 1, &mut known)
    }

    fn set(&mut self, set: &'d SelectionSet, level: usize, known: &mut Known<'d>) -> Result<()> {
        if level > MAX_LEVELS {
            return Err(Error::Limit(format!("fields and fragments nest more than {MAX_LEVELS} levels deep")));
        }
        for selection in &set.items {
            self.selections += 1;
            if self.selections > MAX_SELECTIONS {
                return Err(Error::Limit(format!(
                    "the document has more than {MAX_SELECTIONS} fields, those of fragments counted wherever they are spread"
                )));
            }
            match &selection.node {
                Selection::Field(field) => {
                    self.arguments(&field.node.arguments, known)?;
                    self.directives(&field.node.directives, known)?;
                    self.set(&field.node.selection_set.node, level + 1, known)?;
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.node.directives, known)?;
                    self.set(&fragment.node.selection_set.node, level + 1, known)?;
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives, known)?;
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    self.spread.insert(name);
                    self.directives(&fragment.node.directives, known)?;
                    self.set(&fragment.node.selection_set.node, level + 1, known)?;
                }
            }
        }
        Ok(())
    }

    fn directives(&mut self, directives: &'d [Positioned<Directive>], known: &mut Known<'d>) -> Result<()> {
        directives.iter().try_for_each(|directive| self.arguments(&directive.node.arguments, known))
    }

    fn arguments(&mut self, arguments: &'d Arguments, known: &mut Known<'d>) -> Result<()> {
        for (name, value) in arguments {
            self.values = self.values.saturating_add(known.size(&value.node));
            if self.values > MAX_VALUES {
                return Err(Error::Limit(format!(
                    "{}: the arguments hold more than {MAX_VALUES} values, those of a variable counted wherever it is used",
                    name.node
                )));
            }
            if name.node == "filter" {
                check_filter(&value.node, |name| known.value(name))?;
            }
        }
        Ok(())
    }
}

/// The variables of one operation.
struct Known<'d> {
    variables: &'d Variables,
    definitions: &'d [Positioned<VariableDefinition>],
    sizes: HashMap<&'d Name, usize>,
}

impl<'d> Known<'d> {
    fn new(variables: &'d Variables, definitions: &'d [Positioned<VariableDefinition>]) -> Self {
        Self { variables, definitions, sizes: HashMap::new() }
    }

    /// What was given for a variable, or else its default.
    fn value(&self, name: &Name) -> Option<&'d ConstValue> {
        self.variables.get(name).or_else(|| {
            let definition = self.definitions.iter().find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }

    fn size(&mut self, value: &'d Value) -> usize {
        match value {
            Value::Variable(name) => {
                if let Some(size) = self.sizes.get(name) {
                    return *size;
                }
                let size = self.value(name).map_or(1, size);
                self.sizes.insert(name, size);
                size
            }
            Value::List(items) => items.iter().fold(1, |sum, item| sum.saturating_add(self.size(item))),
            Value::Object(fields) => fields.values().fold(1, |sum, field| sum.saturating_add(self.size(field))),
            _ => 1,
        }
    }
}

/// How many values a value is made of.
fn size(value: &ConstValue) -> usize {
    match value {
        ConstValue::List(items) => items.iter().fold(1, |sum, item| sum + size(item)),
        ConstValue::Object(fields) => fields.values().fold(1, |sum, field| sum + size(field)),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn refused(text: &str, variables: serde_json::Value) -> Option<String> {
        match check(&parse_query(text).unwrap(), None, &Variables::from_json(variables)) {
            Ok(()) => None,
            Err(Error::Limit(message)) => Some(message),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn fragments_count_wherever_they_are_spread() {
        let doubled = |levels: usize| {
            let fragments = (0..levels).map(|level| format!("fragment F{level} on Q {{ ...F{0} ...F{0} }}", level + 1));
            format!(
                "query A {{ a }} query B {{ ...F0 }} {} fragment F{levels} on Q {{ a }}",
                fragments.collect::<String>()
            )
        };
        assert_eq!(refused(&doubled(10), serde_json::json!({})), None);
        assert!(refused(&doubled(40), serde_json::json!({})).unwrap().contains("20000 fields"));
        for circle in
            ["{ a } fragment F on Q { ...F }", "query A { a } query B { ...F } fragment F on Q { a { ...F } }"]
        {
            assert!(refused(circle, serde_json::json!({})).unwrap().contains("levels deep"), "{circle}");
        }
    }

    #[test]
    fn variables_count_wherever_they_are_used() {
        let used = |times: usize| format!("query($v: J) {{ {} }}", "a(b: [$v])".repeat(times));
        let held = |count: usize| serde_json::json!({ "v": vec![0; count] });
        assert_eq!(refused(&used(99), held(1000)), None);
        assert!(refused(&used(100), held(1000)).unwrap().starts_with("b: "));
        let default = format!("query($v: [Int] = [{}]) {{ {} }}", "0 ".repeat(1000), "a(b: $v)".repeat(100));
        assert!(refused(&default, serde_json::json!({})).is_some());
    }
}
