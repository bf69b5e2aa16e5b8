use async_graphql::{OutputType, SelectionField};
use sea_orm::{EntityTrait, IdenStatic, Iterable};

use crate::criteria::Criteria;
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
    let column = |field: SelectionField<'_>| {
        let name = field.name();
        Column::<R>::iter().find(|column| is_namesake(name, column.as_str())).or_else(|| R::relation(name))
    };
    fields.filter_map(column).collect()
}

/// Whether a field is called as a column is, but for the writing: `dateOfBirth` and `date_of_birth`.
fn is_namesake(field: &str, column: &str) -> bool {
    let (mut letters, mut upper) = (field.chars(), false);
    for letter in column.chars() {
        if letter == '_' {
            upper = true;
            continue;
        }
        let written = if std::mem::take(&mut upper) { letter.to_ascii_uppercase() } else { letter };
        if letters.next() != Some(written) {
            return false;
        }
    }
    letters.next().is_none()
}
