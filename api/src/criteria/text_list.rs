use async_graphql::{InputObject, MaybeUndefined};
use sea_orm::sea_query::{ArrayType, Expr};
use sea_orm::{Condition, DbBackend, Value};

use crate::error::{Error, Result};

use super::operand::{Bind, given};
use super::{MAX_OPERANDS, Operand, Operators, Translation};

/// Conditions on a list of texts. All that are given must hold.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "StringListFilter")]
pub struct TextListFilter {
    /// Has this entry, letter by letter.
    contains: MaybeUndefined<String>,
    /// Has every one of these entries, 1000 at most.
    contains_all: MaybeUndefined<Vec<String>>,
    /// Has at least one of these entries, 1000 at most.
    contains_any: MaybeUndefined<Vec<String>>,
    /// True: the list has no entry. False: it has some.
    is_empty: MaybeUndefined<bool>,
}

impl Operators for TextListFilter {
    fn condition(&self, on: &Operand, t: &mut Translation) -> Result<Condition> {
        let mut all = Condition::all();
        if let Some(entry) = given(on, "contains", &self.contains, t)? {
            all = all.add(has_all(on, std::slice::from_ref(entry), t.backend())?);
        }
        if let Some(entries) = given(on, "containsAll", &self.contains_all, t)? {
            all = all.add(has_all(on, entries, t.backend())?);
        }
        if let Some(entries) = given(on, "containsAny", &self.contains_any, t)? {
            all = all.add(has_any(on, entries, t.backend())?);
        }
        if let Some(empty) = given(on, "isEmpty", &self.is_empty, t)? {
            all = all.add(is_empty(on, *empty, t.backend()));
        }
        Ok(all)
    }
}

fn bound(on: &Operand, entries: &[String]) -> Result<Vec<Value>> {
    if entries.len() > MAX_OPERANDS {
        return Err(Error::Limit(format!("{}: a list to compare with has at most {MAX_OPERANDS} values", on.name())));
    }
    entries.iter().map(Bind::bind).collect()
}

fn has_all(on: &Operand, entries: &[String], backend: DbBackend) -> Result<Condition> {
    let entries = bound(on, entries)?;
    if backend == DbBackend::Postgres {
        return Ok(Condition::all().add(overlap("$1 @> $2", on, entries)));
    }
    Ok(entries.into_iter().fold(Condition::all(), |all, entry| all.add(sqlite_has(on, entry))))
}

fn has_any(on: &Operand, entries: &[String], backend: DbBackend) -> Result<Condition> {
    let entries = bound(on, entries)?;
    if backend == DbBackend::Postgres {
        return Ok(Condition::all().add(overlap("$1 && $2", on, entries)));
    }
    if entries.is_empty() {
        return Ok(Condition::all().add(Expr::val(false)));
    }
    Ok(entries.into_iter().fold(Condition::any(), |any, entry| any.add(sqlite_has(on, entry))))
}

fn overlap(operator: &'static str, on: &Operand, entries: Vec<Value>) -> Expr {
    let entries = Value::Array(ArrayType::String, Some(Box::new(entries)));
    Expr::cust_with_exprs(operator, [on.column.clone(), Expr::val(entries)])
}

fn sqlite_has(on: &Operand, entry: Value) -> Expr {
    let arguments = [on.column.clone(), Expr::val(entry)];
    Expr::cust_with_exprs("EXISTS (SELECT 1 FROM json_each(?) WHERE value = ?)", arguments)
}

fn is_empty(on: &Operand, empty: bool, backend: DbBackend) -> Expr {
    let template = match (backend, empty) {
        (DbBackend::Postgres, true) => "cardinality($1) = 0",
        (DbBackend::Postgres, false) => "cardinality($1) > 0",
        (_, true) => "json_array_length(?) = 0",
        (_, false) => "json_array_length(?) > 0",
    };
    Expr::cust_with_exprs(template, [on.column.clone()])
}
