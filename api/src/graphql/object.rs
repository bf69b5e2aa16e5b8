//! Objects whose fields are at hand.
//!
//! The library makes a task of every field, so that fields can wait side by side. Those of records do not wait: all that a
//! selection shows of them was read before ([`show`](super::shown::show)). So their types are tables of fields, and they are
//! written as JSON by going through what is selected of them: which fields that are is worked out once for each place in a
//! request, and not for each record.

mod declare;
mod place;

use std::borrow::Cow;

use async_graphql::registry::{MetaField, MetaType, MetaTypeId, Registry};
use async_graphql::{CacheControl, OutputType, Result};

use crate::criteria::{client_name, is_client_name};

use super::many::field;

pub(super) use declare::{fields, name, object, output};
pub(super) use place::{At, resolve, resolve_field};

/// A field of an object.
pub(super) struct Field<T: ?Sized> {
    /// What the columns' namesakes are called: clients write `lastName` for `last_name`.
    pub(super) name: &'static str,
    /// Its description, with a space before each line.
    pub(super) description: &'static str,
    /// Its type, for the schema.
    pub(super) ty: fn(&mut Registry) -> String,
    /// Writes what it shows.
    pub(super) write: fn(&T, &At<'_, '_>, &mut Vec<u8>) -> Result<()>,
}

/// What the fields of an object are. Declared by [`fields!`].
pub(super) trait Fields: Send + Sync + Sized + 'static {
    /// The type's description, with a space before each line.
    const DESCRIPTION: &'static str;
    /// Its fields, in the schema's order.
    const FIELDS: &'static [Field<Self>];

    /// The fields for the schema.
    fn described(registry: &mut Registry) -> Vec<MetaField> {
        let described = |one: &Field<Self>| {
            let ty = (one.ty)(registry);
            field(&client_name(one.name), &text(one.description), ty)
        };
        Self::FIELDS.iter().map(described).collect()
    }

    /// The number of the field that clients call so.
    fn number(name: &str) -> Option<usize> {
        Self::FIELDS.iter().position(|field| is_client_name(name, field.name))
    }
}

/// An object type of the schema.
pub(super) trait Object: Send + Sync {
    /// What the schema calls it.
    fn name() -> Cow<'static, str>;

    /// Its description.
    fn description() -> String;

    /// Its fields for the schema.
    fn describe(registry: &mut Registry) -> Vec<MetaField>;

    /// The number of the field that clients call so.
    fn find(name: &str) -> Option<usize>;

    /// Writes what the field with this number shows.
    ///
    /// # Errors
    /// Why it cannot be shown: it is null then, whatever was written of it, and its path is told.
    fn write(&self, number: usize, at: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()>;
}

/// A value that a field shows.
pub(super) trait ToJson {
    /// # Errors
    /// As [`Object::write`].
    fn to_json(&self, at: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()>;
}

/// A type for the schema.
pub(super) fn type_info<T: Object + OutputType>(registry: &mut Registry) -> String {
    registry.create_output_type::<T, _>(MetaTypeId::Object, |registry| MetaType::Object {
        name: T::name().into_owned(),
        description: Some(T::description()),
        fields: T::describe(registry).into_iter().map(|field| (field.name.clone(), field)).collect(),
        cache_control: CacheControl::default(),
        extends: false,
        shareable: false,
        resolvable: true,
        inaccessible: false,
        interface_object: false,
        tags: Vec::new(),
        keys: None,
        visible: None,
        is_subscription: false,
        rust_typename: Some(std::any::type_name::<T>()),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    })
}

/// A description whose lines begin with a space, as doc comments do.
pub(super) fn text(description: &str) -> String {
    let lines: Vec<&str> = description.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}
