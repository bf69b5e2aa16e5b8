use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{TextList, UuidList};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::entry::{Common, Entry};
use super::form::Form;
use super::sealing::Sealed;

/// A row of the table, whatever it holds.
#[derive(Debug, FromQueryResult)]
pub(super) struct Row {
    uuid: Uuid,
    pub(super) instance: Uuid,
    pub(super) sequence: i64,
    occurred_at: DateTime<Utc>,
    actor_id: Uuid,
    role: String,
    session_id: Option<Uuid>,
    institution_id: Option<Uuid>,
    grant_id: Option<Uuid>,
    origin: Option<String>,
    request_id: Uuid,
    action: String,
    resource: String,
    resource_id: Option<Uuid>,
    version: Option<i32>,
    resource_institution_id: Option<Uuid>,
    form: i16,
    patient_id: Option<Uuid>,
    patient_ids: Option<UuidList>,
    fields: TextList,
    operators: Option<TextList>,
    matched: Option<i64>,
    query: Option<Vec<u8>>,
    outcome: String,
    settles: Option<i64>,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl Row {
    /// The entry; none where a hash is none, or where it has what its form lacks.
    pub(super) fn entry(self) -> Option<Entry> {
        let form = Form::try_from(self.form).ok()?;
        let is_question = self.operators.is_some() || self.matched.is_some() || self.query.is_some();
        let is_mixed = match form {
            Form::First => self.patient_ids.is_some() || is_question,
            Form::Second => self.patient_id.is_some(),
        };
        if is_mixed {
            return None;
        }
        let texts = |list: TextList| list.0.into_iter().map(Cow::Owned).collect();
        let common = Common {
            form,
            instance: self.instance,
            occurred_at: self.occurred_at,
            actor_id: self.actor_id,
            role: self.role,
            session_id: self.session_id,
            institution_id: self.institution_id,
            grant_id: self.grant_id,
            origin: self.origin,
            request_id: self.request_id,
            action: self.action,
            resource: self.resource.into(),
            fields: texts(self.fields),
            outcome: self.outcome,
            operators: self.operators.map(texts),
            matched: self.matched,
            query: self.query.map(Sealed),
        };
        Some(Entry {
            common: Arc::new(common),
            uuid: self.uuid,
            sequence: self.sequence,
            resource_id: self.resource_id,
            version: self.version,
            resource_institution_id: self.resource_institution_id,
            patient_id: self.patient_id,
            patient_ids: self.patient_ids.unwrap_or_default().0,
            settles: self.settles,
            previous_hash: self.previous_hash.try_into().ok()?,
            hash: self.hash.try_into().ok()?,
        })
    }
}
