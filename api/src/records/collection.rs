//! Reading any kind of record: one by its key, several by theirs, or a page of a list.

use async_graphql::Enum;
use sea_orm::sea_query::{self, Expr, Func, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityName, EntityTrait, QueryFilter,
    QuerySelect, QueryTrait, Statement, Value,
};
use uuid::Uuid;

use crate::criteria::{Bounded, Criteria, Filter, Ordering, Page, PageArguments, Term, Translation, seek};
use crate::database::Reader;
use crate::error::{Error, Result};
use crate::scope::{Permission, Scope};

use super::Row;
use super::disclosure::{Disclosure, disclose, disclose_total, with_owner};
use super::row::Plan;

pub(super) type Column<C> = <<C as Criteria>::Entity as EntityTrait>::Column;

/// A kind of record that can be read.
pub trait Collection:
    Bounded<Entity: EntityTrait<ActiveModel: ActiveModelTrait<Entity = Self::Entity> + Send + Sync>>
{
    /// The type's name in the schema, and in the change log.
    const NAME: &'static str;

    /// What the caller must be allowed.
    const READ: Permission;

    /// Who may read at all.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden`.
    fn permit(scope: &Scope) -> Result<()> {
        scope.require(Self::READ)
    }

    /// The key's column.
    fn key() -> Column<Self>;

    /// A record's key.
    ///
    /// # Errors
    /// `Internal` for a row that is none of ours: keys are always read.
    fn key_of(row: &Row<Self::Entity>) -> Result<Uuid> {
        match row.value(Self::key()) {
            Some(Value::Uuid(Some(key))) => Ok(key),
            _ => Err(Error::internal("a record without its key")),
        }
    }

    /// The order of a list when no other is asked for.
    fn default_order() -> Term<Column<Self>>;

    /// What reads put on record.
    #[must_use]
    fn disclosure() -> Disclosure {
        if Self::patient().is_some() { Disclosure::Patients } else { Disclosure::Nothing }
    }

    /// What holds of records that count, besides that they were not deleted themselves; nothing where that is all.
    #[must_use]
    fn upheld() -> Option<Expr> {
        None
    }

    /// The column that is set in a record that was deleted; none where records are not deleted.
    #[must_use]
    fn tombstone() -> Option<Column<Self>> {
        None
    }
}

/// Whether a list has records that were deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum Deleted {
    /// Only records that were not deleted.
    #[default]
    Excluded,
    /// Records whether they were deleted or not.
    Included,
    /// Only records that were deleted.
    Only,
}

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
    ordering: Ordering<C::Entity>,
    condition: Condition,
    /// How many records the whole list has, where that is known already.
    pub(super) total: Option<u64>,
}

impl<C: Collection> Listing<C> {
    /// The place of the page's record with this index.
    ///
    /// # Errors
    /// `Internal` when a column of the order was not read.
    pub fn cursor(&self, index: usize) -> Result<String> {
        self.ordering.cursor(|column| self.rows.get(index)?.value(column))
    }

    /// How many records the whole list has. Costs a statement, unless it was counted along with others.
    ///
    /// # Errors
    /// As any read.
    pub async fn count(&self, reader: &Reader) -> Result<u64> {
        disclose_total::<C>(reader);
        if let Some(total) = self.total {
            return Ok(total);
        }
        let query = C::Entity::find()
            .select_only()
            .expr_as(Func::count(Expr::col(C::key().as_column_ref())), "total")
            .filter(self.condition.clone())
            .into_query();
        let row = reader.query_one(&query).await?.ok_or_else(|| Error::internal("a count without a row"))?;
        let total: i64 = row.try_get_by_index(0)?;
        u64::try_from(total).map_err(Error::internal)
    }
}

/// The record with this key, deleted ones excepted.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn find<C: Collection>(
    scope: &Scope,
    reader: &Reader,
    uuid: Uuid,
    columns: &[Column<C>],
) -> Result<Option<Row<C::Entity>>> {
    C::permit(scope)?;
    let condition = visible::<C>(scope, Deleted::Excluded).add(C::key().eq(uuid));
    Ok(select::<C>(reader, condition, columns).await?.into_iter().next())
}

/// The records with these keys, deleted ones excepted, in no particular order.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn find_many<C: Collection>(
    scope: &Scope,
    reader: &Reader,
    uuids: &[Uuid],
    columns: &[Column<C>],
) -> Result<Vec<Row<C::Entity>>> {
    C::permit(scope)?;
    let among = match reader.get_database_backend() {
        sea_orm::DbBackend::Postgres => C::key().eq_any(uuids.to_vec()),
        _ => C::key().is_in(uuids.iter().copied()),
    };
    select::<C>(reader, visible::<C>(scope, Deleted::Excluded).add(among), columns).await
}

/// A page of a list.
///
/// # Errors
/// `Forbidden`, `BadRequest` and `Limit` for what no list can be asked, and as any read.
pub async fn list<C: Collection>(scope: &Scope, reader: &Reader, query: Query<C>) -> Result<Listing<C>> {
    C::permit(scope)?;
    let request = Request::new(scope, reader.get_database_backend(), &query, false)?;
    let plan = Plan::<C::Entity>::new(&with_owner::<C>(reader, request.columns.clone()));
    let mut query = query_of::<C>(&plan, request.part.condition.clone());
    request.part.ordering.apply(&mut query);
    let statement = page_of(query, request.part.offset, request.part.limit + 1, reader.get_database_backend());
    let results = reader.query_all_raw(statement).await?;
    let rows = results.iter().map(|result| plan.read(result)).collect::<Result<Vec<_>, _>>()?;
    let mut listing = request.listing(rows);
    disclose::<C>(reader, &listing.rows, &request.columns);
    Row::introduce(listing.rows.iter_mut(), C::key());
    Ok(listing)
}

/// A part of a list, worked out.
pub(super) struct Request<C: Collection> {
    pub(super) columns: Vec<Column<C>>,
    pub(super) part: Part<C::Entity>,
    /// The whole list.
    pub(super) condition: Condition,
    page: Page,
    ordering: Ordering<C::Entity>,
}

impl<C: Collection> Request<C> {
    /// Whoever lists what belongs to patients whom they have found already says that the owners count.
    pub(super) fn new(scope: &Scope, backend: DbBackend, query: &Query<C>, owners_count: bool) -> Result<Self> {
        let page = query.page.clone().resolve()?;
        let ordering = Ordering::new(scope, &query.order, C::default_order())?;
        let mut condition = reached::<C>(scope, query.deleted);
        if !owners_count && query.deleted == Deleted::Excluded {
            condition = condition.add_option(C::upheld());
        }
        if let Some(filter) = &query.filter {
            condition = condition.add(filter.condition(&mut Translation::new(backend, scope))?);
        }
        let mut columns = query.columns.clone();
        columns.extend(ordering.terms().iter().map(|term| term.column));
        let part = Part::of(&page, &ordering, &condition)?;
        Ok(Self { columns: distinct::<C>(columns), part, condition, page, ordering })
    }

    /// The page that these rows make, of which there may be one too many.
    pub(super) fn listing(&self, mut rows: Vec<Row<C::Entity>>) -> Listing<C> {
        let more = rows.len() as u64 > self.part.limit;
        if more {
            rows.pop();
        }
        if self.part.backward {
            rows.reverse();
        }
        let (has_next, has_previous) = match &self.page {
            Page::Numbered { page, .. } => (more, *page > 1),
            Page::Cursor { backward: false, after, .. } => (more, after.is_some()),
            Page::Cursor { backward: true, before, .. } => (before.is_some(), more),
        };
        let (ordering, condition) = (self.ordering.clone(), self.condition.clone());
        Listing { rows, page: self.page.clone(), has_next, has_previous, ordering, condition, total: None }
    }
}

/// What of a list to read.
pub(super) struct Part<E: EntityTrait> {
    pub(super) condition: Condition,
    pub(super) ordering: Ordering<E>,
    pub(super) offset: Option<u64>,
    pub(super) limit: u64,
    backward: bool,
}

impl<E: EntityTrait> Part<E> {
    fn of(page: &Page, ordering: &Ordering<E>, whole: &Condition) -> Result<Self> {
        match page {
            Page::Numbered { page, per_page } => Ok(Self {
                condition: whole.clone(),
                ordering: ordering.clone(),
                offset: (*page > 1).then(|| u64::from(page - 1) * u64::from(*per_page)),
                limit: u64::from(*per_page),
                backward: false,
            }),
            Page::Cursor { limit, backward, after, before } => {
                let reversed = ordering.reversed();
                let mut condition = whole.clone();
                if let Some(after) = after {
                    condition = condition.add(seek(ordering, &ordering.place("after", after)?));
                }
                if let Some(before) = before {
                    condition = condition.add(seek(&reversed, &ordering.place("before", before)?));
                }
                let ordering = if *backward { reversed } else { ordering.clone() };
                Ok(Self { condition, ordering, offset: None, limit: u64::from(*limit), backward: *backward })
            }
        }
    }
}

/// A limit is written into the text: of a parameter PostgreSQL assumes a tenth of all records, and then plans the
/// statement anew for every page. Offsets stay parameters: they would make too many texts.
fn page_of(mut query: SelectStatement, offset: Option<u64>, limit: u64, backend: DbBackend) -> Statement {
    if let Some(offset) = offset {
        return backend.build(query.offset(offset).limit(limit));
    }
    let mut statement = backend.build(&query);
    statement.sql.extend([" LIMIT ", &limit.to_string()]);
    statement
}

/// What the caller may see at all.
pub(super) fn visible<C: Collection>(scope: &Scope, deleted: Deleted) -> Condition {
    let condition = reached::<C>(scope, deleted);
    if deleted == Deleted::Excluded { condition.add_option(C::upheld()) } else { condition }
}

fn reached<C: Collection>(scope: &Scope, deleted: Deleted) -> Condition {
    let mut condition = C::within(scope);
    if let Some(tombstone) = C::tombstone() {
        match deleted {
            Deleted::Excluded => condition = condition.add(tombstone.is_null()),
            Deleted::Only => condition = condition.add(tombstone.is_not_null()),
            Deleted::Included => {}
        }
    }
    condition
}

async fn select<C: Collection>(
    reader: &Reader,
    condition: Condition,
    columns: &[Column<C>],
) -> Result<Vec<Row<C::Entity>>> {
    let shown = distinct::<C>(columns.to_vec());
    let plan = Plan::<C::Entity>::new(&with_owner::<C>(reader, shown.clone()));
    let statement = reader.get_database_backend().build(&query_of::<C>(&plan, condition));
    let results = reader.query_all_raw(statement).await?;
    let mut rows = results.iter().map(|result| plan.read(result)).collect::<Result<Vec<_>, _>>()?;
    Row::introduce(rows.iter_mut(), C::key());
    disclose::<C>(reader, &rows, &shown);
    Ok(rows)
}

/// Reads these columns and no others. `Entity::find` would first write all of them, only to forget them again.
pub(super) fn query_of<C: Collection>(plan: &Plan<C::Entity>, condition: Condition) -> SelectStatement {
    let mut query = sea_query::Query::select();
    query.expr(plan.list());
    query.from(C::Entity::default().table_ref()).cond_where(condition);
    query
}

/// The columns without repetition, the key among them.
pub(super) fn distinct<C: Collection>(columns: Vec<Column<C>>) -> Vec<Column<C>> {
    let mut kept = vec![C::key()];
    for column in columns {
        if !kept.iter().any(|other| sea_orm::IdenStatic::as_str(other) == sea_orm::IdenStatic::as_str(&column)) {
            kept.push(column);
        }
    }
    kept
}
