//! Reading any kind of record: one by its key, or several by theirs.

use std::collections::HashSet;

use async_graphql::Enum;
use sea_orm::sea_query::{self, Alias, Expr, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityName, EntityTrait, IdenStatic, Value,
};
use uuid::Uuid;

use crate::criteria::{Bounded, Criteria, Direction, Ordering, Page, Term};
use crate::database::Reader;
use crate::error::{Error, Result};
use crate::scope::{Permission, Scope};

use super::Row;
use super::disclosure::{Disclosure, disclose, missed, with_owner};
use super::joined::{Joins, Text, take};
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

    /// All that the caller must be allowed.
    const NEEDS: &'static [Permission] = &[Self::READ];

    /// Who may read at all.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden`.
    fn permit(scope: &Scope) -> Result<()> {
        Self::NEEDS.iter().try_for_each(|needed| scope.require(*needed))
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

    /// Rows that stand for the table's, for a caller or a filter; none where the table itself is read. A page says how it
    /// goes through its list.
    ///
    /// # Errors
    /// `BadRequest` for a cursor of another list.
    fn source(
        _scope: &Scope,
        _backend: DbBackend,
        _filter: Option<&Self::Filter>,
        _walk: Option<Walk<'_, Self>>,
    ) -> Result<Option<Source<Self>>>
    where
        Self: Sized,
    {
        Ok(None)
    }

    /// The column that is read along with this one, since fields are made of both.
    #[must_use]
    fn along(_column: Column<Self>) -> Option<Column<Self>> {
        None
    }

    /// The order of a list when no other is asked for.
    fn default_order() -> Term<Column<Self>>;

    /// What reads put on record.
    #[must_use]
    fn disclosure() -> Disclosure {
        if Self::patient().is_some() { Disclosure::Patients } else { Disclosure::Nothing }
    }

    /// By what name it is put on record that somebody was told of these records.
    #[must_use]
    fn on_record() -> Option<&'static str> {
        (Self::disclosure() != Disclosure::Nothing).then_some(Self::NAME)
    }

    /// What the caller may see of these records, whatever they are asked for.
    ///
    /// # Errors
    /// `Forbidden` when that is nothing.
    fn reach(scope: &Scope) -> Result<Condition>
    where
        Self: Sized,
    {
        Self::permit(scope)?;
        Ok(visible::<Self>(scope, Deleted::Excluded))
    }

    /// The column that names the record that took another one's place; none where none does. Lists leave such records out,
    /// unless they have deleted ones too.
    #[must_use]
    fn successor() -> Option<Column<Self>> {
        None
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

/// Rows that stand for those of a table.
#[derive(Clone, Debug)]
pub struct Source<C: Collection> {
    /// They have the table's columns, as far as they are shown, with what the caller may see of them.
    pub rows: SelectStatement,
    /// What is left of the filter, where the rows are what a part of it asks for; otherwise it holds as a whole.
    pub rest: Option<C::Filter>,
    /// A column of theirs that grows along the order of the page, and by which they come already, so that no more of them
    /// are read than the page needs.
    pub leading: Option<&'static str>,
}

/// Way in which a page goes through its list.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a, C: Collection> {
    page: &'a Page,
    ordering: &'a Ordering<C::Entity>,
}

impl<'a, C: Collection> Walk<'a, C> {
    pub(super) const fn new(page: &'a Page, ordering: &'a Ordering<C::Entity>) -> Self {
        Self { page, ordering }
    }

    /// The direction in which the page goes by `column`; none where another column comes first.
    #[must_use]
    pub fn direction_by(&self, column: &Column<C>) -> Option<Direction> {
        let first = self.ordering.steps().first().filter(|step| step.related.is_none())?;
        let direction = if self.page.is_backward() { first.direction.reversed() } else { first.direction };
        (first.column.as_str() == column.as_str()).then_some(direction)
    }

    /// The first column's value in the record after which the page begins; none where it begins at an end of the list.
    ///
    /// # Errors
    /// `BadRequest` for a cursor of another list.
    pub fn start(&self) -> Result<Option<Value>> {
        let from = if self.page.is_backward() { "before" } else { "after" };
        let Some((argument, cursor)) = self.page.cursors().find(|(argument, _)| *argument == from) else {
            return Ok(None);
        };
        Ok(self.ordering.place(argument, cursor)?.into_iter().next())
    }
}

/// Whether a list has records that were deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum Deleted {
    /// Only records that were not deleted.
    #[default]
    Excluded,
    /// Records whether they were deleted or not, those too whose place another record has taken.
    Included,
    /// Only records that were deleted.
    Only,
}

/// The record with this key.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn find<C: Collection>(
    scope: &Scope,
    reader: &Reader,
    uuid: Uuid,
    deleted: Deleted,
    columns: &[Column<C>],
    joins: &Joins,
) -> Result<Option<Row<C::Entity>>> {
    C::permit(scope)?;
    let condition = visible::<C>(scope, deleted).add(C::key().eq(uuid));
    let found = select::<C>(scope, reader, condition, columns, joins).await?.into_iter().next();
    if found.is_none() {
        missed::<C>(scope, reader, &[uuid]);
    }
    Ok(found)
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
    joins: &Joins,
) -> Result<Vec<Row<C::Entity>>> {
    C::permit(scope)?;
    let among = match reader.get_database_backend() {
        sea_orm::DbBackend::Postgres => C::key().eq_any(uuids.to_vec()),
        _ => C::key().is_in(uuids.iter().copied()),
    };
    let found = select::<C>(scope, reader, visible::<C>(scope, Deleted::Excluded).add(among), columns, joins).await?;
    if found.len() < uuids.len() {
        let keys: HashSet<Uuid> = found.iter().filter_map(|row| row.key(C::key())).collect();
        missed::<C>(scope, reader, &uuids.iter().copied().filter(|key| !keys.contains(key)).collect::<Vec<_>>());
    }
    Ok(found)
}

/// What the caller may see at all.
pub(super) fn visible<C: Collection>(scope: &Scope, deleted: Deleted) -> Condition {
    let condition = reached::<C>(scope, deleted);
    if deleted == Deleted::Excluded { condition.add_option(C::upheld()) } else { condition }
}

/// The same, of records of which it is known already that they count.
pub(super) fn reached<C: Collection>(scope: &Scope, deleted: Deleted) -> Condition {
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
    scope: &Scope,
    reader: &Reader,
    condition: Condition,
    columns: &[Column<C>],
    joins: &Joins,
) -> Result<Vec<Row<C::Entity>>> {
    let shown = distinct::<C>(columns.to_vec());
    let plan = Plan::<C::Entity>::new(&with_owner::<C>(reader, shown.clone()));
    let source = C::source(scope, reader.get_database_backend(), None, None)?.map(|source| source.rows);
    let query = query_from::<C>(&plan, condition, source.as_ref());
    let statement = if joins.is_empty() {
        reader.get_database_backend().build(&query)
    } else {
        let table = C::Entity::default().table_name().to_owned();
        let mut text = Text::new();
        text.push("SELECT ").push(&plan.text()).list(joins).push(" FROM (").select(&query);
        text.push(") AS \"").push(&table).push("\"").joins(joins);
        text.statement()
    };
    let results = reader.query_all_raw(statement).await?;
    let rows = results.iter().map(|result| plan.read(result, 0)).collect::<Result<Vec<_>, _>>()?;
    disclose::<C>(reader, &rows, &shown, &[]);
    take(joins, reader, &results.iter().collect::<Vec<_>>(), plan.len()).await?;
    Ok(rows)
}

/// Reads these columns and no others. `Entity::find` would first write all of them, only to forget them again.
pub(super) fn query_of<C: Collection>(plan: &Plan<C::Entity>, condition: Condition) -> SelectStatement {
    query_from::<C>(plan, condition, None)
}

/// The same, of rows that come from elsewhere.
pub(super) fn query_from<C: Collection>(
    plan: &Plan<C::Entity>,
    condition: Condition,
    source: Option<&SelectStatement>,
) -> SelectStatement {
    let mut query = sea_query::Query::select();
    query.expr(plan.list()).cond_where(condition);
    from::<C>(&mut query, source);
    query
}

/// Reads the rows of the table, or those that stand for it, under the table's name.
pub(super) fn from<C: Collection>(query: &mut SelectStatement, source: Option<&SelectStatement>) {
    let table = C::Entity::default();
    match source {
        Some(rows) => query.from_subquery(rows.clone(), Alias::new(table.table_name())),
        None => query.from(table.table_ref()),
    };
}

/// Whether a column tells whose a record is: a list by it is of what belongs to a patient.
pub(super) fn is_patients<C: Collection>(column: &Column<C>) -> bool {
    C::patient().is_some_and(|patient| patient.as_str() == column.as_str())
}

/// Tells whether a record's key is a patient's.
pub(super) fn is_patient<C: Collection>() -> bool {
    is_patients::<C>(&C::key())
}

/// The columns without repetition, the key among them.
pub(super) fn distinct<C: Collection>(columns: Vec<Column<C>>) -> Vec<Column<C>> {
    let mut kept = vec![C::key()];
    for column in columns {
        for column in [Some(column), C::along(column)].into_iter().flatten() {
            if !kept.iter().any(|other| other.as_str() == column.as_str()) {
                kept.push(column);
            }
        }
    }
    kept
}
