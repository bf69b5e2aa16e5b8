use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, RcOrArc, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryGetError, TryGetable, Value};
use serde::{Deserialize, Serialize};

/// A list of plain texts in one column: `text[]` on PostgreSQL, a JSON array in a text column on SQLite.
///
/// SQLite has no arrays: there the server's connections bind the value as JSON text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextList(pub Vec<String>);

impl From<TextList> for Value {
    fn from(list: TextList) -> Self {
        let items = list.0.into_iter().map(Value::from).collect();
        Value::Array(ArrayType::String, Some(Box::new(items)))
    }
}

impl Nullable for TextList {
    fn null() -> Value {
        Value::Array(ArrayType::String, None)
    }
}

impl ValueType for TextList {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <Vec<String> as ValueType>::try_from(value).map(Self)
    }

    fn type_name() -> String {
        "TextList".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::String
    }

    fn column_type() -> ColumnType {
        ColumnType::Array(RcOrArc::new(ColumnType::Text))
    }
}

impl TryGetable for TextList {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        if row.try_as_pg_row().is_some() {
            return Vec::<String>::try_get_by(row, index).map(Self);
        }
        let json = String::try_get_by(row, index)?;
        serde_json::from_str(&json).map(Self).map_err(|error| TryGetError::DbErr(DbErr::Json(error.to_string())))
    }
}
