use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_container;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use futures_util::future::BoxFuture;

use super::record::Record;

/// A record whose fields are resolved where they stand, one after the other. The library makes a task of every field, so
/// that fields can wait side by side; those of records do not wait.
pub(super) struct Shown<R>(pub(super) R);

impl<R: Record> OutputType for Shown<R> {
    fn type_name() -> Cow<'static, str> {
        R::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        R::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        // In one piece of memory for the record: a list moves what its records' futures are made of. And of no particular
        // type, because a record may show another one of its own kind.
        let resolved: BoxFuture<'_, _> = match plain(&ctx.item.node.items) {
            Some(fields) => Box::pin(self.fields(ctx, fields)),
            None => Box::pin(resolve_container(ctx, &self.0)),
        };
        resolved.await
    }
}

impl<R: Record> Shown<R> {
    async fn fields(&self, ctx: &ContextSelectionSet<'_>, fields: Vec<&Positioned<Field>>) -> ServerResult<Value> {
        let mut object = IndexMap::with_capacity(fields.len());
        for field in fields {
            let value = if field.node.name.node == "__typename" {
                Ok(Some(R::NAME.into()))
            } else {
                self.0.resolve_field(&ctx.with_field(field)).await
            };
            match value {
                Ok(value) => {
                    object.insert(field.node.response_key().node.clone(), value.unwrap_or_default());
                }
                Err(error) => ctx.add_error(error),
            }
        }
        Ok(if object.is_empty() { Value::Null } else { Value::Object(object) })
    }
}

/// The fields of a selection that has nothing else: no fragments, no directives, and no name twice, whose selections
/// would have to be merged.
fn plain(items: &[Positioned<Selection>]) -> Option<Vec<&Positioned<Field>>> {
    let mut fields: Vec<&Positioned<Field>> = Vec::with_capacity(items.len());
    for item in items {
        let Selection::Field(field) = &item.node else { return None };
        let name = &field.node.response_key().node;
        let is_twice = fields.iter().any(|other| other.node.response_key().node == *name);
        if is_twice || !field.node.directives.is_empty() {
            return None;
        }
        fields.push(field);
    }
    Some(fields)
}
