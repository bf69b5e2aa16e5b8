use chrono::NaiveDate;
use futures_util::future::BoxFuture;
use sea_orm::{ActiveModelTrait, DbErr};
use uuid::Uuid;

use crate::database::{Transaction, Violation};
use crate::error::{Error, Fault, Result};
use crate::records::aggregate::{New, check_keys, diagnose, insert, told_by};
use crate::records::check::Check;
use crate::records::constraint::by_name;
use crate::records::dependent::{Declared, refuse_likeness, require};
use crate::records::disclosure::written;
use crate::scope::Scope;

/// The records of one kind that belong to a patient who is being registered.
pub(super) trait Part: Send + Sync {
    /// # Errors
    /// `Forbidden`, where there are any, for who may not add such records.
    fn require(&self, scope: &Scope) -> Result<()>;

    /// Whether nothing was found wrong so far.
    fn passed(&self) -> bool;

    /// What it would be if nothing had been asked of the database.
    fn again(&self) -> Box<dyn Part>;

    /// Completes the records for a patient of this institution, and finds what is wrong with them by the catalogues and
    /// beside each other.
    fn judge<'a>(&'a mut self, institution: Uuid, scope: &'a Scope, tx: &'a Transaction) -> BoxFuture<'a, Result<()>>;

    /// Everything that is wrong with the records, keys that others have included.
    fn diagnose<'a>(&'a self, scope: &'a Scope, tx: &'a Transaction) -> BoxFuture<'a, Result<Vec<Fault>>>;

    /// What a constraint says that refused the records. Of several it does not say which.
    fn blame(&self, violation: &Violation) -> Fault;

    /// The kind of record, and the field of it, that a constraint speaks of.
    fn told_by(&self, violation: &Violation) -> (&'static str, Option<String>);

    /// Writes the records, and notes that.
    fn write<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Result<(), DbErr>>;
}

/// Records to be written.
pub(super) struct Records<D: Declared> {
    field: &'static str,
    items: Vec<New<D>>,
}

impl<D: Declared> Records<D> {
    /// Those of a list.
    pub(super) fn list(field: &'static str, told: Vec<D::Item>, patient: Uuid, today: NaiveDate) -> Self {
        let check = |index: usize| Check::new(["input", field, &index.to_string()]);
        let draft = |(index, item)| D::draft(item, patient, check(index), today);
        Self::of(field, told.into_iter().enumerate().map(draft).collect())
    }

    /// The only one, if there is one.
    pub(super) fn one(field: &'static str, told: Option<D::Item>, patient: Uuid, today: NaiveDate) -> Self {
        let draft = |item| D::draft(item, patient, Check::new(["input", field]), today);
        Self::of(field, told.into_iter().map(draft).collect())
    }

    fn of(field: &'static str, mut items: Vec<New<D>>) -> Self {
        check_keys(&mut items);
        Self { field, items }
    }
}

impl<D: Declared> Part for Records<D> {
    fn require(&self, scope: &Scope) -> Result<()> {
        if self.items.is_empty() { Ok(()) } else { require::<D>(scope) }
    }

    fn passed(&self) -> bool {
        self.items.iter().all(|item| item.check.passed())
    }

    fn again(&self) -> Box<dyn Part> {
        Box::new(Self { field: self.field, items: self.items.clone() })
    }

    fn judge<'a>(&'a mut self, institution: Uuid, scope: &'a Scope, tx: &'a Transaction) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let column = D::institution().ok_or_else(|| Error::internal("a dependent that belongs to nobody"))?;
            for item in &mut self.items {
                item.row.set(column, institution.into());
                D::judge(None, &mut item.row, &mut item.check, scope, tx).await?;
            }
            refuse_likeness(&mut self.items);
            Ok(())
        })
    }

    fn diagnose<'a>(&'a self, scope: &'a Scope, tx: &'a Transaction) -> BoxFuture<'a, Result<Vec<Fault>>> {
        Box::pin(diagnose(&self.items, scope, tx))
    }

    fn blame(&self, violation: &Violation) -> Fault {
        let mut fault = by_name::<D::Entity>(violation);
        let Some(within) = fault.path.get(1).cloned() else {
            fault.path.push(self.field.to_owned());
            return fault;
        };
        fault.path = match self.items.as_slice() {
            [only] => only.check.place(&within),
            _ => vec!["input".to_owned(), self.field.to_owned()],
        };
        fault
    }

    fn told_by(&self, violation: &Violation) -> (&'static str, Option<String>) {
        told_by::<D>(violation)
    }

    fn write<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async move {
            if self.items.is_empty() {
                return Ok(());
            }
            let rows: Vec<_> = self.items.iter().map(|item| item.row.clone()).collect();
            for model in insert::<D>(tx, rows).await? {
                tx.note(written::<D>(None, &model));
            }
            Ok(())
        })
    }
}
