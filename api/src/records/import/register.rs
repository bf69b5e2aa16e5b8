use async_graphql::MaybeUndefined;
use chrono::NaiveDate;
use entity::patient_register::{ActiveModel, Model};
use entity::{TextList, identifier};
use sea_orm::ActiveValue::{NotSet, Set};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Transaction};
use crate::date::Date;
use crate::error::{Fault, Result};
use crate::records::check::{Check, Kind, MAX_ADDRESS, MAX_NAME};
use crate::records::dependent::{PatientAllergies, PatientConditions, PatientMedications};
use crate::records::patient_register::{PatientRegisters, check_span, initial_status};
use crate::scope::{HOME_INSTITUTION, Scope};

use super::evidence::is_same_person;
use super::identifier::{ImportedIdentifier, checked};
use super::origin::{ImportSource, move_dependents};
use super::person::ImportedPerson;
use super::put::{Import, Item, put, unknown};
use super::{How, Put};

/// A patient who was registered elsewhere. What is not told stays as it is; a new register that lacks a part of a complete
/// one is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedRegister {
    /// The record's own key.
    pub uuid: Uuid,
    /// The server that the record comes from.
    pub source: ImportSource,
    /// First name: 1 to 200 characters.
    pub first_name: Option<String>,
    /// Last name: 1 to 200 characters.
    pub last_name: Option<String>,
    /// Date of birth: from 1900-01-01 to today.
    pub date_of_birth: Option<NaiveDate>,
    /// Date of death: from the date of birth to today.
    pub date_of_death: Option<NaiveDate>,
    /// Email address: at most 254 characters.
    pub email: Option<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written.
    pub phone_number: Option<String>,
    /// Postal address: 1 to 500 characters.
    pub address: Option<String>,
    /// Whom to call in an emergency: 1 to 200 characters.
    pub emergency_contact: Option<String>,
    /// Allergies in plain words; replaces the present list.
    pub allergies: Option<Vec<String>>,
    /// Medical history in plain words; replaces the present list.
    pub medical_history: Option<Vec<String>>,
    /// Current medications in plain words; replaces the present list.
    pub current_medications: Option<Vec<String>>,
    /// Key of the institution that the register belongs to; for a new one the home institution, when not told.
    pub institution_id: Option<Uuid>,
    /// Key of the patient's usual doctor.
    pub doctor_id: Option<Uuid>,
    /// What others know the patient by.
    pub identifiers: Vec<ImportedIdentifier>,
    /// What [`people`](super::people) takes over.
    pub person: ImportedPerson,
}

/// Takes over registers, at most [`MAX_CHUNK`](super::MAX_CHUNK), each with a key of its own.
///
/// # Errors
/// `Forbidden`; as any write. A record that breaks a rule is no error: its result says so.
pub async fn registers(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    records: Vec<ImportedRegister>,
) -> Result<Vec<Put>> {
    let items: Vec<_> = records.into_iter().map(|record| item(record, clock)).collect();
    put::<PatientRegisters>(scope, cluster, how, &items).await
}

/// The rule that an entry of a list of texts breaks, if it breaks one.
#[must_use]
pub fn entry_fault(text: &str) -> Option<Fault> {
    let mut check = Check::new([] as [&str; 0]);
    check.texts("entry", &MaybeUndefined::Value(vec![text.to_owned()]));
    check.into_faults().into_iter().next()
}

fn item(record: ImportedRegister, clock: &dyn Clock) -> Item<PatientRegisters> {
    let mut check = Check::new([] as [&str; 0]);
    let told = |text: Option<String>| text.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
    let list = |list: Option<Vec<String>>| list.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
    let birth = record.date_of_birth.map_or(MaybeUndefined::Undefined, |date| MaybeUndefined::Value(Date(date)));
    let death = record.date_of_death.map_or(MaybeUndefined::Undefined, |date| MaybeUndefined::Value(Date(date)));
    let death = check.death_date("dateOfDeath", death, clock.latest_day());
    let row = ActiveModel {
        uuid: Set(record.uuid),
        first_name: check.optional("firstName", Kind::Name(MAX_NAME), &told(record.first_name)),
        last_name: check.optional("lastName", Kind::Name(MAX_NAME), &told(record.last_name)),
        date_of_birth: check.birth_date("dateOfBirth", birth, clock.latest_day()),
        date_of_death: death,
        email: check.optional("email", Kind::Email, &told(record.email)),
        phone_number: check.optional("phoneNumber", Kind::Phone, &told(record.phone_number)),
        address: check.optional("address", Kind::Plain(MAX_ADDRESS), &told(record.address)),
        emergency_contact: check.optional("emergencyContact", Kind::Name(MAX_NAME), &told(record.emergency_contact)),
        allergies: check.texts("allergies", &list(record.allergies)),
        medical_history: check.texts("medicalHistory", &list(record.medical_history)),
        current_medications: check.texts("currentMedications", &list(record.current_medications)),
        institution_id: record.institution_id.map_or(NotSet, Set),
        doctor_id: record.doctor_id.map_or(NotSet, |key| Set(Some(key))),
        ..ActiveModel::default()
    };
    check_span(None, &row, &mut check);
    let identifiers = checked(record.identifiers, &mut check);
    Item { identifiers, ..Item::new(record.uuid, row, check.into_faults()) }.of_source(record.source)
}

impl Import for PatientRegisters {
    const OWNER: identifier::Column = identifier::Column::PatientId;

    fn is_evident(present: &Model, told: &ActiveModel) -> bool {
        is_same_person(present, told)
    }

    fn fill(row: &mut ActiveModel) {
        let texts = [&mut row.first_name, &mut row.last_name, &mut row.email, &mut row.phone_number, &mut row.address];
        texts.into_iter().chain([&mut row.emergency_contact]).for_each(unknown);
        unknown(&mut row.phone_number_folded);
        unknown(&mut row.date_of_birth);
        unknown(&mut row.date_of_death);
        for list in [&mut row.allergies, &mut row.medical_history, &mut row.current_medications] {
            if *list == NotSet {
                *list = Set(TextList::default());
            }
        }
        if row.institution_id == NotSet {
            row.institution_id = Set(HOME_INSTITUTION.0);
        }
        if row.doctor_id == NotSet {
            row.doctor_id = Set(None);
        }
        row.status = Set(initial_status(row));
        row.rejection_reason = Set(None);
        row.merged_into = Set(None);
        row.deleted_at = Set(None);
    }

    fn is_deleted(model: &Model) -> bool {
        model.deleted_at.is_some()
    }

    fn is_merged(model: &Model) -> bool {
        model.merged_into.is_some()
    }

    fn tenant(row: &ActiveModel) -> Option<Uuid> {
        row.institution_id.try_as_ref().copied()
    }

    async fn move_along(tx: &Transaction, own: Uuid, from: Uuid, to: Uuid) -> Result<()> {
        move_dependents::<PatientConditions>(tx, own, from, to).await?;
        move_dependents::<PatientMedications>(tx, own, from, to).await?;
        move_dependents::<PatientAllergies>(tx, own, from, to).await
    }
}
