use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use async_graphql::SelectionField;
use sea_orm::{ConnectionTrait, DbBackend, EntityName};

use crate::criteria::is_client_name;
use crate::records::{Collection, Join, Joins, Row};

use super::context::Context;
use super::record::{Column, Entity, Record, columns, read};
use super::related::Relations;

/// A field of a record that shows another one, to which a column refers.
pub(super) trait One<R: Record>: Sync {
    fn name(&self) -> &'static str;

    /// The column that refers to it.
    fn by(&self) -> Column<R>;

    /// Has it read along, if `fields` select it and it can be.
    fn join(&self, joining: &mut Joining<'_>, fields: &[SelectionField<'_>]);
}

/// The field `name` of `R` shows the `T` to which the column `by` refers.
pub(super) const fn one<R: Record, T: Record>(name: &'static str, by: Column<R>) -> Refers<R, T> {
    Refers { name, by, to: PhantomData }
}

pub(super) struct Refers<R: Record, T> {
    name: &'static str,
    by: Column<R>,
    to: PhantomData<fn() -> T>,
}

/// What is going to be read along with records.
pub(super) struct Joining<'a> {
    context: &'a Context,
    joins: Joins,
    /// What the statement reads already.
    tables: Vec<&'static str>,
}

/// What a statement that reads records as `fields` select them can read along of those that they refer to. It is found by
/// the request's loaders then, by whoever shows it. What cannot be read along is read afterwards: of a table that the
/// statement reads for something else, of records that the caller may not see, and all of it on SQLite, where a statement
/// is no round trip.
pub(super) fn joins<R: Record>(context: &Context, fields: &[SelectionField<'_>]) -> Joins {
    let is_apart = context.reader.get_database_backend() == DbBackend::Postgres;
    if !is_apart || R::ONES.is_empty() || !context.loaders.remembers() {
        return Joins::new();
    }
    let mut joining = Joining { context, joins: Joins::new(), tables: vec![table::<R>()] };
    joining.add::<R>(fields);
    joining.joins
}

impl Joining<'_> {
    fn add<R: Record>(&mut self, fields: &[SelectionField<'_>]) {
        for one in R::ONES {
            one.join(self, fields);
        }
    }
}

impl<R: Record, T: Record> Refers<R, T> {
    /// Reads what the field shows of some rows, all of it in one statement; nothing when it is not selected.
    pub(super) async fn read(
        &self,
        context: &Context,
        fields: &[SelectionField<'_>],
        rows: &[Row<Entity<R>>],
    ) -> Relations<R, T> {
        let found = match below(fields, self.name) {
            Some(fields) => {
                let keys = rows.iter().filter_map(|row| row.key(self.by)).collect();
                Box::pin(read(context, &fields, keys)).await
            }
            None => Ok(HashMap::new()),
        };
        Relations::new(self.by, found)
    }
}

impl<R: Record, T: Record> One<R> for Refers<R, T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn by(&self) -> Column<R> {
        self.by
    }

    fn join(&self, joining: &mut Joining<'_>, fields: &[SelectionField<'_>]) {
        let Some(fields) = below(fields, self.name) else { return };
        let Context { scope, reader, loaders, .. } = joining.context;
        if joining.tables.contains(&table::<T>()) || T::Collection::permit(scope).is_err() {
            return;
        }
        let columns = columns::<T>(&fields);
        let rows = loaders.rows::<T::Collection>(&columns, Joins::new);
        let keep = move |found: HashMap<_, _>| {
            let rows = Arc::clone(&rows);
            let keep: futures_util::future::BoxFuture<'static, ()> =
                Box::pin(async move { rows.feed_many(found).await });
            keep
        };
        let join = Join::<T::Collection>::new::<R::Collection>(scope, reader, self.by, columns, Box::new(keep));
        joining.joins.push(Arc::new(join));
        joining.tables.push(table::<T>());
        joining.add::<T>(&fields);
    }
}

/// What is selected below the field `name`, however often that is asked for; none when it is not.
pub(super) fn below<'a>(fields: &[SelectionField<'a>], name: &str) -> Option<Vec<SelectionField<'a>>> {
    let mut asked = fields.iter().filter(|field| is_client_name(field.name(), name)).peekable();
    asked.peek()?;
    Some(asked.flat_map(SelectionField::selection_set).collect())
}

fn table<R: Record>() -> &'static str {
    Entity::<R>::default().table_name()
}
