use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::registry::{MetaField, Registry};
use async_graphql::resolver_utils::ContainerType;
use async_graphql::{Context, ID, ObjectType, Result, SelectionField, ServerResult, Value};
use futures_util::future::{BoxFuture, join};
use uuid::Uuid;

use crate::error::Error;
use crate::records::{Collection, Row};

use super::context;
use super::many::Lists;
use super::object::{At, Object, output, resolve_field, text};
use super::record::{Entity, Record};

/// A record with the lists of what belongs to it.
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

impl<R: Record> Shown<R> {
    /// The record's global id, as the schema's interface asks for it.
    pub(super) async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        match resolve_field(self, ctx)? {
            Some(Value::String(id)) => Ok(ID(id)),
            _ => Err(Error::internal("a record without an id").into()),
        }
    }
}

impl<R: Record> Object for Shown<R> {
    fn name() -> Cow<'static, str> {
        R::NAME.into()
    }

    fn description() -> String {
        text(R::DESCRIPTION)
    }

    fn describe(registry: &mut Registry) -> Vec<MetaField> {
        let mut fields = R::described(registry);
        fields.extend(R::MANY.iter().map(|many| many.describe(registry, R::Collection::NEEDS)));
        fields
    }

    fn find(name: &str) -> Option<usize> {
        let many = || R::MANY.iter().position(|many| many.name() == name);
        R::number(name).or_else(|| many().map(|number| R::FIELDS.len() + number))
    }

    fn write(&self, number: usize, at: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
        match R::FIELDS.get(number) {
            Some(field) => (field.write)(&self.record, at, json),
            None => Lists::of(self.lists.as_deref(), R::MANY[number - R::FIELDS.len()].name(), at)?
                .write(self.key, at, json),
        }
    }
}

output!(Shown<R>);

/// For the schema's interface and unions, whose fields the library resolves.
impl<R: Record> ContainerType for Shown<R> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        resolve_field(self, ctx).map_err(|error| ctx.set_error_path(error.into_server_error(ctx.item.pos)))
    }
}

impl<R: Record> ObjectType for Shown<R> {}
