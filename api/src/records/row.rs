use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::TextList;
use sea_orm::sea_query::ColumnType;
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryResult, Value};
use uuid::Uuid;

use crate::error::{Error, Result};

/// A row of which only the columns that somebody asked for were read.
#[derive(Clone, Debug)]
pub struct Row<E: EntityTrait> {
    values: E::ActiveModel,
    peers: Option<Arc<[Uuid]>>,
}

/// The value of a column, if it was read.
pub trait Loaded<T> {
    /// # Errors
    /// `Internal` when the column was not read.
    fn loaded(&self) -> Result<&T>;
}

impl<T: Into<Value>> Loaded<T> for ActiveValue<T> {
    fn loaded(&self) -> Result<&T> {
        self.try_as_ref().ok_or_else(|| Error::internal("a column was used that was not selected"))
    }
}

impl<E: EntityTrait> Row<E>
where
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    pub(super) fn of(model: E::Model) -> Self
    where
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        Self { values: model.into_active_model(), peers: None }
    }

    /// A column's value, for a cursor; none when it was not read.
    pub(super) fn value(&self, column: E::Column) -> Option<Value> {
        self.values.get(column).into_value()
    }

    /// Lets rows that were read together know of each other, by their keys in column `key`.
    pub(super) fn introduce<'r>(rows: impl Iterator<Item = &'r mut Self>, key: E::Column) {
        let rows: Vec<&mut Self> = rows.collect();
        if rows.len() < 2 {
            return;
        }
        let keys = rows.iter().filter_map(|row| match row.value(key) {
            Some(Value::Uuid(key)) => key,
            _ => None,
        });
        let keys: Arc<[Uuid]> = keys.collect();
        for row in rows {
            row.peers = Some(Arc::clone(&keys));
        }
    }

    /// The keys of the rows that were read together with this one, its own among them; none for a row that was read
    /// alone. What belongs to one of them is likely to be wanted of all.
    #[must_use]
    pub const fn peers(&self) -> Option<&Arc<[Uuid]>> {
        self.peers.as_ref()
    }
}

/// Columns read as such: `row.first_name.loaded()?`.
impl<E: EntityTrait> std::ops::Deref for Row<E> {
    type Target = E::ActiveModel;

    fn deref(&self) -> &Self::Target {
        &self.values
    }
}

/// How to read the columns of a statement's rows, worked out once for all of them.
pub(super) struct Plan<E: EntityTrait>(Vec<(E::Column, ColumnType)>);

impl<E: EntityTrait> Plan<E>
where
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    /// For rows of these columns, in this order.
    pub(super) fn new(columns: &[E::Column]) -> Self {
        Self(columns.iter().map(|column| (*column, column.def().get_column_type().clone())).collect())
    }

    pub(super) fn read(&self, result: &QueryResult) -> Result<Row<E>, DbErr> {
        let mut active = <E::ActiveModel as ActiveModelTrait>::default();
        for (index, (column, kind)) in self.0.iter().enumerate() {
            active.try_set(*column, decode(result, index, kind)?)?;
        }
        Ok(Row { values: active, peers: None })
    }
}

fn decode(result: &QueryResult, index: usize, kind: &ColumnType) -> Result<Value, DbErr> {
    Ok(match kind {
        ColumnType::Uuid => result.try_get_by_index::<Option<Uuid>>(index)?.into(),
        ColumnType::String(_) | ColumnType::Text => result.try_get_by_index::<Option<String>>(index)?.into(),
        ColumnType::Date => result.try_get_by_index::<Option<NaiveDate>>(index)?.into(),
        ColumnType::TimestampWithTimeZone => result.try_get_by_index::<Option<DateTime<Utc>>>(index)?.into(),
        ColumnType::Boolean => result.try_get_by_index::<Option<bool>>(index)?.into(),
        ColumnType::Integer => result.try_get_by_index::<Option<i32>>(index)?.into(),
        ColumnType::BigInteger => result.try_get_by_index::<Option<i64>>(index)?.into(),
        ColumnType::Array(_) => result.try_get_by_index::<Option<TextList>>(index)?.into(),
        _ => return Err(DbErr::Type("a column of a type that rows do not have".to_owned())),
    })
}
