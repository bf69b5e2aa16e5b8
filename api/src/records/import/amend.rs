//! Changes of registers that an import does not hold.

use std::collections::{HashMap, HashSet, VecDeque};

use entity::TextList;
use entity::patient_register::{ActiveModel, Column as RegisterColumn, Entity as Registers, Model as Register};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, QueryFilter, QueryOrder as _, QuerySelect as _, Value};
use uuid::Uuid;

use crate::database::{Cluster, Consistency, Reader, Transaction};
use crate::error::Result;
use crate::records::MAX_ENTRIES;
use crate::records::aggregate::Model;
use crate::records::dependent::{Coded, PatientAllergies, PatientConditions, PatientMedications};
use crate::records::patient_register::PatientRegisters;
use crate::scope::Scope;

use super::origin::ImportSource;
use super::put::{Column, Import, Item, among, put, put_within};
use super::withdraw::Fact;
use super::{How, MAX_CHUNK, require};

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
    for chunk in items.chunks(MAX_CHUNK) {
        put::<PatientRegisters>(scope, cluster, how, chunk).await?;
    }
    Ok(())
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

/// Brings the lists of registers in line with these records, all of one kind, that were just written or removed: the words
/// of those that are active stand in the list, and those of the others do not, unless another active record has the same.
/// Each register is locked while its lists are read and written.
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
    if !how.writes() || records.is_empty() {
        return Ok(());
    }
    require(scope)?;
    match fact {
        Fact::Allergy => relist_all::<PatientAllergies>(scope, cluster, how, fact, records).await,
        Fact::Condition => relist_all::<PatientConditions>(scope, cluster, how, fact, records).await,
        Fact::Medication => relist_all::<PatientMedications>(scope, cluster, how, fact, records).await,
    }
}

/// Writes the lists of many patients at once, or of each, where the database refuses that.
async fn relist_all<D: Coded + Import>(
    scope: &Scope,
    cluster: &Cluster,
    how: How,
    fact: Fact,
    records: &HashMap<Uuid, ImportSource>,
) -> Result<()> {
    let mut patients = patients::<D>(&cluster.read(scope, Consistency::Strong), records).await?;
    patients.sort_unstable();
    patients.dedup();
    let mut parts: VecDeque<Vec<Uuid>> = patients.chunks(MAX_CHUNK).map(<[Uuid]>::to_vec).collect();
    while let Some(part) = parts.pop_front() {
        let tx = cluster.write(scope).await?;
        let items = items::<D>(&tx, records, fact, part.clone()).await?;
        if put_within(scope, cluster, tx, how, &items).await?.is_err() && part.len() > 1 {
            parts.extend(part.into_iter().map(|patient| vec![patient]));
        }
    }
    Ok(())
}

/// The patients of these records.
async fn patients<D: Coded + Import>(db: &Reader, records: &HashMap<Uuid, ImportSource>) -> Result<Vec<Uuid>> {
    let query = D::Entity::find().filter(among(db, D::key(), records.keys().copied().collect()));
    let rows = query.all(db).await?;
    Ok(rows.iter().filter_map(patient_and_words::<D>).map(|(patient, _)| patient).collect())
}

/// Words that are told of one patient.
struct Told<'t> {
    source: &'t ImportSource,
    words: Vec<String>,
}

/// The registers whose lists must change. They are locked before anything is read that their lists follow from, so that
/// whatever others have written by then is seen.
async fn items<D: Coded + Import>(
    tx: &Transaction,
    records: &HashMap<Uuid, ImportSource>,
    fact: Fact,
    patients: Vec<Uuid>,
) -> Result<Vec<Item<PatientRegisters>>> {
    let Some(patient) = D::patient() else { return Ok(Vec::new()) };
    let registers = Registers::find().filter(among(tx, RegisterColumn::Uuid, patients.clone()));
    let registers = registers.order_by_asc(RegisterColumn::Uuid).lock_exclusive().all(tx).await?;
    let rows = D::Entity::find().filter(among(tx, patient, patients)).all(tx).await?;
    let mut told: HashMap<Uuid, Told<'_>> = HashMap::new();
    let mut active = HashSet::new();
    for row in &rows {
        let Some((patient, words)) = patient_and_words::<D>(row) else { continue };
        if let Some(source) = records.get(&D::uuid(row)) {
            let told = told.entry(patient).or_insert(Told { source, words: Vec::new() });
            told.words.push(words.clone());
        }
        if is_active::<D>(row) {
            active.insert((patient, words));
        }
    }
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

/// True of what the patient has or takes now, unless it was removed.
fn is_active<D: Coded + Import>(row: &Model<D>) -> bool {
    let is_removed = D::tombstone().map(|tombstone| row.get(tombstone)).is_some_and(|value| value != value.as_null());
    let status = Column::<D>::iter().find(|column| column.as_str() == "status").map(|column| row.get(column));
    let is_on = matches!(status, Some(Value::String(Some(status))) if ["ACTIVE", "RECURRENCE", "RELAPSE"].contains(&status.as_str()));
    is_on && !is_removed
}
