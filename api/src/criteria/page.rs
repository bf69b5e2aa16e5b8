use async_graphql::InputObject;

use crate::error::{Error, Result};

/// Rows of a page when nothing else is asked for.
pub const DEFAULT_PER_PAGE: u32 = 10;
/// Rows of a page at most.
pub const MAX_PER_PAGE: u32 = 1000;
/// Rows that a numbered page may skip; beyond, cursors cost the same at any depth.
pub const MAX_OFFSET: u64 = 10_000;

/// A numbered page.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PageInput {
    /// Which page, from 1 on.
    #[graphql(default = 1)]
    pub page: i32,
    /// How many records a page has, 1 to 1000.
    #[graphql(default = 10)]
    pub per_page: i32,
}

/// Both ways to ask for a page, as clients write them.
#[derive(Clone, Debug, Default)]
pub struct PageArguments {
    /// A numbered page.
    pub page: Option<PageInput>,
    /// That many from the start, or from `after`.
    pub first: Option<i32>,
    /// Only what follows this cursor.
    pub after: Option<String>,
    /// That many from the end, or from `before`.
    pub last: Option<i32>,
    /// Only what precedes this cursor.
    pub before: Option<String>,
}

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// A numbered page.
    Numbered {
        /// From 1 on.
        page: u32,
        /// 1 to 1000.
        per_page: u32,
    },
    /// From a cursor, or from one end of the list.
    Cursor {
        /// How many records at most, 0 to 1000.
        limit: u32,
        /// From the end backwards.
        backward: bool,
        /// Only what follows this cursor.
        after: Option<String>,
        /// Only what precedes this cursor.
        before: Option<String>,
    },
}

impl Page {
    /// How many records it has at most.
    #[must_use]
    pub const fn limit(&self) -> usize {
        match self {
            Self::Numbered { per_page: limit, .. } | Self::Cursor { limit, .. } => *limit as usize,
        }
    }

    /// Number of records that it skips; none where a cursor bounds it.
    #[must_use]
    pub fn skipped(&self) -> Option<u64> {
        match self {
            Self::Numbered { page, per_page } => Some(u64::from(page - 1) * u64::from(*per_page)),
            Self::Cursor { after: None, before: None, .. } => Some(0),
            Self::Cursor { .. } => None,
        }
    }

    /// True where it is read from its end backwards.
    #[must_use]
    pub const fn is_backward(&self) -> bool {
        matches!(self, Self::Cursor { backward: true, .. })
    }

    /// The places that it is bound by, each with the argument that says so.
    pub fn cursors(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let (after, before) = match self {
            Self::Numbered { .. } => (None, None),
            Self::Cursor { after, before, .. } => (after.as_deref(), before.as_deref()),
        };
        after.map(|cursor| ("after", cursor)).into_iter().chain(before.map(|cursor| ("before", cursor)))
    }
}

impl PageArguments {
    /// # Errors
    /// `BadRequest` when both ways are mixed or a number makes no sense, `Limit` for pages too large or too deep.
    pub fn resolve(self) -> Result<Page> {
        let by_cursor = self.first.is_some() || self.last.is_some() || self.after.is_some() || self.before.is_some();
        match self.page {
            Some(_) if by_cursor => {
                let message = "use either page or first/after/last/before: a list is paged in one way at a time";
                Err(Error::BadRequest(message.to_owned()).at(&["page"]))
            }
            Some(input) => numbered(input).map_err(|error| error.at(&["page"])),
            None if by_cursor => self.cursor(),
            None => Ok(Page::Numbered { page: 1, per_page: DEFAULT_PER_PAGE }),
        }
    }

    fn cursor(self) -> Result<Page> {
        let backward = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                let message = "use either first or last: a page starts from one end";
                return Err(Error::BadRequest(message.to_owned()).at(&["last"]));
            }
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (None, None) => self.before.is_some() && self.after.is_none(),
        };
        let limit = match self.first.or(self.last) {
            None => DEFAULT_PER_PAGE,
            Some(asked) => size(if backward { "last" } else { "first" }, asked, 0)?,
        };
        Ok(Page::Cursor { limit, backward, after: self.after, before: self.before })
    }
}

fn numbered(input: PageInput) -> Result<Page> {
    let page = u32::try_from(input.page)
        .ok()
        .filter(|page| *page >= 1)
        .ok_or_else(|| Error::BadRequest("page: pages are numbered from 1".to_owned()).at(&["page"]))?;
    let per_page = size("perPage", input.per_page, 1)?;
    if u64::from(page - 1) * u64::from(per_page) > MAX_OFFSET {
        return Err(Error::Limit(format!(
            "page: numbered pages reach {MAX_OFFSET} records deep; to go further, page with cursors: first and after"
        )));
    }
    Ok(Page::Numbered { page, per_page })
}

fn size(argument: &str, asked: i32, least: u32) -> Result<u32> {
    match u32::try_from(asked) {
        Ok(size) if size > MAX_PER_PAGE => {
            Err(Error::Limit(format!("{argument}: a page has at most {MAX_PER_PAGE} records")).at(&[argument]))
        }
        Ok(size) if size >= least => Ok(size),
        _ => Err(Error::BadRequest(format!("{argument}: must be at least {least}")).at(&[argument])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(page: i32, per_page: i32) -> Result<Page> {
        PageArguments { page: Some(PageInput { page, per_page }), ..PageArguments::default() }.resolve()
    }

    /// The error of an argument that was refused, and the argument's path.
    fn blamed(result: Result<Page>) -> (Error, String) {
        match result {
            Err(Error::Argument { path, error }) => (*error, path.join(".")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_numbered_page_stays_within_its_limits() {
        assert_eq!(numbered(1, 1000).unwrap(), Page::Numbered { page: 1, per_page: 1000 });
        assert!(matches!(blamed(numbered(0, 10)), (Error::BadRequest(_), path) if path == "page.page"));
        assert!(matches!(blamed(numbered(1, 0)), (Error::BadRequest(_), path) if path == "page.perPage"));
        assert!(matches!(blamed(numbered(1, 1001)), (Error::Limit(_), path) if path == "page.perPage"));
        assert!(numbered(1001, 10).is_ok(), "skips exactly 10,000");
        assert!(matches!(blamed(numbered(1002, 10)), (Error::Limit(message), _) if message.contains("cursors")));
        assert!(matches!(blamed(numbered(i32::MAX, 1000)), (Error::Limit(_), _)));
    }

    #[test]
    fn nothing_asked_is_the_first_ten() {
        let page = PageArguments::default().resolve().unwrap();
        assert_eq!(page, Page::Numbered { page: 1, per_page: 10 });
    }

    #[test]
    fn the_two_ways_do_not_mix() {
        let page = Some(PageInput { page: 1, per_page: 10 });
        let both = PageArguments { page, first: Some(1), ..PageArguments::default() };
        assert_eq!(blamed(both.resolve()).1, "page");
        let ends = PageArguments { first: Some(1), last: Some(1), ..PageArguments::default() };
        assert_eq!(blamed(ends.resolve()).1, "last");
    }

    #[test]
    fn before_alone_reads_backward() {
        let page = PageArguments { before: Some("x".to_owned()), ..PageArguments::default() }.resolve().unwrap();
        assert!(matches!(page, Page::Cursor { backward: true, limit: 10, .. }));
    }
}
