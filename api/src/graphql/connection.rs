use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Object, Result, SelectionField, TypeName};
use tokio::sync::OnceCell;

use crate::criteria::{Criteria, Page, PageArguments};
use crate::error::Error;
use crate::records::{Deleted, Listing, Query, Wanted, list};

use super::context::of;
use super::one::joins;
use super::record::{Record, columns};
use super::shown::{Shown, show};

type Shared<R> = Arc<Listing<<R as Record>::Collection>>;

/// A page of a list.
pub(super) struct Connection<R: Record> {
    listing: Shared<R>,
    nodes: Arc<[Shown<R>]>,
    total: Arc<OnceCell<u64>>,
}

/// A record and its place in the list.
pub(super) struct Edge<R: Record> {
    listing: Shared<R>,
    nodes: Arc<[Shown<R>]>,
    index: usize,
}

/// Where in the list a page is.
pub(super) struct PageInfo {
    has_next_page: bool,
    has_previous_page: bool,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
    numbered: Option<(u32, u32)>,
    total: Total,
}

/// Counts a list at most once, however often its size is asked for.
type Total = Arc<dyn Fn() -> futures_util::future::BoxFuture<'static, crate::error::Result<u64>> + Send + Sync>;

/// Reads a page, and of its records only the columns that the selection shows.
pub(super) async fn connection<R: Record>(
    ctx: &Context<'_>,
    filter: Option<<R::Collection as Criteria>::Filter>,
    order: Option<Vec<<R::Collection as Criteria>::Order>>,
    page: PageArguments,
    deleted: Deleted,
) -> Result<Connection<R>> {
    let fields = selected(ctx.field());
    let (context, wanted) = (of(ctx), wanted(ctx.field()));
    let (columns, joins) = (columns::<R>(&fields), joins::<R>(context, &fields));
    let query = Query { filter, order: order.unwrap_or_default(), page, deleted, columns, joins, wanted };
    let listing = Box::pin(list::<R::Collection>(&context.scope, &context.reader, query)).await?;
    let nodes = show(context, &fields, listing.rows.clone()).await;
    Ok(Connection::of(Arc::new(listing), nodes))
}

/// What is selected of the list's records.
pub(super) fn selected(connection: SelectionField<'_>) -> Vec<SelectionField<'_>> {
    let mut found = Vec::new();
    for field in connection.selection_set() {
        match field.name() {
            "nodes" => found.extend(field.selection_set()),
            "edges" => {
                for node in field.selection_set().filter(|field| field.name() == "node") {
                    found.extend(node.selection_set());
                }
            }
            _ => {}
        }
    }
    found
}

/// What a selection wants of a list.
pub(super) fn wanted(connection: SelectionField<'_>) -> Wanted {
    let mut wanted = Wanted::default();
    for field in connection.selection_set() {
        match field.name() {
            "totalCount" => wanted.total = true,
            "pageInfo" => {
                wanted.page = true;
                wanted.total |= field.selection_set().any(|field| field.name() == "totalPages");
            }
            "nodes" | "edges" => wanted.page = true,
            _ => {}
        }
    }
    wanted
}

impl<R: Record> Connection<R> {
    pub(super) fn of(listing: Shared<R>, nodes: Vec<Shown<R>>) -> Self {
        Self { listing, nodes: nodes.into(), total: Arc::default() }
    }

    async fn total(&self, ctx: &Context<'_>) -> Result<u64> {
        let reader = &of(ctx).reader;
        Ok(*self.total.get_or_try_init(|| self.listing.count(reader)).await?)
    }
}

impl<R: Record> TypeName for Connection<R> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", R::NAME).into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<R: Record> Connection<R> {
    /// The page's records, each with its place in the list.
    async fn edges(&self) -> Vec<Edge<R>> {
        let edge = |index| Edge { listing: Arc::clone(&self.listing), nodes: Arc::clone(&self.nodes), index };
        (0..self.nodes.len()).map(edge).collect()
    }

    /// The page's records.
    async fn nodes(&self) -> &[Shown<R>] {
        &self.nodes
    }

    /// Where in the list the page is.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo> {
        let listing = &self.listing;
        let cursor = |field: &str, index: Option<usize>| {
            index.filter(|_| ctx.look_ahead().field(field).exists()).map(|index| listing.cursor(index)).transpose()
        };
        let (total, counted, reader) = (Arc::clone(&self.total), Arc::clone(listing), of(ctx).reader.clone());
        Ok(PageInfo {
            has_next_page: listing.has_next,
            has_previous_page: listing.has_previous,
            start_cursor: cursor("startCursor", (!listing.rows.is_empty()).then_some(0))?,
            end_cursor: cursor("endCursor", listing.rows.len().checked_sub(1))?,
            numbered: match listing.page {
                Page::Numbered { page, per_page } => Some((page, per_page)),
                Page::Cursor { .. } => None,
            },
            total: Arc::new(move || {
                let (total, counted, reader) = (Arc::clone(&total), Arc::clone(&counted), reader.clone());
                Box::pin(async move { total.get_or_try_init(|| counted.count(&reader)).await.copied() })
            }),
        })
    }

    /// How many records the whole list has. Costs a statement of its own.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        bounded(self.total(ctx).await?)
    }
}

impl<R: Record> TypeName for Edge<R> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", R::NAME).into()
    }
}

/// A record and its place in the list.
#[Object(name_type, serial)]
impl<R: Record> Edge<R> {
    /// The record's place, to be used as `after` or `before` under the same order.
    async fn cursor(&self) -> Result<String> {
        Ok(self.listing.cursor(self.index)?)
    }

    /// The record.
    async fn node(&self) -> &Shown<R> {
        &self.nodes[self.index]
    }
}

/// Where in a list a page is.
#[Object(serial)]
impl PageInfo {
    /// Whether records follow the page.
    async fn has_next_page(&self) -> bool {
        self.has_next_page
    }

    /// Whether records precede the page.
    async fn has_previous_page(&self) -> bool {
        self.has_previous_page
    }

    /// The place of the page's first record; null when the page is empty.
    async fn start_cursor(&self) -> Option<&str> {
        self.start_cursor.as_deref()
    }

    /// The place of the page's last record; null when the page is empty.
    async fn end_cursor(&self) -> Option<&str> {
        self.end_cursor.as_deref()
    }

    /// The page's number, from 1 on; null when paging by cursor.
    async fn page(&self) -> Option<u32> {
        self.numbered.map(|(page, _)| page)
    }

    /// How many records a page has at most; null when paging by cursor.
    async fn per_page(&self) -> Option<u32> {
        self.numbered.map(|(_, per_page)| per_page)
    }

    /// How many pages the list has; null when paging by cursor. Costs a statement of its own.
    async fn total_pages(&self) -> Result<Option<i32>> {
        let Some((_, per_page)) = self.numbered else { return Ok(None) };
        let total = (self.total)().await?;
        bounded(total.div_ceil(u64::from(per_page))).map(Some)
    }
}

/// GraphQL's integers have 32 bits.
fn bounded(count: u64) -> Result<i32> {
    Ok(i32::try_from(count).map_err(Error::internal)?)
}
