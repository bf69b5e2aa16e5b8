use chrono::{DateTime, Utc};
use entity::TextList;
use sea_orm::{DbErr, QueryResult};
use uuid::Uuid;

use crate::scope::Scope;

/// The kind of record that is a patient itself.
const PATIENT: &str = "PatientRegister";

/// What was done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// It was made.
    Created,
    /// It was changed, or restored.
    Updated,
    /// It was removed, or marked as removed.
    Deleted,
}

/// One entry of the log: that a record was changed, and what of it. Names, never values.
#[derive(Clone, Debug)]
pub struct Change {
    /// Rises with every change; those of one record are in the order of their commits, others need not be.
    pub sequence: i64,
    /// The kind of record, such as `PatientRegister`.
    pub entity: String,
    /// The record's key.
    pub key: Uuid,
    /// What was done.
    pub operation: Operation,
    /// The record's version after it.
    pub version: i32,
    /// The columns that an update changed.
    pub changed_fields: Vec<String>,
    /// The institution that the record belongs to; none for what belongs to all.
    pub institution: Option<Uuid>,
    /// The institution that the record has left by this change: for that one it is gone.
    pub former_institution: Option<Uuid>,
    /// The patient whose record it is.
    pub patient: Option<Uuid>,
    /// The patient whose record it was until this change: for that one it is gone.
    pub former_patient: Option<Uuid>,
    /// When it was written, by the database's clock; it was committed later.
    pub at: DateTime<Utc>,
    /// The session that wrote it, and without one the actor; none for a change made outside the server.
    pub(super) caller: Option<Uuid>,
    /// The timeline on which it was written; 0 on SQLite.
    pub(super) timeline: u32,
    /// The transaction that wrote it; 0 on SQLite.
    pub(super) transaction: u64,
    /// What it comes to, as proof that it is still there.
    pub(super) mark: i64,
    /// What a cursor's proof comes to, up to this change.
    pub(super) sum: i64,
}

impl Change {
    /// Whether it is within a caller's boundary, on either side of a move. A patient is shown the own record, and what
    /// belongs to all.
    #[must_use]
    pub fn concerns(&self, scope: &Scope) -> bool {
        let is_own = scope.patient.is_none_or(|own| {
            self.institution.is_none() || self.patient == Some(own) || self.former_patient == Some(own)
        });
        let is_within = self.institution.is_none_or(|institution| scope.reaches(institution));
        is_own && (is_within || self.former_institution.is_some_and(|former| scope.reaches(former)))
    }

    /// Whether it takes the record out of a caller's boundary.
    #[must_use]
    pub fn leaves(&self, scope: &Scope) -> bool {
        let is_moved = self.former_institution.is_some_and(|former| scope.reaches(former))
            && self.institution.is_some_and(|institution| !scope.reaches(institution));
        is_moved || scope.patient.is_some_and(|own| self.former_patient == Some(own))
    }

    /// An entry, marked as itself alone.
    pub(super) fn of(row: &QueryResult) -> Result<Self, DbErr> {
        let entity: String = row.try_get("", "entity")?;
        let key: Uuid = row.try_get("", "key")?;
        let operation: String = row.try_get("", "operation")?;
        let fields: TextList = row.try_get("", "changed_fields")?;
        let patient = if entity == PATIENT { Some(key) } else { row.try_get("", "patient_id")? };
        Ok(Self {
            sequence: row.try_get("", "sequence")?,
            patient,
            entity,
            key,
            operation: match operation.as_str() {
                "CREATED" => Operation::Created,
                "DELETED" => Operation::Deleted,
                _ => Operation::Updated,
            },
            version: row.try_get("", "version")?,
            changed_fields: fields.0,
            institution: row.try_get("", "institution_id")?,
            former_institution: row.try_get("", "former_institution_id")?,
            former_patient: row.try_get("", "former_patient_id")?,
            at: row.try_get("", "occurred_at")?,
            caller: row.try_get("", "caller")?,
            timeline: u32::try_from(row.try_get::<i32>("", "timeline")?).unwrap_or_default(),
            transaction: u64::try_from(row.try_get::<i64>("", "transaction")?).unwrap_or_default(),
            mark: row.try_get("", "mark")?,
            sum: 0,
        })
    }
}
