//! Input values, judged by the schema's types before anything runs: async-graphql would skip what it does not know, so that
//! a misspelt field were lost in silence, and would not say in which field a value is wrong.

use std::convert::Infallible;

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type};
use async_graphql::{Name, ScalarType, Value, Variables};
use async_graphql_value::Value as Literal;
use bytes::Bytes;
use chrono::DateTime;
use uuid::Uuid;

use crate::date::Date;
use crate::error::Error;

use super::engine::MAX_ERRORS;
use super::types::{InputField, InputFields, Types};

/// Stands for a variable in a value of a document: neither JSON nor documents have binary values.
const VARIABLE: Value = Value::Binary(Bytes::new());

impl Types {
    /// Judges the variables of a request: returns each place where one is not what the operation declares.
    pub(super) fn check_variables(
        &self,
        operation: &OperationDefinition,
        document: &ExecutableDocument,
        variables: &Variables,
    ) -> Vec<Error> {
        let mut wrong = Wrong::default();
        for definition in &operation.variable_definitions {
            let definition = &definition.node;
            let name = &definition.name.node;
            let place = Place::of(name);
            match variables.get(name) {
                // With a default it may stand there, and null in spite of that would count as false.
                Some(Value::Null)
                    if definition.default_value.is_some() && self.is_in_directive(name, operation, document) =>
                {
                    wrong.add(&place, "must not be null");
                }
                Some(value) => self.value(&place, &definition.var_type.node, value, &mut wrong),
                None if definition.var_type.node.nullable || definition.default_value.is_some() => {}
                None => wrong.add(&place, "is required"),
            }
        }
        of_variables(wrong, operation, document)
    }

    /// Judges the values that a document holds itself: returns each place where one is not of its type. Variables in them are
    /// judged with their values.
    pub(super) fn check_literals(&self, document: &ExecutableDocument) -> Vec<Error> {
        let mut errors = Vec::new();
        for (_, operation) in document.operations.iter() {
            let mut wrong = Wrong::default();
            for definition in &operation.node.variable_definitions {
                if let Some(default) = &definition.node.default_value {
                    let (name, kind) = (&definition.node.name.node, &definition.node.var_type.node);
                    self.value(&Place::of(name), kind, &default.node, &mut wrong);
                }
            }
            errors.extend(of_variables(wrong, &operation.node, document));
        }
        let mut wrong = Wrong::default();
        self.each_field(document, &mut |field, known| {
            let Some(known) = known else { return };
            for (name, argument) in &known.arguments {
                match field.arguments.iter().find(|(given, _)| given.node == *name) {
                    Some((_, value)) => {
                        self.value(&Place::of(name), &argument.kind, &constant(&value.node), &mut wrong);
                    }
                    None if argument.is_required() => wrong.add(&Place::of(name), "is required"),
                    None => {}
                }
            }
        });
        let blamed = |(path, what): (Vec<String>, String)| {
            let place: Vec<&str> = path.iter().map(String::as_str).collect();
            Error::BadRequest(format!("{}: {what}", path.join("."))).at(&place)
        };
        errors.extend(wrong.0.into_iter().map(blamed));
        errors
    }

    fn value(&self, place: &Place<'_>, kind: &Type, value: &Value, wrong: &mut Wrong) {
        match (&kind.base, value) {
            (_, Value::Binary(_)) => {}
            (_, Value::Null) if kind.nullable => {}
            (_, Value::Null) => wrong.add(place, "must not be null"),
            (BaseType::List(of), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&place.item(index), of, item, wrong);
                }
            }
            // One value stands for a list of one.
            (BaseType::List(of), value) => self.value(place, of, value, wrong),
            (BaseType::Named(name), value) => self.named(place, name, value, wrong),
        }
    }

    fn named(&self, place: &Place<'_>, name: &Name, value: &Value, wrong: &mut Wrong) {
        if let Some(fields) = self.inputs.get(name) {
            return self.object(place, name, fields, value, wrong);
        }
        if let Some(choices) = self.enums.get(name) {
            let known = match value {
                Value::String(text) => choices.contains(text.as_str()),
                Value::Enum(choice) => choices.contains(choice),
                _ => false,
            };
            if !known {
                wrong.add(place, format!("is no {name}"));
            }
        } else if let Err(what) = scalar(name, value) {
            wrong.add(place, what);
        }
    }

    fn object(&self, place: &Place<'_>, name: &Name, fields: &InputFields, value: &Value, wrong: &mut Wrong) {
        let Value::Object(given) = value else { return wrong.add(place, format!("must be an object, a {name}")) };
        for (field, value) in given {
            match fields.get(field) {
                Some(known) => self.value(&place.field(field), &known.kind, value, wrong),
                None => wrong.add(&place.field(field), format!("{name} has no such field")),
            }
        }
        let missing = |(name, field): &(&Name, &InputField)| field.is_required() && !given.contains_key(*name);
        let mut missing: Vec<&Name> = fields.iter().filter(missing).map(|(name, _)| name).collect();
        missing.sort_unstable();
        for name in missing {
            wrong.add(&place.field(name), "is required");
        }
    }
}

fn constant(value: &Literal) -> Value {
    let marked = value.clone().into_const_with(|_| Ok::<_, Infallible>(VARIABLE));
    marked.unwrap_or_else(|never| match never {})
}

/// Place of a value in an argument or a variable.
#[derive(Clone, Copy)]
struct Place<'p> {
    above: Option<&'p Self>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Field(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    const fn of(name: &'p str) -> Self {
        Self { above: None, step: Step::Field(name) }
    }

    const fn field(&'p self, name: &'p str) -> Self {
        Self { above: Some(self), step: Step::Field(name) }
    }

    const fn item(&'p self, index: usize) -> Self {
        Self { above: Some(self), step: Step::Item(index) }
    }

    fn path(&self) -> Vec<String> {
        let mut path = self.above.map(Self::path).unwrap_or_default();
        path.push(match self.step {
            Step::Field(name) => name.to_owned(),
            Step::Item(index) => index.to_string(),
        });
        path
    }
}

/// Values that are not of their types, each with its place and what is wrong with it.
#[derive(Default)]
struct Wrong(Vec<(Vec<String>, String)>);

impl Wrong {
    fn add(&mut self, place: &Place<'_>, what: impl Into<String>) {
        if self.0.len() < MAX_ERRORS {
            self.0.push((place.path(), what.into()));
        }
    }
}

/// Errors of variables, each blamed on the argument in which the variable stands.
fn of_variables(wrong: Wrong, operation: &OperationDefinition, document: &ExecutableDocument) -> Vec<Error> {
    let blamed = |(path, what): (Vec<String>, String)| {
        let message = format!("${}: {what}", path.join("."));
        let within = path.get(1..).unwrap_or_default();
        let mut place = used(&path[0], operation, document).unwrap_or_else(|| path[..1].to_vec());
        place.extend_from_slice(within);
        Error::BadRequest(message).at(&place.iter().map(String::as_str).collect::<Vec<_>>())
    };
    wrong.0.into_iter().map(blamed).collect()
}

/// Place in the arguments where a variable stands first.
fn used(variable: &str, operation: &OperationDefinition, document: &ExecutableDocument) -> Option<Vec<String>> {
    let sets = std::iter::once(&operation.selection_set.node);
    let mut sets = sets.chain(document.fragments.values().map(|fragment| &fragment.node.selection_set.node));
    sets.find_map(|set| used_in(variable, set))
}

fn used_in(variable: &str, set: &SelectionSet) -> Option<Vec<String>> {
    set.items.iter().find_map(|selection| match &selection.node {
        Selection::Field(field) => {
            let mut arguments = field.node.arguments.iter();
            let own = arguments.find_map(|(name, value)| within(variable, &value.node, &Place::of(&name.node)));
            own.or_else(|| used_in(variable, &field.node.selection_set.node))
        }
        Selection::InlineFragment(fragment) => used_in(variable, &fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => None,
    })
}

fn within(variable: &str, value: &Literal, place: &Place<'_>) -> Option<Vec<String>> {
    match value {
        Literal::Variable(name) => (*name == variable).then(|| place.path()),
        Literal::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| within(variable, item, &place.item(index)))
        }
        Literal::Object(fields) => fields.iter().find_map(|(name, field)| within(variable, field, &place.field(name))),
        _ => None,
    }
}

/// What is wrong with a scalar, without repeating its value.
fn scalar(name: &str, value: &Value) -> Result<(), &'static str> {
    let text = || match value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    };
    match name {
        "String" if text().is_none() => Err("must be a text"),
        "Float" if !matches!(value, Value::Number(_)) => Err("must be a number"),
        "Boolean" if !matches!(value, Value::Boolean(_)) => Err("must be true or false"),
        "Int" if !is_int(value) => Err("must be a whole number of at most 32 bits"),
        "ID" if text().is_none() && !is_int(value) => Err("must be a text"),
        "UUID" if text().is_none_or(|text| Uuid::parse_str(text).is_err()) => {
            Err("a UUID has 32 hexadecimal digits, such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8")
        }
        "Date" if Date::parse(value.clone()).is_err() => {
            Err("a Date has the form YYYY-MM-DD and is a day of the calendar")
        }
        "DateTime" if text().is_none_or(|text| DateTime::parse_from_rfc3339(text).is_err()) => {
            Err("a DateTime has the form of RFC 3339, such as 2026-01-31T12:00:00Z")
        }
        _ => Ok(()),
    }
}

fn is_int(value: &Value) -> bool {
    matches!(value, Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    const SCHEMA: &str = "type Query { f(a: Int! = 1, i: I, o: [I!]): Query }
        input I { n: Int! = 2, r: Int!, t: String }";

    #[test]
    fn a_literal_is_judged_whatever_variables_it_has() {
        let errors = |text: &str| {
            let found = Types::of(SCHEMA).check_literals(&parse_query(text).unwrap());
            found.into_iter().map(|error| error.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(errors("query($v: String) { f(i: {r: 1, t: $v, x: 2}) }"), ["i.x: I has no such field"]);
        assert_eq!(errors("query($v: String) { ...F } fragment F on Query { f(o: {t: $v}) }"), ["o.r: is required"]);
    }
}
