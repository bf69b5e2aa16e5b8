use chrono::NaiveDate;
use entity::patient_condition::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Transaction};
use crate::date::Date;
use crate::error::Result;
use crate::records::dependent::{AsTold, ConditionStatus, Day, Dependent as _, Judge, PatientConditions, Severity};
use crate::scope::Scope;

use super::concept::{self, ImportedConcept};
use super::home::at_home;
use super::origin::ImportSource;
use super::put::{Import, Item, judge_of, put, told, unknown};
use super::{How, Put};

/// What a patient has or had, as it was recorded elsewhere. A severity or a beginning that is not told stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedCondition {
    /// The record's own key.
    pub uuid: Uuid,
    /// The server that the record comes from.
    pub source: ImportSource,
    /// Key of the patient whose it is.
    pub patient_id: Uuid,
    /// What it is.
    pub concept: ImportedConcept,
    /// How it stands.
    pub status: ConditionStatus,
    /// How severe it is.
    pub severity: Option<Severity>,
    /// When it began: from 1900-01-01 to today.
    pub onset_date: Option<NaiveDate>,
    /// When it ended: not before it began, and only of what is no longer active.
    pub end_date: Option<NaiveDate>,
}

/// Takes over conditions, at most [`MAX_CHUNK`](super::MAX_CHUNK), each with a key of its own.
///
/// # Errors
/// `Forbidden`; as any write. A record that breaks a rule is no error: its result says so.
pub async fn conditions(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    records: Vec<ImportedCondition>,
) -> Result<Vec<Put>> {
    let items: Vec<_> = records.into_iter().map(|record| item(record, clock)).collect();
    put::<PatientConditions>(scope, cluster, how, &items).await
}

fn item(record: ImportedCondition, clock: &dyn Clock) -> Item<PatientConditions> {
    use ConditionStatus::{Active, Recurrence, Relapse};
    let mut judge: Judge = judge_of(clock);
    let goes_on = matches!(record.status, Active | Recurrence | Relapse);
    let mut row = ActiveModel {
        uuid: Set(record.uuid),
        patient_id: Set(record.patient_id),
        status: Set(record.status.into()),
        severity: judge.optional("severity", &AsTold, told(record.severity)),
        onset_date: judge.optional("onsetDate", &Day::Past, told(record.onset_date.map(Date))),
        end_date: judge.optional("endDate", &Day::Past, told(record.end_date.map(Date))),
        ..ActiveModel::default()
    };
    if goes_on && row.end_date == NotSet {
        row.end_date = Set(None);
    }
    let name = record.concept.into_row::<PatientConditions>(&mut row, &mut judge);
    PatientConditions::consistent(&row, &mut judge.check);
    Item { name, ..Item::new(record.uuid, row, judge.check.into_faults()) }.of_source(record.source)
}

impl Import for PatientConditions {
    fn fill(row: &mut ActiveModel) {
        unknown(&mut row.severity);
        unknown(&mut row.onset_date);
        unknown(&mut row.end_date);
        row.deleted_at = Set(None);
    }

    fn is_deleted(model: &Model) -> bool {
        model.deleted_at.is_some()
    }

    async fn introduce(tx: &Transaction, items: &[Item<Self>]) -> Result<()> {
        concept::introduce(tx, items).await
    }

    async fn settle(db: &impl ConnectionTrait, how: How, items: Vec<Item<Self>>) -> Result<Vec<Item<Self>>> {
        concept::settle(db, at_home(db, how, items).await?).await
    }
}
