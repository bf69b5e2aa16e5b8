//! Questions of changes that are not made: their refusal tells that a record is there, its version, or another one's value.

use std::borrow::Cow;
use std::collections::HashMap;

use sea_orm::{ActiveModelTrait, ActiveValue, IdenStatic, Iterable, ModelTrait, Value};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::criteria::client_name;
use crate::database::Transaction;
use crate::error::Fault;
use crate::records::aggregate::{ActiveModel, Aggregate, Model, New, Target};
use crate::records::collection::{Collection, Column, is_patient};
use crate::records::patient_register::PatientRegisters;
use crate::scope::Scope;

use super::{Asked, Disclosure, Owner, key};

/// Notes that somebody was told of records that are there already: by their patients, and the fields that decided.
pub(in crate::records) fn ask_of<C: Collection>(
    tx: &Transaction,
    scope: &Scope,
    fields: &[&'static str],
    patients: impl IntoIterator<Item = Owner>,
) {
    let named: Vec<Owner> = patients.into_iter().collect();
    if named.is_empty() {
        return;
    }
    let fields = fields.iter().map(|field| Cow::Borrowed(*field)).collect();
    let arguments = Json::Object(Map::new()).to_string();
    let asked = Asked { resource: C::NAME.into(), fields, named, arguments, ..Asked::default() };
    asked.deeds(scope).into_iter().for_each(|deed| tx.ask(deed));
}

/// Notes that somebody asked for a register that is not there, wherever they looked.
pub fn sought(tx: &Transaction, scope: &Scope, patient: Uuid) {
    ask_of::<PatientRegisters>(tx, scope, &[PatientRegisters::key().as_str()], [(patient, None)]);
}

/// Notes that a change of a record was refused, or came to nothing.
pub(in crate::records) fn ask_change<A: Aggregate>(
    tx: &Transaction,
    scope: &Scope,
    target: &Target,
    present: Option<&Model<A>>,
    changes: &ActiveModel<A>,
) {
    if A::disclosure() != Disclosure::Patients {
        return;
    }
    let named = match present {
        Some(present) => whose::<A>(|column| Some(present.get(column))),
        None if is_patient::<A>() => vec![(target.uuid, None)],
        None => Vec::new(),
    };
    // Of users few are patients.
    if named.is_empty() && present.is_some() {
        return;
    }
    let mut fields = vec![Cow::Borrowed(A::key().as_str())];
    let mut told = Map::new();
    told.insert("uuid".to_owned(), target.uuid.to_string().into());
    if let Some(version) = target.expected_version {
        fields.push("version".into());
        told.insert("expectedVersion".to_owned(), version.into());
    }
    // Of an emptied field too it is told whether the record has it.
    for (column, value) in set::<A>(changes) {
        fields.push(column.as_str().into());
        told.insert(client_name(column.as_str()), value);
    }
    let asked = Asked {
        resource: A::NAME.into(),
        key: Some(target.uuid),
        fields,
        operators: vec![format!("{}.equal", A::key().as_str()).into()],
        matched: Some(u64::from(present.is_some())),
        named,
        arguments: Json::Object(told).to_string(),
        ..Asked::default()
    };
    asked.deeds(scope).into_iter().for_each(|deed| tx.ask(deed));
}

/// Notes that new records were refused: whose they would have been, and whose those are that have their keys already.
pub(in crate::records) fn ask_new<A: Aggregate>(
    tx: &Transaction,
    scope: &Scope,
    items: &[New<A>],
    taken: &HashMap<Uuid, Vec<Owner>>,
    faults: &[Fault],
) {
    if A::disclosure() != Disclosure::Patients || faults.is_empty() {
        return;
    }
    let patient = A::patient().filter(|_| !is_patient::<A>());
    let mut named: Vec<Owner> = Vec::new();
    let mut told = Vec::new();
    for item in items {
        let own = patient.and_then(|column| item.row.get(column).into_value()).and_then(key);
        let there = taken.get(&item.uuid);
        if own.is_none() && there.is_none() {
            continue;
        }
        named.extend(own.map(|own| (own, None)));
        named.extend(there.into_iter().flatten());
        told.push(Json::Object(
            set::<A>(&item.row)
                .filter(|(_, value)| !value.is_null())
                .map(|(column, value)| (client_name(column.as_str()), value))
                .collect(),
        ));
    }
    if told.is_empty() {
        return;
    }
    let is_blamed = |column: &Column<A>| {
        let name = client_name(column.as_str());
        faults.iter().any(|fault| fault.path.contains(&name))
    };
    let mut fields: Vec<Cow<'static, str>> = patient.iter().map(|column| Cow::Borrowed(column.as_str())).collect();
    for column in Column::<A>::iter().filter(is_blamed) {
        if !fields.iter().any(|field| field == column.as_str()) {
            fields.push(column.as_str().into());
        }
    }
    let operators = fields.iter().map(|field| format!("{field}.equal").into()).collect();
    let arguments = Json::Array(told).to_string();
    let asked = Asked { resource: A::NAME.into(), fields, operators, named, arguments, ..Asked::default() };
    asked.deeds(scope).into_iter().for_each(|deed| tx.ask(deed));
}

/// The patients whom a record is about or names, by the values of its columns.
pub(in crate::records) fn whose<A: Aggregate>(value: impl Fn(Column<A>) -> Option<Value>) -> Vec<Owner> {
    let key = |column| value(column).and_then(key);
    let institution = A::institution().and_then(key);
    let columns = A::patient().into_iter().chain(A::other_patients().iter().copied());
    columns.filter_map(key).map(|patient| (patient, institution)).collect()
}

/// The columns that are told, with their values.
fn set<A: Aggregate>(row: &ActiveModel<A>) -> impl Iterator<Item = (Column<A>, Json)> {
    let told = |column: Column<A>| match row.get(column) {
        ActiveValue::Set(value) => Some((column, sea_orm::sea_query::value::sea_value_to_json_value(&value))),
        _ => None,
    };
    Column::<A>::iter().filter_map(told)
}
