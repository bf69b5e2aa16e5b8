use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, RcOrArc, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryGetError, TryGetable, Value};
use serde::{Deserialize, Serialize};

/// A list of keys in one column: `uuid[]` on PostgreSQL, a JSON array of their texts in a text column on SQLite.
///
/// SQLite has no arrays: there the server's connections bind the value as JSON text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UuidList(pub Vec<Uuid>);

impl From<UuidList> for Value {
    fn from(list: UuidList) -> Self {
        let items = list.0.into_iter().map(Value::from).collect();
        Value::Array(ArrayType::Uuid, Some(Box::new(items)))
    }
}

impl Nullable for UuidList {
    fn null() -> Value {
        Value::Array(ArrayType::Uuid, None)
    }
}

impl ValueType for UuidList {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <Vec<Uuid> as ValueType>::try_from(value).map(Self)
    }

    fn type_name() -> String {
        "UuidList".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::Uuid
    }

    fn column_type() -> ColumnType {
        ColumnType::Array(RcOrArc::new(ColumnType::Uuid))
    }
}

impl TryGetable for UuidList {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        if row.try_as_pg_row().is_some() {
            return Vec::<Uuid>::try_get_by(row, index).map(Self);
        }
        let json = String::try_get_by(row, index)?;
        serde_json::from_str(&json).map(Self).map_err(|error| TryGetError::DbErr(DbErr::Json(error.to_string())))
    }
}
