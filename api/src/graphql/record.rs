use std::collections::HashMap;

use async_graphql::{OutputType, SelectionField};
use sea_orm::{EntityTrait, IdenStatic, Iterable};

use crate::criteria::{Criteria, client_name};
use crate::records::{Collection, Row};

pub(super) type Column<R> = <<<R as Record>::Collection as Criteria>::Entity as EntityTrait>::Column;

/// An object type that shows the rows of a collection.
pub(super) trait Record: OutputType + From<Row<<Self::Collection as Criteria>::Entity>> + Send + Sync {
    type Collection: Collection;

    /// The object type's name.
    const NAME: &'static str;

    /// The columns that fields other than their namesakes are made of.
    fn relation(_field: &str) -> Option<Column<Self>> {
        None
    }
}

/// The columns that the selected fields of an object show.
pub(super) fn columns<'a, R: Record>(fields: impl Iterator<Item = SelectionField<'a>>) -> Vec<Column<R>> {
    let by_field: HashMap<String, Column<R>> =
        Column::<R>::iter().map(|column| (client_name(column.as_str()), column)).collect();
    fields.filter_map(|field| by_field.get(field.name()).copied().or_else(|| R::relation(field.name()))).collect()
}
