//! The *asked* half of the rule: what decided an answer, and whom it told of.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sea_orm::sea_query::{Expr, Query as Select};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityName, IdenStatic, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::criteria::{Identified, Named, Translation};
use crate::database::Reader;
use crate::deed::{Action, AuditQuery, Deed};
use crate::error::Result;
use crate::records::Row;
use crate::records::collection::{Collection, Column, is_patient};
use crate::records::patient_register::PatientRegisters;
use crate::scope::{Boundary, Scope};

use super::Disclosure;

/// Most matched patients that an entry lists.
pub(in crate::records) const MAX_MATCHED: u64 = 10;
/// Bytes of arguments that are kept at most; of longer ones the beginning is, and by which the whole is recognised.
const MAX_ARGUMENTS: usize = 16 * 1024;
/// Keys in one statement at most.
const CHUNK: usize = 1000;

/// A patient, and the institution that the patient belongs to as far as it is known.
pub(in crate::records) type Owner = (Uuid, Option<Uuid>);

/// The filter of a question, as far as it is put on record.
#[derive(Debug, Default)]
pub(in crate::records) struct Terms {
    /// Columns with operators.
    pub(in crate::records) operators: Vec<Cow<'static, str>>,
    /// The patients that it names.
    pub(in crate::records) named: Named,
    /// The kinds of records that tell of patients, by whose columns others were asked for.
    pub(in crate::records) crossed: Vec<(&'static str, Vec<Cow<'static, str>>)>,
}

impl Terms {
    pub(in crate::records) fn of(translation: Translation<'_>, table: &str) -> Self {
        let (operators, crossed) = (translation.operators(table), translation.crossed().collect());
        Self { operators, crossed, named: translation.into_named() }
    }
}

/// A question that was answered.
#[derive(Clone, Default)]
pub(in crate::records) struct Asked {
    pub(in crate::records) resource: Cow<'static, str>,
    pub(in crate::records) key: Option<Uuid>,
    pub(in crate::records) fields: Vec<Cow<'static, str>>,
    pub(in crate::records) operators: Vec<Cow<'static, str>>,
    /// Number of records that matched, as far as it is known.
    pub(in crate::records) matched: Option<u64>,
    /// Patients of the records that matched, where those are few.
    pub(in crate::records) known: Option<Vec<Owner>>,
    /// The patients that the question names, and those whose lists it is about.
    pub(in crate::records) named: Vec<Owner>,
    pub(in crate::records) arguments: String,
}

impl Asked {
    /// Returns one deed for each institution. A caller of one institution asks there, whoever the patients are.
    pub(in crate::records) fn deeds(self, scope: &Scope) -> Vec<Deed> {
        let known = self.known.as_deref().unwrap_or_default();
        let own = match scope.boundary {
            Boundary::One(institution) => Some(institution.0),
            Boundary::All => None,
        };
        let mut patients: BTreeMap<Option<Uuid>, Vec<Uuid>> = BTreeMap::new();
        for (patient, institution) in known.iter().chain(&self.named) {
            patients.entry(own.or(*institution)).or_default().push(*patient);
        }
        if patients.is_empty() {
            patients.insert(own, Vec::new());
        }
        let matched = |institution: Option<Uuid>| {
            let there = known.iter().filter(|(_, own)| *own == institution).count() as u64;
            let is_counted = own.is_none() && institution.is_some() && self.known.is_some();
            if is_counted { Some(there) } else { self.matched }
        };
        let (fields, operators): (Arc<[_]>, Arc<[_]>) = (self.fields.clone().into(), self.operators.clone().into());
        let arguments = bounded(self.arguments.clone());
        let deed = |(institution, patients): (Option<Uuid>, Vec<Uuid>)| Deed {
            key: self.key,
            institution,
            patients: once(patients),
            fields: Arc::clone(&fields),
            query: Some(Arc::new(AuditQuery {
                operators: Arc::clone(&operators),
                matched: matched(institution),
                arguments: arguments.clone(),
            })),
            ..Deed::new(Action::Read, self.resource.clone())
        };
        patients.into_iter().map(deed).collect()
    }
}

/// Arguments of a length that can be kept.
fn bounded(arguments: String) -> String {
    if arguments.len() <= MAX_ARGUMENTS {
        return arguments;
    }
    let beginning = &arguments[..arguments.floor_char_boundary(MAX_ARGUMENTS / 2)];
    let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&arguments));
    serde_json::json!({ "beginning": beginning, "bytes": arguments.len(), "sha256": hash }).to_string()
}

/// The keys, each once.
fn once(mut keys: Vec<Uuid>) -> Vec<Uuid> {
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The patients whom a row is about or names, as far as they were read.
pub(in crate::records) fn owners<C: Collection>(row: &Row<C::Entity>) -> impl Iterator<Item = Owner> {
    let institution = C::institution().and_then(|column| row.key(column));
    let columns = C::patient().into_iter().chain(C::other_patients().iter().copied());
    columns.filter_map(move |column| row.key(column)).map(move |patient| (patient, institution))
}

/// Reads the number and the patients of the records that meet a condition; none where they are more than [`MAX_MATCHED`].
pub(in crate::records) async fn few<C: Collection>(
    reader: &Reader,
    condition: Condition,
) -> Result<Option<(u64, Vec<Owner>)>> {
    let Some(patient) = C::patient() else { return Ok(None) };
    let others = if is_patient::<C>() { &[] } else { C::other_patients() };
    let mut query = Select::select();
    match C::institution() {
        Some(institution) => query.expr(Expr::col(institution.as_column_ref())),
        None => query.expr(Expr::val(Option::<Uuid>::None)),
    };
    for column in std::iter::once(&patient).chain(others) {
        query.expr(Expr::col(column.as_column_ref()));
    }
    query.from(C::Entity::default().table_ref()).cond_where(condition).limit(MAX_MATCHED + 1);
    let rows = reader.query_all(&query).await?;
    if rows.len() as u64 > MAX_MATCHED {
        return Ok(None);
    }
    let mut owners = Vec::new();
    for row in &rows {
        let institution = row.try_get_by_index::<Option<Uuid>>(0)?;
        for index in 1..=others.len() + 1 {
            owners.extend(row.try_get_by_index::<Option<Uuid>>(index)?.map(|patient| (patient, institution)));
        }
    }
    Ok(Some((rows.len() as u64, owners)))
}

/// The patients that a question names. Of those that it names by what belongs to them, as far as the caller could reach that.
/// The institutions of others are looked up for callers who act in several; `known` have theirs already.
pub(in crate::records) async fn named(
    scope: &Scope,
    reader: &Reader,
    named: &Named,
    known: &[Owner],
) -> Result<Vec<Owner>> {
    let mut owners = Vec::new();
    for (records, values) in &named.records {
        owners.extend(look_up(scope, reader, records, values).await?);
    }
    let seen = |owners: &[Owner]| known.iter().chain(owners).map(|(patient, _)| *patient).collect::<HashSet<_>>();
    let (mut strangers, found) = (once(named.patients.clone()), seen(&owners));
    strangers.retain(|key| !found.contains(key));
    if scope.boundary == Boundary::All && !strangers.is_empty() {
        let key = PatientRegisters::key();
        let values: Vec<Value> = strangers.iter().copied().map(Value::from).collect();
        owners.extend(look_up(scope, reader, &Identified::by::<PatientRegisters>(&key, &key), &values).await?);
        let found = seen(&owners);
        strangers.retain(|key| !found.contains(key));
    }
    owners.extend(strangers.into_iter().map(|patient| (patient, None)));
    Ok(owners)
}

async fn look_up(scope: &Scope, reader: &Reader, records: &Identified, values: &[Value]) -> Result<Vec<Owner>> {
    let mut owners = Vec::new();
    for values in values.chunks(CHUNK) {
        for row in reader.query_all(&records.select(scope, values.to_vec())).await? {
            if let Some(patient) = row.try_get_by_index::<Option<Uuid>>(0)? {
                owners.push((patient, row.try_get_by_index(1)?));
            }
        }
    }
    Ok(owners)
}

/// Puts on record that no record of these keys was found: that tells of whoever they belong to.
pub fn missed<C: Collection>(scope: &Scope, reader: &Reader, keys: &[Uuid]) {
    if keys.is_empty() || C::disclosure() != Disclosure::Patients || !reader.is_witnessed() {
        return;
    }
    let mut named: Vec<Owner> = scope.patient.iter().map(|patient| (*patient, None)).collect();
    if is_patient::<C>() {
        named.extend(keys.iter().map(|key| (*key, None)));
    }
    let asked = Asked {
        resource: C::NAME.into(),
        key: if let [only] = keys { Some(*only) } else { None },
        fields: vec![C::key().as_str().into()],
        operators: vec![format!("{}.equal", C::key().as_str()).into()],
        matched: Some(0),
        known: None,
        named,
        arguments: serde_json::json!({ C::key().as_str(): keys }).to_string(),
    };
    asked.deeds(scope).into_iter().for_each(|deed| reader.ask(deed));
}

/// The columns' names, each once, in their order.
pub(in crate::records) fn names<C: Collection>(
    columns: impl IntoIterator<Item = Column<C>>,
) -> impl Iterator<Item = Cow<'static, str>> {
    columns.into_iter().map(|column| Cow::Borrowed(column.as_str()))
}
