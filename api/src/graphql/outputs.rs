use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, FieldDefinition, OperationType, Selection, SelectionSet, Type, TypeKind,
    TypeSystemDefinition,
};

use crate::error::{Error, Result};

use super::inputs::Input;

/// How many fields that there are not a document may name: for each, validation looks for those of the type that might have
/// been meant, letter by letter.
const MAX_UNKNOWN: usize = 20;

/// The fields of the schema's types.
#[derive(Debug)]
pub(super) struct Outputs(HashMap<Name, Fields>);

type Fields = HashMap<Name, Output>;

/// A field of a type.
#[derive(Debug)]
pub(super) struct Output {
    /// The type of its values.
    of: Name,
    pub(super) arguments: HashMap<Name, Input>,
}

impl Outputs {
    /// Those of a schema, as its text has them.
    pub(super) fn of(sdl: &str) -> Self {
        let document = parse_schema(sdl).expect("the schema is written by the library that reads it here");
        let types = document.definitions.into_iter().filter_map(|definition| {
            let TypeSystemDefinition::Type(definition) = definition else { return None };
            let fields = match definition.node.kind {
                TypeKind::Object(object) => fields(object.fields),
                TypeKind::Interface(interface) => fields(interface.fields),
                _ => return None,
            };
            Some((definition.node.name.node, fields))
        });
        Self(types.collect())
    }

    /// # Errors
    /// `BadRequest` for a document that names too many fields that there are not.
    pub(super) fn check(&self, document: &ExecutableDocument) -> Result<()> {
        let mut unknown = Vec::new();
        self.each(document, &mut |field, known| {
            if known.is_none() && unknown.len() <= MAX_UNKNOWN {
                unknown.push(field.name.node.clone());
            }
        });
        match unknown.get(MAX_UNKNOWN) {
            None => Ok(()),
            Some(name) => Err(Error::BadRequest(format!(
                "the document names more than {MAX_UNKNOWN} fields that there are not, the last being {name}"
            ))),
        }
    }

    /// Shows every field of a document that is selected of a known type, with what the type says of it.
    pub(super) fn each(&self, document: &ExecutableDocument, visit: &mut impl FnMut(&Field, Option<&Output>)) {
        for (_, operation) in document.operations.iter() {
            let root = match operation.node.ty {
                OperationType::Query => "Query",
                OperationType::Mutation => "Mutation",
                OperationType::Subscription => "Subscription",
            };
            self.set(&operation.node.selection_set.node, self.0.get(root), visit);
        }
        for fragment in document.fragments.values() {
            let on = self.0.get(&fragment.node.type_condition.node.on.node);
            self.set(&fragment.node.selection_set.node, on, visit);
        }
    }

    fn set(&self, set: &SelectionSet, on: Option<&Fields>, visit: &mut impl FnMut(&Field, Option<&Output>)) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let name = &field.node.name.node;
                    let found = on.and_then(|fields| fields.get(name));
                    if on.is_some() && !name.starts_with("__") {
                        visit(&field.node, found);
                    }
                    self.set(&field.node.selection_set.node, found.and_then(|field| self.0.get(&field.of)), visit);
                }
                Selection::InlineFragment(fragment) => {
                    let named = fragment.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                    let on = named.map_or(on, |name| self.0.get(name));
                    self.set(&fragment.node.selection_set.node, on, visit);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}

fn fields(fields: Vec<Positioned<FieldDefinition>>) -> Fields {
    let output = |field: FieldDefinition| {
        let arguments = field.arguments.into_iter().map(|argument| Input::of(argument.node)).collect();
        (field.name.node, Output { of: named(&field.ty.node).clone(), arguments })
    };
    fields.into_iter().map(|field| output(field.node)).collect()
}

fn named(kind: &Type) -> &Name {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(of) => named(of),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn only_so_many_fields_may_be_wrong() {
        let outputs =
            Outputs::of("type Query { a: [A!] b: Int } interface I { x: Int } type A implements I { x: Int a: A }");
        let check = |text: &str| outputs.check(&parse_query(text).unwrap());
        assert!(check(&format!("{{ a {{ {} }} b __schema {{ x }} }}", "x a { a { x } } ".repeat(50))).is_ok());
        let wrong = "x ".repeat(MAX_UNKNOWN);
        assert!(check(&format!("{{ {wrong} }}")).is_ok(), "validation tells of each");
        for text in [
            format!("{{ {wrong} y }}"),
            format!("{{ {wrong} a {{ y }} }}"),
            format!("{{ {wrong} ... {{ ... on A {{ b }} }} }}"),
            format!("{{ {wrong} ...F }} fragment F on I {{ a }}"),
        ] {
            assert!(matches!(check(&text), Err(Error::BadRequest(_))), "{text}");
        }
        assert!(check(&format!("{{ a {{ {} }} }}", "nothing { x y z } ".repeat(MAX_UNKNOWN))).is_ok());
    }
}
