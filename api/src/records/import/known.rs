use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use entity::{import_origin, patient_register};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::database::{Cluster, Consistency, Reader};
use crate::error::Result;
use crate::records::Collection;
use crate::records::doctor::Doctors;
use crate::records::medical_institution::MedicalInstitutions;
use crate::records::patient_register::PatientRegisters;
use crate::scope::{HOME_INSTITUTION, Permission, Scope};

use super::origin::{ImportSource, conflict_with, origins};
use super::put::among;
use super::require;

/// Keys in one statement at most.
const CHUNK: usize = 1000;

/// Those of `keys` that are institutions' in the database, and that an import from one of these sources made or no import at
/// all: only callers that act in all institutions create one.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn known_institutions(
    scope: &Scope,
    cluster: &Cluster,
    keys: Vec<Uuid>,
    sources: &HashSet<ImportSource, impl BuildHasher + Sync>,
) -> Result<HashSet<Uuid>> {
    scope.require(Permission::ReadDirectory)?;
    let reader = cluster.read(scope, Consistency::Strong);
    known::<MedicalInstitutions>(scope, &reader, keys, |origin| origin.is_none_or(|origin| is_of(origin, sources)))
        .await
}

/// Those of `keys` that are doctors' in the database, and that an import from one of these sources made: an institution's
/// own staff may create doctors with any key.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn known_doctors(
    scope: &Scope,
    cluster: &Cluster,
    keys: Vec<Uuid>,
    sources: &HashSet<ImportSource, impl BuildHasher + Sync>,
) -> Result<HashSet<Uuid>> {
    scope.require(Permission::ReadDirectory)?;
    let reader = cluster.read(scope, Consistency::Strong);
    known::<Doctors>(scope, &reader, keys, |origin| origin.is_some_and(|origin| is_of(origin, sources))).await
}

/// Register in the database that an import may add to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRegister {
    /// The server that it came from.
    pub source: ImportSource,
    /// True of a register that names a doctor.
    pub has_doctor: bool,
    /// True of a register of the home institution, where those are of which nobody told another.
    pub is_at_home: bool,
    is_deleted: bool,
}

impl KnownRegister {
    /// True of a register that was deleted here.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        self.is_deleted
    }
}

/// Those of `keys` that are registers' in the database, and that an import from one of these sources made and may change.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn known_registers(
    scope: &Scope,
    cluster: &Cluster,
    keys: &[Uuid],
    sources: &HashSet<ImportSource, impl BuildHasher + Sync>,
) -> Result<HashMap<Uuid, KnownRegister>> {
    require(scope)?;
    let reader = cluster.read(scope, Consistency::Strong);
    let mut found = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        let among = among(&reader, patient_register::Column::Uuid, chunk.to_vec());
        let models = patient_register::Entity::find().filter(among).all(&reader).await?;
        let origins = origins::<PatientRegisters>(&reader, models.iter().map(|model| model.uuid).collect()).await?;
        for model in models {
            let origin = origins.get(&model.uuid);
            let source = origin.and_then(|origin| sources.iter().find(|source| source.as_str() == origin.source));
            let Some(source) =
                source.filter(|source| conflict_with::<PatientRegisters>(&model, source, origin).is_none())
            else {
                continue;
            };
            let known = KnownRegister {
                source: source.clone(),
                has_doctor: model.doctor_id.is_some(),
                is_at_home: model.institution_id == HOME_INSTITUTION.0,
                is_deleted: model.deleted_at.is_some(),
            };
            found.insert(model.uuid, known);
        }
    }
    Ok(found)
}

fn is_of(origin: &import_origin::Model, sources: &HashSet<ImportSource, impl BuildHasher>) -> bool {
    sources.iter().any(|source| source.as_str() == origin.source)
}

async fn known<C: Collection>(
    scope: &Scope,
    reader: &Reader,
    keys: Vec<Uuid>,
    is_trusted: impl Fn(Option<&import_origin::Model>) -> bool,
) -> Result<HashSet<Uuid>> {
    let mut found = HashSet::new();
    for chunk in keys.chunks(CHUNK) {
        let among = among(reader, C::key(), chunk.to_vec());
        let query = C::Entity::find().select_only().column(C::key()).filter(C::within(scope)).filter(among);
        let rows = reader.query_all(&sea_orm::QueryTrait::into_query(query)).await?;
        let here: Vec<Uuid> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        let origins = origins::<C>(reader, here.clone()).await?;
        found.extend(here.into_iter().filter(|key| is_trusted(origins.get(key))));
    }
    Ok(found)
}
