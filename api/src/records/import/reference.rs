use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use entity::import_reference::{Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use crate::database::{Cluster, Consistency};
use crate::error::Result;
use crate::scope::Scope;

use super::concept::ImportedConcept;
use super::origin::ImportSource;
use super::put::among;
use super::rule::{Rule, fault_of};
use super::{How, MAX_CHUNK, entry_fault, require};

/// Resource that is not kept itself, and what references to it lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReference {
    /// Key of the resource.
    pub uuid: Uuid,
    /// The server that it comes from.
    pub source: ImportSource,
    /// The record or medicine that it leads to; none of a resource that was an error.
    pub target: Option<ReferenceTarget>,
}

/// Record or medicine that a reference leads to, of a resource that is not kept itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceTarget {
    /// The doctor who has a role.
    Doctor(Uuid),
    /// The medicine that a Medication is.
    Medication(ImportedConcept),
}

/// Keeps the targets of references of later imports. Those that may be another server's are not kept.
///
/// # Errors
/// `Forbidden`; as any write.
pub async fn keep_references(scope: &Scope, cluster: &Cluster, how: How, kept: Vec<KeptReference>) -> Result<()> {
    require(scope)?;
    if !how.writes() {
        return Ok(());
    }
    let mut keys = HashSet::new();
    let mut told = kept;
    told.retain(|kept| is_certain(&kept.source, kept.uuid) && keys.insert((kept.uuid, kept.source.clone())));
    for chunk in told.chunks(MAX_CHUNK) {
        let keys = chunk.iter().map(|kept| kept.uuid).collect();
        let here = rows(&cluster.read(scope, Consistency::Strong), keys).await?;
        let is_told = |row: &Model, kept: &KeptReference| row.uuid == kept.uuid && row.source == kept.source.as_str();
        let new = chunk.iter().filter_map(row).filter(|row| !here.contains(row));
        let new: Vec<_> = new.map(IntoActiveModel::into_active_model).collect();
        let gone = chunk.iter().filter(|kept| row(kept).is_none());
        let gone: Vec<&KeptReference> = gone.filter(|kept| here.iter().any(|row| is_told(row, kept))).collect();
        if new.is_empty() && gone.is_empty() {
            continue;
        }
        let tx = cluster.write(scope).await?;
        if !new.is_empty() {
            let told = [Column::DoctorId, Column::System, Column::Code, Column::Name, Column::Display];
            let conflict = OnConflict::columns([Column::Uuid, Column::Source]).update_columns(told).to_owned();
            Entity::insert_many(new).on_conflict(conflict).exec_without_returning(&tx).await?;
        }
        for kept in gone {
            Entity::delete_by_id((kept.uuid, kept.source.as_str().to_owned())).exec(&tx).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Targets of references to these resources, of those that an import from one of these sources held. A resource that two
/// sources tell differently has none.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn kept_references(
    scope: &Scope,
    cluster: &Cluster,
    keys: Vec<Uuid>,
    sources: &HashSet<ImportSource, impl BuildHasher + Sync>,
) -> Result<HashMap<Uuid, ReferenceTarget>> {
    require(scope)?;
    let reader = cluster.read(scope, Consistency::Strong);
    let mut found: HashMap<Uuid, Option<ReferenceTarget>> = HashMap::new();
    for chunk in keys.chunks(MAX_CHUNK) {
        for row in rows(&reader, chunk.to_vec()).await? {
            let source = sources.iter().find(|source| source.as_str() == row.source);
            if !source.is_some_and(|source| is_certain(source, row.uuid)) {
                continue;
            }
            let (key, target) = (row.uuid, Some(target(row)));
            let known = found.entry(key).or_insert_with(|| target.clone());
            if *known != target {
                *known = None;
            }
        }
    }
    Ok(found.into_iter().filter_map(|(key, target)| Some((key, target?))).collect())
}

/// False of a key that may be another server's too.
fn is_certain(source: &ImportSource, key: Uuid) -> bool {
    source.fault().is_none() && !source.is_doubtful(key)
}

async fn rows(db: &impl ConnectionTrait, keys: Vec<Uuid>) -> Result<Vec<Model>> {
    let among: Condition = among(db, Column::Uuid, keys);
    Ok(Entity::find().filter(among).all(db).await?)
}

/// The row to write; none where nothing is told that can be kept.
fn row(kept: &KeptReference) -> Option<Model> {
    let none = Model {
        uuid: kept.uuid,
        source: kept.source.as_str().to_owned(),
        doctor_id: None,
        system: None,
        code: None,
        name: None,
        display: None,
    };
    match kept.target.as_ref()? {
        ReferenceTarget::Doctor(doctor) => Some(Model { doctor_id: Some(*doctor), ..none }),
        ReferenceTarget::Medication(concept) => {
            let words =
                |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && entry_fault(text).is_none());
            let is_code = |(system, code): &(String, String)| {
                fault_of(Rule::System, system).is_none() && fault_of(Rule::Code, code).is_none()
            };
            let (system, code) = concept.code.clone().filter(is_code).unzip();
            let display = words(&concept.display);
            let is_known = code.is_some() || display.is_some();
            is_known.then(|| Model { system, code, name: concept.name.as_deref().and_then(words), display, ..none })
        }
    }
}

fn target(row: Model) -> ReferenceTarget {
    let Some(doctor) = row.doctor_id else {
        let display = row.display.unwrap_or_default();
        return ReferenceTarget::Medication(ImportedConcept {
            code: row.system.zip(row.code),
            name: row.name,
            display,
        });
    };
    ReferenceTarget::Doctor(doctor)
}
