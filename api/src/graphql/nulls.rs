//! Nulls of a response: where a field failed, its value is null; and where null must not stand, the value around it is, up to
//! the response's data (6.4.4 of the specification).

use std::cmp::Reverse;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type,
};
use async_graphql::{Name, PathSegment, ServerError, Value};

use super::types::{Types, named, root};

/// Puts null into the nearest place around each error where null may stand. The library leaves failed fields out, and null
/// where no field is left.
pub(super) fn propagate(
    data: &mut Value,
    errors: &[ServerError],
    operation: &OperationDefinition,
    document: &ExecutableDocument,
    types: &Types,
) {
    let places = Places { operation, document, types };
    let mut nulls: Vec<_> =
        errors.iter().filter(|error| !error.path.is_empty()).map(|error| places.null(&error.path)).collect();
    // What is around others comes after them, and takes their place.
    nulls.sort_by_key(|path| Reverse(path.len()));
    for path in nulls {
        put_null(data, path);
    }
}

struct Places<'d> {
    operation: &'d OperationDefinition,
    document: &'d ExecutableDocument,
    types: &'d Types,
}

impl<'d> Places<'d> {
    /// The beginning of an error's path where null may stand; empty for the data as a whole.
    fn null<'p>(&self, path: &'p [PathSegment]) -> &'p [PathSegment] {
        let mut sets = vec![(Some(root(self.operation.ty)), &self.operation.selection_set.node)];
        let (mut kind, mut length) = (None, 0);
        for (index, segment) in path.iter().enumerate() {
            kind = match segment {
                PathSegment::Field(name) => {
                    let fields = fields_called(name, &sets, self.document);
                    let typed = |(on, field): &(Option<&str>, &'d Field)| {
                        let kind = self.types.field(*on, &field.name.node).map(|known| &known.kind);
                        (kind, &field.selection_set.node)
                    };
                    let typed: Vec<_> = fields.iter().map(typed).collect();
                    sets = typed.iter().map(|(kind, set)| (kind.map(|kind| named(kind).as_str()), *set)).collect();
                    typed.iter().find_map(|(kind, _)| *kind)
                }
                PathSegment::Index(_) => kind.and_then(item),
            };
            if kind.is_none_or(|kind: &Type| kind.nullable) {
                length = index + 1;
            }
        }
        &path[..length]
    }
}

fn item(list: &Type) -> Option<&Type> {
    match &list.base {
        BaseType::List(of) => Some(of),
        BaseType::Named(_) => None,
    }
}

/// The fields with this response key in selections, each with the type that it is selected on, where that is known.
pub(super) fn fields_called<'d>(
    key: &str,
    sets: &[(Option<&'d str>, &'d SelectionSet)],
    document: &'d ExecutableDocument,
) -> Vec<(Option<&'d str>, &'d Field)> {
    let mut fields = Vec::new();
    for (on, set) in sets {
        collect(key, *on, set, document, &mut fields);
    }
    fields
}

fn collect<'d>(
    key: &str,
    on: Option<&'d str>,
    set: &'d SelectionSet,
    document: &'d ExecutableDocument,
    fields: &mut Vec<(Option<&'d str>, &'d Field)>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) if field.node.response_key().node == key => fields.push((on, &field.node)),
            Selection::Field(_) => {}
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref();
                let on = condition.map_or(on, |condition| Some(&condition.node.on.node));
                collect(key, on, &fragment.node.selection_set.node, document, fields);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    let on = &fragment.node.type_condition.node.on.node;
                    collect(key, Some(on), &fragment.node.selection_set.node, document, fields);
                }
            }
        }
    }
}

/// Puts null at a path; an object that lost all of its fields is one again, on the way.
fn put_null(value: &mut Value, path: &[PathSegment]) {
    let Some((first, rest)) = path.split_first() else {
        *value = Value::Null;
        return;
    };
    if let Value::Binary(json) = value {
        *value = serde_json::from_slice(json).unwrap_or_default();
    }
    match (&mut *value, first) {
        (Value::Object(object), PathSegment::Field(name)) => {
            put_null(object.entry(Name::new(name)).or_insert(Value::Null), rest);
        }
        (Value::Null, PathSegment::Field(name)) => {
            let mut below = Value::Null;
            put_null(&mut below, rest);
            *value = Value::Object(IndexMap::from([(Name::new(name), below)]));
        }
        (Value::List(items), PathSegment::Index(index)) => {
            if let Some(item) = items.get_mut(*index) {
                put_null(item, rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::graphql::limits::chosen;
    use crate::graphql::text::written;

    const SCHEMA: &str = "type Query { t: T u: T! l: [T!] m: [[T!]]! }
        interface I { b: Int! }
        type T implements I { a: Int b: Int! t: T u: T! l: [T!]! m: [T]! }";

    fn propagated(text: &str, data: Value, paths: &[Json]) -> Json {
        let document = parse_query(text).unwrap();
        let segment = |segment: &Json| match segment.as_u64() {
            Some(index) => PathSegment::Index(usize::try_from(index).unwrap()),
            None => PathSegment::Field(segment.as_str().unwrap().to_owned()),
        };
        let path = |path: &Json| path.as_array().unwrap().iter().map(segment).collect();
        let error = |one: &Json| ServerError { path: path(one), ..ServerError::new("", None) };
        let errors: Vec<_> = paths.iter().map(error).collect();
        let mut data = data;
        propagate(&mut data, &errors, chosen(&document, None).unwrap(), &document, &Types::of(SCHEMA));
        data.into_json().unwrap()
    }

    fn of(text: &str, data: Json, paths: &[Json]) -> Json {
        propagated(text, Value::from_json(data).unwrap(), paths)
    }

    #[test]
    fn null_goes_up_to_where_it_may_stand() {
        let text = "{ t { a b u { b } l { x: b } m { b } } }";
        let data = json!({"t": {"a": 1, "u": {"b": 2}, "l": [{"x": 1}], "m": [{"b": 1}, {"b": 1}]}});
        let (none, a) =
            (json!({"t": null}), json!({"t": {"a": null, "u": {"b": 2}, "l": [{"x": 1}], "m": [{"b": 1}, {"b": 1}]}}));
        assert_eq!(of(text, data.clone(), &[json!(["t", "a"])]), a);
        assert_eq!(of(text, data.clone(), &[json!(["t", "b"])]), none);
        assert_eq!(of(text, data.clone(), &[json!(["t", "u", "b"]), json!(["t", "a"])]), none);
        assert_eq!(of(text, data.clone(), &[json!(["t", "l", 0, "x"])]), none);
        let m = json!({"t": {"a": 1, "u": {"b": 2}, "l": [{"x": 1}], "m": [{"b": 1}, null]}});
        assert_eq!(of(text, data.clone(), &[json!(["t", "m", 1, "b"])]), m);
        assert_eq!(of("{ u { ...F } } fragment F on I { b }", json!({"u": {}}), &[json!(["u", "b"])]), Json::Null);
    }

    #[test]
    fn what_the_library_left_out_is_there_again() {
        assert_eq!(
            of("{ u { a } t { a } }", json!(null), &[json!(["u", "a"]), json!(["t"])]),
            json!({"u": {"a": null}, "t": null})
        );
        assert_eq!(
            of("{ l { a } }", json!({"l": [{"a": 1}, null]}), &[json!(["l", 1, "a"])]),
            json!({"l": [{"a": 1}, {"a": null}]})
        );
    }

    #[test]
    fn what_was_written_already_is_read_again_where_something_failed() {
        let data = || {
            let of = |json: &str| written(json.as_bytes().to_vec());
            Value::Object(IndexMap::from([
                (Name::new("t"), of(r#"{"b":null,"a":1}"#)),
                (Name::new("o"), of(r#"{"z":1,"a":2}"#)),
            ]))
        };
        let text = "{ t { b a } o: t { z: b a } }";
        let failed = propagated(text, data(), &[json!(["t", "b"]), json!(["o", "a"])]);
        assert_eq!(failed, json!({"t": null, "o": {"z": 1, "a": null}}));
    }
}
