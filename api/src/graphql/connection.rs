use std::sync::Arc;

use async_graphql::{Context, Result, SelectionField};

use crate::criteria::{Criteria, Page, PageArguments};
use crate::error::Error;
use crate::records::{Collection, Deleted, Listing, Query, Wanted, list};

use super::context::of;
use super::object::{fields, object};
use super::one::joins;
use super::record::{Record, columns};
use super::shown::{Shown, show};

type Shared<R> = Arc<Listing<<R as Record>::Collection>>;

/// A page of a list.
pub(super) struct Connection<R: Record> {
    listing: Shared<R>,
    nodes: Arc<[Shown<R>]>,
}

/// A record and its place in the list.
pub(super) struct Edge<R: Record> {
    listing: Shared<R>,
    nodes: Arc<[Shown<R>]>,
    index: usize,
}

/// Where in the list a page is.
pub(super) struct PageInfo(Arc<dyn Paged>);

/// A page of whatever list.
trait Paged: Send + Sync {
    fn page(&self) -> &Page;
    fn has_next(&self) -> bool;
    fn has_previous(&self) -> bool;
    fn len(&self) -> usize;
    fn cursor(&self, index: usize) -> crate::error::Result<String>;
    fn total(&self) -> crate::error::Result<u64>;
}

impl<C: Collection> Paged for Listing<C> {
    fn page(&self) -> &Page {
        &self.page
    }

    fn has_next(&self) -> bool {
        self.has_next
    }

    fn has_previous(&self) -> bool {
        self.has_previous
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn cursor(&self, index: usize) -> crate::error::Result<String> {
        self.cursor(index)
    }

    fn total(&self) -> crate::error::Result<u64> {
        self.total.ok_or_else(|| Error::internal("a list that nobody counted"))
    }
}

/// Reads a page, and of its records only the columns that the selection shows. It is never null: fields that a permission can
/// refuse are null then, so that this does not take the others of the request with it.
pub(super) async fn connection<R: Record>(
    ctx: &Context<'_>,
    filter: Option<<R::Collection as Criteria>::Filter>,
    order: Option<Vec<<R::Collection as Criteria>::Order>>,
    page: PageArguments,
    deleted: Deleted,
) -> Result<Option<Connection<R>>> {
    let fields = selected(ctx.field());
    let (context, wanted) = (of(ctx), wanted(ctx.field()));
    let (columns, joins) = (columns::<R>(&fields), joins::<R>(context, &fields));
    let query = Query { filter, order: order.unwrap_or_default(), page, deleted, columns, joins, wanted };
    let listing = Box::pin(list::<R::Collection>(&context.scope, &context.reader, query)).await?;
    let nodes = show(context, &fields, listing.rows.clone()).await;
    Ok(Some(Connection::of(Arc::new(listing), nodes)))
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
                wanted.pages |= field.selection_set().any(|field| field.name() == "totalPages");
                wanted.cursors |= field.selection_set().any(|field| field.name().ends_with("Cursor"));
            }
            "nodes" | "edges" => (wanted.page, wanted.rows) = (true, true),
            _ => {}
        }
    }
    wanted
}

impl<R: Record> Connection<R> {
    pub(super) fn of(listing: Shared<R>, nodes: Vec<Shown<R>>) -> Self {
        Self { listing, nodes: nodes.into() }
    }
}

fields! {
    /// A page of a list.
    Connection<R> {
        /// The page's records, each with its place in the list.
        fn edges(&self) -> Result<Vec<Edge<R>>> {
            let edge = |index| Edge { listing: Arc::clone(&self.listing), nodes: Arc::clone(&self.nodes), index };
            Ok((0..self.nodes.len()).map(edge).collect())
        }

        /// The page's records.
        fn nodes(&self) -> Result<&[Shown<R>]> {
            Ok(&self.nodes)
        }

        /// Where in the list the page is.
        fn page_info(&self) -> Result<PageInfo> {
            let listing = Arc::clone(&self.listing);
            Ok(PageInfo(listing))
        }

        /// How many records the whole list has. Costs a statement of its own.
        fn total_count(&self) -> Result<i32> {
            bounded(self.listing.total()?)
        }
    }
}

object!(Connection<R>, format!("{}Connection", R::NAME).into());

fields! {
    /// A record and its place in the list.
    Edge<R> {
        /// The record's place, to be used as `after` or `before` under the same order.
        fn cursor(&self) -> Result<String> {
            Ok(self.listing.cursor(self.index)?)
        }

        /// The record.
        fn node(&self) -> Result<&Shown<R>> {
            Ok(&self.nodes[self.index])
        }
    }
}

object!(Edge<R>, format!("{}Edge", R::NAME).into());

fields! {
    /// Where in a list a page is.
    PageInfo {
        /// Whether records follow the page.
        fn has_next_page(&self) -> Result<bool> {
            Ok(self.0.has_next())
        }

        /// Whether records precede the page.
        fn has_previous_page(&self) -> Result<bool> {
            Ok(self.0.has_previous())
        }

        /// The place of the page's first record; null when the page is empty.
        fn start_cursor(&self) -> Result<Option<String>> {
            self.cursor((self.0.len() > 0).then_some(0))
        }

        /// The place of the page's last record; null when the page is empty.
        fn end_cursor(&self) -> Result<Option<String>> {
            self.cursor(self.0.len().checked_sub(1))
        }

        /// The page's number, from 1 on; null when paging by cursor.
        fn page(&self) -> Result<Option<u32>> {
            Ok(self.numbered().map(|(page, _)| page))
        }

        /// How many records a page has at most; null when paging by cursor.
        fn per_page(&self) -> Result<Option<u32>> {
            Ok(self.numbered().map(|(_, per_page)| per_page))
        }

        /// How many pages the list has; null when paging by cursor. Costs a statement of its own.
        fn total_pages(&self) -> Result<Option<i32>> {
            let Some((_, per_page)) = self.numbered() else { return Ok(None) };
            bounded(self.0.total()?.div_ceil(u64::from(per_page))).map(Some)
        }
    }
}

object!(PageInfo, "PageInfo".into());

impl PageInfo {
    fn cursor(&self, index: Option<usize>) -> Result<Option<String>> {
        Ok(index.map(|index| self.0.cursor(index)).transpose()?)
    }

    fn numbered(&self) -> Option<(u32, u32)> {
        match self.0.page() {
            Page::Numbered { page, per_page } => Some((*page, *per_page)),
            Page::Cursor { .. } => None,
        }
    }
}

/// GraphQL's integers have 32 bits.
fn bounded(count: u64) -> Result<i32> {
    Ok(i32::try_from(count).map_err(Error::internal)?)
}
