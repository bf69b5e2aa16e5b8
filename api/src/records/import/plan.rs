use std::collections::HashMap;

use entity::{identifier, import_origin};
use sea_orm::{ActiveModelTrait, ActiveValue, IdenStatic, IntoActiveModel, Iterable, ModelTrait};
use uuid::Uuid;

use crate::error::Fault;
use crate::records::aggregate::{ActiveModel, Model};
use crate::records::check::Check;
use crate::records::disclosure;

use super::identifier::changed_identifiers;
use super::origin::{Conflict, conflict, is_evident};
use super::put::{Column, Import, Item};
use super::{How, Put};

/// What an import does with one record.
pub(super) struct Plan<A: Import> {
    pub(super) put: Put,
    pub(super) row: Option<ActiveModel<A>>,
    pub(super) identifiers: Vec<identifier::ActiveModel>,
}

impl<A: Import> Plan<A> {
    /// True where there is nothing to write.
    pub(super) const fn is_idle(&self) -> bool {
        self.row.is_none() && self.identifiers.is_empty() && !matches!(self.put, Put::Adopted(_))
    }
}

/// What is here already of the records that are told.
pub(super) struct Here<A: Import> {
    pub(super) records: HashMap<Uuid, Model<A>>,
    pub(super) origins: HashMap<Uuid, import_origin::Model>,
    pub(super) identifiers: HashMap<Uuid, identifier::Model>,
}

/// A record that is here, with what is told of it.
struct Compared<A: Import> {
    row: ActiveModel<A>,
    /// The columns in which they differ.
    changed: Vec<&'static str>,
    identifiers: Vec<identifier::ActiveModel>,
    faults: Vec<Fault>,
}

impl<A: Import> Compared<A> {
    fn of(model: &Model<A>, item: &Item<A>, here: &Here<A>) -> Self {
        let mut check = Check::new([] as [&str; 0]);
        let (row, changed) = merge::<A>(model, item.row.clone(), &mut check);
        Self { changed, identifiers: identifiers(&row, item, here), row, faults: check.into_faults() }
    }

    const fn is_same(&self) -> bool {
        self.changed.is_empty() && self.identifiers.is_empty()
    }
}

/// Plan for one record, given the present ones. The owner is judged first: of another's record nothing is told.
pub(super) fn plan<A: Import>(item: &Item<A>, here: &Here<A>, how: How) -> Plan<A> {
    let nothing = |put| Plan { put, row: None, identifiers: Vec::new() };
    let Some(model) = here.records.get(&item.uuid) else {
        return if item.faults.is_empty() { new(item, here) } else { nothing(Put::Refused(item.faults.clone())) };
    };
    let compared = Compared::of(model, item, here);
    let conflict = conflict(item, model, here);
    let is_adopted = how.adopts() && conflict == Some(Conflict::NotImported) && is_evident(item, model, here);
    if let Some(conflict) = conflict.filter(|_| !is_adopted) {
        // What tells of no patient, and is here as it is told, needs no change and no origin.
        let is_as_told = conflict == Conflict::NotImported && A::patient().is_none() && compared.is_same();
        return nothing(if is_as_told { Put::Unchanged } else { Put::Conflict(conflict) });
    }
    if A::is_deleted(model) {
        return nothing(Put::Deleted);
    }
    if A::is_merged(model) {
        return nothing(Put::Merged);
    }
    if let Some(faults) = [&item.faults, &compared.faults].into_iter().find(|faults| !faults.is_empty()) {
        return nothing(Put::Refused(faults.clone()));
    }
    let is_same = compared.is_same();
    let Compared { row, changed, identifiers, .. } = compared;
    let row = (!changed.is_empty()).then_some(row);
    match (is_adopted, is_same) {
        (false, true) => nothing(Put::Unchanged),
        (false, false) => Plan { put: Put::Updated(changed), row, identifiers },
        (true, _) => Plan { put: Put::Adopted(changed), row, identifiers },
    }
}

fn new<A: Import>(item: &Item<A>, here: &Here<A>) -> Plan<A> {
    let mut row = item.row.clone();
    A::fill(&mut row);
    Plan { put: Put::Created, identifiers: identifiers(&row, item, here), row: Some(row) }
}

/// The identifiers to write.
fn identifiers<A: Import>(row: &ActiveModel<A>, item: &Item<A>, here: &Here<A>) -> Vec<identifier::ActiveModel> {
    changed_identifiers(&item.identifiers, A::OWNER, item.uuid, A::tenant(row), &here.identifiers)
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
