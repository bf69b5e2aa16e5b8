use async_graphql::{InputType, MaybeUndefined};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Alias, ArrayType, DynIden, Expr, ExprTrait, IntoIden};
use sea_orm::{ColumnTrait, DbBackend, Value};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::date::Date;
use crate::error::{Error, Result};

use super::{MAX_OPERAND_LENGTH, MAX_OPERANDS, Naming, Translation, client_name};

/// The column that operators apply to.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The field's name, for messages.
    field: &'static str,
    pub(super) column: Expr,
    /// Table and name of the column.
    place: (DynIden, String),
    pub(super) folded: Option<Expr>,
    pub(super) members: Option<Members>,
    naming: Option<Naming>,
}

/// How records are found by what they have several of, such as keys: not by a column's value, but by a condition that its
/// index serves. The conditions are true or false, never unknown.
#[derive(Clone, Copy, Debug)]
pub struct Members {
    /// Records that have at least one of these values.
    pub any_of: fn(values: Vec<Value>, backend: DbBackend) -> Expr,
    /// Records that have no value at all.
    pub none: fn() -> Expr,
}

impl Operand {
    /// A column of a table.
    pub fn new<C: ColumnTrait>(field: &'static str, column: C) -> Self {
        let place = (column.as_column_ref().0, column.as_str().to_owned());
        Self { field, column: Expr::col(column.as_column_ref()), place, folded: None, members: None, naming: None }
    }

    /// The same column, whose values name patients in this way.
    #[must_use]
    pub fn naming(self, naming: Option<Naming>) -> Self {
        Self { naming, ..self }
    }

    /// Notes which patients these values name.
    pub(super) fn name_patients<'v, T: Bind + 'v>(
        &self,
        values: impl IntoIterator<Item = &'v T>,
        translation: &mut Translation,
    ) {
        let Some(naming) = &self.naming else { return };
        // What cannot be bound is refused by its operator.
        values.into_iter().filter_map(|value| value.bind().ok()).for_each(|value| translation.name(naming, value));
    }

    /// The column of the form in which the values are compared, of those that have one besides what is written.
    pub(super) fn twin(&self) -> Expr {
        let (table, column) = &self.place;
        Expr::col((table.clone(), Alias::new(format!("{column}_folded"))))
    }

    /// The field's name as clients know it.
    pub(super) fn name(&self) -> String {
        client_name(self.field)
    }

    /// A column that holds several values.
    pub fn members<C: ColumnTrait>(field: &'static str, column: C, members: Members) -> Self {
        Self { members: Some(members), ..Self::new(field, column) }
    }

    /// A text column that has, on PostgreSQL, a twin in lower case, so that case-insensitive search finds an index.
    pub fn folded<C: ColumnTrait>(field: &'static str, column: C, twin: &'static str) -> Self {
        let (table, _) = column.as_column_ref();
        let folded = Some(Expr::col((table, twin.into_iden())));
        Self { folded, ..Self::new(field, column) }
    }
}

/// A value that a filter compares with.
pub trait Bind: InputType + Clone {
    /// Its type within an array.
    const ARRAY: ArrayType;

    /// The value, bound as a parameter of the statement.
    ///
    /// # Errors
    /// `BadRequest` or `Limit` for a value that no record can have.
    fn bind(&self) -> Result<Value>;
}

macro_rules! bind {
    ($($type:ty => $array:ident),+) => {$(
        impl Bind for $type {
            const ARRAY: ArrayType = ArrayType::$array;

            fn bind(&self) -> Result<Value> {
                Ok(Value::from(self.clone()))
            }
        }
    )+};
}

bind!(Uuid => Uuid, DateTime<Utc> => ChronoDateTimeUtc, i32 => Int, f64 => Double);

impl Bind for Date {
    const ARRAY: ArrayType = ArrayType::ChronoDate;

    fn bind(&self) -> Result<Value> {
        Ok(Value::from(self.0))
    }
}

impl Bind for String {
    const ARRAY: ArrayType = ArrayType::String;

    fn bind(&self) -> Result<Value> {
        if self.contains('\0') {
            return Err(Error::BadRequest("a text to compare with cannot hold the character U+0000".to_owned()));
        }
        if self.chars().nth(MAX_OPERAND_LENGTH).is_some() {
            return Err(Error::Limit(format!("a text to compare with has at most {MAX_OPERAND_LENGTH} characters")));
        }
        // As texts are written.
        Ok(Value::from(self.nfc().collect::<String>()))
    }
}

/// The operand of one operator: nothing when it was left out.
///
/// A null is refused rather than ignored: a variable that happens to be null would otherwise widen the result to
/// everything.
pub(super) fn given<'o, T>(
    operand: &Operand,
    operator: &'static str,
    value: &'o MaybeUndefined<T>,
    translation: &mut Translation,
) -> Result<Option<&'o T>> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => {
            let message = format!("{}: {operator} cannot be null: leave it out, or ask with isNull", operand.name());
            Err(Error::BadRequest(message).at(&[operator]))
        }
        MaybeUndefined::Value(value) => {
            translation.count()?;
            translation.decide(operator);
            Ok(Some(value))
        }
    }
}

/// `column IN values`, as one statement whatever the number of values where the database can.
pub(super) fn among<T: Bind>(
    operand: &Operand,
    values: &[T],
    negated: bool,
    translation: &mut Translation,
) -> Result<Expr> {
    let values = bound(operand, values, translation)?;
    if values.is_empty() && negated {
        // Databases let an unknown value pass here.
        return Ok(is_null(operand, false));
    }
    let column = operand.column.clone();
    Ok(match (translation.backend(), negated) {
        (DbBackend::Postgres, false) => column.eq(PgFunc::any(Value::Array(T::ARRAY, Some(Box::new(values))))),
        (DbBackend::Postgres, true) => column.ne(PgFunc::all(Value::Array(T::ARRAY, Some(Box::new(values))))),
        (_, false) => column.is_in(values),
        (_, true) => column.is_not_in(values),
    })
}

/// The values of a list, bound as parameters.
pub(super) fn bound<T: Bind>(operand: &Operand, values: &[T], translation: &mut Translation) -> Result<Vec<Value>> {
    translation.count_operands(values.len())?;
    if values.len() > MAX_OPERANDS {
        return Err(Error::Limit(format!(
            "{}: a list to compare with has at most {MAX_OPERANDS} values",
            operand.name()
        )));
    }
    values.iter().map(Bind::bind).collect()
}

pub(super) fn is_null(operand: &Operand, null: bool) -> Expr {
    if null { operand.column.clone().is_null() } else { operand.column.clone().is_not_null() }
}
