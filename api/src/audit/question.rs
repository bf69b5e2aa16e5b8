use chrono::{DateTime, Utc};
use entity::audit_event::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::database::Cluster;
use crate::error::Result;

use super::shipping::begin;

/// A question that is on record: what was asked, by whom, and its arguments as they were sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The entry's key.
    pub uuid: Uuid,
    /// When it was put on record.
    pub occurred_at: DateTime<Utc>,
    /// Who asked.
    pub actor: Uuid,
    /// In which role.
    pub role: String,
    /// The kind of record that was asked for.
    pub resource: String,
    /// The institution whose records they are.
    pub institution: Option<Uuid>,
    /// The patients that the entry names.
    pub patients: Vec<Uuid>,
    /// The fields and operators that decided.
    pub operators: Vec<String>,
    /// The number of records that matched, where they were counted.
    pub matched: Option<i64>,
    /// The arguments.
    pub sealed: Vec<u8>,
}

/// The questions of a request, in the order in which they were put on record.
///
/// # Errors
/// As any read.
pub async fn questions(cluster: &Cluster, request: Uuid) -> Result<Vec<Question>> {
    let tx = begin(cluster).await?;
    let rows = Entity::find()
        .filter(Column::RequestId.eq(request))
        .filter(Column::Query.is_not_null())
        .order_by_asc(Column::OccurredAt)
        .order_by_asc(Column::Sequence)
        .all(&tx)
        .await?;
    tx.rollback().await?;
    Ok(rows.into_iter().filter_map(question).collect())
}

fn question(row: Model) -> Option<Question> {
    Some(Question {
        uuid: row.uuid,
        occurred_at: row.occurred_at,
        actor: row.actor_id,
        role: row.role,
        resource: row.resource,
        institution: row.resource_institution_id,
        patients: row.patient_ids.unwrap_or_default().0,
        operators: row.operators.unwrap_or_default().0,
        matched: row.matched,
        sealed: row.query?,
    })
}
