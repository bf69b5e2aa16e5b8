use std::collections::{HashMap, HashSet};

use sea_orm::{ActiveModelTrait, ModelTrait, Value};
use uuid::Uuid;

use crate::records::aggregate::Model;

use super::contact::{Contact, patient_of};
use super::put::Item;

/// Finds which of a patient's records each of these is: the one that says the same; or else the one that an earlier import
/// made of its kind, where one of that kind is told and one such is there, which has changed then. All others are new.
/// What was removed here takes nobody's place.
pub(super) fn recognise<C: Contact>(
    items: &mut [Item<C>],
    present: &HashMap<Option<Uuid>, Vec<Model<C>>>,
    removed: &HashSet<Uuid>,
) {
    let of_patient = |item: &Item<C>| present.get(&patient_of(item)).map_or(&[][..], Vec::as_slice);
    let (mut taken, mut unknown) = (HashSet::new(), Vec::new());
    for (number, item) in items.iter_mut().enumerate() {
        let rows = of_patient(item);
        let own = rows.iter().find(|model| C::uuid(model) == item.uuid && is_same(item, model));
        let is_free = |model: &&Model<C>| is_same(item, model) && !taken.contains(&C::uuid(model));
        match own.or_else(|| rows.iter().find(is_free)).map(C::uuid) {
            Some(key) => {
                taken.insert(key);
                name(item, key);
            }
            None => unknown.push(number),
        }
    }
    let told = kinds(items);
    for number in unknown {
        let item = &mut items[number];
        let key = (patient_of(item), kind_told(item));
        let is_only = told.iter().filter(|known| **known == key).count() == 1 && !removed.contains(&item.uuid);
        if let Some(changed) = only_of_kind(item, of_patient(item), &taken).filter(|_| is_only) {
            name(item, changed);
            C::renew(&mut item.row);
        } else if taken.contains(&item.uuid) {
            // Its key is that of a record which says something else by now.
            name(item, Uuid::new_v5(&item.uuid, b"again"));
        }
        taken.insert(item.uuid);
    }
}

/// The only one of its kind that an import made and that is nothing else that is told.
fn only_of_kind<C: Contact>(item: &Item<C>, rows: &[Model<C>], taken: &HashSet<Uuid>) -> Option<Uuid> {
    let kind = kind_told(item);
    let is_imported = |key: &Uuid| key.get_version_num() == 5 && !taken.contains(key);
    let same_kind = rows.iter().filter(|model| C::kind().map(|column| filled(model.get(column))) == Some(kind.clone()));
    let mut keys = same_kind.map(C::uuid).filter(is_imported);
    keys.next().filter(|_| keys.next().is_none())
}

/// Whose each record is, and of what kind it says to be.
fn kinds<C: Contact>(items: &[Item<C>]) -> Vec<(Option<Uuid>, Option<Value>)> {
    items.iter().map(|item| (patient_of(item), kind_told(item))).collect()
}

fn kind_told<C: Contact>(item: &Item<C>) -> Option<Value> {
    item.row.get(C::kind()?).into_value().and_then(filled)
}

fn filled(value: Value) -> Option<Value> {
    (value != value.as_null()).then_some(value)
}

fn name<C: Contact>(item: &mut Item<C>, key: Uuid) {
    item.uuid = key;
    item.row.set(C::key(), key.into());
}

fn is_same<C: Contact>(item: &Item<C>, model: &Model<C>) -> bool {
    C::tells().iter().all(|column| {
        let there = model.get(*column);
        item.row.get(*column).into_value().map_or(there == there.as_null(), |told| told == there)
    })
}
