use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::{TextList, UuidList};
use parking_lot::RwLock;
use sea_orm::sea_query::{ColumnType, Expr};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, IdenStatic, IntoActiveModel, Iterable, QueryResult,
    Value,
};
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

    /// The key in a column, if one was read and is known.
    #[must_use]
    pub fn key(&self, column: E::Column) -> Option<Uuid> {
        match self.value(column) {
            Some(Value::Uuid(key)) => key,
            _ => None,
        }
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

/// How the columns of a table are written and read: worked out once, as long as the program runs.
struct Table<E: EntityTrait>(Vec<Known<E>>);

struct Known<E: EntityTrait> {
    column: E::Column,
    /// The column with its table, as both databases take it.
    text: String,
    kind: ColumnType,
}

/// One for each kind of row; never forgotten.
static TABLES: RwLock<BTreeMap<TypeId, &'static (dyn Any + Send + Sync)>> = RwLock::new(BTreeMap::new());

impl<E: EntityTrait> Table<E> {
    fn of() -> &'static Self {
        let known = TABLES.read().get(&TypeId::of::<E>()).copied();
        known.and_then(|table| table.downcast_ref()).unwrap_or_else(|| {
            let table = Box::leak(Box::new(Self::new()));
            TABLES.write().entry(TypeId::of::<E>()).or_insert(table);
            table
        })
    }

    fn new() -> Self {
        let table = E::default();
        let known = |column: E::Column| Known {
            text: format!("\"{}\".\"{}\"", table.table_name(), column.as_str()),
            kind: column.def().get_column_type().clone(),
            column,
        };
        Self(E::Column::iter().map(known).collect())
    }
}

/// Which columns a statement reads, each once.
pub(super) struct Plan<E: EntityTrait>(Vec<&'static Known<E>>);

impl<E: EntityTrait> Plan<E>
where
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    /// For rows of these columns, in the table's order.
    pub(super) fn new(columns: &[E::Column]) -> Self {
        let is_wanted = |known: &&Known<E>| columns.iter().any(|column| column.as_str() == known.column.as_str());
        Self(Table::<E>::of().0.iter().filter(is_wanted).collect())
    }

    /// What stands between SELECT and FROM.
    pub(super) fn list(&self) -> Expr {
        Expr::cust(self.text())
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn text(&self) -> String {
        let texts: Vec<&str> = self.0.iter().map(|known| known.text.as_str()).collect();
        texts.join(", ")
    }

    /// Where among them a column is.
    pub(super) fn place(&self, column: &E::Column) -> Option<usize> {
        self.0.iter().position(|known| known.column.as_str() == column.as_str())
    }

    /// A row whose columns start with this one of a statement's.
    pub(super) fn read(&self, result: &QueryResult, from: usize) -> Result<Row<E>, DbErr> {
        let mut active = <E::ActiveModel as ActiveModelTrait>::default();
        for (index, known) in self.0.iter().enumerate() {
            active.try_set(known.column, decode(result, from + index, &known.kind)?)?;
        }
        Ok(Row(Arc::new(active)))
    }
}

pub(super) fn decode(result: &QueryResult, index: usize, kind: &ColumnType) -> Result<Value, DbErr> {
    Ok(match kind {
        ColumnType::Uuid => result.try_get_by_index::<Option<Uuid>>(index)?.into(),
        ColumnType::String(_) | ColumnType::Text => result.try_get_by_index::<Option<String>>(index)?.into(),
        ColumnType::Date => result.try_get_by_index::<Option<NaiveDate>>(index)?.into(),
        ColumnType::TimestampWithTimeZone => result.try_get_by_index::<Option<DateTime<Utc>>>(index)?.into(),
        ColumnType::Boolean => result.try_get_by_index::<Option<bool>>(index)?.into(),
        ColumnType::Integer => result.try_get_by_index::<Option<i32>>(index)?.into(),
        ColumnType::Double => result.try_get_by_index::<Option<f64>>(index)?.into(),
        ColumnType::BigInteger => result.try_get_by_index::<Option<i64>>(index)?.into(),
        ColumnType::Array(of) if **of == ColumnType::Uuid => result.try_get_by_index::<Option<UuidList>>(index)?.into(),
        ColumnType::Array(_) => result.try_get_by_index::<Option<TextList>>(index)?.into(),
        _ => return Err(DbErr::Type("a column of a type that rows do not have".to_owned())),
    })
}
