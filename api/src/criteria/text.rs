use async_graphql::{InputObject, MaybeUndefined};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{Condition, DbBackend, Value};
use unicode_normalization::UnicodeNormalization;

use crate::error::Result;
use crate::fold::lower;

use super::operand::{Bind, among, given, is_null};
use super::{Operand, Operators, Translation};

/// Conditions on a text. All that are given must hold; an unknown text meets none but `isNull`. Texts are ordered by
/// the code points of their characters, so capital letters come before small ones and accented ones come last.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "StringFilter")]
pub struct TextFilter {
    /// Equal to this, letter by letter.
    equal: MaybeUndefined<String>,
    /// Not equal to this.
    not_equal: MaybeUndefined<String>,
    /// Before this.
    less_than: MaybeUndefined<String>,
    /// Before this, or equal to it.
    less_than_or_equal: MaybeUndefined<String>,
    /// After this.
    greater_than: MaybeUndefined<String>,
    /// After this, or equal to it.
    greater_than_or_equal: MaybeUndefined<String>,
    /// Equal to one of these, 1000 at most. None is equal to one of an empty list.
    #[graphql(name = "in")]
    among: MaybeUndefined<Vec<String>>,
    /// Equal to none of these, 1000 at most.
    not_in: MaybeUndefined<Vec<String>>,
    /// True: the text is unknown. False: it is known.
    is_null: MaybeUndefined<bool>,
    /// Begins with this.
    starts_with: MaybeUndefined<String>,
    /// Has this somewhere in it.
    contains: MaybeUndefined<String>,
    /// Equal to this, whether letters are capital or small.
    equal_ignore_case: MaybeUndefined<String>,
    /// Begins with this, whether letters are capital or small.
    starts_with_ignore_case: MaybeUndefined<String>,
    /// Has this somewhere in it, whether letters are capital or small.
    contains_ignore_case: MaybeUndefined<String>,
}

impl Operators for TextFilter {
    fn condition(&self, on: &Operand, t: &mut Translation) -> Result<Condition> {
        let single =
            [&self.equal, &self.not_equal, &self.equal_ignore_case].into_iter().filter_map(|text| text.value());
        let several = [&self.among, &self.not_in].into_iter().filter_map(|texts| texts.value());
        on.name_patients(single.chain(several.flatten()), t);
        let ordered = self.ordered(on, t)?;
        let searched = self.searched(on, t)?;
        Ok(Condition::all().add(ordered).add(searched))
    }
}

impl TextFilter {
    fn ordered(&self, on: &Operand, t: &mut Translation) -> Result<Condition> {
        let mut all = Condition::all();
        let column = || on.column.clone();
        if let Some(value) = given(on, "equal", &self.equal, t)? {
            all = all.add(column().eq(value.bind()?));
        }
        if let Some(value) = given(on, "notEqual", &self.not_equal, t)? {
            all = all.add(column().ne(value.bind()?));
        }
        if let Some(value) = given(on, "lessThan", &self.less_than, t)? {
            all = all.add(column().lt(value.bind()?));
        }
        if let Some(value) = given(on, "lessThanOrEqual", &self.less_than_or_equal, t)? {
            all = all.add(column().lte(value.bind()?));
        }
        if let Some(value) = given(on, "greaterThan", &self.greater_than, t)? {
            all = all.add(column().gt(value.bind()?));
        }
        if let Some(value) = given(on, "greaterThanOrEqual", &self.greater_than_or_equal, t)? {
            all = all.add(column().gte(value.bind()?));
        }
        if let Some(values) = given(on, "in", &self.among, t)? {
            all = all.add(among(on, values, false, t)?);
        }
        if let Some(values) = given(on, "notIn", &self.not_in, t)? {
            all = all.add(among(on, values, true, t)?);
        }
        if let Some(null) = given(on, "isNull", &self.is_null, t)? {
            all = all.add(is_null(on, *null));
        }
        Ok(all)
    }

    fn searched(&self, on: &Operand, t: &mut Translation) -> Result<Condition> {
        let mut all = Condition::all();
        if let Some(prefix) = given(on, "startsWith", &self.starts_with, t)? {
            all = all.add(starts_with(&on.column, prefix)?);
        }
        if let Some(part) = given(on, "contains", &self.contains, t)? {
            all = all.add(contains(&on.column, part.bind()?, t.backend()));
        }
        if let Some(value) = given(on, "equalIgnoreCase", &self.equal_ignore_case, t)? {
            all = all.add(ignoring_case(on, value, Match::Whole, t.backend())?);
        }
        if let Some(prefix) = given(on, "startsWithIgnoreCase", &self.starts_with_ignore_case, t)? {
            all = all.add(ignoring_case(on, prefix, Match::Prefix, t.backend())?);
        }
        if let Some(part) = given(on, "containsIgnoreCase", &self.contains_ignore_case, t)? {
            all = all.add(ignoring_case(on, part, Match::Part, t.backend())?);
        }
        Ok(all)
    }
}

/// The PostgreSQL expression of [`lower`], as in the columns that are stored so.
const LOWER: &str = r#"translate(lower(normalize($1, NFC) COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C""#;

#[derive(Clone, Copy)]
enum Match {
    Whole,
    Prefix,
    Part,
}

/// PostgreSQL compares a column in lower case; SQLite, which folds ASCII alone, is asked with a regular expression. A final
/// sigma is a sigma to both.
fn ignoring_case(on: &Operand, text: &String, kind: Match, backend: DbBackend) -> Result<Condition> {
    text.bind()?;
    let text = lower(text);
    if backend == DbBackend::Sqlite {
        let escaped = regex_syntax::escape(&text);
        let pattern = match kind {
            Match::Whole => format!(r"(?is)\A{escaped}\z"),
            Match::Prefix => format!(r"(?is)\A{escaped}"),
            Match::Part => format!("(?is){escaped}"),
        };
        let matches = Expr::cust_with_exprs("? REGEXP ?", [on.column.clone(), Expr::val(pattern)]);
        // The function knows no null.
        return Ok(Condition::all().add(on.column.clone().is_not_null()).add(matches));
    }
    let folded = on.folded.clone().unwrap_or_else(|| Expr::cust_with_exprs(LOWER, [on.column.clone()]));
    Ok(match kind {
        Match::Whole => Condition::all().add(folded.eq(text)),
        Match::Prefix => starts_with(&folded, &text)?,
        Match::Part => Condition::all().add(contains(&folded, Value::from(text), backend)),
    })
}

pub(super) fn contains(column: &Expr, part: Value, backend: DbBackend) -> Expr {
    let arguments = [column.clone(), Expr::val(part)];
    match backend {
        DbBackend::Postgres => Expr::cust_with_exprs("strpos($1, $2) > 0", arguments),
        _ => Expr::cust_with_exprs("instr(?, ?) > 0", arguments),
    }
}

/// A prefix is a range, which an index can seek to: everything from the prefix up to the next text that lacks it.
pub(super) fn starts_with(column: &Expr, prefix: &String) -> Result<Condition> {
    let mut range = Condition::all().add(column.clone().gte(prefix.bind()?));
    if let Some(end) = successor(&prefix.nfc().collect::<String>()) {
        range = range.add(column.clone().lt(end));
    }
    Ok(range)
}

/// The first text, by code points, after all that begin with `prefix`; none when they go on to the end.
fn successor(prefix: &str) -> Option<String> {
    let mut kept: Vec<char> = prefix.chars().collect();
    while let Some(last) = kept.pop() {
        let mut code = u32::from(last) + 1;
        if (0xD800..=0xDFFF).contains(&code) {
            code = 0xE000;
        }
        if let Some(next) = char::from_u32(code) {
            kept.push(next);
            return Some(kept.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_is_the_end_of_a_prefix() {
        assert_eq!(successor("Smi").as_deref(), Some("Smj"));
        assert_eq!(successor("a\u{D7FF}").as_deref(), Some("a\u{E000}"), "skips what is no character");
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{10FFFF}"), None);
        assert_eq!(successor(""), None);
    }
}
