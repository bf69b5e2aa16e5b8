//! The instant as clients read it.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use chrono::{DateTime, SecondsFormat, Utc};

/// The text of an instant: RFC 3339 in UTC with six digits of a second, which both databases keep, so that texts sort as the
/// instants do and are equal when those are.
#[must_use]
pub fn written(instant: &DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// An instant that the schema shows: its scalar `DateTime`, as [`written`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub DateTime<Utc>);

impl OutputType for Instant {
    fn type_name() -> Cow<'static, str> {
        <DateTime<Utc> as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <DateTime<Utc> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::String(written(&self.0)))
    }
}
