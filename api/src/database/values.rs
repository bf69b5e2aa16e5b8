use std::borrow::Cow;

use sea_orm::{Value, Values};

/// What SQLite has no type for becomes text: lists as JSON, instants in a fixed width of microseconds, so that they
/// sort and compare as text exactly as they do as instants.
pub(super) fn for_sqlite(values: Values) -> Values {
    Values(values.0.into_iter().map(rewrite).collect())
}

fn rewrite(value: Value) -> Value {
    match value {
        Value::Array(_, items) => Value::String(items.map(|items| json(&items))),
        Value::ChronoDateTimeUtc(instant) => Value::String(instant.map(|instant| crate::instant::written(&instant))),
        other => other,
    }
}

fn json(items: &[Value]) -> String {
    let texts: Vec<Option<Cow<'_, str>>> = items
        .iter()
        .map(|item| match item {
            Value::String(Some(text)) => Some(text.as_str().into()),
            Value::Uuid(Some(key)) => Some(key.to_string().into()),
            _ => None,
        })
        .collect();
    serde_json::json!(texts).to_string()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use sea_orm::sea_query::ArrayType;

    use super::*;

    #[test]
    fn instants_have_one_width_whatever_their_fraction() {
        for micros in [0, 500_000, 123_456] {
            let instant = DateTime::<Utc>::from_timestamp_micros(1_700_000_000_000_000 + micros).unwrap();
            let Value::String(Some(text)) = rewrite(Value::from(instant)) else { panic!("not a text") };
            assert_eq!(text.len(), 32, "{text}");
        }
    }

    #[test]
    fn lists_become_json() {
        let list = Value::Array(ArrayType::String, Some(Box::new(vec![Value::from("a\"b"), Value::from("c")])));
        assert_eq!(rewrite(list), Value::from(r#"["a\"b","c"]"#));
        assert_eq!(rewrite(Value::Array(ArrayType::String, None)), Value::String(None));
        let keys = Value::Array(ArrayType::Uuid, Some(Box::new(vec![Value::from(uuid::Uuid::nil())])));
        assert_eq!(rewrite(keys), Value::from(r#"["00000000-0000-0000-0000-000000000000"]"#));
    }
}
