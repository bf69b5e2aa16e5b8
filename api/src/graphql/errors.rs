//! The one place where an error becomes what a client sees of it.

use std::any::Any;
use std::sync::Arc;

use async_graphql::{Response, ServerError, Value};
use chrono::SecondsFormat;
use uuid::Uuid;

use crate::error::{Error, Unauthenticated};

/// A response that refuses the whole request.
#[must_use]
pub fn refusal(error: Error, request: Uuid) -> Response {
    refusal_of(vec![error], request)
}

/// A response that refuses the whole request, for each of these reasons.
pub(super) fn refusal_of(errors: Vec<Error>, request: Uuid) -> Response {
    let told = |error| ServerError { source: Some(Arc::new(error)), ..ServerError::new(String::new(), None) };
    let mut response = Response::from_errors(errors.into_iter().map(told).collect());
    finish(&mut response, request);
    response
}

/// Gives every error its code and the request's id, and keeps what only operators may see.
pub(super) fn finish(response: &mut Response, request: Uuid) {
    for error in &mut response.errors {
        let own = own(error.source.as_ref());
        let (code, retryable) = own.map_or(("BAD_REQUEST", false), code);
        let argument = if let Some(Error::Argument { path, .. }) = own { Some(path.clone()) } else { None };
        if let Some(own) = own {
            error.message = own.to_string();
            report(own, request);
        }
        let extensions = error.extensions.get_or_insert_default();
        if let Some(Error::Unauthenticated(Unauthenticated::LockedOut { until, seconds })) = own {
            extensions.set("lockedUntil", until.to_rfc3339_opts(SecondsFormat::Micros, true));
            extensions.set("retryAfter", *seconds);
        }
        extensions.set("code", code);
        extensions.set("requestId", request.to_string());
        extensions.set("retryable", Value::Boolean(retryable));
        if let Some(path) = argument {
            extensions.set("argumentPath", Value::List(path.into_iter().map(Value::String).collect()));
        }
    }
}

/// The domain's error that one of GraphQL's has for its source.
pub(super) fn own(source: Option<&Arc<dyn Any + Send + Sync>>) -> Option<&Error> {
    let source = source?;
    source.downcast_ref::<Error>().or_else(|| source.downcast_ref::<Arc<Error>>().map(AsRef::as_ref))
}

/// The error's code, and whether asking again may succeed.
fn code(error: &Error) -> (&'static str, bool) {
    match error {
        Error::Argument { error, .. } => code(error),
        Error::Rejected(_) | Error::BadRequest(_) => ("BAD_REQUEST", false),
        Error::Limit(_) => ("LIMIT_EXCEEDED", false),
        Error::Unauthenticated(why) => (why.code(), false),
        Error::Forbidden(_) => ("FORBIDDEN", false),
        Error::RateLimited { .. } => ("RATE_LIMITED", true),
        Error::Untrusted => ("DOCUMENT_NOT_TRUSTED", false),
        Error::Unavailable(_) | Error::Interrupted(_) | Error::Unrecorded(_) | Error::KeysUnread => {
            ("UNAVAILABLE", true)
        }
        Error::Consistency => ("CONSISTENCY_UNAVAILABLE", true),
        Error::WriteLost => ("CONSISTENCY_UNAVAILABLE", false),
        Error::Timeout => ("TIMEOUT", true),
        Error::OutcomeUnknown(_) => ("OUTCOME_UNKNOWN", false),
        Error::Internal(_) => ("INTERNAL", false),
    }
}

/// System faults go to the log, with the request's id by which they are found again.
fn report(error: &Error, request: Uuid) {
    match error {
        Error::Internal(cause) => {
            tracing::error!(request.id = %request, cause = %without_values(cause), "internal error");
        }
        Error::Unavailable(cause) | Error::Interrupted(cause) => {
            tracing::warn!(request.id = %request, cause = %without_values(cause), "database not available");
        }
        Error::Unrecorded(cause) => {
            tracing::error!(request.id = %request, cause = %cause, "the audit trail cannot be written");
        }
        Error::OutcomeUnknown(cause) => {
            tracing::error!(request.id = %request, cause = %without_values(cause), "outcome unknown");
        }
        Error::Timeout => tracing::warn!(request.id = %request, "timeout"),
        Error::Consistency => tracing::warn!(request.id = %request, "no node is fresh enough"),
        Error::WriteLost => tracing::warn!(request.id = %request, "a write was lost"),
        Error::KeysUnread => tracing::warn!(request.id = %request, "keys and roles have not been read yet"),
        Error::Rejected(_)
        | Error::Argument { .. }
        | Error::BadRequest(_)
        | Error::Limit(_)
        | Error::Unauthenticated(_)
        | Error::Forbidden(_)
        | Error::RateLimited { .. }
        | Error::Untrusted => {}
    }
}

/// A cause without what databases quote of a statement's values: those may be a patient's.
pub(crate) fn without_values(cause: &crate::error::Source) -> String {
    let mut level: Option<&(dyn std::error::Error + 'static)> = Some(cause.as_ref());
    while let Some(error) = level {
        let database = error
            .downcast_ref::<sqlx::Error>()
            .or_else(|| error.downcast_ref::<Arc<sqlx::Error>>().map(AsRef::as_ref))
            .and_then(sqlx::Error::as_database_error);
        if let Some(database) = database {
            let code = database.code().unwrap_or_default();
            let constraint = database.constraint().unwrap_or("none");
            return format!("database error {code}, constraint {constraint}");
        }
        if let Some(sea_orm::DbErr::Query(inner) | sea_orm::DbErr::Exec(inner) | sea_orm::DbErr::Conn(inner)) =
            error.downcast_ref()
            && let sea_orm::RuntimeErr::SqlxError(error) = inner
            && let Some(database) = error.as_database_error()
        {
            let code = database.code().unwrap_or_default();
            let constraint = database.constraint().unwrap_or("none");
            return format!("database error {code}, constraint {constraint}");
        }
        level = error.source();
    }
    cause.to_string()
}
