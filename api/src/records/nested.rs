//! Pages of the lists that belong to records: those of many records in one statement.

use std::collections::HashMap;

use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{
    self, Alias, ArrayType, ColumnRef, Expr, ExprTrait, Func, IntoColumnRef, SelectStatement, TableRef, WindowStatement,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityName, Value};
use uuid::Uuid;

use crate::database::Reader;
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::collection::{Request, query_of};
use super::disclosure::{disclose, with_owner};
use super::row::Plan;
use super::{Collection, Listing, Query, Row};

/// For how many owners one statement reads: SQLite binds 32,766 values at most.
const MAX_OWNERS: usize = 10_000;

/// Whose a list's records are.
#[derive(Clone, Debug)]
pub struct Link {
    owner: ColumnRef,
    through: Option<(TableRef, ColumnRef)>,
}

impl Link {
    /// Each record names its owner in this column.
    #[must_use]
    pub fn by<C: ColumnTrait>(owner: C) -> Self {
        Self { owner: owner.as_column_ref().into_column_ref(), through: None }
    }

    /// Another table names owners and members in these two columns.
    #[must_use]
    pub fn through<C: ColumnTrait>(owner: C, member: C) -> Self {
        let table = C::EntityName::default().table_ref();
        let member = member.as_column_ref().into_column_ref();
        Self { owner: owner.as_column_ref().into_column_ref(), through: Some((table, member)) }
    }

    /// Whether the owners are the patients whose the records are. They were found before, deleted ones too where those
    /// were asked for.
    fn is_of_patients<C: Collection>(&self) -> bool {
        let patient = C::patient().map(|column| column.as_column_ref().into_column_ref());
        self.through.is_none() && patient.as_ref() == Some(&self.owner)
    }

    /// Joins what names the owners, and keeps to some of them.
    fn restrict<C: Collection>(&self, query: &mut SelectStatement, owners: &[Uuid], backend: DbBackend) {
        if let Some((table, member)) = &self.through {
            let is_member = Expr::col(member.clone()).eq(Expr::col(C::key().as_column_ref()));
            query.inner_join(table.clone(), is_member);
        }
        let owner = Expr::col(self.owner.clone());
        let keys = owners.iter().map(|key| Value::from(*key));
        query.and_where(match backend {
            DbBackend::Postgres => owner.eq(PgFunc::any(Value::Array(ArrayType::Uuid, Some(Box::new(keys.collect()))))),
            _ => owner.is_in(keys),
        });
    }
}

/// For each owner, a page of the list that is its own: one statement for all of them, and another one if the lists are to
/// be `counted`.
///
/// # Errors
/// As for one list.
pub async fn lists<C: Collection>(
    scope: &Scope,
    reader: &Reader,
    link: &Link,
    owners: &[Uuid],
    query: &Query<C>,
    counted: bool,
) -> Result<HashMap<Uuid, Listing<C>>> {
    C::permit(scope)?;
    let request = Request::<C>::new(scope, reader.get_database_backend(), query, link.is_of_patients::<C>())?;
    let plan = Plan::<C::Entity>::new(&with_owner::<C>(reader, request.columns.clone()));
    let mut rows: HashMap<Uuid, Vec<Row<C::Entity>>> = HashMap::new();
    let mut totals: HashMap<Uuid, u64> = HashMap::new();
    for some in owners.chunks(MAX_OWNERS) {
        for result in reader.query_all(&pages(&request, &plan, link, some, reader.get_database_backend())).await? {
            let owner: Uuid = result.try_get_by_index(plan.len())?;
            rows.entry(owner).or_default().push(plan.read(&result)?);
        }
        if counted {
            totals.extend(count::<C>(reader, link, some, request.condition.clone()).await?);
        }
    }
    let listing = |owner: &Uuid| {
        let mut listing = request.listing(rows.remove(owner).unwrap_or_default());
        listing.total = counted.then(|| totals.get(owner).copied().unwrap_or_default());
        (*owner, listing)
    };
    let mut listings: HashMap<Uuid, Listing<C>> = owners.iter().map(listing).collect();
    for listing in listings.values() {
        disclose::<C>(reader, &listing.rows, &request.columns);
    }
    Row::introduce(listings.values_mut().flat_map(|listing| listing.rows.iter_mut()), C::key());
    Ok(listings)
}

/// Numbers the records of each owner in the list's order, and keeps those of the page.
fn pages<C: Collection>(
    request: &Request<C>,
    plan: &Plan<C::Entity>,
    link: &Link,
    owners: &[Uuid],
    backend: DbBackend,
) -> SelectStatement {
    let (owner, place) = (Alias::new("owner"), Alias::new("place"));
    let mut window = WindowStatement::partition_by(link.owner.clone());
    request.part.ordering.apply(&mut window);
    let mut members = query_of::<C>(plan, request.part.condition.clone());
    members.expr_as(Expr::col(link.owner.clone()), owner.clone());
    members.expr_window_as(Func::cust("ROW_NUMBER"), window, place.clone());
    link.restrict::<C>(&mut members, owners, backend);
    let skipped = request.part.offset.unwrap_or_default();
    sea_query::Query::select()
        .expr(Expr::col(sea_query::Asterisk))
        .from_subquery(members, Alias::new("members"))
        .and_where(Expr::col(place.clone()).gt(skipped))
        .and_where(Expr::col(place.clone()).lte(skipped + request.part.limit + 1))
        .order_by(owner, sea_query::Order::Asc)
        .order_by(place, sea_query::Order::Asc)
        .to_owned()
}

async fn count<C: Collection>(
    reader: &Reader,
    link: &Link,
    owners: &[Uuid],
    condition: Condition,
) -> Result<HashMap<Uuid, u64>> {
    let mut query = sea_query::Query::select();
    query.from(C::Entity::default().table_ref()).cond_where(condition);
    query.expr(Expr::col(link.owner.clone()));
    query.expr(Func::count(Expr::col(C::key().as_column_ref())));
    link.restrict::<C>(&mut query, owners, reader.get_database_backend());
    query.add_group_by([Expr::col(link.owner.clone())]);
    let totals = reader.query_all(&query).await?;
    let total = |row: &sea_orm::QueryResult| {
        let count: i64 = row.try_get_by_index(1)?;
        Ok((row.try_get_by_index(0)?, u64::try_from(count).map_err(Error::internal)?))
    };
    totals.iter().map(total).collect()
}
