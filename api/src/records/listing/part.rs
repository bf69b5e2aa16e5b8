use sea_orm::sea_query::SelectStatement;
use sea_orm::{Condition, DbBackend, EntityTrait, Statement};

use crate::criteria::{Ordering, Page, Seek, seek};
use crate::error::Result;

/// Part of a list that a statement reads.
pub(in crate::records) struct Part<E: EntityTrait> {
    pub(in crate::records) condition: Condition,
    /// The same in two parts, the one after the other, where that seeks an index: see [`Seek`].
    pub(in crate::records) parts: Option<[Condition; 2]>,
    pub(in crate::records) ordering: Ordering<E>,
    pub(in crate::records) offset: Option<u64>,
    pub(in crate::records) limit: u64,
}

impl<E: EntityTrait> Part<E> {
    pub(super) fn of(page: &Page, ordering: &Ordering<E>, whole: &Condition) -> Result<Self> {
        match page {
            Page::Numbered { page, per_page } => Ok(Self {
                condition: whole.clone(),
                parts: None,
                ordering: ordering.clone(),
                offset: (*page > 1).then(|| u64::from(page - 1) * u64::from(*per_page)),
                limit: u64::from(*per_page),
            }),
            Page::Cursor { limit, backward, after, before } => {
                let reversed = ordering.reversed();
                let sought = |order: &Ordering<E>, argument, cursor: &Option<String>| -> Result<Option<Seek>> {
                    let place = cursor.as_ref().map(|cursor| ordering.place(argument, cursor)).transpose()?;
                    Ok(place.map(|place| seek(order, &place)))
                };
                let (after, before) = (sought(ordering, "after", after)?, sought(&reversed, "before", before)?);
                // Where the page begins, and where it must end.
                let (start, end) = if *backward { (before, after) } else { (after, before) };
                let within = whole.clone().add_option(end.map(|end| end.all));
                let parts = start.as_ref().and_then(|start| start.parts.clone());
                let ordering = if *backward { reversed } else { ordering.clone() };
                Ok(Self {
                    parts: parts.map(|parts| parts.map(|part| within.clone().add(part))),
                    condition: within.add_option(start.map(|start| start.all)),
                    ordering,
                    offset: None,
                    limit: u64::from(*limit),
                })
            }
        }
    }
}

/// A limit is written into the text: of a parameter PostgreSQL assumes a tenth of all records, and then plans the
/// statement anew for every page. Offsets stay parameters: they would make too many texts.
pub(super) fn page_of(mut query: SelectStatement, offset: Option<u64>, limit: u64, backend: DbBackend) -> Statement {
    if let Some(offset) = offset {
        return backend.build(query.offset(offset).limit(limit));
    }
    let mut statement = backend.build(&query);
    statement.sql.extend([" LIMIT ", &limit.to_string()]);
    statement
}
