//! Reading lists of which each belongs to one of several records: the page of every one of them in one statement.

use std::collections::HashMap;

use futures_util::future::try_join;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait, Func, WindowStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityName, EntityTrait, IdenStatic, QueryFilter, QueryResult,
    QuerySelect, QueryTrait, Statement, Value,
};
use uuid::Uuid;

use crate::database::Reader;
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::collection::{Collection, Column};
use super::disclosure::{disclose, disclose_total};
use super::joined::Text;
use super::listing::{Asked, Listing, Part, Query};

/// What several parents stand as in a statement: the table and its only column.
const PARENT: &str = "parent";
/// A record's place among those of its parent, from 1 on.
const PLACE: &str = "place";

/// Which part of the lists of several records.
pub struct Nested<C: Collection> {
    /// Which part of each.
    pub query: Query<C>,
    /// The column that says to which record's list a record belongs.
    pub by: Column<C>,
}

/// The page of each of these records' lists. One statement for all pages, and one for all totals.
///
/// # Errors
/// As those of a list.
pub async fn list_nested<C: Collection>(
    scope: &Scope,
    reader: &Reader,
    nested: &Nested<C>,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, Listing<C>>> {
    let asked = Asked::of(scope, reader, &nested.query, &[nested.by])?;
    let read = read(reader, &asked, nested, parents);
    let (results, mut totals) = try_join(read, totals(reader, &asked, nested, parents)).await?;
    let (mut rows, mut shown) = (HashMap::<Uuid, Vec<_>>::with_capacity(parents.len()), Vec::new());
    for (result, found) in results.iter().zip(asked.rows(&results)?) {
        let Some(Value::Uuid(Some(parent))) = found.row.value(nested.by) else {
            return Err(Error::internal("a record of a list without the key of what it belongs to"));
        };
        let own = rows.entry(parent).or_default();
        // The one beyond a page only tells that there is more.
        if own.len() < asked.page.limit() {
            shown.push(result);
        }
        own.push(found);
    }
    asked.join(reader, shown.into_iter()).await?;
    let listing = |parent: &Uuid| {
        let total = nested.query.wanted.total.then(|| totals.remove(parent).unwrap_or_default());
        let own = Condition::all().add(nested.by.eq(*parent));
        (*parent, asked.listing(rows.remove(parent).unwrap_or_default(), Some(own), total))
    };
    let listings: HashMap<_, _> = parents.iter().map(listing).collect();
    let shown: Vec<_> = listings.values().flat_map(|listing| listing.rows.iter().cloned()).collect();
    disclose::<C>(reader, &shown, &asked.shown, &asked.whole.filtered);
    Ok(listings)
}

/// The records of all pages, in their order, and maybe some that follow on those.
async fn read<C: Collection>(
    reader: &Reader,
    asked: &Asked<C>,
    nested: &Nested<C>,
    parents: &[Uuid],
) -> Result<Vec<QueryResult>> {
    if !nested.query.wanted.page {
        return Ok(Vec::new());
    }
    let backend = reader.get_database_backend();
    let part = asked.part()?;
    if backend == DbBackend::Postgres && is_short::<C>(nested.by) && part.offset.is_none() {
        let (statement, most) = wholes(asked, part, nested.by, parents);
        let found = reader.query_all_raw(statement).await?;
        if found.len() as u64 <= most {
            return Ok(found);
        }
    }
    Ok(reader.query_all_raw(pages(asked, nested.by, parents, backend)?).await?)
}

/// Whether the lists by this column are seldom longer than a page: those of what belongs to a patient.
fn is_short<C: Collection>(by: Column<C>) -> bool {
    C::patient().is_some_and(|patient| patient.as_str() == by.as_str())
}

/// All records of the lists, in their order, unless there are more than the pages could hold: then one more than so many.
/// It costs PostgreSQL about two thirds of what a page for each parent does.
fn wholes<C: Collection>(asked: &Asked<C>, part: Part<C::Entity>, by: Column<C>, parents: &[Uuid]) -> (Statement, u64) {
    let Part { condition, ordering, limit, .. } = part;
    // Not every number of parents makes a text of its own.
    let most = (parents.len() as u64 * (limit + 1)).next_power_of_two();
    let table = C::Entity::default().table_name().to_owned();
    let mut text = Text::new();
    text.push("SELECT ").push(&asked.list()).list(&asked.joins).push(" FROM (");
    text.select(&asked.select(condition.add(by.eq_any(parents.to_vec()))));
    text.push(&format!(" LIMIT {}) AS \"{table}\"", most + 1)).joins(&asked.joins);
    text.push(" ORDER BY ").push(&ordering.text());
    (text.statement(), most)
}

/// PostgreSQL looks each parent's page up by itself, and so reads no more than the pages where an index has their order;
/// SQLite, which cannot, numbers the records of each parent.
///
/// What is found is called as its table is, so that columns are written the same inside and outside.
fn pages<C: Collection>(asked: &Asked<C>, by: Column<C>, parents: &[Uuid], backend: DbBackend) -> Result<Statement> {
    let Part { condition, ordering, offset, limit } = asked.part()?;
    let (offset, end) = (offset.unwrap_or_default(), offset.unwrap_or_default() + limit + 1);
    let (table, list) = (C::Entity::default().table_name().to_owned(), asked.list());
    if backend == DbBackend::Postgres {
        let own = Expr::col(by.as_column_ref()).eq(Expr::col((PARENT, PARENT)));
        let mut page = asked.select(condition.add(own));
        ordering.apply(&mut page);
        let keys = Value::Array(ArrayType::Uuid, Some(Box::new(parents.iter().copied().map(Value::from).collect())));
        let mut text = Text::new();
        text.push("SELECT ").push(&list).list(&asked.joins).push(" FROM unnest(").value(keys);
        text.push(&format!("::uuid[]) AS \"{PARENT}\" CROSS JOIN LATERAL (")).select(&page);
        text.push(&format!(" LIMIT {} OFFSET {offset}) AS \"{table}\"", limit + 1)).joins(&asked.joins);
        text.push(" ORDER BY ").push(&ordering.text());
        return Ok(text.statement());
    }
    let mut numbered = asked.select(condition.add(by.is_in(parents.iter().copied())));
    let mut window = WindowStatement::partition_by(by.as_column_ref());
    ordering.apply(&mut window);
    numbered.expr_window_as(Expr::cust("row_number()"), window, PLACE);
    let Statement { sql, values, .. } = backend.build(&numbered);
    let text = format!(
        "SELECT {list} FROM ({sql}) AS \"{table}\" WHERE \"{PLACE}\" > {offset} AND \"{PLACE}\" <= {end} ORDER BY \"{PLACE}\""
    );
    Ok(Statement::from_sql_and_values(backend, text, values.map(|values| values.0).unwrap_or_default()))
}

/// How many records each list has; none for those that have none.
async fn totals<C: Collection>(
    reader: &Reader,
    asked: &Asked<C>,
    nested: &Nested<C>,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, u64>> {
    if !nested.query.wanted.total {
        return Ok(HashMap::new());
    }
    disclose_total::<C>(reader, &asked.whole.filtered);
    let among = match reader.get_database_backend() {
        DbBackend::Postgres => nested.by.eq_any(parents.to_vec()),
        _ => nested.by.is_in(parents.iter().copied()),
    };
    let query = C::Entity::find()
        .select_only()
        .column(nested.by)
        .expr_as(Func::count(Expr::col(C::key().as_column_ref())), "total")
        .filter(asked.whole.condition.clone().add(among))
        .group_by(nested.by)
        .into_query();
    let mut totals = HashMap::with_capacity(parents.len());
    for row in reader.query_all(&query).await? {
        let total: i64 = row.try_get_by_index(1)?;
        totals.insert(row.try_get_by_index(0)?, u64::try_from(total).map_err(Error::internal)?);
    }
    Ok(totals)
}
