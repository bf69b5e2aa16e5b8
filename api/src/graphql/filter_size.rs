//! The size of a filter, judged on its values alone: what is made of them takes hundreds of bytes for each part, and calls
//! itself for each level.

use async_graphql::Name;
use async_graphql_value::{ConstValue, Value};

use crate::criteria::{MAX_FILTER_DEPTH, MAX_FILTER_OPERANDS, MAX_FILTER_PARTS};
use crate::error::{Error, Result};

/// Objects that stand in each other in the deepest filter: itself, two for each level (as lists of related records have
/// `some` between), and the operators of a field.
const MAX_OBJECTS_DEEP: usize = 2 * MAX_FILTER_DEPTH + 2;

/// Judges the value of an argument `filter`, whose variables have these values.
///
/// # Errors
/// `Limit`, which says where in the filter.
pub(super) fn check_filter<'v>(filter: &'v Value, resolve: impl Fn(&Name) -> Option<&'v ConstValue>) -> Result<()> {
    let mut size = Size { resolve: &resolve, parts: 0, operands: 0 };
    let root = if let Value::Variable(name) = filter { format!("${name}") } else { "filter".to_owned() };
    size.value(filter, 0).map_err(|TooMuch { mut path, message }| {
        path.push(root);
        path.reverse();
        Error::Limit(format!("{}: {message}", path.join(".")))
    })
}

struct Size<'s, 'v> {
    resolve: &'s dyn Fn(&Name) -> Option<&'v ConstValue>,
    parts: usize,
    operands: usize,
}

/// What a filter has too much of, and the way there, the last step first.
struct TooMuch {
    path: Vec<String>,
    message: String,
}

impl<'v> Size<'_, 'v> {
    fn value(&mut self, value: &'v Value, depth: usize) -> Result<(), TooMuch> {
        match value {
            Value::Variable(name) => (self.resolve)(name).map_or(Ok(()), |value| self.constant(value, depth)),
            Value::List(items) => each(items.iter().enumerate(), |item| self.value(item, depth)),
            Value::Object(fields) => {
                self.part(depth)?;
                each(fields, |field| self.value(field, depth + 1))
            }
            _ => self.operand(),
        }
    }

    fn constant(&mut self, value: &'v ConstValue, depth: usize) -> Result<(), TooMuch> {
        match value {
            ConstValue::List(items) => each(items.iter().enumerate(), |item| self.constant(item, depth)),
            ConstValue::Object(fields) => {
                self.part(depth)?;
                each(fields, |field| self.constant(field, depth + 1))
            }
            _ => self.operand(),
        }
    }

    fn part(&mut self, depth: usize) -> Result<(), TooMuch> {
        self.parts += 1;
        if depth >= MAX_OBJECTS_DEEP {
            return refuse(format!("a filter nests at most {MAX_FILTER_DEPTH} levels deep"));
        }
        if self.parts > MAX_FILTER_PARTS {
            return refuse(format!("a filter has at most {MAX_FILTER_PARTS} parts, empty ones included"));
        }
        Ok(())
    }

    fn operand(&mut self) -> Result<(), TooMuch> {
        self.operands += 1;
        if self.operands > MAX_FILTER_OPERANDS {
            return refuse(format!("a filter compares with at most {MAX_FILTER_OPERANDS} values"));
        }
        Ok(())
    }
}

fn refuse(message: String) -> Result<(), TooMuch> {
    Err(TooMuch { path: Vec::new(), message })
}

/// Judges each value, and adds its place to the way.
fn each<P: ToString, V>(
    values: impl IntoIterator<Item = (P, V)>,
    mut judge: impl FnMut(V) -> Result<(), TooMuch>,
) -> Result<(), TooMuch> {
    values.into_iter().try_for_each(|(place, value)| {
        judge(value).map_err(|mut found| {
            found.path.push(place.to_string());
            found
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(filter: &serde_json::Value) -> Option<String> {
        let given = ConstValue::from_json(filter.clone()).unwrap();
        let whole = Value::Variable(Name::new("f"));
        let judged = check_filter(&whole, |_| Some(&given)).err().map(|error| error.to_string());
        // Written into the document, it is judged alike.
        let literal = given.clone().into_value();
        let also = check_filter(&literal, |_| None).err().map(|error| error.to_string());
        assert_eq!(judged.as_ref().map(|text| text.replacen("$f", "filter", 1)), also);
        judged
    }

    #[test]
    fn every_part_of_a_filter_counts_and_the_first_too_many_is_named() {
        let empty = |count: usize| serde_json::json!({ "and": vec![serde_json::json!({}); count] });
        assert_eq!(refused(&empty(MAX_FILTER_PARTS - 1)), None);
        let message = refused(&empty(60_000)).unwrap();
        assert_eq!(message, "$f.and.999: a filter has at most 1000 parts, empty ones included");
        let operands =
            |lists: usize| serde_json::json!({ "or": vec![serde_json::json!({"a": {"in": vec![1; 1000]}}); lists] });
        assert_eq!(refused(&operands(10)), None);
        assert_eq!(refused(&operands(11)).unwrap(), "$f.or.10.a.in.0: a filter compares with at most 10000 values");
    }

    #[test]
    fn a_deep_filter_is_refused_and_the_deepest_is_not() {
        let nested = |levels: usize, outer: fn(serde_json::Value) -> serde_json::Value| {
            (0..levels).fold(serde_json::json!({"a": {"equal": 1}}), |inner, _| outer(inner))
        };
        let not = |inner| serde_json::json!({ "not": inner });
        let some = |inner| serde_json::json!({"list": {"some": inner}});
        assert_eq!(refused(&nested(8, not)), None);
        assert_eq!(refused(&nested(8, some)), None);
        assert!(refused(&nested(9, some)).unwrap().ends_with("a filter nests at most 8 levels deep"));
        assert!(refused(&nested(100, not)).is_some());
        assert!(refused(&nested(100, |inner| serde_json::json!({ "and": [inner] }))).is_some());
    }
}
