//! What is put on record of reads and writes: whose data, and which fields of them.
//!
//! An answer that depends on a patient is a disclosure, whether or not a row is shown. There are two kinds.
//!
//! *Shown* is every patient of whom a value, a key or a cursor is in the answer:
//! - the rows of `nodes` and `edges`, and those whose cursors are in `pageInfo` ([`disclose`]); rows that are read beyond a
//!   page, or only to tell whether there are any, are not shown;
//! - records that others refer to, and what belongs to them; further patients that a row names, such as a merged one;
//! - rows that a mutation returns ([`disclose_shown`]), events of subscriptions (`Changed::disclose`), exports, and the
//!   registers that `likelyDuplicates` reports.
//!
//! *Asked* is every question that decided an answer ([`asked`]). It leaves one deed for each institution, with the fields, the
//! operators, the number that matched and the arguments. Its patients are those whom the question names by key, identifier
//! or cursor, matched or not and under `not` too; the patients whose lists it is about, empty ones too; and the matched, if
//! they are [`MAX_MATCHED`] at most. Larger counts list none. These are the roads by which an answer depends on a patient:
//! - the filter, the order, the page and the choice of deleted records of a list, its count, and whether more follow
//!   (`listing`); the same of lists below records, whose being empty tells as well (`nested`);
//! - a filter of other records by those that tell of patients, such as doctors by their registers;
//! - a key that leads to no record (`collection`, the export);
//! - the comparison of `likelyDuplicates`;
//! - the filter of a subscription, once at its beginning (`feed`);
//! - a mutation that is refused, or that changes nothing: that a record is there or not, at which version, in what state,
//!   that another one has its key, its value or its time (`aggregate` and `Transaction::ask`); what an idempotency key made
//!   before.
//!
//! A page without a filter that shows the whole list asks nothing, and neither does what tells of nobody. No statement is
//! added for either, nor for a record that is read by its key. A filter or a count may cost one more, that reads whose the
//! matched are; it is left out where the page shows all of them, or more than are listed.

mod asked;
mod refused;

use std::borrow::Cow;

use sea_orm::sea_query::ValueType;
use sea_orm::{ActiveModelTrait, EntityName, EntityTrait, IdenStatic, Iterable, ModelTrait, Value};
use uuid::Uuid;

use crate::database::Reader;
use crate::deed::{Action, Deed, Disclosed, Names, Subject};

use super::Row;
use super::aggregate::{Aggregate, Model};
use super::collection::{Collection, Column, distinct, is_patient};

pub use asked::missed;
pub(super) use asked::{Asked, MAX_MATCHED, Owner, Terms, few, named, names, owners};
pub use refused::sought;
pub(super) use refused::{ask_change, ask_new, ask_of, whose};

/// Columns that follow from the fact that a row was changed.
pub(super) const KEPT: [&str; 3] = ["version", "created_at", "updated_at"];
/// End of the names of columns that follow from another one.
const FOLDED: &str = "_folded";

/// Tells whether a change of the column is worth telling by itself.
fn is_named(column: &str) -> bool {
    !KEPT.contains(&column) && !column.ends_with(FOLDED)
}

/// What the reads of a collection put on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Nothing: nobody's health is told by it.
    Nothing,
    /// That it was read, once for each list or record.
    Reads,
    /// Each record that was shown, and whose it is.
    Patients,
}

/// The columns to read, so that it can be told whose data they are.
pub(super) fn with_owner<C: Collection>(reader: &Reader, mut columns: Vec<Column<C>>) -> Vec<Column<C>> {
    if C::disclosure() != Disclosure::Patients || !reader.is_witnessed() {
        return columns;
    }
    columns.extend(C::patient());
    columns.extend(C::institution());
    // A register names another one only where that is shown.
    if !is_patient::<C>() {
        columns.extend(C::other_patients());
    }
    distinct::<C>(columns)
}

/// Notes rows of which these columns are shown, and which were asked for by those: that a row is there tells of them too.
pub(super) fn disclose<C: Collection>(
    reader: &Reader,
    rows: &[Row<C::Entity>],
    shown: &[Column<C>],
    asked: &[Cow<'static, str>],
) {
    if !reader.is_witnessed() {
        return;
    }
    let subjects = match C::disclosure() {
        Disclosure::Nothing => return,
        Disclosure::Reads => vec![Subject::default()],
        Disclosure::Patients => rows.iter().flat_map(subjects::<C>).collect(),
    };
    let mut fields: Vec<_> = shown.iter().map(|column| Cow::Borrowed(column.as_str())).collect();
    for field in asked {
        if !fields.contains(field) {
            fields.push(field.clone());
        }
    }
    reader.disclose(read::<C>(fields, subjects));
}

fn subjects<C: Collection>(row: &Row<C::Entity>) -> impl Iterator<Item = Subject> {
    let institution = C::institution().and_then(|column| row.key(column));
    let subject = move |patient| Subject { key: row.key(C::key()), institution, patient };
    let others = C::other_patients().iter().filter_map(|column| row.key(*column)).map(Some);
    std::iter::once(C::patient().and_then(|column| row.key(column))).chain(others).map(subject)
}

fn read<C: Collection>(fields: impl Into<Names>, subjects: Vec<Subject>) -> Disclosed {
    let table = Some(C::Entity::default().table_name());
    Disclosed { action: Action::Read, resource: C::NAME.into(), table, fields: fields.into(), subjects }
}

/// Notes a row that was not read, but shown after it was written.
pub fn disclose_shown<C: Collection>(reader: &Reader, row: &Row<C::Entity>, columns: Vec<Column<C>>) {
    disclose::<C>(reader, std::slice::from_ref(row), &distinct::<C>(columns), &[]);
}

/// What a write does to a record: from nothing, or from what it was.
pub(super) fn written<A: Aggregate>(before: Option<&Model<A>>, after: &Model<A>) -> Deed {
    let is_unknown = |value: &Value| *value == value.as_null();
    let is_changed = |column: &Column<A>| match before {
        Some(before) => before.get(*column) != after.get(*column),
        None => !is_unknown(&after.get(*column)),
    };
    let changed: Vec<Column<A>> =
        Column::<A>::iter().filter(|column| is_named(column.as_str())).filter(is_changed).collect();
    let tombstone =
        A::tombstone().filter(|tombstone| changed.iter().any(|column| column.as_str() == tombstone.as_str()));
    let action = match (before, tombstone) {
        (None, _) => Action::Create,
        (Some(_), Some(tombstone)) if is_unknown(&after.get(tombstone)) => Action::Restore,
        (Some(_), Some(_)) => Action::Delete,
        (Some(_), None) => Action::Update,
    };
    Deed {
        version: Some(A::version(after)),
        institution: A::institution().and_then(|column| key(after.get(column))),
        patients: A::patient().and_then(|column| key(after.get(column))).into_iter().collect(),
        fields: changed.iter().map(|column| Cow::Borrowed(column.as_str())).collect(),
        ..Deed::new(action, A::NAME).on(A::uuid(after))
    }
}

/// The same, of a row that was not read back.
pub(super) fn put<A: Aggregate>(
    row: &<A::Entity as EntityTrait>::ActiveModel,
    version: i32,
    changed: Option<&[&'static str]>,
) -> Deed {
    let value = |column| row.get(column).into_value();
    let is_told = |column: &Column<A>| value(*column).is_some_and(|value| value != value.as_null());
    let told = || Column::<A>::iter().filter(is_told).map(|column| column.as_str()).collect();
    let fields: Vec<&'static str> = changed.map_or_else(told, <[_]>::to_vec);
    let fields = fields.into_iter().filter(|field| !field.ends_with(FOLDED));
    let action = if changed.is_some() { Action::Update } else { Action::Create };
    Deed {
        key: value(A::key()).and_then(key),
        version: Some(version),
        institution: A::institution().and_then(value).and_then(key),
        patients: A::patient().and_then(value).and_then(key).into_iter().collect(),
        fields: fields.map(Cow::Borrowed).collect(),
        ..Deed::new(action, A::NAME)
    }
}

/// That somebody was told whether a record has what they hold it to have; none where nobody's health is told by it.
pub(super) fn compared<A: Aggregate>(model: &Model<A>, told: &<A::Entity as EntityTrait>::ActiveModel) -> Option<Deed> {
    if A::disclosure() != Disclosure::Patients {
        return None;
    }
    let fields = Column::<A>::iter().filter(|column| told.get(*column).into_value().is_some());
    Some(Deed {
        institution: A::institution().and_then(|column| key(model.get(column))),
        patients: A::patient().and_then(|column| key(model.get(column))).into_iter().collect(),
        fields: fields.map(|column| Cow::Borrowed(column.as_str())).collect(),
        ..Deed::new(Action::Read, A::NAME).on(A::uuid(model))
    })
}

fn key(value: Value) -> Option<Uuid> {
    <Option<Uuid> as ValueType>::try_from(value).ok().flatten()
}
