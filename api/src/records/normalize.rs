//! Bringing records into the form in which this server writes them: texts in NFC, and phone numbers beside the form in which
//! they are compared. Records need it that another program wrote, that were written before the rules, or whose institution
//! has come to another country since.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IdenStatic, Iterable, ModelTrait, QueryFilter, QueryOrder, QuerySelect,
    Select, Value,
};
use unicode_normalization::{UnicodeNormalization, is_nfc};
use uuid::Uuid;

use crate::criteria::Bounded;
use crate::database::{Cluster, Consistency, Transaction, violation};
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::aggregate::{ActiveModel, Aggregate, Model, update};
use super::appointment::Appointments;
use super::catalogue::{
    BloodTypes, Countries, EmailTypes, Genders, InstitutionTypes, MedicalConditions, Medications, PhoneTypes, Regions,
    Sexes, SpecialtyCategories,
};
use super::collection::Column;
use super::dependent::{
    Addresses, Emails, HealthProfiles, Identifiers, PatientAllergies, PatientConditions, PatientMedications, Phones,
};
use super::disclosure::written;
use super::doctor::Doctors;
use super::doctor_specialty::DoctorSpecialties;
use super::import::require;
use super::medical_institution::MedicalInstitutions;
use super::patient_register::PatientRegisters;
use super::phone;

/// Records in one transaction.
const BATCH: u64 = 200;
/// Records of one kind that are named at most, of those that stay as they are.
const MAX_NAMED: usize = 100;
/// Statuses of a register that a change of its texts takes back.
const CONFIRMED: [&str; 3] = ["DOCTOR_VALIDATED", "INSTITUTION_VALIDATED", "VALIDATED"];

/// Result of normalizing the records of one kind, so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normalized {
    /// The kind of record, such as `PatientRegister`.
    pub kind: &'static str,
    /// Records that were looked at.
    pub examined: u64,
    /// Records that were changed, or would be.
    pub changed: u64,
    /// Records that are in another form and stay so.
    pub left: u64,
    /// The first [`MAX_NAMED`] of these, and why.
    pub reasons: Vec<(Uuid, &'static str)>,
}

/// Receives the result so far, after each batch.
pub type Progress<'p> = dyn FnMut(&Normalized) + Send + 'p;

/// Brings all records into the form in which this server writes them, batch by batch; each change counts as one of the
/// record. Safe to repeat, also after an interruption: what has the form is left alone.
///
/// # Errors
/// `Forbidden` for callers that may not import; as any write.
pub async fn normalize(
    scope: &Scope,
    cluster: &Cluster,
    is_dry: bool,
    progress: &mut Progress<'_>,
) -> Result<Vec<Normalized>> {
    require(scope)?;
    let mut done = Vec::new();
    macro_rules! each {
        ($($kind:ident),+ $(,)?) => {
            $(done.push(of_kind::<$kind>(scope, cluster, is_dry, progress).await?);)+
        };
    }
    each!(
        Countries,
        Regions,
        InstitutionTypes,
        SpecialtyCategories,
        Sexes,
        Genders,
        BloodTypes,
        EmailTypes,
        PhoneTypes
    );
    each!(MedicalConditions, Medications, DoctorSpecialties, MedicalInstitutions, Doctors, PatientRegisters);
    each!(HealthProfiles, Emails, Phones, Addresses, Identifiers, PatientConditions, PatientMedications);
    each!(PatientAllergies, Appointments);
    Ok(done)
}

async fn of_kind<A: Aggregate + Bounded>(
    scope: &Scope,
    cluster: &Cluster,
    is_dry: bool,
    progress: &mut Progress<'_>,
) -> Result<Normalized> {
    let mut done = Normalized { kind: A::NAME, ..Normalized::default() };
    let mut after = None;
    loop {
        let query = page::<A>(scope, after);
        let last = if is_dry {
            let reader = cluster.read(scope, Consistency::Strong);
            let models = query.all(&reader).await?;
            for model in &models {
                let mut changes = rewritten::<A>(model, &mut done);
                complete::<A>(&reader, model, &mut changes).await?;
                done.changed += u64::from(changes.is_changed());
            }
            counted::<A>(&models, &mut done)
        } else {
            batch::<A>(scope, cluster, query, &mut done).await?
        };
        progress(&done);
        let Some(last) = last else { return Ok(done) };
        after = Some(last);
    }
}

fn page<A: Aggregate + Bounded>(scope: &Scope, after: Option<Uuid>) -> Select<A::Entity> {
    let mut query = A::Entity::find().filter(A::within(scope));
    if let Some(after) = after {
        query = query.filter(A::key().gt(after));
    }
    query.order_by_asc(A::key()).limit(BATCH)
}

/// Counts the records of a page; the key of the last one where others may follow.
fn counted<A: Aggregate>(models: &[Model<A>], done: &mut Normalized) -> Option<Uuid> {
    let count = models.len() as u64;
    done.examined += count;
    models.last().filter(|_| count == BATCH).map(A::uuid)
}

/// Writes the records of one page in one transaction; or, where the database refuses one of them, each in its own.
async fn batch<A: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    query: Select<A::Entity>,
    done: &mut Normalized,
) -> Result<Option<Uuid>> {
    let tx = cluster.write(scope).await?;
    let models = query.lock_exclusive().all(&tx).await?;
    let mut attempt = done.clone();
    let mut is_whole = true;
    for model in &models {
        is_whole = is_whole && one::<A>(&tx, model, &mut attempt).await?;
    }
    if is_whole {
        tx.commit().await?;
        *done = attempt;
        return Ok(counted::<A>(&models, done));
    }
    tx.rollback().await?;
    for model in &models {
        let tx = cluster.write(scope).await?;
        let own = A::Entity::find().filter(A::key().eq(A::uuid(model))).lock_exclusive();
        let Some(model) = own.one(&tx).await? else { continue };
        if one::<A>(&tx, &model, done).await? {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
            leave::<A>(&model, "the database refuses it: it breaks a rule, or another record has the same", done);
        }
    }
    Ok(counted::<A>(&models, done))
}

/// Writes one record where it needs it; false where the database refuses that.
async fn one<A: Aggregate>(tx: &Transaction, model: &Model<A>, done: &mut Normalized) -> Result<bool> {
    let mut changes = rewritten::<A>(model, done);
    complete::<A>(tx, model, &mut changes).await?;
    if !changes.is_changed() {
        return Ok(true);
    }
    match update::<A>(tx, A::uuid(model), changes).await {
        Ok(after) => {
            tx.note(written::<A>(Some(model), &after));
            done.changed += 1;
            Ok(true)
        }
        Err(error) if violation(&error).is_some() => Ok(false),
        Err(error) => Err(Error::from(error)),
    }
}

/// The texts that are not in NFC, as they are in it.
fn rewritten<A: Aggregate>(model: &Model<A>, done: &mut Normalized) -> ActiveModel<A> {
    let mut changes = ActiveModel::<A>::default();
    for column in Column::<A>::iter() {
        if let Some(value) = in_nfc(&model.get(column)) {
            changes.set(column, value);
        }
    }
    let status = Column::<A>::iter().find(|column| column.as_str() == "status").map(|column| model.get(column));
    let is_confirmed = matches!(status, Some(Value::String(Some(status))) if CONFIRMED.contains(&status.as_str()));
    if is_confirmed && changes.is_changed() {
        leave::<A>(model, "is validated, which a change of its texts would take back", done);
        return ActiveModel::<A>::default();
    }
    changes
}

/// The same with the form in which a phone number is compared, where that differs.
async fn complete<A: Aggregate>(
    db: &impl sea_orm::ConnectionTrait,
    model: &Model<A>,
    changes: &mut ActiveModel<A>,
) -> Result<()> {
    // A number is read where it is told.
    let numbers = |column: &Column<A>| ["phone_number", "number"].contains(&column.as_str());
    for column in Column::<A>::iter().filter(numbers) {
        let written = changes.get(column).into_value().unwrap_or_else(|| model.get(column));
        changes.set(column, written);
    }
    phone::complete::<A>(db, Some(model), vec![changes]).await?;
    for column in Column::<A>::iter() {
        if changes.get(column).into_value().is_some_and(|value| value == model.get(column)) {
            changes.not_set(column);
        }
    }
    Ok(())
}

fn leave<A: Aggregate>(model: &Model<A>, reason: &'static str, done: &mut Normalized) {
    done.left += 1;
    if done.reasons.len() < MAX_NAMED {
        done.reasons.push((A::uuid(model), reason));
    }
}

/// The value in NFC; none where it is, or is no text.
fn in_nfc(value: &Value) -> Option<Value> {
    match value {
        Value::String(Some(text)) if !is_nfc(text) => Some(Value::String(Some(text.nfc().collect()))),
        Value::Array(kind, Some(entries)) => {
            let differs = entries.iter().any(|entry| in_nfc(entry).is_some());
            let entries = || entries.iter().map(|entry| in_nfc(entry).unwrap_or_else(|| entry.clone())).collect();
            differs.then(|| Value::Array(kind.clone(), Some(Box::new(entries()))))
        }
        _ => None,
    }
}
