//! Reading a page of a list.

mod extent;
mod part;

use std::borrow::Cow;
use std::sync::Arc;

use sea_orm::sea_query::{self, Alias, Expr, Func, Order, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait, IdenStatic, QueryResult,
    Statement, Value,
};

use crate::criteria::{Filter, Ordering, Page, PageArguments, Related, Translation};
use crate::database::Reader;
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::collection::{Collection, Column, Deleted, Walk, distinct, from, is_patients, query_from, reached, visible};
use super::disclosure::{Terms, with_owner};
use super::joined::{Joins, Text, take};
use super::row::{Plan, Row, decode};

pub(super) use extent::{Extent, given};
pub(super) use part::Part;

/// Which part of which list, and which columns of it.
#[derive(Clone, Debug)]
pub struct Query<C: Collection> {
    /// Which records; all when there is none.
    pub filter: Option<C::Filter>,
    /// In which order.
    pub order: Vec<C::Order>,
    /// Which page.
    pub page: PageArguments,
    /// Whether to list deleted records.
    pub deleted: Deleted,
    /// What to read of each record. Keys and what the order needs are read besides.
    pub columns: Vec<Column<C>>,
    /// What to read along of the records that they refer to.
    pub joins: Joins,
    /// What of the list is wanted.
    pub wanted: Wanted,
}

/// What of a list is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Wanted {
    /// Its page; otherwise that is empty.
    pub page: bool,
    /// The page's records.
    pub rows: bool,
    /// Cursors of the page's first and last record.
    pub cursors: bool,
    /// How many records it has.
    pub total: bool,
    /// How many numbered pages it has.
    pub pages: bool,
}

impl Wanted {
    /// What either wants.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            page: self.page || other.page,
            rows: self.rows || other.rows,
            cursors: self.cursors || other.cursors,
            total: self.total || other.total,
            pages: self.pages || other.pages,
        }
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Listing<C: Collection> {
    /// The page's records.
    pub rows: Vec<Row<C::Entity>>,
    /// Which page this is.
    pub page: Page,
    /// Whether records follow.
    pub has_next: bool,
    /// Whether records precede.
    pub has_previous: bool,
    /// How many records the whole list has, where that was wanted.
    pub total: Option<u64>,
    whole: Arc<Whole<C>>,
    /// Of each record, the values of related ones that the order needs.
    related: Vec<Vec<Value>>,
}

/// What a page is a page of.
#[derive(Debug)]
pub(super) struct Whole<C: Collection> {
    pub(super) ordering: Ordering<C::Entity>,
    pub(super) condition: Condition,
    /// The columns that the filter asks by.
    pub(super) filtered: Vec<Cow<'static, str>>,
}

impl<C: Collection> Listing<C> {
    /// The place of the page's record with this index.
    ///
    /// # Errors
    /// `Internal` when a column of the order was not read.
    pub fn cursor(&self, index: usize) -> Result<String> {
        let mut related = self.related.get(index).into_iter().flatten();
        self.whole.ordering.cursor(|step| match &step.related {
            Some(_) => related.next().cloned(),
            None => self.rows.get(index)?.value(step.column),
        })
    }
}

/// A page of a list.
///
/// # Errors
/// `Forbidden`, `BadRequest` and `Limit` for what no list can be asked, and as any read.
pub async fn list<C: Collection>(scope: &Scope, reader: &Reader, query: Query<C>) -> Result<Listing<C>> {
    let asked = Asked::of(scope, reader, &query, &[])?;
    let (part, backend) = (asked.part()?, reader.get_database_backend());
    // One after the other: a request that held two connections of the pool at once would wait for others who do.
    let mut results = Vec::new();
    if asked.wanted.page {
        let Part { condition, parts, .. } = &part;
        let (first, second) = parts.as_ref().map_or((condition, None), |[first, second]| (first, Some(second)));
        results = reader.query_all_raw(asked.page(&part, first, backend)).await?;
        let (found, limit) = (results.len(), usize::try_from(asked.reads()).unwrap_or(usize::MAX));
        if let Some(second) = second.filter(|_| found < limit) {
            let rest = reader.query_all_raw(asked.page(&part, second, backend)).await?;
            results.extend(rest.into_iter().take(limit - found));
        }
    }
    asked.join(reader, results.iter().take(asked.page.limit())).await?;
    let total = asked.total(reader).await?;
    let found = asked.rows(&results)?;
    let extent = asked.extent(&found, total);
    let listing = asked.listing(found, total);
    asked.disclose(reader, std::iter::once(&listing));
    asked.record(scope, reader, &query, extent).await?;
    Ok(listing)
}

/// What a caller asks for, found to be allowed and to make sense.
pub(super) struct Asked<C: Collection> {
    pub(super) whole: Arc<Whole<C>>,
    pub(super) page: Page,
    pub(super) plan: Plan<C::Entity>,
    pub(super) shown: Vec<Column<C>>,
    pub(super) wanted: Wanted,
    pub(super) joins: Joins,
    /// Where the rows come from, when that is not the table itself.
    source: Option<SelectStatement>,
    /// A column of those rows by which they come in the order of the page.
    leading: Option<&'static str>,
    /// Filter, as it is put on record; none where nothing decides but the page.
    pub(super) terms: Option<Terms>,
}

impl<C: Collection> Asked<C> {
    /// `besides` is read too, though it is not shown.
    pub(super) fn of(scope: &Scope, reader: &Reader, query: &Query<C>, besides: &[Column<C>]) -> Result<Self> {
        C::permit(scope)?;
        let page = query.page.clone().resolve()?;
        let ordering = Ordering::new(scope, &query.order, C::default_order()).map_err(|error| error.at(&["order"]))?;
        // Lists of what belongs to patients are read of patients who were found.
        let mut condition = if besides.iter().any(is_patients::<C>) {
            reached::<C>(scope, query.deleted)
        } else {
            visible::<C>(scope, query.deleted)
        };
        if let Some(successor) = C::successor().filter(|_| query.deleted == Deleted::Excluded) {
            condition = condition.add(successor.is_null());
        }
        let mut translation = Translation::new(reader.get_database_backend(), scope);
        let source =
            C::source(scope, reader.get_database_backend(), query.filter.as_ref(), Some(Walk::new(&page, &ordering)))?;
        if let Some(filter) = &query.filter {
            let whole = filter.condition(&mut translation).map_err(|error| error.at(&["filter"]))?;
            // What the source serves of it was checked and noted with the rest.
            let rest = source.as_ref().and_then(|source| source.rest.as_ref());
            let mut again = Translation::new(reader.get_database_backend(), scope);
            condition = condition.add(rest.map(|rest| rest.condition(&mut again)).transpose()?.unwrap_or(whole));
        }
        let (filtered, terms) = terms::<C>(translation, query.deleted);
        let mut columns = query.columns.clone();
        columns.extend(ordering.steps().iter().filter(|step| step.related.is_none()).map(|step| step.column));
        let shown = distinct::<C>(columns);
        let mut columns = with_owner::<C>(reader, shown.clone());
        columns.extend(besides);
        let plan = Plan::new(&columns);
        let whole = Arc::new(Whole { ordering, condition, filtered });
        let (source, leading) = source.map(|source| (source.rows, source.leading)).unzip();
        let (leading, terms) = (leading.flatten(), terms.filter(|_| reader.is_witnessed()));
        Ok(Self { whole, page, plan, shown, wanted: query.wanted, joins: query.joins.clone(), source, leading, terms })
    }

    /// Whether it is to be counted how many records the list has.
    pub(super) const fn counts(&self) -> bool {
        self.wanted.total || self.wanted.pages && matches!(self.page, Page::Numbered { .. })
    }

    /// How many records the whole list has, where that is wanted: a statement of its own.
    async fn total(&self, reader: &Reader) -> Result<Option<u64>> {
        if !self.counts() {
            return Ok(None);
        }
        let mut query = sea_query::Query::select();
        query
            .expr_as(Func::count(Expr::col(C::key().as_column_ref())), "total")
            .cond_where(self.whole.condition.clone());
        from::<C>(&mut query, self.source.as_ref());
        let row = reader.query_one(&query).await?.ok_or_else(|| Error::internal("a count without a row"))?;
        let total: i64 = row.try_get_by_index(0)?;
        u64::try_from(total).map(Some).map_err(Error::internal)
    }

    pub(super) fn part(&self) -> Result<Part<C::Entity>> {
        Part::of(&self.page, &self.whole.ordering, &self.whole.condition)
    }

    /// The values of related records that the order needs.
    pub(super) fn related(&self) -> impl Iterator<Item = &Related> {
        self.whole.ordering.steps().iter().filter_map(|step| step.related.as_ref())
    }

    /// Reads everything that a page is made of.
    pub(super) fn select(&self, condition: Condition) -> SelectStatement {
        let mut query = query_from::<C>(&self.plan, condition, self.source.as_ref());
        for related in self.related() {
            query.expr_as(related.value(), Alias::new(related.name()));
        }
        query
    }

    /// The names under which what was read stands in a statement around that which reads it.
    pub(super) fn list(&self) -> String {
        let table = C::Entity::default().table_name().to_owned();
        let related = self.related().map(|related| format!(", \"{table}\".\"{}\"", related.name()));
        self.plan.text() + &related.collect::<String>()
    }

    fn page(&self, part: &Part<C::Entity>, condition: &Condition, backend: DbBackend) -> Statement {
        let mut query = self.select(condition.clone());
        if let Some(leading) = self.leading {
            query.order_by(leading, Order::Asc);
        }
        part.ordering.apply(&mut query);
        let limit = self.reads();
        if self.joins.is_empty() {
            return part::page_of(query, part.offset, limit, backend);
        }
        let mut text = Text::new();
        text.push("SELECT ").push(&self.list()).list(&self.joins).push(" FROM (").select(&query);
        text.push(&format!(" LIMIT {limit}"));
        if let Some(offset) = part.offset {
            text.push(" OFFSET ").value(offset.into());
        }
        text.push(") AS \"").push(C::Entity::default().table_name()).push("\"").joins(&self.joins);
        text.push(" ORDER BY ").push(&part.ordering.text());
        text.statement()
    }

    pub(super) fn rows(&self, results: &[QueryResult]) -> Result<Vec<Found<C::Entity>>> {
        let found = |result: &QueryResult| {
            let related = self.related().enumerate();
            let related = related.map(|(index, related)| decode(result, self.plan.len() + index, related.kind()));
            Ok(Found { row: self.plan.read(result, 0)?, related: related.collect::<Result<_, DbErr>>()? })
        };
        results.iter().map(found).collect()
    }

    /// Reads the records to which these rows refer, as far as those are read along.
    pub(super) async fn join(&self, reader: &Reader, shown: impl Iterator<Item = &QueryResult>) -> Result<()> {
        if self.joins.is_empty() {
            return Ok(());
        }
        let from = self.plan.len() + self.related().count();
        take(&self.joins, reader, &shown.collect::<Vec<_>>(), from).await
    }

    /// The page that these rows are, one more than its size among them if there is one more.
    pub(super) fn listing(&self, mut found: Vec<Found<C::Entity>>, total: Option<u64>) -> Listing<C> {
        let limit = self.page.limit();
        let more = found.len() > limit;
        found.truncate(limit);
        let (has_next, has_previous) = match &self.page {
            Page::Numbered { page, .. } => (more, *page > 1),
            Page::Cursor { backward: false, after, .. } => (more, after.is_some()),
            Page::Cursor { backward: true, before, .. } => {
                found.reverse();
                (before.is_some(), more)
            }
        };
        let (page, whole) = (self.page.clone(), Arc::clone(&self.whole));
        let (rows, related) = found.into_iter().map(|found| (found.row, found.related)).unzip();
        Listing { rows, page, has_next, has_previous, total, whole, related }
    }
}

/// A record of a page, and what the order needs of related ones.
pub(super) struct Found<E: EntityTrait> {
    pub(super) row: Row<E>,
    related: Vec<Value>,
}

/// Names the columns that decide besides the order and the page, and puts the filter into the form of the record.
fn terms<C: Collection>(translation: Translation<'_>, deleted: Deleted) -> (Vec<Cow<'static, str>>, Option<Terms>) {
    let (entity, tombstone) = (C::Entity::default(), C::tombstone().filter(|_| deleted != Deleted::Excluded));
    let mut filtered = translation.asked(entity.table_name());
    if filtered.is_empty() && tombstone.is_none() {
        return (filtered, None);
    }
    let mut terms = Terms::of(translation, entity.table_name());
    if let Some(tombstone) = tombstone {
        if !filtered.iter().any(|field| field == tombstone.as_str()) {
            filtered.push(tombstone.as_str().into());
        }
        let operator = if deleted == Deleted::Only { "only" } else { "included" };
        terms.operators.push(format!("{}.{operator}", tombstone.as_str()).into());
    }
    (filtered, Some(terms))
}
