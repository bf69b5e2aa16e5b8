use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Result, Value};
use parking_lot::Mutex;
use sea_orm::EntityTrait;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::criteria::{Criteria, PageArguments};
use crate::error::Error;
use crate::records::{Collection, Deleted, Link, Listing, Query, Row, lists};

use super::connection::{Connection, is_counted, selected};
use super::context::of;
use super::record::Record;

/// The lists that belong to records, read for all records of one level in one statement. One set for each request: what
/// one caller may see is never handed to another.
#[derive(Default)]
pub(super) struct Lists(Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>);

impl std::fmt::Debug for Lists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lists")
    }
}

type ByOwner<C> = HashMap<Uuid, Arc<Listing<C>>>;

/// The lists of all records of a level, read by whichever of them is the first to ask.
struct Level<C: Collection> {
    /// Kept, because the level is told by where these are.
    owners: Arc<[Uuid]>,
    found: OnceCell<Result<ByOwner<C>, Arc<Error>>>,
}

/// A page of the list that belongs to one record, as the current field selects it.
pub(super) async fn list_of<R: Record, E: EntityTrait>(
    ctx: &Context<'_>,
    (key, owner): (Uuid, &Row<E>),
    link: Link,
    filter: Option<<R::Collection as Criteria>::Filter>,
    order: Option<Vec<<R::Collection as Criteria>::Order>>,
    page: PageArguments,
) -> Result<Connection<R>> {
    let context = of(ctx);
    let (columns, counted) = (selected::<R>(ctx.field()), is_counted(ctx));
    let level = owner.peers().map_or_else(|| key.to_string(), |peers| format!("{:p}", Arc::as_ptr(peers)));
    let arguments = Value::Object(ctx.field().arguments()?.into_iter().collect());
    let name = format!("{link:?} {arguments} {columns:?} {counted} {level}");
    let level = {
        let mut levels = context.lists.0.lock();
        let owners = || owner.peers().map_or_else(|| Arc::from([key]), Arc::clone);
        let level = || Arc::new(Level::<R::Collection> { owners: owners(), found: OnceCell::new() });
        Arc::clone(levels.entry(name).or_insert_with(|| level()))
    };
    let level = level.downcast::<Level<R::Collection>>().map_err(|_| Error::internal("two lists of one name"))?;
    let read = async || {
        let query = Query { filter, order: order.unwrap_or_default(), page, deleted: Deleted::Excluded, columns };
        let found = lists(&context.scope, &context.reader, &link, &level.owners, &query, counted).await?;
        Ok(found.into_iter().map(|(owner, listing)| (owner, Arc::new(listing))).collect())
    };
    let found = level.found.get_or_init(read).await.as_ref().map_err(Arc::clone)?;
    let listing = found.get(&key).ok_or_else(|| Error::internal("a list was not read"))?;
    Ok(Connection::of(Arc::clone(listing)))
}
