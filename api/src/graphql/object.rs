//! Objects whose fields are at hand.
//!
//! The library makes a task of every field, so that fields can wait side by side. Those of records do not wait: all that a
//! selection shows of them was read before ([`show`](super::shown::show)). So their types are tables of fields, and a value is
//! made by going through what is selected of it: which fields that are is worked out once for each place in a request, and
//! not for each record.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field as Asked, Selection, SelectionSet};
use async_graphql::registry::{MetaField, MetaType, MetaTypeId, Registry};
use async_graphql::{CacheControl, ContextSelectionSet, Name, OutputType, PathSegment, Positioned, Result, ServerError, Value};

use crate::criteria::{client_name, is_client_name};

use super::context::Context;
use super::many::field;

/// A field of an object.
pub(super) struct Field<T: ?Sized> {
    /// What the columns' namesakes are called: clients write `lastName` for `last_name`.
    pub(super) name: &'static str,
    /// Its description, with a space before each line.
    pub(super) description: &'static str,
    /// Its type, for the schema.
    pub(super) ty: fn(&mut Registry) -> String,
    /// What it shows.
    pub(super) value: fn(&T, &At<'_, '_>) -> Result<Value>,
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

    /// What the field with this number shows.
    ///
    /// # Errors
    /// Why it cannot be shown: it is null then, and its path is told.
    fn value(&self, number: usize, at: &At<'_, '_>) -> Result<Value>;
}

/// A value that a field shows.
pub(super) trait Answer {
    /// # Errors
    /// As [`Object::value`].
    fn answer(&self, at: &At<'_, '_>) -> Result<Value>;
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

/// An object as the library wants it, where one is shown by what the library resolves.
pub(super) fn resolve<T: Object>(object: &T, ctx: &ContextSelectionSet<'_>) -> Value {
    let place = Place::of(&ctx.item.node);
    Request::new(ctx).object(object, &place)
}

/// One field of an object as the library wants it, by the name that clients call it.
///
/// # Errors
/// As [`Object::value`].
pub(super) fn resolve_field<T: Object>(object: &T, ctx: &async_graphql::Context<'_>) -> Result<Option<Value>> {
    let Some(number) = T::find(&ctx.item.node.name.node) else { return Ok(None) };
    let selected = ctx.with_selection_set(&ctx.item.node.selection_set);
    let place = Place { field: Some(ctx.item), ..Place::of(&ctx.item.node.selection_set.node) };
    let request = Request::new(&selected);
    object.value(number, &At { request: &request, place: &place }).map(Some)
}

/// A request while objects of it are shown.
pub(super) struct Request<'r> {
    ctx: &'r ContextSelectionSet<'r>,
    context: &'r Context,
    /// Where below what the library resolves the value is that is being made.
    path: RefCell<Vec<Step>>,
}

enum Step {
    Field(Name),
    Item(usize),
}

/// A place in the document: what is selected of a value there.
pub(super) struct Place<'d> {
    /// The first field that asks for it; none for what the library resolves.
    field: Option<&'d Positioned<Asked>>,
    /// What it and others with the same key select.
    sets: Vec<&'d SelectionSet>,
    /// Which fields of the object at this place those are.
    fields: OnceCell<Vec<Selected<'d>>>,
    /// The field's arguments.
    arguments: OnceCell<Vec<(Name, Value)>>,
}

/// A field of an object, selected at a place.
struct Selected<'d> {
    /// What the client calls it.
    key: &'d Name,
    /// Its number; none for the name of the type.
    number: Option<usize>,
    place: Place<'d>,
}

/// Where a value is shown.
pub(super) struct At<'s, 'r> {
    request: &'s Request<'r>,
    place: &'s Place<'r>,
}

impl<'r> At<'_, 'r> {
    /// What the request works with.
    pub(super) const fn context(&self) -> &'r Context {
        self.request.context
    }

    /// An object as it is shown here.
    pub(super) fn object<T: Object>(&self, object: &T) -> Value {
        self.request.object(object, self.place)
    }

    /// The current field's arguments.
    ///
    /// # Errors
    /// When a variable has no value.
    pub(super) fn arguments(&self) -> Result<&[(Name, Value)]> {
        if let Some(known) = self.place.arguments.get() {
            return Ok(known);
        }
        let arguments = self.place.field.map(|field| self.request.ctx.with_field(field).field().arguments());
        let arguments = arguments.transpose().map_err(|error| async_graphql::Error::new(error.message))?;
        Ok(self.place.arguments.get_or_init(|| arguments.unwrap_or_default()))
    }

    /// Several values, each as it is shown here.
    pub(super) fn list<T: Answer>(&self, items: &[T]) -> Value {
        let item = |(index, item): (usize, &T)| {
            let answer = || item.answer(self).unwrap_or_else(|error| self.request.failed(error, self.place));
            self.request.within(Step::Item(index), answer)
        };
        Value::List(items.iter().enumerate().map(item).collect())
    }
}

impl<'d> Place<'d> {
    fn of(set: &'d SelectionSet) -> Self {
        Self { field: None, sets: vec![set], fields: OnceCell::new(), arguments: OnceCell::new() }
    }
}

impl<'r> Request<'r> {
    fn new(ctx: &'r ContextSelectionSet<'r>) -> Self {
        let context = ctx.data_unchecked::<std::sync::Arc<Context>>();
        Self { ctx, context, path: RefCell::default() }
    }

    fn object<T: Object>(&self, object: &T, place: &Place<'r>) -> Value {
        let fields = place.fields.get_or_init(|| self.fields::<T>(&place.sets));
        let mut shown = IndexMap::with_capacity(fields.len());
        for field in fields {
            let value = match field.number {
                None => Value::String(T::name().into_owned()),
                Some(number) => self.within(Step::Field(field.key.clone()), || {
                    let at = At { request: self, place: &field.place };
                    object.value(number, &at).unwrap_or_else(|error| self.failed(error, &field.place))
                }),
            };
            shown.insert(field.key.clone(), value);
        }
        Value::Object(shown)
    }

    fn within<V>(&self, step: Step, make: impl FnOnce() -> V) -> V {
        self.path.borrow_mut().push(step);
        let made = make();
        self.path.borrow_mut().pop();
        made
    }

    /// What could not be shown is null, and the client is told why.
    fn failed(&self, error: async_graphql::Error, place: &Place<'_>) -> Value {
        let position = place.field.map(|field| field.pos).unwrap_or_default();
        let mut error: ServerError = self.ctx.set_error_path(error.into_server_error(position));
        error.path.extend(self.path.borrow().iter().map(|step| match step {
            Step::Field(name) => PathSegment::Field(name.to_string()),
            Step::Item(index) => PathSegment::Index(*index),
        }));
        self.ctx.add_error(error);
        Value::Null
    }

    fn fields<T: Object>(&self, sets: &[&'r SelectionSet]) -> Vec<Selected<'r>> {
        let mut fields = Vec::new();
        for set in sets {
            self.collect::<T>(set, &mut fields);
        }
        fields
    }

    /// Adds the fields of a selection, those of fragments included; fields with the same key are one, of which all that any of
    /// them selects is shown.
    fn collect<T: Object>(&self, set: &'r SelectionSet, fields: &mut Vec<Selected<'r>>) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => add::<T>(field, fields),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                    if on.is_none_or(|on| self.is_a::<T>(on)) {
                        self.collect::<T>(&fragment.node.selection_set.node, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.ctx.query_env.fragments.get(&spread.node.fragment_name.node);
                    if let Some(fragment) = fragment.filter(|found| self.is_a::<T>(&found.node.type_condition.node.on.node)) {
                        self.collect::<T>(&fragment.node.selection_set.node, fields);
                    }
                }
            }
        }
    }

    /// Whether objects of a type are of the type that a fragment is on.
    fn is_a<T: Object>(&self, on: &Name) -> bool {
        let name = T::name();
        let interfaces = || self.ctx.schema_env.registry.implements.get(name.as_ref());
        *on == *name || interfaces().is_some_and(|interfaces| interfaces.contains(on.as_str()))
    }
}

fn add<'d, T: Object>(field: &'d Positioned<Asked>, fields: &mut Vec<Selected<'d>>) {
    let (key, set) = (&field.node.response_key().node, &field.node.selection_set.node);
    if let Some(known) = fields.iter_mut().find(|known| known.key == key) {
        known.place.sets.push(set);
        return;
    }
    // Nothing else gets past the validation of a document.
    let number = T::find(&field.node.name.node);
    if number.is_some() || field.node.name.node == "__typename" {
        fields.push(Selected { key, number, place: Place { field: Some(field), ..Place::of(set) } });
    }
}

/// A description whose lines begin with a space, as doc comments do.
pub(super) fn text(description: &str) -> String {
    let lines: Vec<&str> = description.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

/// Declares the fields of an object. Each returns what it shows, or why it cannot; those whose answer depends on who asks take
/// the request's context.
macro_rules! fields {
    (
        $(#[doc = $description:literal])*
        $object:ident $(<$record:ident>)? {
            $(
                $(#[doc = $field_description:literal])*
                $(#[name = $renamed:literal])?
                fn $field:ident(&$self:ident $(, $context:ident: &Context)?) -> $ty:ty $body:block
            )+
        }
    ) => {
        impl$(<$record: $crate::graphql::record::Record>)? $object$(<$record>)? {
            $(fn $field(&$self $(, $context: &$crate::graphql::context::Context)?) -> $ty $body)+
        }

        impl$(<$record: $crate::graphql::record::Record>)? $crate::graphql::object::Fields for $object$(<$record>)? {
            const DESCRIPTION: &'static str = concat!($($description, "\n"),*);

            const FIELDS: &'static [$crate::graphql::object::Field<Self>] = &[$(
                $crate::graphql::object::Field {
                    name: $crate::graphql::object::name!($field $(, $renamed)?),
                    description: concat!($($field_description, "\n"),*),
                    ty: |registry| <$ty as async_graphql::OutputType>::create_type_info(registry),
                    value: |object, at| {
                        $(let $context = at.context();)?
                        $crate::graphql::object::Answer::answer(&object.$field($($context)?)?, at)
                    },
                }
            ),+];
        }
    };
}

/// What a field is called: as its function, unless that is renamed.
macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident, $renamed:literal) => {
        $renamed
    };
}

/// Makes a type with [`fields!`] an object of the schema, under this name.
macro_rules! object {
    ($object:ident $(<$record:ident>)?, $name:expr) => {
        impl$(<$record: $crate::graphql::record::Record>)? $crate::graphql::object::Object for $object$(<$record>)? {
            fn name() -> std::borrow::Cow<'static, str> {
                $name
            }

            fn description() -> String {
                $crate::graphql::object::text(<Self as $crate::graphql::object::Fields>::DESCRIPTION)
            }

            fn describe(registry: &mut async_graphql::registry::Registry) -> Vec<async_graphql::registry::MetaField> {
                <Self as $crate::graphql::object::Fields>::described(registry)
            }

            fn find(name: &str) -> Option<usize> {
                <Self as $crate::graphql::object::Fields>::number(name)
            }

            fn value(
                &self,
                number: usize,
                at: &$crate::graphql::object::At<'_, '_>,
            ) -> async_graphql::Result<async_graphql::Value> {
                (<Self as $crate::graphql::object::Fields>::FIELDS[number].value)(self, at)
            }
        }

        $crate::graphql::object::output!($object$(<$record>)?);
    };
}

/// Lets the library resolve an object.
macro_rules! output {
    ($object:ident $(<$record:ident>)?) => {
        impl$(<$record: $crate::graphql::record::Record>)? async_graphql::OutputType for $object$(<$record>)? {
            fn type_name() -> std::borrow::Cow<'static, str> {
                <Self as $crate::graphql::object::Object>::name()
            }

            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                $crate::graphql::object::type_info::<Self>(registry)
            }

            async fn resolve(
                &self,
                ctx: &async_graphql::ContextSelectionSet<'_>,
                _: &async_graphql::Positioned<async_graphql::parser::types::Field>,
            ) -> async_graphql::ServerResult<async_graphql::Value> {
                Ok($crate::graphql::object::resolve(self, ctx))
            }
        }

        impl$(<$record: $crate::graphql::record::Record>)? $crate::graphql::object::Answer for $object$(<$record>)? {
            fn answer(&self, at: &$crate::graphql::object::At<'_, '_>) -> async_graphql::Result<async_graphql::Value> {
                Ok(at.object(self))
            }
        }
    };
}

pub(super) use {fields, name, object, output};
