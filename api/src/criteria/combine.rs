use sea_orm::Condition;
use sea_orm::sea_query::Expr;

/// All of these hold; an empty list always does.
///
/// Halves are put together, and not one condition after the other: what builds, writes, reads and drops the SQL calls itself
/// for each level, and SQLite takes a thousand of them at most.
#[must_use]
pub fn all_of(parts: Vec<Condition>) -> Condition {
    balanced(parts.into_iter().filter(|part| !part.is_empty()).collect(), Condition::all)
}

/// At least one of these holds; an empty list never does.
#[must_use]
pub fn any_of(parts: Vec<Condition>) -> Condition {
    if parts.is_empty() || parts.iter().any(Condition::is_empty) {
        // Nothing holds of an empty list, and everything where one part asks for nothing.
        return Condition::all().add(Expr::val(!parts.is_empty()));
    }
    balanced(parts, Condition::any)
}

fn balanced(mut parts: Vec<Condition>, join: fn() -> Condition) -> Condition {
    while parts.len() > 1 {
        let mut rest = parts.into_iter();
        let mut halves = Vec::with_capacity(rest.len().div_ceil(2));
        while let Some(first) = rest.next() {
            halves.push(match rest.next() {
                Some(second) => join().add(first).add(second),
                None => first,
            });
        }
        parts = halves;
    }
    parts.pop().unwrap_or_else(Condition::all)
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Query, SqliteQueryBuilder};

    use super::*;

    fn written(condition: Condition) -> String {
        let sql = Query::select().expr(Expr::val(1)).cond_where(condition).to_string(SqliteQueryBuilder);
        sql.strip_prefix("SELECT 1").unwrap().trim_start_matches(" WHERE ").to_owned()
    }

    fn named(count: usize) -> Vec<Condition> {
        (0..count).map(|number| Condition::all().add(Expr::col(format!("c{number}")))).collect()
    }

    #[test]
    fn conditions_mean_the_same_whatever_their_number() {
        assert_eq!(written(all_of(Vec::new())), "TRUE");
        assert_eq!(written(any_of(Vec::new())), "FALSE");
        assert_eq!(written(any_of(vec![Condition::all(), named(1).remove(0)])), "TRUE");
        assert_eq!(written(all_of(vec![Condition::all(), named(1).remove(0)])), "\"c0\"");
        assert_eq!(written(any_of(named(3))), "\"c0\" OR \"c1\" OR \"c2\"");
        let mixed = all_of(vec![any_of(named(2)), named(1).remove(0)]);
        assert_eq!(written(mixed), "(\"c0\" OR \"c1\") AND \"c0\"");
    }

    #[test]
    fn a_long_list_is_not_deep() {
        let text = written(any_of(named(1000)));
        let deepest = text.chars().scan(0_usize, |depth, letter| {
            *depth = match letter {
                '(' => *depth + 1,
                ')' => *depth - 1,
                _ => *depth,
            };
            Some(*depth)
        });
        assert!(deepest.max() <= Some(10), "{text}");
    }
}
