use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// Any JSON value.
#[derive(Clone, Debug)]
pub(super) struct Json(pub(super) Value);

/// Any JSON value (RFC 8259).
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Binary(_) => Err(InputValueError::custom("this is no JSON value")),
            value => Ok(Self(value)),
        }
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}
