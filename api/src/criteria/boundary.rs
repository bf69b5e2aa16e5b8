use sea_orm::{ColumnTrait, Condition, EntityTrait};

use crate::scope::{Boundary, Scope};

use super::Criteria;

type Column<C> = <<C as Criteria>::Entity as EntityTrait>::Column;

/// Whose records of a kind are, told by columns.
pub trait Bounded: Criteria {
    /// The column that says which institution a record belongs to; none for records that belong to all.
    fn institution() -> Option<Column<Self>>;

    /// The column that says which patient a record is about; none for records that are about none.
    #[must_use]
    fn patient() -> Option<Column<Self>> {
        None
    }

    /// The columns that hold keys of further patients.
    #[must_use]
    fn other_patients() -> &'static [Column<Self>] {
        &[]
    }

    /// The columns, besides the key, whose values tell one record from all others.
    #[must_use]
    fn identifying() -> &'static [Column<Self>] {
        &[]
    }

    /// The records that the caller may touch at all.
    #[must_use]
    fn within(scope: &Scope) -> Condition {
        let mut condition = Condition::all();
        if let (Boundary::One(institution), Some(column)) = (scope.boundary, Self::institution()) {
            condition = condition.add(column.eq(institution.0));
        }
        if let (Some(patient), Some(column)) = (scope.patient, Self::patient()) {
            condition = condition.add(column.eq(patient));
        }
        condition
    }
}
