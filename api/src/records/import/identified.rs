use std::collections::HashMap;

use entity::identifier::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::database::{Cluster, Consistency};
use crate::error::Result;
use crate::scope::Scope;

use super::put::among;
use super::require;

/// Values in one statement at most.
const CHUNK: usize = 1000;

/// Kind of record that identifiers name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A patient's register.
    Patient,
    /// A doctor.
    Doctor,
    /// An institution.
    Institution,
}

/// A record, by an identifier that it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identified {
    /// Kind of record.
    pub owner: Owner,
    /// System that gives such numbers, as a URI.
    pub system: Option<String>,
    /// The number.
    pub value: String,
}

/// The records that have these identifiers, each with the key that it is asked by; what no record has, or several, is left
/// out. Whether a record is the import's to refer to is not asked here.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn identified(scope: &Scope, cluster: &Cluster, asked: Vec<(Uuid, Identified)>) -> Result<Vec<(Uuid, Uuid)>> {
    require(scope)?;
    let reader = cluster.read(scope, Consistency::Strong);
    let mut owners: HashMap<Identified, Option<Uuid>> = HashMap::new();
    for chunk in asked.chunks(CHUNK) {
        let values = chunk.iter().map(|(_, identified)| identified.value.clone()).collect();
        let query = Entity::find().filter(among(&reader, Column::Value, values)).filter(Column::DeletedAt.is_null());
        for model in query.all(&reader).await? {
            let Some((identified, key)) = owner(model) else { continue };
            let known = owners.entry(identified).or_insert(Some(key));
            *known = known.filter(|other| *other == key);
        }
    }
    let found = asked.into_iter().filter_map(|(key, identified)| Some((key, (*owners.get(&identified)?)?)));
    Ok(found.collect())
}

fn owner(model: Model) -> Option<(Identified, Uuid)> {
    let (owner, key) = match (model.patient_id, model.doctor_id, model.medical_institution_id) {
        (Some(key), ..) => (Owner::Patient, key),
        (_, Some(key), _) => (Owner::Doctor, key),
        (.., Some(key)) => (Owner::Institution, key),
        _ => return None,
    };
    Some((Identified { owner, system: model.system, value: model.value }, key))
}
