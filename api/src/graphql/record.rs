use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Result, SelectionField};
use sea_orm::{EntityTrait, IdenStatic, Iterable};
use uuid::Uuid;

use crate::criteria::{Criteria, is_client_name};
use crate::error::Error;
use crate::records::{Collection, Deleted, Row, disclose_shown, find};

use super::context::{self, of};
use super::many::Many;
use super::object::Fields;
use super::one::{One, joins};
use super::shown::{Shown, show};

pub(super) type Entity<R> = <<R as Record>::Collection as Criteria>::Entity;
pub(super) type Column<R> = <Entity<R> as EntityTrait>::Column;

/// An object type that shows the rows of a collection.
pub(super) trait Record: Fields + Clone {
    type Collection: Collection;

    /// The object type's name.
    const NAME: &'static str;

    /// The records that the record refers to.
    const ONES: &'static [&'static dyn One<Self>] = &[];

    /// The columns that fields other than these and their namesakes are made of.
    fn relation(_field: &str) -> Option<Column<Self>> {
        None
    }

    /// The columns of which a field is worked out, where that is several.
    fn composed(_field: &str) -> &'static [Column<Self>] {
        &[]
    }

    /// The lists of what belongs to the record.
    const MANY: &'static [&'static dyn Many] = &[];

    /// The records of some rows, in their order, with the records that they refer to as far as `fields` ask for those.
    /// Whatever waits for the database does so here, for all rows together; no field waits afterwards.
    fn of(
        context: &context::Context,
        fields: &[SelectionField<'_>],
        rows: Vec<Row<Entity<Self>>>,
    ) -> impl Future<Output = Vec<Self>> + Send;
}

/// The columns that the selected fields of an object show.
pub(super) fn columns<R: Record>(fields: &[SelectionField<'_>]) -> Vec<Column<R>> {
    let of_field = |field: &SelectionField<'_>| -> Vec<Column<R>> {
        let name = field.name();
        let one = || R::ONES.iter().find(|one| is_client_name(name, one.name())).map(|one| one.by());
        let namesake = Column::<R>::iter().find(|column| is_client_name(name, column.as_str()));
        let single = namesake.or_else(one).or_else(|| R::relation(name));
        single.map_or_else(|| R::composed(name).to_vec(), |column| vec![column])
    };
    fields.iter().flat_map(of_field).collect()
}

/// The record with this key, as the current field selects it.
pub(super) async fn by_key<R: Record>(ctx: &Context<'_>, uuid: Uuid) -> Result<Option<Shown<R>>> {
    Ok(found(ctx, uuid, Deleted::Excluded).await?)
}

/// The record with this key as the current field selects it, deleted or not; none where the caller may not see it.
pub(super) async fn current<R: Record>(ctx: &Context<'_>, uuid: Uuid) -> Result<Option<Shown<R>>> {
    match found(ctx, uuid, Deleted::Included).await {
        Err(Error::Forbidden(_)) => Ok(None),
        found => Ok(found?),
    }
}

async fn found<R: Record>(ctx: &Context<'_>, uuid: Uuid, deleted: Deleted) -> crate::error::Result<Option<Shown<R>>> {
    let context = of(ctx);
    let fields: Vec<_> = ctx.field().selection_set().collect();
    let columns = columns::<R>(&fields);
    let joins = joins::<R>(context, &fields);
    let found =
        Box::pin(find::<R::Collection>(&context.scope, &context.reader, uuid, deleted, &columns, &joins)).await?;
    let Some(row) = found else { return Ok(None) };
    Ok(show(context, &fields, vec![row]).await.pop())
}

/// The records with these keys, as the current field selects them.
pub(super) async fn by_keys<R: Record>(ctx: &Context<'_>, keys: Vec<Uuid>) -> Result<HashMap<Uuid, Shown<R>>> {
    let fields: Vec<_> = ctx.field().selection_set().collect();
    Ok(Box::pin(read(of(ctx), &fields, keys)).await?)
}

/// The records with these keys, in one statement, and none for no keys.
pub(super) async fn read<R: Record>(
    context: &context::Context,
    fields: &[SelectionField<'_>],
    keys: Vec<Uuid>,
) -> crate::error::Result<HashMap<Uuid, Shown<R>>, Arc<Error>> {
    let rows =
        context.loaders.load::<R::Collection>(keys, &columns::<R>(fields), || joins::<R>(context, fields)).await?;
    let (keys, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    Ok(keys.into_iter().zip(show(context, fields, rows).await).collect())
}

/// Rows that a mutation returns, as the field `name` of its payload selects them. They were written, not read: that they
/// are shown is noted here.
pub(super) async fn in_payload<R: Record>(ctx: &Context<'_>, name: &str, rows: Vec<Row<Entity<R>>>) -> Vec<Shown<R>> {
    let payload: Vec<_> = ctx.field().selection_set().filter(|field| is_client_name(field.name(), name)).collect();
    let fields: Vec<_> = payload.iter().flat_map(SelectionField::selection_set).collect();
    let (context, shown) = (of(ctx), columns::<R>(&fields));
    if !shown.is_empty() {
        for row in &rows {
            disclose_shown::<R::Collection>(&context.reader, row, shown.clone());
        }
    }
    show(context, &fields, rows).await
}
