//! The types of a schema, read from its text.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, FieldDefinition, InputValueDefinition, OperationType, Selection, SelectionSet,
    Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Positioned};

/// Types of a schema, by their names.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// Object types and interfaces, each with its fields.
    outputs: HashMap<Name, Outputs>,
    /// Interfaces and unions that an object type belongs to.
    memberships: HashMap<Name, HashSet<Name>>,
    /// Input objects, each with its fields.
    pub(super) inputs: HashMap<Name, InputFields>,
    pub(super) enums: HashMap<Name, HashSet<Name>>,
    /// Directives, each with its arguments.
    pub(super) directives: HashMap<Name, InputFields>,
}

/// Fields of an object type or interface.
type Outputs = HashMap<Name, Output>;

/// A field of an object type or interface.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) kind: Type,
    pub(super) arguments: InputFields,
}

/// Arguments, or fields of an input object.
pub(super) type InputFields = HashMap<Name, InputField>;

/// An argument, or a field of an input object.
#[derive(Debug)]
pub(super) struct InputField {
    pub(super) kind: Type,
    pub(super) has_default: bool,
}

impl InputField {
    /// True when a value must be given.
    pub(super) const fn is_required(&self) -> bool {
        !self.kind.nullable && !self.has_default
    }
}

impl Types {
    /// Reads a schema that the library wrote.
    pub(super) fn of(sdl: &str) -> Self {
        let document = parse_schema(sdl).expect("the schema is written by the library that reads it here");
        let mut types = Self::default();
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => {
                    types.add(definition.node.name.node, definition.node.kind);
                }
                TypeSystemDefinition::Directive(directive) => {
                    let directive = directive.node;
                    types.directives.insert(directive.name.node, input_fields(directive.arguments));
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        types
    }

    fn add(&mut self, name: Name, kind: TypeKind) {
        match kind {
            TypeKind::Object(object) => {
                for interface in object.implements {
                    self.memberships.entry(name.clone()).or_default().insert(interface.node);
                }
                self.outputs.insert(name, outputs(object.fields));
            }
            TypeKind::Interface(interface) => {
                self.outputs.insert(name, outputs(interface.fields));
            }
            TypeKind::Union(union) => {
                for member in union.members {
                    self.memberships.entry(member.node).or_default().insert(name.clone());
                }
            }
            TypeKind::InputObject(object) => {
                self.inputs.insert(name, input_fields(object.fields));
            }
            TypeKind::Enum(choice) => {
                let values = choice.values.into_iter().map(|value| value.node.value.node);
                self.enums.insert(name, values.collect());
            }
            TypeKind::Scalar => {}
        }
    }

    /// The fields of an object type or interface; none of what is neither.
    fn fields(&self, name: &str) -> Option<&Outputs> {
        self.outputs.get(name)
    }

    /// A field of an object type or interface.
    pub(super) fn field(&self, on: Option<&str>, name: &str) -> Option<&Output> {
        self.outputs.get(on?)?.get(name)
    }

    /// Shows every field that a document selects of a type that there is, with what the type says of it.
    pub(super) fn each_field(&self, document: &ExecutableDocument, visit: &mut impl FnMut(&Field, Option<&Output>)) {
        for (_, operation) in document.operations.iter() {
            self.each_of(&operation.node.selection_set.node, self.fields(root(operation.node.ty)), visit);
        }
        for fragment in document.fragments.values() {
            let on = self.fields(&fragment.node.type_condition.node.on.node);
            self.each_of(&fragment.node.selection_set.node, on, visit);
        }
    }

    fn each_of(&self, set: &SelectionSet, on: Option<&Outputs>, visit: &mut impl FnMut(&Field, Option<&Output>)) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let name = &field.node.name.node;
                    let found = on.and_then(|fields| fields.get(name));
                    if on.is_some() && !name.starts_with("__") {
                        visit(&field.node, found);
                    }
                    let below = found.and_then(|field| self.fields(named(&field.kind)));
                    self.each_of(&field.node.selection_set.node, below, visit);
                }
                Selection::InlineFragment(fragment) => {
                    let named = fragment.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                    let on = named.map_or(on, |name| self.fields(name));
                    self.each_of(&fragment.node.selection_set.node, on, visit);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// True when whatever is of type `name` is also of type `on`.
    pub(super) fn is_a(&self, name: &str, on: &str) -> bool {
        name == on || self.memberships.get(name).is_some_and(|types| types.contains(on))
    }
}

/// The type of an operation's root fields.
pub(super) const fn root(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// The name of a type without its lists.
pub(super) fn named(kind: &Type) -> &Name {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(of) => named(of),
    }
}

fn outputs(fields: Vec<Positioned<FieldDefinition>>) -> Outputs {
    let field = |field: Positioned<FieldDefinition>| {
        let field = field.node;
        (field.name.node, Output { kind: field.ty.node, arguments: input_fields(field.arguments) })
    };
    fields.into_iter().map(field).collect()
}

fn input_fields(fields: Vec<Positioned<InputValueDefinition>>) -> InputFields {
    let field = |field: Positioned<InputValueDefinition>| {
        let field = field.node;
        (field.name.node, InputField { kind: field.ty.node, has_default: field.default_value.is_some() })
    };
    fields.into_iter().map(field).collect()
}
