use async_graphql::{Context, OutputType, SelectionField};
use sea_orm::{EntityTrait, IdenStatic, Iterable};

use crate::criteria::Criteria;
use crate::error::Result;
use crate::records::{Collection, Row, disclose_shown};

use super::context::of;

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

/// Notes what a mutation's payload shows of a record, in this field: it was written, not read.
pub(super) fn shown<R: Record>(
    ctx: &Context<'_>,
    field: &str,
    written: Result<Row<<R::Collection as Criteria>::Entity>>,
) -> Result<Row<<R::Collection as Criteria>::Entity>> {
    if let Ok(row) = &written {
        note_shown::<R>(ctx, field, std::slice::from_ref(row));
    }
    written
}

/// The same, of several records.
pub(super) fn note_shown<R: Record>(ctx: &Context<'_>, field: &str, rows: &[Row<<R::Collection as Criteria>::Entity>]) {
    let mut shown = Vec::new();
    for selected in ctx.field().selection_set().filter(|selected| selected.name() == field) {
        shown.extend(columns::<R>(selected.selection_set()));
    }
    if !shown.is_empty() {
        for row in rows {
            disclose_shown::<R::Collection>(&of(ctx).reader, row, shown.clone());
        }
    }
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
