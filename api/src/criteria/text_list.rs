use async_graphql::{InputObject, MaybeUndefined};
use sea_orm::sea_query::{ArrayType, Expr};
use sea_orm::{Condition, DbBackend, Value};

use crate::error::{Error, Result};

use super::operand::{bound, given};
use super::{Operand, Operators, Translation};

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
            all = all.add(has_all(on, std::slice::from_ref(entry), t)?);
        }
        if let Some(entries) = given(on, "containsAll", &self.contains_all, t)? {
            all = all.add(has_all(on, entries, t)?);
        }
        if let Some(entries) = given(on, "containsAny", &self.contains_any, t)? {
            all = all.add(has_any(on, entries, t)?);
        }
        if let Some(empty) = given(on, "isEmpty", &self.is_empty, t)? {
            all = all.add(is_empty(on, *empty, t.backend()));
        }
        Ok(all)
    }
}

fn has_all(on: &Operand, entries: &[String], translation: &mut Translation) -> Result<Expr> {
    let bound = bound(on, entries, translation)?;
    if translation.backend() == DbBackend::Postgres {
        return Ok(overlap("$1 @> $2", on, bound));
    }
    let template = "NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted \
                    WHERE wanted.value NOT IN (SELECT value FROM json_each(?)))";
    Ok(Expr::cust_with_exprs(template, [as_json(entries)?, on.column.clone()]))
}

fn has_any(on: &Operand, entries: &[String], translation: &mut Translation) -> Result<Expr> {
    let bound = bound(on, entries, translation)?;
    if translation.backend() == DbBackend::Postgres {
        return Ok(overlap("$1 && $2", on, bound));
    }
    let template = "EXISTS (SELECT 1 FROM json_each(?) AS wanted \
                    WHERE wanted.value IN (SELECT value FROM json_each(?)))";
    Ok(Expr::cust_with_exprs(template, [as_json(entries)?, on.column.clone()]))
}

/// A list as one parameter, whatever its length: a condition for each entry would be deeper than SQLite allows.
fn as_json(entries: &[String]) -> Result<Expr> {
    Ok(Expr::val(serde_json::to_string(entries).map_err(Error::internal)?))
}

fn overlap(operator: &'static str, on: &Operand, entries: Vec<Value>) -> Expr {
    let entries = Value::Array(ArrayType::String, Some(Box::new(entries)));
    Expr::cust_with_exprs(operator, [on.column.clone(), Expr::val(entries)])
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
