use std::borrow::Cow;
use std::sync::Arc;

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityName};
use uuid::Uuid;

use crate::changelog::{self, Change, Cursor, Gap};
use crate::criteria::{Criteria, client_name};
use crate::database::Reader;
use crate::deed::{Action, Deed, Disclosed};
use crate::error::Result;
use crate::scope::Scope;

use super::collection::{Collection, is_patient, query_of};
use super::disclosure::Disclosure;
use super::row::Plan;

/// What was done to a record, as somebody sees it who may see a part of all records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was made.
    Created,
    /// It was changed, or restored.
    Updated,
    /// It was deleted.
    Deleted,
    /// It is there no longer for who is told: it has moved to another institution, or meets the filter no more.
    Left,
}

impl From<changelog::Operation> for Happening {
    fn from(operation: changelog::Operation) -> Self {
        match operation {
            changelog::Operation::Created => Self::Created,
            changelog::Operation::Updated => Self::Updated,
            changelog::Operation::Deleted => Self::Deleted,
        }
    }
}

/// One thing that is told, and from where to go on after it.
#[derive(Clone, Debug)]
pub struct Tiding<T> {
    /// What was seen with it.
    pub cursor: Cursor,
    /// What is told.
    pub matter: Matter<T>,
}

/// What is told.
#[derive(Clone, Debug)]
pub enum Matter<T> {
    /// A record was changed.
    Change(Arc<Changed<T>>),
    /// From here on everything is told; nobody said what was before.
    Beginning,
    /// Something may be missing here.
    Gap(Gap),
}

impl<T> Tiding<T> {
    /// What is told first: to whoever has no cursor yet, where they begin.
    pub(super) fn first(after: Option<&Cursor>, log: &changelog::Subscription) -> Option<Arc<Self>> {
        let beginning = || Arc::new(Self { cursor: log.cursor().clone(), matter: Matter::Beginning });
        after.is_none().then(beginning)
    }
}

/// A change, as it is told to somebody.
#[derive(Clone, Debug)]
pub struct Changed<T> {
    /// What the log says of it.
    pub change: Change,
    /// What it is to who is told.
    pub happening: Happening,
    /// The record as it is now; none when there is nothing to show.
    pub record: T,
    /// The columns that it was asked for by: that it is told at all tells of those too.
    pub(super) asked: Arc<[Cow<'static, str>]>,
}

/// Whether somebody may know that a column was changed.
pub(super) fn may_know<C: Criteria>(column: &str, scope: &Scope) -> bool {
    C::permission(column).is_none_or(|wanted| scope.permissions.contain(wanted))
}

/// Whether a change tells somebody anything. An update of fields that are all hidden from them would tell, by coming at all,
/// that one of those was changed.
pub(super) fn is_visible<C: Criteria>(change: &Change, scope: &Scope) -> bool {
    let fields = &change.changed_fields;
    change.operation != changelog::Operation::Updated
        || fields.is_empty()
        || change.leaves(scope)
        || fields.iter().any(|column| may_know::<C>(column, scope))
}

impl<T> Changed<T> {
    /// The patient whose record it is, or was, when it is another one's now.
    #[must_use]
    pub fn patient(&self) -> Option<Uuid> {
        let former = self.change.former_patient.filter(|_| self.happening == Happening::Left);
        former.or(self.change.patient)
    }

    /// Of the columns that were changed, those whose names somebody may know, as clients call them.
    pub fn fields<C: Criteria>(&self, scope: &Scope) -> Vec<String> {
        let known = self.change.changed_fields.iter().filter(|column| may_know::<C>(column, scope));
        known.map(|column| client_name(column)).collect()
    }

    /// Notes that somebody was told of it.
    pub fn disclose<C: Collection>(&self, reader: &Reader) {
        self.disclose_with::<C>(reader, Vec::new());
    }

    /// The same, with the further patients whom the record names: the log knows one.
    ///
    /// # Errors
    /// As any read.
    pub async fn disclose_all<C: Collection>(&self, reader: &Reader) -> Result<()> {
        let others = C::other_patients();
        if others.is_empty() || is_patient::<C>() || !reader.is_witnessed() {
            self.disclose::<C>(reader);
            return Ok(());
        }
        let plan = Plan::<C::Entity>::new(others);
        let query = query_of::<C>(&plan, Condition::all().add(C::key().eq(self.change.key)));
        let mut named = Vec::new();
        for result in reader.query_all(&query).await? {
            let row = plan.read(&result, 0)?;
            named.extend(others.iter().filter_map(|column| row.key(*column)));
        }
        self.disclose_with::<C>(reader, named);
        Ok(())
    }

    fn disclose_with<C: Collection>(&self, reader: &Reader, others: Vec<Uuid>) {
        if C::disclosure() == Disclosure::Nothing {
            return;
        }
        let change = &self.change;
        let deed = Deed::new(Action::Read, C::NAME).on(change.key);
        let (institution, patients) = (change.institution, change.patient.into_iter().chain(others).collect());
        let fields = [&["version".into()], self.asked.as_ref()].concat().into();
        let table = Some(C::Entity::default().table_name());
        reader.disclose(Disclosed { table, ..Deed { institution, patients, fields, ..deed }.into() });
    }
}
