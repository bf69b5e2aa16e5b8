use std::collections::HashMap;

use entity::patient_register::{Column, Entity};
use sea_orm::{ActiveModelTrait, ActiveValue, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Value};
use uuid::Uuid;

use crate::error::{Error, Fault, FaultCode, Result};
use crate::records::phone;

use super::How;
use super::put::{Import, Item, among};

/// How many registers may have been merged into each other, one after the other.
const MAX_MERGERS: usize = 16;

/// The register that has a patient's records now.
#[derive(Clone, Copy)]
struct Home {
    register: Uuid,
    institution: Uuid,
}

/// Hands each record to its patient's register, or to the one that was merged with, and gives it that one's institution.
/// The registers stay where they are until the records are written.
pub(super) async fn at_home<A: Import>(
    db: &impl ConnectionTrait,
    how: How,
    mut items: Vec<Item<A>>,
) -> Result<Vec<Item<A>>> {
    let (Some(patient), Some(institution)) = (A::patient(), A::institution()) else {
        return Err(Error::internal("a record that belongs to nobody"));
    };
    let owner = |item: &Item<A>| match item.row.get(patient) {
        ActiveValue::Set(Value::Uuid(Some(key))) => Some(key),
        _ => None,
    };
    let mut keys: Vec<Uuid> = items.iter().filter_map(owner).collect();
    keys.sort_unstable();
    keys.dedup();
    let homes = homes(db, how, keys).await?;
    for item in &mut items {
        match owner(item).and_then(|key| homes.get(&key)) {
            Some(home) => {
                item.row.set(patient, home.register.into());
                item.row.set(institution, home.institution.into());
            }
            // The patient of a dry run may not have been written.
            None if !how.writes() => {}
            None => {
                let path = ["patientId".to_owned()];
                item.faults.push(Fault::new(FaultCode::ReferenceMissing, path, "there is no such patient"));
            }
        }
    }
    phone::complete::<A>(db, None, items.iter_mut().map(|item| &mut item.row).collect()).await?;
    Ok(items)
}

async fn homes(db: &impl ConnectionTrait, how: How, keys: Vec<Uuid>) -> Result<HashMap<Uuid, Home>> {
    let mut found: HashMap<Uuid, (Uuid, Option<Uuid>)> = HashMap::new();
    let mut wanted = keys.clone();
    for _ in 0..MAX_MERGERS {
        if wanted.is_empty() {
            break;
        }
        let mut query = Entity::find()
            .select_only()
            .columns([Column::Uuid, Column::InstitutionId, Column::MergedInto])
            .filter(among(db, Column::Uuid, std::mem::take(&mut wanted)));
        if how.writes() {
            query = query.lock_shared();
        }
        let rows: Vec<(Uuid, Uuid, Option<Uuid>)> = query.into_tuple().all(db).await?;
        for (key, institution, merged_into) in rows {
            found.insert(key, (institution, merged_into));
            wanted.extend(merged_into.filter(|key| !found.contains_key(key)));
        }
    }
    let home = |key: Uuid| {
        let mut register = key;
        for _ in 0..MAX_MERGERS {
            match found.get(&register)? {
                (institution, None) => return Some((key, Home { register, institution: *institution })),
                (_, Some(next)) => register = *next,
            }
        }
        None
    };
    Ok(keys.into_iter().filter_map(home).collect())
}
