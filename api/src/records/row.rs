use chrono::{DateTime, NaiveDate, Utc};
use entity::TextList;
use sea_orm::sea_query::ColumnType;
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryResult, Value};
use uuid::Uuid;

use crate::error::{Error, Result};

/// A row of which only the columns that somebody asked for were read.
#[derive(Clone, Debug)]
pub struct Row<E: EntityTrait>(E::ActiveModel);

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
        Self(model.into_active_model())
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
        Ok(Row(active))
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
