use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Value};

use super::order::is_nullable;
use super::{Direction, Ordering, Term};

/// What follows, in `ordering`, the record that has these values: one for each step.
///
/// Written so that an index is sought, not scanned: when all steps go one way and none can be unknown, as one comparison
/// of rows, and no bound beside it: PostgreSQL would take the two for independent conditions, expect too much of them,
/// and plan the statement anew for every page. Otherwise step by step, under a bound on the first column where there is
/// one.
#[must_use]
pub fn seek<E: EntityTrait>(ordering: &Ordering<E>, values: &[Value]) -> Condition {
    let terms = ordering.terms();
    let mut all = Condition::all();
    if terms.iter().all(|term| term.direction == terms[0].direction && !is_nullable(&term.column)) {
        return all.add(rows(terms, values));
    }
    if let (Some(first), Some(value)) = (terms.first(), values.first())
        && !is_nullable(&first.column)
    {
        all = all.add(from(first, value));
    }
    all.add(step_by_step(terms, values))
}

fn column<C: ColumnTrait>(term: &Term<C>) -> Expr {
    Expr::col(term.column.as_column_ref())
}

fn from<C: ColumnTrait>(term: &Term<C>, value: &Value) -> Expr {
    match term.direction {
        Direction::Asc => column(term).gte(value.clone()),
        Direction::Desc => column(term).lte(value.clone()),
    }
}

fn rows<C: ColumnTrait>(terms: &[Term<C>], values: &[Value]) -> Expr {
    if let [term] = terms {
        return beyond(term, &values[0]).unwrap_or_else(|| Expr::val(false));
    }
    let columns = Expr::tuple(terms.iter().map(column));
    let values = Expr::tuple(values.iter().cloned().map(Expr::val));
    match terms[0].direction {
        Direction::Asc => columns.gt(values),
        Direction::Desc => columns.lt(values),
    }
}

/// Beyond in the first step, or equal there and beyond in the second, and so on.
fn step_by_step<C: ColumnTrait>(terms: &[Term<C>], values: &[Value]) -> Condition {
    let mut any = Condition::any();
    for (index, (term, value)) in terms.iter().zip(values).enumerate() {
        let Some(beyond) = beyond(term, value) else { continue };
        let equal = terms.iter().zip(values).take(index);
        any = any.add(equal.fold(Condition::all(), |all, (term, value)| all.add(same(term, value))).add(beyond));
    }
    any
}

/// Strictly after a value, unknown values being the greatest; none when nothing can be.
fn beyond<C: ColumnTrait>(term: &Term<C>, value: &Value) -> Option<Expr> {
    let nullable = is_nullable(&term.column);
    match (term.direction, is_unknown(value)) {
        (Direction::Asc, true) => None,
        (Direction::Asc, false) if nullable => Some(column(term).gt(value.clone()).or(column(term).is_null())),
        (Direction::Asc, false) => Some(column(term).gt(value.clone())),
        (Direction::Desc, true) => Some(column(term).is_not_null()),
        (Direction::Desc, false) => Some(column(term).lt(value.clone())),
    }
}

fn same<C: ColumnTrait>(term: &Term<C>, value: &Value) -> Expr {
    if is_unknown(value) { column(term).is_null() } else { column(term).eq(value.clone()) }
}

fn is_unknown(value: &Value) -> bool {
    *value == value.as_null()
}
