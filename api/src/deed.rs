//! What was done to whose record, for the audit trail. Pure types: the rooms that know tell the ones that keep.

mod asked;
mod disclosed;
mod query;

use std::borrow::Cow;
use std::sync::Arc;

use uuid::Uuid;

pub use asked::united;
pub use disclosed::{Disclosed, Subject, deeds};
pub use entity::audit_event::{Action, Outcome};
pub use query::AuditQuery;

/// Most patients that one deed names; more are several deeds.
pub const MAX_PATIENTS: usize = 1000;

/// Names of fields. Never a value, and no text of a client's making.
pub type Names = Arc<[Cow<'static, str>]>;

/// Something that was done, or was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What was done.
    pub action: Action,
    /// The kind of record, as the schema names its type.
    pub resource: Cow<'static, str>,
    /// The record's key; none for what is about no single record.
    pub key: Option<Uuid>,
    /// The record's version after the change. Whether a change was made that nobody saw the end of is found by it, so only
    /// kinds of records that the change log knows have one.
    pub version: Option<i32>,
    /// The institution that the record belongs to.
    pub institution: Option<Uuid>,
    /// The patients whose data it is, all of `institution`; at most [`MAX_PATIENTS`].
    pub patients: Vec<Uuid>,
    /// The fields that were changed or shown.
    pub fields: Names,
    /// The question that the answer depended on; none for a deed that shows or changes records.
    pub query: Option<Arc<AuditQuery>>,
}

impl Deed {
    /// An action on a kind of records.
    #[must_use]
    pub fn new(action: Action, resource: impl Into<Cow<'static, str>>) -> Self {
        Self {
            action,
            resource: resource.into(),
            key: None,
            version: None,
            institution: None,
            patients: Vec::new(),
            fields: Names::default(),
            query: None,
        }
    }

    /// The same, on one record.
    #[must_use]
    pub fn on(self, key: Uuid) -> Self {
        Self { key: Some(key), ..self }
    }
}
