use async_graphql::{Enum, InputType};
use sea_orm::sea_query::{self, NullOrdering, OrderedStatement};
use sea_orm::{ColumnTrait, EntityTrait, Iterable, PrimaryKeyToColumn};

use crate::error::{Error, Result};
use crate::scope::{Permission, Scope};

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
    pub(super) const fn reversed(self) -> Self {
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
    terms: Vec<Term<E::Column>>,
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
        let mut terms: Vec<Term<E::Column>> = Vec::with_capacity(order.len() + 1);
        for (index, step) in order.iter().enumerate() {
            if order[..index].iter().any(|earlier| earlier.field() == step.field()) {
                return Err(Error::BadRequest("an order names a field once at most".to_owned()));
            }
            if let Some(permission) = step.field().permission() {
                scope.require(permission)?;
            }
            terms.push(Term { column: step.field().column(), direction: step.direction() });
        }
        if terms.is_empty() {
            terms.push(default);
        }
        let key = key::<E>();
        if !terms.iter().any(|term| name(&term.column) == name(&key)) {
            let direction = terms[terms.len() - 1].direction;
            terms.push(Term { column: key, direction });
        }
        Ok(Self { terms })
    }

    /// The steps, the key among them.
    #[must_use]
    pub fn terms(&self) -> &[Term<E::Column>] {
        &self.terms
    }

    /// The same order from the other end.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let terms = self.terms.iter().map(|term| Term { direction: term.direction.reversed(), ..*term }).collect();
        Self { terms }
    }

    /// Orders a query. Unknown values count as the greatest, on every database.
    pub fn apply<S: OrderedStatement>(&self, query: &mut S) {
        for term in &self.terms {
            let (order, nulls) = match term.direction {
                Direction::Asc => (sea_query::Order::Asc, NullOrdering::Last),
                Direction::Desc => (sea_query::Order::Desc, NullOrdering::First),
            };
            let column = term.column.as_column_ref();
            if is_nullable(&term.column) {
                query.order_by_with_nulls(column, order, nulls);
            } else {
                query.order_by(column, order);
            }
        }
    }

    /// What a cursor is bound to: the table and the steps.
    pub(super) fn signature(&self) -> String {
        let mut text = E::default().table_name().to_owned();
        for term in &self.terms {
            text.push(if term.direction == Direction::Asc { '+' } else { '-' });
            text.push_str(&name(&term.column));
        }
        text
    }
}

pub(super) fn is_nullable<C: ColumnTrait>(column: &C) -> bool {
    column.def().is_null()
}

fn name<C: ColumnTrait>(column: &C) -> String {
    sea_orm::IdenStatic::as_str(column).to_owned()
}

/// Every table of ours has a key of one column.
fn key<E: EntityTrait>() -> E::Column {
    E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column).expect("an entity has a primary key")
}
