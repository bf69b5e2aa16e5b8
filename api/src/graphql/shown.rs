use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{Context, ContextSelectionSet, OutputType, Positioned, SelectionField, ServerResult, Value};
use futures_util::future::{BoxFuture, join};
use uuid::Uuid;

use crate::records::{Collection, Row};

use super::context;
use super::many::{Lists, field};
use super::record::{Entity, Record};

/// A record whose fields are resolved where they stand, one after the other, with the lists of what belongs to it. The
/// library makes a task of every field, so that fields can wait side by side; those of records do not wait.
#[derive(Clone)]
pub(super) struct Shown<R> {
    record: R,
    key: Uuid,
    lists: Option<Arc<Lists>>,
}

/// Rows as `fields` show them, in their order, with everything that they refer to and all that belongs to them. Whatever
/// waits for the database does so here, for all rows together.
pub(super) fn show<'a, R: Record>(
    context: &'a context::Context,
    fields: &'a [SelectionField<'a>],
    rows: Vec<Row<Entity<R>>>,
) -> BoxFuture<'a, Vec<Shown<R>>> {
    // In one piece of memory: records refer to records, and futures would hold futures.
    Box::pin(async move {
        let keys: Vec<Uuid> = rows.iter().map(|row| R::Collection::key_of(row).unwrap_or_default()).collect();
        let (records, lists) = join(R::of(context, fields, rows), Lists::read::<R>(context, fields, &keys)).await;
        let shown = |(record, key)| Shown { record, key, lists: lists.clone() };
        records.into_iter().zip(keys).map(shown).collect()
    })
}

impl<R> std::ops::Deref for Shown<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.record
    }
}

impl<R: Record> OutputType for Shown<R> {
    fn type_name() -> Cow<'static, str> {
        R::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = R::create_type_info(registry);
        for many in R::MANY {
            // Its place is taken first: what it shows may refer to this type again.
            let is_new = match registry.types.get_mut(R::NAME) {
                Some(MetaType::Object { fields, .. }) if !fields.contains_key(many.name()) => {
                    fields.insert(many.name().to_owned(), field(many.name(), "", String::new()));
                    true
                }
                _ => false,
            };
            if !is_new {
                continue;
            }
            let field = many.describe(registry);
            if let Some(MetaType::Object { fields, .. }) = registry.types.get_mut(R::NAME) {
                fields.insert(field.name.clone(), field);
            }
        }
        name
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        // In one piece of memory for the record: a list moves what its records' futures are made of. And of no particular
        // type, because a record may show another one of its own kind.
        let resolved: BoxFuture<'_, _> = if is_plain(&ctx.item.node.items) {
            Box::pin(self.fields(ctx))
        } else {
            Box::pin(resolve_container(ctx, self))
        };
        resolved.await
    }
}

impl<R: Record> ContainerType for Shown<R> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        if !R::MANY.iter().any(|many| many.name() == ctx.item.node.name.node) {
            return self.record.resolve_field(ctx).await;
        }
        match Lists::resolve(self.lists.as_deref(), ctx, self.key).await {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                ctx.add_error(error);
                Ok(Some(Value::Null))
            }
        }
    }
}

impl<R: Record> async_graphql::ObjectType for Shown<R> {}

impl<R: Record> Shown<R> {
    async fn fields(&self, ctx: &ContextSelectionSet<'_>) -> ServerResult<Value> {
        let items = &ctx.item.node.items;
        let mut object = IndexMap::with_capacity(items.len());
        for field in items.iter().filter_map(as_field) {
            let value = if field.node.name.node == "__typename" {
                Ok(Some(R::NAME.into()))
            } else {
                self.resolve_field(&ctx.with_field(field)).await
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

fn as_field(item: &Positioned<Selection>) -> Option<&Positioned<Field>> {
    if let Selection::Field(field) = &item.node { Some(field) } else { None }
}

/// Whether a selection has nothing but fields: no fragments, no directives, and no name twice, whose selections would have
/// to be merged.
fn is_plain(items: &[Positioned<Selection>]) -> bool {
    let name = |item| as_field(item).map(|field| &field.node.response_key().node);
    let is_first = |(at, item)| !items[..at].iter().any(|other| name(other) == name(item));
    items.iter().all(|item| as_field(item).is_some_and(|field| field.node.directives.is_empty()))
        && items.iter().enumerate().all(is_first)
}
