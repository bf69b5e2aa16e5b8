use chrono::NaiveDate;
use entity::patient_medication::{ActiveModel, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Transaction};
use crate::date::Date;
use crate::error::Result;
use crate::records::check::Kind;
use crate::records::dependent::{Day, Dependent as _, Judge, MedicationStatus, PatientMedications};
use crate::scope::Scope;

use super::concept::{self, ImportedConcept};
use super::home::at_home;
use super::origin::ImportSource;
use super::put::{Import, Item, judge_of, put, told, unknown};
use super::{How, Put};

/// What a patient takes or took, as it was recorded elsewhere. What is not told stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedMedication {
    /// The record's own key.
    pub uuid: Uuid,
    /// The server that the record comes from.
    pub source: ImportSource,
    /// Key of the patient whose it is.
    pub patient_id: Uuid,
    /// What it is.
    pub concept: ImportedConcept,
    /// How it stands.
    pub status: MedicationStatus,
    /// How much at a time: 1 to 100 characters.
    pub dose: Option<String>,
    /// How to take it: 1 to 500 characters.
    pub instructions: Option<String>,
    /// From when on: from 1900-01-01 to 2199-12-31.
    pub start_date: Option<NaiveDate>,
    /// Until when: not before it begins.
    pub end_date: Option<NaiveDate>,
}

/// Takes over medications, at most [`MAX_CHUNK`](super::MAX_CHUNK), each with a key of its own.
///
/// # Errors
/// `Forbidden`; as any write. A record that breaks a rule is no error: its result says so.
pub async fn medications(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    records: Vec<ImportedMedication>,
) -> Result<Vec<Put>> {
    let items: Vec<_> = records.into_iter().map(|record| item(record, clock)).collect();
    put::<PatientMedications>(scope, cluster, how, &items).await
}

fn item(record: ImportedMedication, clock: &dyn Clock) -> Item<PatientMedications> {
    let mut judge: Judge = judge_of(clock);
    let mut row = ActiveModel {
        uuid: Set(record.uuid),
        patient_id: Set(record.patient_id),
        status: Set(record.status.into()),
        dose: judge.optional("dose", &Kind::Plain(100), told(record.dose)),
        instructions: judge.optional("instructions", &Kind::Plain(500), told(record.instructions)),
        start_date: judge.optional("startDate", &Day::Planned, told(record.start_date.map(Date))),
        end_date: judge.optional("endDate", &Day::Planned, told(record.end_date.map(Date))),
        ..ActiveModel::default()
    };
    let name = record.concept.into_row::<PatientMedications>(&mut row, &mut judge);
    PatientMedications::consistent(&row, &mut judge.check);
    Item { name, ..Item::new(record.uuid, row, judge.check.into_faults()) }.of_source(record.source)
}

impl Import for PatientMedications {
    fn fill(row: &mut ActiveModel) {
        unknown(&mut row.dose);
        unknown(&mut row.instructions);
        unknown(&mut row.start_date);
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
