use async_graphql::{Enum, InputType};
use sea_orm::sea_query::{self, NullOrdering, OrderedStatement};
use sea_orm::{ColumnTrait, EntityTrait, Iterable, PrimaryKeyToColumn};

use crate::error::{Error, Result};
use crate::scope::{Permission, Scope};

use super::step::{Related, Step};

/// How many steps an order may have.
const MAX_TERMS: usize = 5;

/// Which way to order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum Direction {
    /// Smallest first; unknown values last.
    #[default]
    Asc,
    /// Greatest first; unknown values first.
    Desc,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }
}

/// A field that records can be ordered by.
pub trait OrderField: Copy + PartialEq {
    /// The table's columns.
    type Column: ColumnTrait;

    /// The field's column.
    fn column(self) -> Self::Column;

    /// What the caller must be allowed, beyond seeing the record.
    fn permission(self) -> Option<Permission>;

    /// The value that the field stands for, where that is one of the record to which the column refers.
    ///
    /// # Errors
    /// `Forbidden` when the caller may see no such record.
    fn related(self, scope: &Scope) -> Result<Option<Related>>;
}

/// One step of an order, as clients write it.
pub trait Order: InputType + Copy + Send + Sync + 'static {
    /// The table's columns.
    type Column: ColumnTrait;
    /// The fields to choose from.
    type Field: OrderField<Column = Self::Column>;

    /// What to order by.
    fn field(&self) -> Self::Field;

    /// Which way.
    fn direction(&self) -> Direction;
}

/// One step of an order.
#[derive(Clone, Copy, Debug)]
pub struct Term<C> {
    /// By which column.
    pub column: C,
    /// Which way.
    pub direction: Direction,
}

/// A total order: whatever was asked for, and the key at its end.
#[derive(Clone, Debug)]
pub struct Ordering<E: EntityTrait> {
    steps: Vec<Step<E::Column>>,
}

impl<E: EntityTrait> Ordering<E> {
    /// The order that a caller asked for, or else by `default`, in either case made total by the key.
    ///
    /// # Errors
    /// `Forbidden` for a field that the caller may not see, `Limit` for too many steps, `BadRequest` for one twice.
    pub fn new<O: Order<Column = E::Column>>(scope: &Scope, order: &[O], default: Term<E::Column>) -> Result<Self> {
        if order.len() > MAX_TERMS {
            return Err(Error::Limit(format!("an order has at most {MAX_TERMS} steps")));
        }
        let mut steps: Vec<Step<E::Column>> = Vec::with_capacity(order.len() + 1);
        for (index, step) in order.iter().enumerate() {
            if order[..index].iter().any(|earlier| earlier.field() == step.field()) {
                let message = "an order names a field once at most".to_owned();
                return Err(Error::BadRequest(message).at(&[&index.to_string()]));
            }
            if let Some(permission) = step.field().permission() {
                scope.require(permission)?;
            }
            let (column, related) = (step.field().column(), step.field().related(scope)?);
            steps.push(Step { column, related, direction: step.direction() });
        }
        if steps.is_empty() {
            steps.push(Step::from(default));
        }
        let key = Step::from(Term { column: key::<E>(), direction: steps[steps.len() - 1].direction });
        if !steps.iter().any(|step| step.name() == key.name()) {
            steps.push(key);
        }
        Ok(Self { steps })
    }

    /// The steps, the key among them.
    #[must_use]
    pub fn steps(&self) -> &[Step<E::Column>] {
        &self.steps
    }

    /// The same order from the other end.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let reversed = |step: &Step<E::Column>| Step { direction: step.direction.reversed(), ..step.clone() };
        Self { steps: self.steps.iter().map(reversed).collect() }
    }

    /// Orders a query. Unknown values count as the greatest, on every database.
    pub fn apply(&self, query: &mut impl OrderedStatement) {
        for step in &self.steps {
            let (order, nulls) = match step.direction {
                Direction::Asc => (sea_query::Order::Asc, NullOrdering::Last),
                Direction::Desc => (sea_query::Order::Desc, NullOrdering::First),
            };
            if step.is_nullable() {
                query.order_by_expr_with_nulls(step.value(), order, nulls);
            } else {
                query.order_by_expr(step.value(), order);
            }
        }
    }

    /// The same as a text, for what stands around a query that reads the steps' values under their names.
    #[must_use]
    pub fn text(&self) -> String {
        let table = E::default().table_name().to_owned();
        let step = |step: &Step<E::Column>| {
            let way = if step.direction == Direction::Asc { "ASC NULLS LAST" } else { "DESC NULLS FIRST" };
            format!("\"{table}\".\"{}\" {way}", step.name())
        };
        self.steps.iter().map(step).collect::<Vec<_>>().join(", ")
    }

    /// What a cursor is bound to: the table and the steps.
    pub(super) fn signature(&self) -> String {
        let mut text = E::default().table_name().to_owned();
        for step in &self.steps {
            text.push(if step.direction == Direction::Asc { '+' } else { '-' });
            text.push_str(step.name());
        }
        text
    }
}

/// Every table of ours has a key of one column.
fn key<E: EntityTrait>() -> E::Column {
    E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column).expect("an entity has a primary key")
}
