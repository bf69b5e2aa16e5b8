//! Going through what is selected of objects.

use std::cell::{Cell, OnceCell};

use async_graphql::parser::types::{Field as Asked, OperationType, Selection, SelectionSet};
use async_graphql::{ContextSelectionSet, Name, PathSegment, Positioned, Result, ServerResult, Value};

use crate::error::Error;
use crate::graphql::context::Context;
use crate::graphql::empty_objects::is_added;
use crate::graphql::text::written;

use super::{Object, ToJson};

/// What a record or a short list takes.
const USUAL_BYTES: usize = 1024;

/// An object as the library wants it, where one is shown by what the library resolves.
///
/// # Errors
/// `Internal`, with its path, when what was written cannot be read again.
pub(in crate::graphql) fn resolve<T: Object>(object: &T, ctx: &ContextSelectionSet<'_>) -> ServerResult<Value> {
    let (request, place) = (Request::new(ctx), Place::of(&ctx.item.node));
    let mut json = Vec::with_capacity(USUAL_BYTES);
    At { request: &request, place: &place, path: None }.object(object, &mut json);
    request.has_grown(json.len());
    request.value(json).map_err(|error| ctx.set_error_path(error.into_server_error(ctx.item.pos)))
}

/// One field of an object as the library wants it, by the name that clients call it.
///
/// # Errors
/// As [`Object::write`].
pub(in crate::graphql) fn resolve_field<T: Object>(
    object: &T,
    ctx: &async_graphql::Context<'_>,
) -> Result<Option<Value>> {
    let Some(number) = T::find(&ctx.item.node.name.node) else { return Ok(None) };
    let selected = ctx.with_selection_set(&ctx.item.node.selection_set);
    let place = Place { field: Some(ctx.item), ..Place::of(&ctx.item.node.selection_set.node) };
    let (request, mut json) = (Request::new(&selected), Vec::with_capacity(USUAL_BYTES));
    object.write(number, &At { request: &request, place: &place, path: None }, &mut json)?;
    request.has_grown(json.len());
    request.value(json).map(Some)
}

/// A request while objects of it are shown.
struct Request<'r> {
    ctx: &'r ContextSelectionSet<'r>,
    context: &'r Context,
    /// Bytes that the answer is known to hold.
    counted: Cell<usize>,
}

/// A place in the document: what is selected of a value there.
struct Place<'d> {
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
pub(in crate::graphql) struct At<'s, 'r> {
    request: &'s Request<'r>,
    place: &'s Place<'r>,
    path: Option<&'s Path<'s>>,
}

/// Where below what the library resolves that is.
struct Path<'p> {
    above: Option<&'p Path<'p>>,
    step: Step<'p>,
}

enum Step<'p> {
    Field(&'p Name),
    Item(usize),
}

impl<'r> At<'_, 'r> {
    /// What the request works with.
    pub(in crate::graphql) const fn context(&self) -> &'r Context {
        self.request.context
    }

    /// The current field's arguments.
    ///
    /// # Errors
    /// When a variable has no value.
    pub(in crate::graphql) fn arguments(&self) -> Result<&[(Name, Value)]> {
        if let Some(known) = self.place.arguments.get() {
            return Ok(known);
        }
        let arguments = self.place.field.map(|field| self.request.ctx.with_field(field).field().arguments());
        let arguments = arguments.transpose().map_err(|error| async_graphql::Error::new(error.message))?;
        Ok(self.place.arguments.get_or_init(|| arguments.unwrap_or_default()))
    }

    /// Writes what is selected of an object here.
    pub(in crate::graphql) fn object<T: Object>(&self, object: &T, json: &mut Vec<u8>) {
        let fields = self.place.fields.get_or_init(|| self.request.fields::<T>(&self.place.sets));
        json.push(b'{');
        for (index, field) in fields.iter().enumerate() {
            json.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
            // The letters of names are such as stand in JSON for themselves.
            json.extend_from_slice(field.key.as_bytes());
            json.extend_from_slice(b"\":");
            let path = Path { above: self.path, step: Step::Field(field.key) };
            let at = At { request: self.request, place: &field.place, path: Some(&path) };
            match field.number {
                Some(number) => at.or_null(json, |json| object.write(number, &at, json)),
                None => at.or_null(json, |json| T::name().as_ref().to_json(&at, json)),
            }
        }
        json.push(b'}');
    }

    /// Writes several values, each as it is shown here.
    pub(in crate::graphql) fn list<T: ToJson>(&self, items: &[T], json: &mut Vec<u8>) {
        json.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            let path = Path { above: self.path, step: Step::Item(index) };
            let at = At { path: Some(&path), ..*self };
            at.or_null(json, |json| item.to_json(&at, json));
        }
        json.push(b']');
    }

    /// What could not be shown is null, and the client is told why.
    fn or_null(&self, json: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) {
        let start = json.len();
        if !self.request.has_grown(start) {
            json.extend_from_slice(b"null");
            return;
        }
        if let Err(error) = write(json) {
            json.truncate(start);
            json.extend_from_slice(b"null");
            let position = self.place.field.map(|field| field.pos).unwrap_or_default();
            let mut error = self.request.ctx.set_error_path(error.into_server_error(position));
            let below = error.path.len();
            error.path.extend(std::iter::successors(self.path, |path| path.above).map(Path::segment));
            error.path[below..].reverse();
            self.request.ctx.add_error(error);
        }
    }
}

impl Path<'_> {
    fn segment(&self) -> PathSegment {
        match self.step {
            Step::Field(name) => PathSegment::Field(name.to_string()),
            Step::Item(index) => PathSegment::Index(index),
        }
    }
}

impl<'d> Place<'d> {
    fn of(set: &'d SelectionSet) -> Self {
        Self { field: None, sets: vec![set], fields: OnceCell::new(), arguments: OnceCell::new() }
    }
}

impl<'r> Request<'r> {
    fn new(ctx: &'r ContextSelectionSet<'r>) -> Self {
        Self { ctx, context: ctx.data_unchecked::<std::sync::Arc<Context>>(), counted: Cell::new(0) }
    }

    /// Counts what was written. Whether the answer may grow on: one that may not is never sent, so that it does not matter
    /// what stands in it.
    fn has_grown(&self, bytes: usize) -> bool {
        let counted = self.counted.replace(bytes.max(self.counted.get()));
        self.context.answer.take(bytes.saturating_sub(counted)).is_ok()
    }

    /// What was written as the library takes it: as it is where the library has nothing to do with it any more.
    fn value(&self, json: Vec<u8>) -> Result<Value> {
        if self.is_whole() { Ok(written(json)) } else { Ok(serde_json::from_slice(&json).map_err(Error::internal)?) }
    }

    /// Whether what is resolved stands directly below a query, where each key is asked for once: what has the same key is
    /// merged by the library.
    fn is_whole(&self) -> bool {
        let operation = &self.ctx.query_env.operation.node;
        operation.ty == OperationType::Query
            && self.ctx.path_node.as_ref().is_some_and(|node| node.parent.is_none())
            && self.are_distinct(&operation.selection_set.node, &mut Vec::new())
    }

    fn are_distinct(&self, set: &'r SelectionSet, keys: &mut Vec<&'r Name>) -> bool {
        set.items.iter().all(|item| match &item.node {
            Selection::Field(field) => {
                let key = &field.node.response_key().node;
                let is_new = !keys.contains(&key);
                keys.push(key);
                is_new
            }
            Selection::InlineFragment(fragment) => self.are_distinct(&fragment.node.selection_set.node, keys),
            Selection::FragmentSpread(spread) => {
                let fragment = self.ctx.query_env.fragments.get(&spread.node.fragment_name.node);
                fragment.is_none_or(|fragment| self.are_distinct(&fragment.node.selection_set.node, keys))
            }
        })
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
                    let fragment = fragment.filter(|found| self.is_a::<T>(&found.node.type_condition.node.on.node));
                    if let Some(fragment) = fragment {
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
    // Objects without fields are written as they are.
    if is_added(key) {
        return;
    }
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
