use std::collections::{HashMap, HashSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, OperationDefinition, Type, TypeKind, TypeSystemDefinition};
use async_graphql::{Name, ScalarType, Value, Variables};
use chrono::DateTime;
use uuid::Uuid;

use crate::date::Date;
use crate::error::{Error, Result};

/// The schema's input types, against which variables are judged before anything runs: async-graphql would skip what it
/// does not know, so that a misspelt field were lost in silence, and would not say in which field a value is wrong.
#[derive(Debug)]
pub(super) struct Inputs {
    objects: HashMap<Name, HashMap<Name, Field>>,
    enums: HashMap<Name, HashSet<Name>>,
}

#[derive(Debug)]
struct Field {
    kind: Type,
    has_default: bool,
}

impl Inputs {
    /// Those of a schema, as its text has them.
    pub(super) fn of(sdl: &str) -> Self {
        let (mut objects, mut enums) = (HashMap::new(), HashMap::new());
        let document = parse_schema(sdl).expect("the schema is written by the library that reads it here");
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node;
            match definition.node.kind {
                TypeKind::InputObject(object) => {
                    let fields = object.fields.into_iter().map(|field| {
                        let field = field.node;
                        (field.name.node, Field { kind: field.ty.node, has_default: field.default_value.is_some() })
                    });
                    objects.insert(name, fields.collect());
                }
                TypeKind::Enum(choice) => {
                    enums.insert(name, choice.values.into_iter().map(|value| value.node.value.node).collect());
                }
                _ => {}
            }
        }
        Self { objects, enums }
    }

    /// # Errors
    /// `BadRequest` that names the first place where a variable is not what the operation declares.
    pub(super) fn check(&self, operation: &OperationDefinition, variables: &Variables) -> Result<()> {
        for definition in &operation.variable_definitions {
            let definition = &definition.node;
            let name = &definition.name.node;
            let checked = match variables.get(name) {
                Some(value) => self.value(&format!("${name}"), &definition.var_type.node, value),
                None if definition.var_type.node.nullable || definition.default_value.is_some() => Ok(()),
                None => Err(format!("${name}: is required")),
            };
            checked.map_err(Error::BadRequest)?;
        }
        Ok(())
    }

    fn value(&self, place: &str, kind: &Type, value: &Value) -> Result<(), String> {
        match (&kind.base, value) {
            (_, Value::Null) if kind.nullable => Ok(()),
            (_, Value::Null) => Err(format!("{place}: must not be null")),
            (BaseType::List(of), Value::List(items)) => {
                items.iter().enumerate().try_for_each(|(index, item)| self.value(&format!("{place}.{index}"), of, item))
            }
            // One value stands for a list of one.
            (BaseType::List(of), value) => self.value(place, of, value),
            (BaseType::Named(name), value) => self.named(place, name, value),
        }
    }

    fn named(&self, place: &str, name: &Name, value: &Value) -> Result<(), String> {
        if let Some(fields) = self.objects.get(name) {
            return self.object(place, name, fields, value);
        }
        if let Some(choices) = self.enums.get(name) {
            let known = match value {
                Value::String(text) => choices.contains(text.as_str()),
                Value::Enum(choice) => choices.contains(choice),
                _ => false,
            };
            return if known { Ok(()) } else { Err(format!("{place}: is no {name}")) };
        }
        scalar(name, value).map_err(|what| format!("{place}: {what}"))
    }

    fn object(&self, place: &str, name: &Name, fields: &HashMap<Name, Field>, value: &Value) -> Result<(), String> {
        let Value::Object(given) = value else { return Err(format!("{place}: must be an object, a {name}")) };
        for (field, value) in given {
            let Some(known) = fields.get(field) else {
                return Err(format!("{place}.{field}: {name} has no such field"));
            };
            self.value(&format!("{place}.{field}"), &known.kind, value)?;
        }
        let missing = |(_, field): &(&Name, &Field)| !field.kind.nullable && !field.has_default;
        match fields.iter().filter(missing).map(|(name, _)| name).filter(|name| !given.contains_key(*name)).min() {
            Some(field) => Err(format!("{place}.{field}: is required")),
            None => Ok(()),
        }
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
            Err("a date has the form YYYY-MM-DD and is a day of the calendar")
        }
        "DateTime" if text().is_none_or(|text| DateTime::parse_from_rfc3339(text).is_err()) => {
            Err("an instant has the form of RFC 3339, such as 2026-01-31T12:00:00Z")
        }
        _ => Ok(()),
    }
}

fn is_int(value: &Value) -> bool {
    matches!(value, Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()))
}
