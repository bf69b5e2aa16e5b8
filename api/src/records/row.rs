use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::TextList;
use sea_orm::sea_query::ColumnType;
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryResult, Value};
use uuid::Uuid;

use crate::error::{Error, Result};

/// A row of which only the columns that somebody asked for were read. Copies share it.
#[derive(Debug)]
pub struct Row<E: EntityTrait>(Arc<E::ActiveModel>);

impl<E: EntityTrait> Clone for Row<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
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

/// The key in a column, if one was read and is known.
pub trait Reference {
    /// The key.
    fn key(&self) -> Option<Uuid>;
}

impl Reference for ActiveValue<Uuid> {
    fn key(&self) -> Option<Uuid> {
        self.try_as_ref().copied()
    }
}

impl Reference for ActiveValue<Option<Uuid>> {
    fn key(&self) -> Option<Uuid> {
        self.try_as_ref().copied().flatten()
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
        Self(Arc::new(model.into_active_model()))
    }

    /// A column's value, for a cursor; none when it was not read.
    pub(super) fn value(&self, column: E::Column) -> Option<Value> {
        self.0.get(column).into_value()
    }
}

/// Columns read as such: `row.first_name.loaded()?`.
impl<E: EntityTrait> std::ops::Deref for Row<E> {
    type Target = E::ActiveModel;

    fn deref(&self) -> &Self::Target {
        &self.0
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
        Ok(Row(Arc::new(active)))
    }
}

fn decode(result: &QueryResult, index: usize, kind: &ColumnType) -> Result<Value, DbErr> {
    Ok(match kind {
        ColumnType::Uuid => result.try_get_by_index::<Option<Uuid>>(index)?.into(),
        ColumnType::String(_) | ColumnType::Text => result.try_get_by_index::<Option<String>>(index)?.into(),
        ColumnType::Date => result.try_get_by_index::<Option<NaiveDate>>(index)?.into(),
        ColumnType::TimestampWithTimeZone => result.try_get_by_index::<Option<DateTime<Utc>>>(index)?.into(),
        ColumnType::Integer => result.try_get_by_index::<Option<i32>>(index)?.into(),
        ColumnType::Array(_) => result.try_get_by_index::<Option<TextList>>(index)?.into(),
        _ => return Err(DbErr::Type("a column of a type that rows do not have".to_owned())),
    })
}
