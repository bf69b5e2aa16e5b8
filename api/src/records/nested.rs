//! Reading lists of which each belongs to one of several records: the page of every one of them in one statement.

use std::collections::HashMap;

use futures_util::future::try_join;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait, Func, SelectStatement, WindowStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityName, EntityTrait, IdenStatic, QueryFilter, QuerySelect, QueryTrait,
    Statement, Value,
};
use uuid::Uuid;

use crate::database::Reader;
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::collection::{Collection, Column, is_patients};
use super::disclosure::{MAX_MATCHED, owners};
use super::joined::Text;
use super::listing::{Asked, Extent, Found, Listing, Part, Query};

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
    let statement = pages(&asked, nested.by, parents, reader.get_database_backend())?;
    let read = async {
        if !nested.query.wanted.page {
            return Ok(Vec::new());
        }
        Ok(reader.query_all_raw(statement).await?)
    };
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
    let extent = extent(&asked, nested.by, parents, &rows, &totals, reader.get_database_backend());
    let listing = |parent: &Uuid| {
        let total = asked.counts().then(|| totals.remove(parent).unwrap_or_default());
        (*parent, asked.listing(rows.remove(parent).unwrap_or_default(), total))
    };
    let listings: HashMap<_, _> = parents.iter().map(listing).collect();
    asked.disclose(reader, listings.values());
    asked.record(scope, reader, &nested.query, extent).await?;
    Ok(listings)
}

/// Concludes from the lists' pages and totals on the whole lists. Lists of patients tell of these, the empty ones too; one that
/// is shown from its beginning to its end tells no more than its records. A list of another record, such as a doctor's,
/// tells of all patients whether they are in it.
fn extent<C: Collection>(
    asked: &Asked<C>,
    by: Column<C>,
    parents: &[Uuid],
    rows: &HashMap<Uuid, Vec<Found<C::Entity>>>,
    totals: &HashMap<Uuid, u64>,
    backend: DbBackend,
) -> Extent {
    let found = |parent: &Uuid| rows.get(parent).map(Vec::as_slice).unwrap_or_default();
    let total = |parent: &Uuid| totals.get(parent).copied().unwrap_or_default();
    let is_all = |parent: &Uuid| {
        asked.wanted.page && asked.page.skipped() == Some(0) && found(parent).len() <= asked.page.limit()
    };
    let are_patients = is_patients::<C>(&by);
    let is_shown = |parent: &Uuid| are_patients && is_all(parent) && asked.wanted.rows && !found(parent).is_empty();
    let count = || parents.iter().map(|parent| if asked.counts() { total(parent) } else { found(parent).len() as u64 });
    let (are_all, at_least) = (parents.iter().all(is_all), count().sum());
    let told = |parent: &&Uuid| asked.decides() || !is_shown(parent);
    let owner = |parent: &Uuid| (*parent, None);
    let is_few = are_all && !are_patients && asked.decides() && at_least <= MAX_MATCHED;
    Extent {
        matched: (asked.counts() || are_all).then_some(at_least),
        known: is_few.then(|| rows.values().flatten().flat_map(|found| owners::<C>(&found.row)).collect()),
        at_least,
        is_shown: parents.iter().all(is_shown),
        by: Some(by.as_str()),
        parents: if are_patients { parents.iter().filter(told).map(owner).collect() } else { Vec::new() },
        condition: asked.decides().then(|| asked.whole.condition.clone().add(among(by, parents, backend))),
    }
}

fn among<C: ColumnTrait>(by: C, parents: &[Uuid], backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Postgres => by.eq_any(parents.to_vec()),
        _ => by.is_in(parents.iter().copied()),
    }
}

/// PostgreSQL looks each parent's page up by itself where lists may be long, and so reads no more than the pages where an
/// index has their order. What belongs to a patient is seldom more than a page: that is read whole and numbered, which costs
/// less. SQLite can do nothing else.
///
/// What is found is called as its table is, so that columns are written the same inside and outside.
fn pages<C: Collection>(asked: &Asked<C>, by: Column<C>, parents: &[Uuid], backend: DbBackend) -> Result<Statement> {
    let part = asked.part()?;
    Ok(match backend {
        DbBackend::Postgres if is_patients::<C>(&by) => numbered_together(asked, &part, by, parents),
        DbBackend::Postgres => looked_up(asked, &part, by, parents),
        _ => numbered_alone(asked, &part, by, parents, backend),
    })
}

fn looked_up<C: Collection>(asked: &Asked<C>, part: &Part<C::Entity>, by: Column<C>, parents: &[Uuid]) -> Statement {
    let own = Expr::col(by.as_column_ref()).eq(Expr::col((PARENT, PARENT)));
    let mut page = asked.select(part.condition.clone().add(own));
    part.ordering.apply(&mut page);
    let keys = Value::Array(ArrayType::Uuid, Some(Box::new(parents.iter().copied().map(Value::from).collect())));
    let mut text = Text::new();
    text.push("SELECT ").push(&asked.list()).list(&asked.joins).push(" FROM unnest(").value(keys);
    text.push(&format!("::uuid[]) AS \"{PARENT}\" CROSS JOIN LATERAL (")).select(&page);
    let (limit, offset) = (part.limit + 1, part.offset.unwrap_or_default());
    text.push(&format!(" LIMIT {limit} OFFSET {offset}) AS \"{}\"", table::<C>())).joins(&asked.joins);
    text.push(" ORDER BY ").push(&part.ordering.text());
    text.statement()
}

fn numbered_together<C: Collection>(
    asked: &Asked<C>,
    part: &Part<C::Entity>,
    by: Column<C>,
    parents: &[Uuid],
) -> Statement {
    let mut text = Text::new();
    text.push("SELECT ").push(&asked.list()).list(&asked.joins).push(" FROM (");
    text.select(&numbered(asked, part, by, by.eq_any(parents.to_vec())));
    text.push(&format!(") AS \"{}\"", table::<C>())).joins(&asked.joins).push(&places::<C>(part));
    text.statement()
}

fn numbered_alone<C: Collection>(
    asked: &Asked<C>,
    part: &Part<C::Entity>,
    by: Column<C>,
    parents: &[Uuid],
    backend: DbBackend,
) -> Statement {
    let numbered = numbered(asked, part, by, by.is_in(parents.iter().copied()));
    let Statement { sql, values, .. } = backend.build(&numbered);
    let text = format!("SELECT {} FROM ({sql}) AS \"{}\"{}", asked.list(), table::<C>(), places::<C>(part));
    Statement::from_sql_and_values(backend, text, values.map(|values| values.0).unwrap_or_default())
}

/// All records of some lists, each with its place in its own.
fn numbered<C: Collection>(asked: &Asked<C>, part: &Part<C::Entity>, by: Column<C>, among: Expr) -> SelectStatement {
    let mut numbered = asked.select(part.condition.clone().add(among));
    let mut window = WindowStatement::partition_by(by.as_column_ref());
    part.ordering.apply(&mut window);
    numbered.expr_window_as(Expr::cust("row_number()"), window, PLACE);
    numbered
}

/// Those that are on the page, in its order, and the one beyond it.
fn places<C: Collection>(part: &Part<C::Entity>) -> String {
    let (place, offset) = (format!("\"{}\".\"{PLACE}\"", table::<C>()), part.offset.unwrap_or_default());
    format!(" WHERE {place} > {offset} AND {place} <= {} ORDER BY {place}", offset + part.limit + 1)
}

fn table<C: Collection>() -> String {
    C::Entity::default().table_name().to_owned()
}

/// How many records each list has; none for those that have none.
async fn totals<C: Collection>(
    reader: &Reader,
    asked: &Asked<C>,
    nested: &Nested<C>,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, u64>> {
    if !asked.counts() {
        return Ok(HashMap::new());
    }
    let among = among(nested.by, parents, reader.get_database_backend());
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
