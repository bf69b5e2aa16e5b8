use async_graphql::{Response, Value};
use bytes::Bytes;
use uuid::Uuid;

use super::engine::Answer;

/// What stands in a response for a value that was written as JSON already. The schema has no other binary values.
pub(super) fn written(json: Vec<u8>) -> Value {
    Value::Binary(Bytes::from(json))
}

impl Answer {
    /// The answer as it is sent. One to a request that was refused has no data.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = Vec::new();
        let encoded = self.write(&mut text).ok().and_then(|()| String::from_utf8(text).ok());
        let encoded = encoded.unwrap_or_else(|| r#"{"errors":[{"message":"internal error"}]}"#.to_owned());
        match self.bytes.as_ref().map_or(Ok(()), |bytes| bytes.fits(encoded.len())) {
            Ok(()) => encoded,
            Err(error) => Self { bytes: None, ..Self::refused(error, Uuid::new_v4()) }.encode(),
        }
    }

    fn write(&self, text: &mut Vec<u8>) -> serde_json::Result<()> {
        let Response { data, extensions, errors, .. } = &self.response;
        let mut next = b'{';
        let mut key = |text: &mut Vec<u8>, name: &str| {
            text.push(std::mem::replace(&mut next, b','));
            text.extend_from_slice(name.as_bytes());
        };
        if !errors.is_empty() {
            key(text, "\"errors\":");
            serde_json::to_writer(&mut *text, errors)?;
        }
        if !self.is_refused {
            key(text, "\"data\":");
            write(data, text)?;
        }
        if !extensions.is_empty() {
            key(text, "\"extensions\":");
            serde_json::to_writer(&mut *text, extensions)?;
        }
        if next == b'{' {
            text.push(next);
        }
        text.push(b'}');
        Ok(())
    }
}

fn write(value: &Value, text: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Binary(written) => text.extend_from_slice(written),
        Value::Object(object) if !object.is_empty() => {
            for (at, (name, value)) in object.iter().enumerate() {
                text.push(if at == 0 { b'{' } else { b',' });
                serde_json::to_writer(&mut *text, name.as_str())?;
                text.push(b':');
                write(value, text)?;
            }
            text.push(b'}');
        }
        Value::List(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                text.push(if at == 0 { b'[' } else { b',' });
                write(value, text)?;
            }
            text.push(b']');
        }
        plain => serde_json::to_writer(text, plain)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(data: Value) -> Answer {
        Answer::of(Response::new(data), false)
    }

    #[test]
    fn what_was_written_already_stands_in_the_answer_as_it_is() {
        let data = Value::from_json(json!({"a": [{}, [], {"b": "\"c\"", "d": null}, 1.5], "e": "f"})).unwrap();
        assert_eq!(answer(data).encode(), r#"{"data":{"a":[{},[],{"b":"\"c\"","d":null},1.5],"e":"f"}}"#);
        let list = Value::List(vec![written(b"{\"a\":1}".to_vec()), Value::Null]);
        assert_eq!(answer(list).encode(), r#"{"data":[{"a":1},null]}"#);
    }

    #[test]
    fn an_answer_to_what_was_refused_has_no_data() {
        let refused = Answer::of(Response::new(Value::Null), true);
        assert_eq!(refused.encode(), "{}");
        let mut answer = answer(Value::Null);
        answer.response.extensions.insert("cost".to_owned(), Value::from(1));
        assert_eq!(answer.encode(), r#"{"data":null,"extensions":{"cost":1}}"#);
    }
}
