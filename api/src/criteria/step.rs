use sea_orm::sea_query::{ColumnType, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition};

use super::{Direction, Term};

/// What a record that is referred to stands as, within the value that is wanted of it.
const HELD: &str = "held";

/// One step of an order, as it is carried out.
#[derive(Clone, Debug)]
pub struct Step<C> {
    /// The column whose value counts, or else the one that refers to the record whose value does.
    pub column: C,
    /// A value of the record that the column refers to.
    pub related: Option<Related>,
    /// Which way.
    pub direction: Direction,
}

/// A value of a record that another one refers to; unknown where that is out of the caller's reach.
#[derive(Clone, Debug)]
pub struct Related {
    name: String,
    value: Expr,
    kind: ColumnType,
}

impl Related {
    /// The `value` of the record whose `key` stands in the column `by`, as far as it is among those that can be reached.
    pub fn new(by: impl ColumnTrait, key: impl ColumnTrait, value: impl ColumnTrait, reach: Condition) -> Self {
        let mut records = Query::select();
        records.expr_as(Expr::col(key.as_column_ref()), "key").expr_as(Expr::col(value.as_column_ref()), "value");
        records.from(key.entity_name()).cond_where(reach);
        let mut own = Query::select();
        own.column((HELD, "value")).from_subquery(records, HELD);
        own.and_where(Expr::col((HELD, "key")).eq(Expr::col(by.as_column_ref())));
        Self {
            name: format!("{}.{}", by.as_str(), value.as_str()),
            value: Expr::SubQuery(None, Box::new(own.into())),
            kind: value.def().get_column_type().clone(),
        }
    }

    /// What it is called among the columns of a statement.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Expr {
        self.value.clone()
    }

    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> &ColumnType {
        &self.kind
    }
}

impl<C> From<Term<C>> for Step<C> {
    fn from(Term { column, direction }: Term<C>) -> Self {
        Self { column, related: None, direction }
    }
}

impl<C: ColumnTrait> Step<C> {
    pub(super) fn name(&self) -> &str {
        self.related.as_ref().map_or_else(|| self.column.as_str(), Related::name)
    }

    pub(super) fn value(&self) -> Expr {
        self.related.as_ref().map_or_else(|| Expr::col(self.column.as_column_ref()), Related::value)
    }

    pub(super) fn kind(&self) -> ColumnType {
        self.related
            .as_ref()
            .map_or_else(|| self.column.def().get_column_type().clone(), |related| related.kind.clone())
    }

    pub(super) fn is_nullable(&self) -> bool {
        self.related.is_some() || self.column.def().is_null()
    }
}
