use async_graphql::SimpleObject;
use uuid::Uuid;

use crate::error::{Error, Fault, FaultCode, FaultParams, Result};

/// A rule of the domain that the input breaks. Nothing was changed.
#[derive(Clone, Debug, SimpleObject)]
pub(super) struct UserError {
    /// What kind of rule.
    code: FaultCode,
    /// For people.
    message: String,
    /// Where in the arguments, from the argument's name on, such as `["input", "dateOfBirth"]`.
    path: Vec<String>,
    /// Limits of the rule, for messages in other languages.
    params: FaultParams,
    #[graphql(skip)]
    conflict: Option<Uuid>,
}

impl From<Fault> for UserError {
    fn from(Fault { code, message, path, params, conflict }: Fault) -> Self {
        Self { code, message, path, params, conflict }
    }
}

impl UserError {
    /// The records that changed meanwhile.
    pub(super) fn conflicts(errors: &[Self]) -> impl Iterator<Item = Uuid> {
        errors.iter().filter_map(|error| error.conflict)
    }
}

/// What was done, or else the broken rules; any other error is not the payload's.
pub(super) fn outcome<T>(result: Result<T>) -> Result<(Option<T>, Vec<UserError>)> {
    match result {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(Error::Rejected(faults)) => Ok((None, faults.into_iter().map(UserError::from).collect())),
        Err(error) => Err(error),
    }
}

/// Declares what a mutation of one record returns, as a row. It is never null: mutations return null where one was refused or
/// failed, so that this does not take what others in the request have done from the response.
macro_rules! payload {
    ($($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $record:ty }),+ $(,)?) => {$(
        #[derive(async_graphql::SimpleObject)]
        $(#[$doc])*
        pub(super) struct $name {
            $(#[$field_doc])*
            $field: Option<$crate::graphql::shown::Shown<$record>>,
            /// The rules of the domain that the input breaks; empty when the change was made.
            user_errors: Vec<$crate::graphql::payload::UserError>,
        }

        impl $name {
            async fn of(
                ctx: &async_graphql::Context<'_>,
                result: $crate::error::Result<$crate::records::Row<$crate::graphql::record::Entity<$record>>>,
            ) -> async_graphql::Result<Option<Self>> {
                let (done, user_errors) = $crate::graphql::payload::outcome(result)?;
                let rows = done.into_iter().collect();
                let $field = $crate::graphql::record::in_payload(ctx, stringify!($field), rows).await.pop();
                Ok(Some(Self { $field, user_errors }))
            }
        }
    )+};
}

/// Declares what a mutation returns that changes a record whose version it may expect, as a row.
macro_rules! change_payload {
    ($($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $record:ty }),+ $(,)?) => {
        $crate::graphql::payload::payload! {
            $($(#[$doc])* #[graphql(complex)] $name { $(#[$field_doc])* $field: $record }),+
        }

        $(#[async_graphql::ComplexObject]
        impl $name {
            /// The record as it is now, deleted or not, when `userErrors` has a `VERSION_CONFLICT`; null otherwise, and when
            /// the caller may not see it.
            async fn current(
                &self,
                ctx: &async_graphql::Context<'_>,
            ) -> async_graphql::Result<Option<$crate::graphql::shown::Shown<$record>>> {
                match $crate::graphql::payload::UserError::conflicts(&self.user_errors).next() {
                    Some(uuid) => $crate::graphql::record::current(ctx, uuid).await,
                    None => Ok(None),
                }
            }
        })+
    };
}

/// Declares what a mutation returns that shows no record of a collection.
macro_rules! plain_payload {
    ($($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $shown:ty }),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub(super) struct $name {
            $(#[$field_doc])*
            $field: Option<$shown>,
            /// The rules of the domain that the input breaks; empty when the change was made.
            user_errors: Vec<$crate::graphql::payload::UserError>,
        }

        impl $name {
            fn of(result: $crate::error::Result<$shown>) -> async_graphql::Result<Option<Self>> {
                let ($field, user_errors) = $crate::graphql::payload::outcome(result)?;
                Ok(Some(Self { $field, user_errors }))
            }
        }
    )+};
}

pub(super) use {change_payload, payload, plain_payload};
