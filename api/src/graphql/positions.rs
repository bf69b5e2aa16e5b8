//! Places of the variables of a document, judged by the schema's types: the library's validation does not look at them, or
//! only for the variables of the request that happens to come first.

use std::collections::HashSet;

use async_graphql::parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type,
    VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned, ServerError};
use async_graphql_value::Value;

use super::types::{InputField, InputFields, Types, named, root};

impl Types {
    /// Judges where the variables of every operation of a document stand.
    ///
    /// # Errors
    /// Variables that may be null where a value is needed.
    pub(super) fn check_positions(&self, document: &ExecutableDocument) -> Result<(), Vec<ServerError>> {
        for (_, operation) in document.operations.iter() {
            let usage = Usage::of(self, document, &operation.node);
            let mut errors = Vec::new();
            for definition in &operation.node.variable_definitions {
                let definition = &definition.node;
                errors.extend(usage.misfit(definition));
                let default = definition.default_value.as_ref().map(|value| &value.node);
                let may_be_null = definition.var_type.node.nullable
                    && default.is_none_or(|value| *value == async_graphql_value::ConstValue::Null);
                let name = &definition.name.node;
                if let Some(pos) = usage.required.iter().find(|(used, _)| *used == name).map(|(_, pos)| *pos)
                    && may_be_null
                {
                    let message = format!("Variable \"${name}\" may be null and is used where a value is required");
                    errors.push(ServerError::new(message, Some(pos)));
                }
            }
            if !errors.is_empty() {
                return Err(errors);
            }
        }
        Ok(())
    }

    /// True when the variable decides by a directive what an operation selects.
    pub(super) fn is_in_directive(
        &self,
        variable: &Name,
        operation: &OperationDefinition,
        document: &ExecutableDocument,
    ) -> bool {
        Usage::of(self, document, operation).in_directives.contains(variable)
    }

    /// Lets variables that may be null stand for arguments and input fields that must not be null but have a default, as the
    /// specification does (5.8.5). The library does not: for it, such variables are declared as those that must be given.
    pub(super) fn allow_defaults(&self, document: &mut ExecutableDocument) {
        let allowed = |document: &ExecutableDocument, operation: &OperationDefinition| {
            let usage = Usage::of(self, document, operation);
            let required: HashSet<_> = usage.required.into_iter().map(|(name, _)| name.clone()).collect();
            usage.defaulted.into_iter().filter(|name| !required.contains(*name)).cloned().collect::<HashSet<_>>()
        };
        let names: Vec<_> = document
            .operations
            .iter()
            .map(|(name, operation)| (name.cloned(), allowed(document, &operation.node)))
            .collect();
        for (operation, names) in names {
            let found = match (&mut document.operations, operation) {
                (DocumentOperations::Single(operation), _) => Some(operation),
                (DocumentOperations::Multiple(operations), Some(name)) => operations.get_mut(&name),
                (DocumentOperations::Multiple(_), None) => None,
            };
            for definition in found.into_iter().flat_map(|operation| &mut operation.node.variable_definitions) {
                let definition = &mut definition.node;
                if definition.default_value.is_none() && names.contains(&definition.name.node) {
                    definition.var_type.node.nullable = false;
                }
            }
        }
    }
}

/// Variables of an operation that stand where null must not.
struct Usage<'d> {
    types: &'d Types,
    document: &'d ExecutableDocument,
    followed: HashSet<&'d Name>,
    /// Those for which there is a default instead.
    defaulted: HashSet<&'d Name>,
    /// Those for which there is none.
    required: Vec<(&'d Name, Pos)>,
    /// Every place of a variable within a value, with the type that is expected there.
    typed: Vec<(&'d Name, &'d Type, Pos)>,
    in_directives: HashSet<&'d Name>,
}

impl<'d> Usage<'d> {
    fn of(types: &'d Types, document: &'d ExecutableDocument, operation: &'d OperationDefinition) -> Self {
        let [followed, defaulted, in_directives] = Default::default();
        let mut usage =
            Self { types, document, followed, defaulted, required: Vec::new(), typed: Vec::new(), in_directives };
        usage.directives(&operation.directives);
        usage.selections(&operation.selection_set.node, Some(root(operation.ty)));
        usage
    }

    /// Error of a variable that stands where another type is expected. The library sees those of whole arguments.
    fn misfit(&self, variable: &VariableDefinition) -> Option<ServerError> {
        let (name, declared) = (&variable.name.node, &variable.var_type.node);
        let mut places = self.typed.iter().filter(|(used, ..)| *used == name);
        let (_, expected, pos) = places.find(|(_, expected, _)| !is_alike(declared, expected))?;
        let message = format!("Variable \"${name}\" of type \"{declared}\" is used where \"{expected}\" is expected");
        Some(ServerError::new(message, Some(*pos)))
    }

    fn selections(&mut self, set: &'d SelectionSet, on: Option<&'d str>) {
        for selection in &set.items {
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => {
                    let known = self.types.field(on, &field.node.name.node);
                    if let Some(known) = known {
                        self.arguments(&field.node.arguments, &known.arguments);
                    }
                    let below = known.map(|known| named(&known.kind).as_str());
                    self.selections(&field.node.selection_set.node, below);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| Some(&condition.node.on.node));
                    self.selections(&fragment.node.selection_set.node, on);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.followed.insert(name)
                    {
                        self.directives(&fragment.node.directives);
                        let on = &fragment.node.type_condition.node.on.node;
                        self.selections(&fragment.node.selection_set.node, Some(on));
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'d [Positioned<Directive>]) {
        for directive in directives {
            let given = &directive.node.arguments;
            if let Some(known) = self.types.directives.get(&directive.node.name.node) {
                self.arguments(given, known);
            }
            self.in_directives.extend(given.iter().filter_map(|(_, value)| match &value.node {
                Value::Variable(name) => Some(name),
                _ => None,
            }));
        }
    }

    fn arguments(&mut self, given: &'d [(Positioned<Name>, Positioned<Value>)], known: &'d InputFields) {
        for (name, value) in given {
            let Some(argument) = known.get(&name.node) else { continue };
            self.field(&value.node, argument, value.pos);
        }
    }

    fn field(&mut self, value: &'d Value, field: &'d InputField, pos: Pos) {
        match value {
            Value::Variable(name) if field.has_default && !field.kind.nullable => {
                self.typed.push((name, &field.kind, pos));
                self.defaulted.insert(name);
            }
            value => self.value(value, &field.kind, pos),
        }
    }

    fn value(&mut self, value: &'d Value, kind: &'d Type, pos: Pos) {
        match (value, &kind.base) {
            (Value::Variable(name), _) => {
                self.typed.push((name, kind, pos));
                if !kind.nullable {
                    self.required.push((name, pos));
                }
            }
            (Value::List(items), BaseType::List(of)) => items.iter().for_each(|item| self.value(item, of, pos)),
            // One value stands for a list of one.
            (value @ Value::Object(_), BaseType::List(of)) => self.value(value, of, pos),
            (Value::Object(fields), BaseType::Named(name)) => {
                let Some(known) = self.types.inputs.get(name) else { return };
                for (name, value) in fields {
                    if let Some(field) = known.get(name) {
                        self.field(value, field, pos);
                    }
                }
            }
            _ => {}
        }
    }
}

/// True when two types differ in nothing but where they may be null.
fn is_alike(one: &Type, other: &Type) -> bool {
    match (&one.base, &other.base) {
        (BaseType::Named(one), BaseType::Named(other)) => one == other,
        (BaseType::List(one), BaseType::List(other)) => is_alike(one, other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    const SCHEMA: &str = "type Query { f(a: Int! = 1, i: I, l: [Int!], o: [I!]): Query }
        input I { n: Int! = 2, r: Int!, t: String }";

    fn errors(text: &str) -> Vec<String> {
        let found = Types::of(SCHEMA).check_positions(&parse_query(text).unwrap());
        found.err().unwrap_or_default().into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn a_variable_that_may_be_null_needs_a_default_where_a_value_is_required() {
        assert!(errors("query($v: Int) { f(a: $v) { f(i: {n: $v, r: 1}, o: {n: $v, r: 1}) } }").is_empty());
        assert!(errors("query($v: Int = 1) { f(i: {r: $v}, l: [$v]) }").is_empty());
        for text in [
            "query($v: Int) { f(i: {r: $v}) }",
            "query($v: Int) { f(l: [1, $v]) }",
            "query($v: Int) { f(o: {r: $v}) }",
            "query($v: Int = null) { ...F } fragment F on Query { f { f(o: [{r: $v}]) } }",
            "query($v: String) { f(i: {n: $v, r: 1}) }",
            "query($v: [Int!]!) { f(i: {n: $v, r: 1}) }",
        ] {
            assert_eq!(errors(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn variables_for_what_has_a_default_are_declared_as_required_for_the_library() {
        let declared = |text: &str| {
            let mut document = parse_query(text).unwrap();
            Types::of(SCHEMA).allow_defaults(&mut document);
            let (_, operation) = document.operations.iter().next().unwrap();
            operation.node.variable_definitions[0].node.var_type.node.to_string()
        };
        assert_eq!(declared("query($v: Int) { f(a: $v) }"), "Int!");
        assert_eq!(declared("query A($v: Int) { f(i: {n: $v, r: 1}) }"), "Int!");
        assert_eq!(declared("query($v: Int) { f(a: $v, l: [$v]) }"), "Int");
        assert_eq!(declared("query($v: Int) { f(l: $v) }"), "Int");
    }
}
