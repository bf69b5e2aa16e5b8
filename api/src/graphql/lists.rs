use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Result, SelectionField, Value};
use parking_lot::Mutex;
use sea_orm::EntityTrait;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::criteria::{Criteria, PageArguments};
use crate::error::Error;
use crate::records::{Deleted, Link, Listing, Query, Row, lists};

use super::connection::{Connection, Shared, is_counted, selected};
use super::context::of;
use super::record::{Record, columns};
use super::shown::Shown;

/// The lists that belong to records, read for all records of one level in one statement. One set for each request: what
/// one caller may see is never handed to another.
#[derive(Default)]
pub(super) struct Lists(Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>);

impl std::fmt::Debug for Lists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lists")
    }
}

type ByOwner<R> = HashMap<Uuid, (Shared<R>, Arc<[Shown<R>]>)>;

/// The lists of all records of a level, read by whichever of them is the first to ask.
struct Level<R: Record> {
    /// Kept, because the level is told by where these are.
    owners: Arc<[Uuid]>,
    found: OnceCell<Result<ByOwner<R>, Arc<Error>>>,
}

/// A page of the list that belongs to one record, as the current field selects it.
pub(super) async fn list_of<R: Record, E: EntityTrait>(
    ctx: &Context<'_>,
    owner: (Uuid, &Row<E>),
    link: Link,
    filter: Option<<R::Collection as Criteria>::Filter>,
    order: Option<Vec<<R::Collection as Criteria>::Order>>,
    page: PageArguments,
) -> Result<Connection<R>> {
    let (order, deleted) = (order.unwrap_or_default(), Deleted::Excluded);
    let query = Query { filter, order, page, deleted, columns: Vec::new() };
    let (listing, nodes) = of_level::<R, E>(ctx, owner, link, (&selected(ctx.field()), is_counted(ctx)), query).await?;
    Ok(Connection::of(listing, nodes))
}

/// The record that belongs to another one, which has one at most, as the current field selects it.
pub(super) async fn one_of<R: Record, E: EntityTrait>(
    ctx: &Context<'_>,
    owner: (Uuid, &Row<E>),
    link: Link,
) -> Result<Option<Shown<R>>> {
    let fields: Vec<_> = ctx.field().selection_set().collect();
    let page = PageArguments { page: None, first: Some(1), after: None, last: None, before: None };
    let query = Query { filter: None, order: Vec::new(), page, deleted: Deleted::Excluded, columns: Vec::new() };
    let (_, nodes) = of_level::<R, E>(ctx, owner, link, (&fields, false), query).await?;
    Ok(nodes.first().map(|node| Shown(node.0.clone())))
}

async fn of_level<R: Record, E: EntityTrait>(
    ctx: &Context<'_>,
    (key, owner): (Uuid, &Row<E>),
    link: Link,
    (fields, counted): (&[SelectionField<'_>], bool),
    query: Query<R::Collection>,
) -> Result<(Shared<R>, Arc<[Shown<R>]>)> {
    let context = of(ctx);
    let query = Query { columns: columns::<R>(fields), ..query };
    let level = owner.peers().map_or_else(|| key.to_string(), |peers| format!("{:p}", Arc::as_ptr(peers)));
    let arguments = Value::Object(ctx.field().arguments()?.into_iter().collect());
    let selection = ctx.item.node.selection_set.pos;
    let name = format!("{link:?} {arguments} {selection:?} {counted} {level}");
    let level = {
        let mut levels = context.lists.0.lock();
        let owners = || owner.peers().map_or_else(|| Arc::from([key]), Arc::clone);
        let level = || Arc::new(Level::<R> { owners: owners(), found: OnceCell::new() });
        Arc::clone(levels.entry(name).or_insert_with(|| level()))
    };
    let level = level.downcast::<Level<R>>().map_err(|_| Error::internal("two lists of one name"))?;
    let read = async || {
        let found = lists(&context.scope, &context.reader, &link, &level.owners, &query, counted).await?;
        Ok(shown(context, fields, found).await)
    };
    let found = level.found.get_or_init(read).await.as_ref().map_err(Arc::clone)?;
    let (listing, nodes) = found.get(&key).ok_or_else(|| Error::internal("a list was not read"))?;
    Ok((Arc::clone(listing), Arc::clone(nodes)))
}

/// The records of all the lists, with what they refer to read for all of them together.
async fn shown<R: Record>(
    context: &super::context::Context,
    fields: &[SelectionField<'_>],
    found: HashMap<Uuid, Listing<R::Collection>>,
) -> ByOwner<R> {
    let rows = found.values().flat_map(|listing| listing.rows.iter().cloned()).collect();
    let mut records = Box::pin(R::of(context, fields, rows)).await.into_iter().map(Shown);
    let with_records = |(owner, listing): (Uuid, Listing<R::Collection>)| {
        let nodes = records.by_ref().take(listing.rows.len()).collect();
        (owner, (Arc::new(listing), nodes))
    };
    found.into_iter().map(with_records).collect()
}
