use std::collections::HashMap;

use entity::{identifier, import_origin};
use sea_orm::{ActiveModelTrait, ActiveValue, IdenStatic, IntoActiveModel, Iterable, ModelTrait};
use uuid::Uuid;

use crate::records::aggregate::{ActiveModel, Model};
use crate::records::check::Check;
use crate::records::disclosure;

use super::Put;
use super::identifier::changed_identifiers;
use super::origin::{Conflict, conflict};
use super::put::{Column, Import, Item};

/// What an import does with one record.
pub(super) struct Plan<A: Import> {
    pub(super) put: Put,
    pub(super) row: Option<ActiveModel<A>>,
    pub(super) identifiers: Vec<identifier::ActiveModel>,
}

/// What is here already of the records that are told.
pub(super) struct Here<A: Import> {
    pub(super) records: HashMap<Uuid, Model<A>>,
    pub(super) origins: HashMap<Uuid, import_origin::Model>,
    pub(super) identifiers: HashMap<Uuid, identifier::Model>,
}

/// What is to be done with one record, given what is there. Whose a record is comes first: of another's nothing is told.
pub(super) fn plan<A: Import>(item: &Item<A>, here: &Here<A>) -> Plan<A> {
    let nothing = |put| Plan { put, row: None, identifiers: Vec::new() };
    let present = here.records.get(&item.uuid);
    if let Some(conflict) = present.and_then(|model| conflict(item, model, here)) {
        // What tells of no patient, and is here as it is told, needs no change and no origin.
        let is_as_told = conflict == Conflict::NotImported && A::patient().is_none();
        let is_as_told = is_as_told && present.is_some_and(|model| differs::<A>(model, item, here).is_empty());
        return nothing(if is_as_told { Put::Unchanged } else { Put::Conflict(conflict) });
    }
    if present.is_some_and(A::is_deleted) {
        return nothing(Put::Deleted);
    }
    if present.is_some_and(A::is_merged) {
        return nothing(Put::Merged);
    }
    if !item.faults.is_empty() {
        return nothing(Put::Refused(item.faults.clone()));
    }
    let (row, changed) = match present {
        None => {
            let mut row = item.row.clone();
            A::fill(&mut row);
            (row, None)
        }
        Some(model) => {
            let mut check = Check::new([] as [&str; 0]);
            let (row, changed) = merge::<A>(model, item.row.clone(), &mut check);
            if !check.passed() {
                return nothing(Put::Refused(check.into_faults()));
            }
            (row, Some(changed))
        }
    };
    let identifiers = changed_identifiers(&item.identifiers, A::OWNER, item.uuid, A::tenant(&row), &here.identifiers);
    match changed {
        None => Plan { put: Put::Created, row: Some(row), identifiers },
        Some(changed) if changed.is_empty() && identifiers.is_empty() => nothing(Put::Unchanged),
        Some(changed) => {
            let row = (!changed.is_empty()).then_some(row);
            Plan { put: Put::Updated(changed), row, identifiers }
        }
    }
}

/// The columns in which a record that is here differs from what is told of it, its identifiers by their table's name.
fn differs<A: Import>(model: &Model<A>, item: &Item<A>, here: &Here<A>) -> Vec<&'static str> {
    let (row, mut changed) = merge::<A>(model, item.row.clone(), &mut Check::new([] as [&str; 0]));
    let identifiers = changed_identifiers(&item.identifiers, A::OWNER, item.uuid, A::tenant(&row), &here.identifiers);
    changed.extend((!identifiers.is_empty()).then_some("identifiers"));
    changed
}

/// The present row with what is told of it, and the columns in which that differs.
fn merge<A: Import>(
    model: &Model<A>,
    mut told: ActiveModel<A>,
    check: &mut Check,
) -> (ActiveModel<A>, Vec<&'static str>) {
    for column in Column::<A>::iter() {
        if told.get(column).into_value().is_some_and(|value| value == model.get(column)) {
            told.not_set(column);
        }
    }
    A::complete(model, &mut told, check);
    let mut whole = model.clone().into_active_model();
    let mut changed = Vec::new();
    for column in Column::<A>::iter() {
        if is_kept(column.as_str()) {
            whole.not_set(column);
        } else if let ActiveValue::Set(value) = told.get(column) {
            whole.set(column, value);
            changed.push(column.as_str());
        }
    }
    (whole, changed)
}

pub(super) fn is_kept(column: &str) -> bool {
    disclosure::KEPT.contains(&column)
}
