use chrono::NaiveDate;
use entity::patient_allergy::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Transaction};
use crate::date::Date;
use crate::error::Result;
use crate::records::check::Kind;
use crate::records::dependent::{
    AllergyCategory, AllergyStatus, AsTold, Day, Dependent as _, Judge, PatientAllergies, Severity,
};
use crate::scope::Scope;

use super::concept::{self, ImportedConcept};
use super::home::at_home;
use super::origin::ImportSource;
use super::put::{Import, Item, judge_of, put, told, unknown};
use super::{How, Put};

/// What a patient does not tolerate, as it was recorded elsewhere. What is not told stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedAllergy {
    /// The record's own key.
    pub uuid: Uuid,
    /// The server that the record comes from.
    pub source: ImportSource,
    /// Key of the patient whose it is.
    pub patient_id: Uuid,
    /// What is not tolerated.
    pub concept: ImportedConcept,
    /// What kind of thing it is.
    pub category: Option<AllergyCategory>,
    /// How it stands.
    pub status: AllergyStatus,
    /// How severe it is.
    pub severity: Option<Severity>,
    /// What happens: 1 to 500 characters.
    pub reaction: Option<String>,
    /// When it began: from 1900-01-01 to today.
    pub onset_date: Option<NaiveDate>,
    /// When it ended: not before it began, and only of what is no longer active.
    pub end_date: Option<NaiveDate>,
}

/// Takes over allergies, at most [`MAX_CHUNK`](super::MAX_CHUNK), each with a key of its own.
///
/// # Errors
/// `Forbidden`; as any write. A record that breaks a rule is no error: its result says so.
pub async fn allergies(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    records: Vec<ImportedAllergy>,
) -> Result<Vec<Put>> {
    let items: Vec<_> = records.into_iter().map(|record| item(record, clock)).collect();
    put::<PatientAllergies>(scope, cluster, how, &items).await
}

fn item(record: ImportedAllergy, clock: &dyn Clock) -> Item<PatientAllergies> {
    let mut judge: Judge = judge_of(clock);
    let mut row = ActiveModel {
        uuid: Set(record.uuid),
        patient_id: Set(record.patient_id),
        category: judge.optional("category", &AsTold, told(record.category)),
        status: Set(record.status.into()),
        severity: judge.optional("severity", &AsTold, told(record.severity)),
        reaction: judge.optional("reaction", &Kind::Plain(500), told(record.reaction)),
        onset_date: judge.optional("onsetDate", &Day::Past, told(record.onset_date.map(Date))),
        end_date: judge.optional("endDate", &Day::Past, told(record.end_date.map(Date))),
        ..ActiveModel::default()
    };
    if record.status == AllergyStatus::Active && row.end_date == NotSet {
        row.end_date = Set(None);
    }
    let name = record.concept.into_row::<PatientAllergies>(&mut row, &mut judge);
    PatientAllergies::consistent(&row, &mut judge.check);
    Item { name, ..Item::new(record.uuid, row, judge.check.into_faults()) }.of_source(record.source)
}

impl Import for PatientAllergies {
    fn fill(row: &mut ActiveModel) {
        unknown(&mut row.category);
        unknown(&mut row.severity);
        unknown(&mut row.reaction);
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
