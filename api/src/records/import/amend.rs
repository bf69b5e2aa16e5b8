//! Changes of registers that an import does not hold.

use std::collections::{HashMap, HashSet};

use entity::TextList;
use entity::patient_register::{ActiveModel, Column as RegisterColumn, Entity as Registers, Model as Register};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, QueryFilter, Value};
use uuid::Uuid;

use crate::database::{Cluster, Consistency, Reader};
use crate::error::Result;
use crate::records::MAX_ENTRIES;
use crate::records::aggregate::Model;
use crate::records::dependent::{Coded, PatientAllergies, PatientConditions, PatientMedications};
use crate::records::patient_register::PatientRegisters;
use crate::scope::Scope;

use super::origin::ImportSource;
use super::put::{Column, Import, Item, among, put};
use super::withdraw::Fact;
use super::{How, MAX_CHUNK};

/// Institution and doctor of a patient who is here, as encounters tell.
#[derive(Clone, Debug)]
pub struct Affiliation {
    /// UUID of the register.
    pub uuid: Uuid,
    /// The server that the register came from.
    pub source: ImportSource,
    /// UUID of the institution that the register is to belong to.
    pub institution_id: Option<Uuid>,
    /// UUID of the patient's usual doctor.
    pub doctor_id: Option<Uuid>,
}

/// Gives registers that are here the institutions and doctors that encounters tell.
///
/// # Errors
/// `Forbidden`; as any write.
pub async fn affiliate(scope: &Scope, cluster: &Cluster, how: How, patients: Vec<Affiliation>) -> Result<()> {
    let items: Vec<_> = patients.into_iter().map(affiliated).collect();
    write(scope, cluster, how, &items).await
}

fn affiliated(told: Affiliation) -> Item<PatientRegisters> {
    let row = ActiveModel {
        uuid: Set(told.uuid),
        institution_id: told.institution_id.map_or(NotSet, Set),
        doctor_id: told.doctor_id.map_or(NotSet, |key| Set(Some(key))),
        ..ActiveModel::default()
    };
    Item::new(told.uuid, row, Vec::new()).of_source(told.source)
}

async fn write(scope: &Scope, cluster: &Cluster, how: How, items: &[Item<PatientRegisters>]) -> Result<()> {
    for chunk in items.chunks(MAX_CHUNK) {
        put::<PatientRegisters>(scope, cluster, how, chunk).await?;
    }
    Ok(())
}

/// Brings the lists of registers in line with these records, all of one kind, that were just written or removed: the words
/// of those that are active stand in the list, and those of the others do not, unless another active record has the same.
///
/// # Errors
/// `Forbidden`; as any write.
#[expect(clippy::implicit_hasher, reason = "maps of this program have the standard hasher")]
pub async fn relist(
    scope: &Scope,
    cluster: &Cluster,
    how: How,
    fact: Fact,
    records: &HashMap<Uuid, ImportSource>,
) -> Result<()> {
    // Nothing was written.
    if how == How::DryRun || records.is_empty() {
        return Ok(());
    }
    let reader = cluster.read(scope, Consistency::Strong);
    let items = match fact {
        Fact::Allergy => items::<PatientAllergies>(&reader, records, fact).await?,
        Fact::Condition => items::<PatientConditions>(&reader, records, fact).await?,
        Fact::Medication => items::<PatientMedications>(&reader, records, fact).await?,
    };
    write(scope, cluster, how, &items).await
}

/// Words that are told of one patient.
struct Told<'t> {
    source: &'t ImportSource,
    words: Vec<String>,
}

async fn items<D: Coded + Import>(
    db: &Reader,
    records: &HashMap<Uuid, ImportSource>,
    fact: Fact,
) -> Result<Vec<Item<PatientRegisters>>> {
    let Some(patient) = D::patient() else { return Ok(Vec::new()) };
    let query = D::Entity::find().filter(among(db, D::key(), records.keys().copied().collect()));
    let mut told: HashMap<Uuid, Told<'_>> = HashMap::new();
    for row in query.all(db).await? {
        if let (Some((patient, words)), Some(source)) = (patient_and_words::<D>(&row), records.get(&D::uuid(&row))) {
            told.entry(patient).or_insert(Told { source, words: Vec::new() }).words.push(words);
        }
    }
    let patients: Vec<Uuid> = told.keys().copied().collect();
    let mut query = D::Entity::find().filter(among(db, patient, patients.clone()));
    if let Some(tombstone) = D::tombstone() {
        query = query.filter(sea_orm::ColumnTrait::is_null(&tombstone));
    }
    let rows = query.all(db).await?;
    let active: HashSet<_> = rows.iter().filter(|row| is_active::<D>(row)).filter_map(patient_and_words::<D>).collect();
    let registers = Registers::find().filter(among(db, RegisterColumn::Uuid, patients)).all(db).await?;
    Ok(registers.into_iter().filter_map(|register| item(&register, fact, told.get(&register.uuid)?, &active)).collect())
}

fn item(
    register: &Register,
    fact: Fact,
    told: &Told<'_>,
    active: &HashSet<(Uuid, String)>,
) -> Option<Item<PatientRegisters>> {
    let before = match fact {
        Fact::Allergy => &register.allergies,
        Fact::Condition => &register.medical_history,
        Fact::Medication => &register.current_medications,
    };
    let mut list = before.0.clone();
    for words in &told.words {
        let is_active = active.contains(&(register.uuid, words.clone()));
        if !is_active {
            list.retain(|entry| entry != words);
        } else if !list.contains(words) && list.len() < MAX_ENTRIES {
            list.push(words.clone());
        }
    }
    if list == before.0 {
        return None;
    }
    let mut row = ActiveModel { uuid: Set(register.uuid), ..ActiveModel::default() };
    let column = match fact {
        Fact::Allergy => &mut row.allergies,
        Fact::Condition => &mut row.medical_history,
        Fact::Medication => &mut row.current_medications,
    };
    *column = Set(TextList(list));
    Some(Item::new(register.uuid, row, Vec::new()).of_source(told.source.clone()))
}

fn patient_and_words<D: Coded + Import>(row: &Model<D>) -> Option<(Uuid, String)> {
    let [_, _, display, _] = D::coded();
    match (row.get(D::patient()?), row.get(display)) {
        (Value::Uuid(Some(patient)), Value::String(Some(words))) => Some((patient, words)),
        _ => None,
    }
}

fn is_active<D: Coded + Import>(row: &Model<D>) -> bool {
    let status = Column::<D>::iter().find(|column| column.as_str() == "status").map(|column| row.get(column));
    matches!(status, Some(Value::String(Some(status))) if ["ACTIVE", "RECURRENCE", "RELAPSE"].contains(&status.as_str()))
}
