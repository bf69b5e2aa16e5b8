use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Value};

use super::{Direction, Ordering, Step};

/// Condition for the records that follow a place in an order.
#[derive(Clone, Debug)]
pub struct Seek {
    /// All of them.
    pub all: Condition,
    /// The same in two parts, the one after the other, where together no index is sought by them: records whose first
    /// value is known, and those whose first value is not.
    pub parts: Option<[Condition; 2]>,
}

/// Records that follow, in `ordering`, the one that has these values: one for each step.
///
/// Written so that an index is sought, not scanned: when all steps go one way and none is unknown, as one comparison
/// of rows, and no bound beside it: PostgreSQL would take the two for independent conditions, expect too much of them,
/// and plan the statement anew for every page. Otherwise step by step, under a bound on the first column where there is
/// one.
#[must_use]
pub fn seek<E: EntityTrait>(ordering: &Ordering<E>, values: &[Value]) -> Seek {
    let steps = ordering.steps();
    if is_one_row(steps, values) {
        let known = Condition::all().add(rows(steps, values));
        // An unknown value is the greatest: it comes before any other in a descending order, and after it in an ascending one.
        if !steps[0].is_nullable() || steps[0].direction == Direction::Desc {
            return Seek { all: known, parts: None };
        }
        let unknown = Condition::all().add(steps[0].value().is_null());
        return Seek { all: Condition::any().add(known.clone()).add(unknown.clone()), parts: Some([known, unknown]) };
    }
    let mut all = Condition::all();
    if let (Some(first), Some(value)) = (steps.first(), values.first())
        && !first.is_nullable()
    {
        all = all.add(from(first, value));
    }
    Seek { all: all.add(step_by_step(steps, values)), parts: None }
}

/// Tells whether one comparison of rows finds all records that follow and whose first value is known.
fn is_one_row<C: ColumnTrait>(steps: &[Step<C>], values: &[Value]) -> bool {
    steps.iter().all(|step| step.direction == steps[0].direction && step.related.is_none())
        && !steps.iter().skip(1).any(Step::is_nullable)
        && !values.first().is_none_or(is_unknown)
}

fn from<C: ColumnTrait>(step: &Step<C>, value: &Value) -> Expr {
    match step.direction {
        Direction::Asc => step.value().gte(value.clone()),
        Direction::Desc => step.value().lte(value.clone()),
    }
}

fn rows<C: ColumnTrait>(steps: &[Step<C>], values: &[Value]) -> Expr {
    if let [step] = steps {
        return beyond(step, &values[0]).unwrap_or_else(|| Expr::val(false));
    }
    let columns = Expr::tuple(steps.iter().map(Step::value));
    let values = Expr::tuple(values.iter().cloned().map(Expr::val));
    match steps[0].direction {
        Direction::Asc => columns.gt(values),
        Direction::Desc => columns.lt(values),
    }
}

/// Beyond in the first step, or equal there and beyond in the second, and so on.
fn step_by_step<C: ColumnTrait>(steps: &[Step<C>], values: &[Value]) -> Condition {
    let mut any = Condition::any();
    for (index, (step, value)) in steps.iter().zip(values).enumerate() {
        let Some(beyond) = beyond(step, value) else { continue };
        let equal = steps.iter().zip(values).take(index);
        any = any.add(equal.fold(Condition::all(), |all, (step, value)| all.add(same(step, value))).add(beyond));
    }
    any
}

/// Strictly after a value, unknown values being the greatest; none when nothing can be.
fn beyond<C: ColumnTrait>(step: &Step<C>, value: &Value) -> Option<Expr> {
    let nullable = step.is_nullable();
    match (step.direction, is_unknown(value)) {
        (Direction::Asc, true) => None,
        (Direction::Asc, false) if nullable => Some(step.value().gt(value.clone()).or(step.value().is_null())),
        (Direction::Asc, false) => Some(step.value().gt(value.clone())),
        (Direction::Desc, true) => Some(step.value().is_not_null()),
        (Direction::Desc, false) => Some(step.value().lt(value.clone())),
    }
}

fn same<C: ColumnTrait>(step: &Step<C>, value: &Value) -> Expr {
    if is_unknown(value) { step.value().is_null() } else { step.value().eq(value.clone()) }
}

fn is_unknown(value: &Value) -> bool {
    *value == value.as_null()
}
