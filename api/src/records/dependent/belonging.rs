use chrono::NaiveDate;
use entity::patient_register;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    QueryFilter, QuerySelect, Value,
};
use uuid::Uuid;

use crate::criteria::client_name;
use crate::database::Transaction;
use crate::error::{Error, FaultCode, FaultParams, Result};
use crate::records::Collection;
use crate::records::aggregate::{ActiveModel, Aggregate, Model, New, exists};
use crate::records::check::Check;
use crate::records::collection::{Column, Deleted, visible};
use crate::records::patient_register::PatientRegisters;
use crate::scope::{Permission, Scope};

/// What belongs to a patient.
pub(in crate::records) trait Dependent: Aggregate {
    /// The columns in which, taken together, no two records are alike that were not removed. What is not so is like
    /// nothing.
    fn unique() -> &'static [&'static [Column<Self>]] {
        &[]
    }

    /// The columns, besides the key, whose values tell one record from all others.
    fn identifying() -> &'static [Column<Self>] {
        &[]
    }

    /// What a record must have as a whole.
    fn consistent(_whole: &ActiveModel<Self>, _check: &mut Check) {}

    /// The same, where other records must be asked.
    fn fits(
        _whole: &ActiveModel<Self>,
        _check: &mut Check,
        _scope: &Scope,
        _tx: &Transaction,
    ) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(Ok(()))
    }
}

/// What the declaration of a dependent gives.
pub(in crate::records) trait Declared: Dependent + Sized {
    /// What clients tell of a new record.
    type Item: Clone + Send + Sync;

    /// A record to be added to a patient, with what is wrong with its values.
    fn draft(item: Self::Item, patient: Uuid, check: Check, today: NaiveDate) -> New<Self>;

    /// Completes a record from the catalogues, and judges what refers to other records than the patient's. Returns the
    /// record as it will be.
    fn judge(
        present: Option<&Model<Self>>,
        row: &mut ActiveModel<Self>,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> impl Future<Output = Result<ActiveModel<Self>>> + Send;
}

/// Whoever changes what belongs to a patient must see it too: what somebody replaces unseen is lost.
pub(in crate::records) fn require<D: Collection>(scope: &Scope) -> Result<()> {
    scope.require(Permission::WritePatients)?;
    D::permit(scope)
}

/// The registers that are not deleted, of which alone dependents are found.
pub(super) fn standing() -> SelectStatement {
    Query::select()
        .column(patient_register::Column::Uuid.as_column_ref())
        .from(patient_register::Entity)
        .and_where(Expr::col(patient_register::Column::DeletedAt.as_column_ref()).is_null())
        .take()
}

/// Lets a new record take its institution from its patient, who is kept where they are until it is written.
pub(super) async fn settle<D: Dependent>(
    row: &mut ActiveModel<D>,
    check: &mut Check,
    scope: &Scope,
    tx: &Transaction,
) -> Result<()> {
    let (Some(patient), Some(institution)) = (D::patient(), D::institution()) else {
        return Err(Error::internal("a dependent that belongs to nobody"));
    };
    let ActiveValue::Set(Value::Uuid(Some(key))) = row.get(patient) else { return Ok(()) };
    let found: Option<Uuid> = patient_register::Entity::find()
        .select_only()
        .column(patient_register::Column::InstitutionId)
        .filter(visible::<PatientRegisters>(scope, Deleted::Excluded))
        .filter(PatientRegisters::key().eq(key))
        .lock_shared()
        .into_tuple()
        .one(tx)
        .await?;
    match found {
        Some(found) => row.set(institution, found.into()),
        None => check.fault(&["patientId"], FaultCode::ReferenceMissing, "there is no such patient"),
    }
    Ok(())
}

/// The record as it will be.
pub(super) fn whole<D: Dependent>(present: Option<&Model<D>>, changes: &ActiveModel<D>) -> ActiveModel<D> {
    let Some(present) = present else { return changes.clone() };
    let mut whole = present.clone().into_active_model();
    for column in Column::<D>::iter() {
        if let ActiveValue::Set(value) = changes.get(column) {
            whole.set(column, value);
        }
    }
    whole
}

/// What of a record no other of the patient's has as well; nothing where it may be shared.
fn own<D: Dependent>(whole: &ActiveModel<D>, columns: &[Column<D>]) -> Option<Vec<Value>> {
    let is_told = |value: &Value| *value != Value::Bool(Some(false));
    columns.iter().map(|column| whole.get(*column).into_value().filter(is_told)).collect()
}

/// No other record is alike.
pub(super) async fn check_unique<D: Dependent>(
    whole: &ActiveModel<D>,
    key: Uuid,
    check: &mut Check,
    scope: &Scope,
    tx: &Transaction,
) -> Result<()> {
    for columns in D::unique() {
        let Some(values) = own::<D>(whole, columns) else { continue };
        let mut same = Condition::all().add(D::key().ne(key));
        for (column, value) in columns.iter().zip(values) {
            same = same.add(if value == value.as_null() { column.is_null() } else { column.eq(value) });
        }
        if exists::<D>(tx, scope, same).await? {
            blame_likeness::<D>(columns, check);
        }
    }
    Ok(())
}

/// No two records that are added together to a new patient are alike: the later one is to blame.
pub(in crate::records) fn refuse_likeness<D: Dependent>(items: &mut [New<D>]) {
    for columns in D::unique() {
        let told: Vec<_> = items.iter().map(|item| own::<D>(&item.row, columns)).collect();
        for (index, item) in items.iter_mut().enumerate() {
            if told[index].is_some() && told[..index].contains(&told[index]) {
                blame_likeness::<D>(columns, &mut item.check);
            }
        }
    }
}

fn blame_likeness<D: Dependent>(columns: &[Column<D>], check: &mut Check) {
    if let Some(last) = columns.last() {
        let message = "another record of the patient has this already";
        // What is compared by another form is written as this.
        let field = last.as_str().trim_end_matches("_folded");
        check.fault(&[&client_name(field)], FaultCode::NotUnique, message);
    }
}

/// Both ends of a period, by their fields' names.
pub(super) fn check_period<T: PartialOrd>(check: &mut Check, start: (&str, Option<T>), end: (&str, Option<T>)) {
    if let (Some(starts), Some(ends)) = (start.1, end.1)
        && ends < starts
    {
        let message = format!("must not be before {}", start.0);
        check.fault_with(&[end.0], FaultCode::OutOfRange, message, FaultParams::related(start.0));
    }
}
