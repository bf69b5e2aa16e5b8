use chrono::{DateTime, Utc};
use entity::patient_register::Entity;
use sea_orm::DbErr;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Retry, Transaction, Violation, violation};
use crate::error::{Error, Fault, Result};
use crate::records::Row;
use crate::records::aggregate::{Aggregate, New, check_keys, diagnose, insert, replay, told_by, unseen};
use crate::records::check::Check;
use crate::records::constraint::by_name;
use crate::records::disclosure::written;
use crate::records::idempotency::{Claim, Key};
use crate::records::patient_register::{PatientRegisters, draft};
use crate::records::phone;
use crate::scope::Scope;

use super::input::RegisterPatientWithProfileInput;
use super::part::Part;

/// Registers a patient with all that belongs to the patient, or nothing.
///
/// # Errors
/// `Rejected` with every broken rule of every part; `Forbidden`; as any write.
pub async fn register(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: RegisterPatientWithProfileInput,
) -> Result<Row<Entity>> {
    scope.require(PatientRegisters::WRITE)?;
    if scope.patient.is_some() {
        return Err(Error::Forbidden("who may see one patient's records only may create none".to_owned()));
    }
    input.patient.require(scope)?;
    input.check_size()?;
    let key = Key::new("registerPatientWithProfile", input.idempotency_key.as_deref(), &input)?;
    let told = Told::of(scope, clock, input);
    told.parts.iter().try_for_each(|part| part.require(scope))?;
    let mut retry = Retry::new();
    loop {
        match register_once(scope, cluster, clock.now(), &told, key.as_ref()).await {
            Err(error) if retry.after(&error).await => {}
            result => return result,
        }
    }
}

/// What is to be written.
struct Told {
    patient: New<PatientRegisters>,
    parts: Vec<Box<dyn Part>>,
}

impl Told {
    fn of(scope: &Scope, clock: &dyn Clock, mut input: RegisterPatientWithProfileInput) -> Self {
        let uuid = *input.patient.uuid.get_or_insert_with(Uuid::new_v4);
        let mut patient = draft(scope, clock, Check::new(["input", "patient"]), input.patient.clone());
        check_keys(std::slice::from_mut(&mut patient));
        Self { patient, parts: input.into_parts(uuid, clock.latest_day()) }
    }

    fn again(&self) -> Self {
        Self { patient: self.patient.clone(), parts: self.parts.iter().map(|part| part.again()).collect() }
    }

    fn passed(&self) -> bool {
        self.patient.check.passed() && self.parts.iter().all(|part| part.passed())
    }

    /// Completes everything, and judges it by the catalogues.
    async fn complete(&mut self, scope: &Scope, tx: &Transaction) -> Result<()> {
        let New { row, uuid, check } = &mut self.patient;
        PatientRegisters::prepare(None, row, *uuid, check, scope, tx).await?;
        phone::complete::<PatientRegisters>(tx, None, vec![&mut *row]).await?;
        let institution = row.institution_id.try_as_ref().copied().unwrap_or(scope.default_institution().0);
        for part in &mut self.parts {
            part.judge(institution, scope, tx).await?;
        }
        Ok(())
    }

    /// All that is wrong with it.
    async fn faults(&self, scope: &Scope, tx: &Transaction) -> Result<Vec<Fault>> {
        let mut faults = diagnose(std::slice::from_ref(&self.patient), scope, tx).await?;
        for part in &self.parts {
            faults.extend(part.diagnose(scope, tx).await?);
        }
        Ok(faults)
    }

    /// Writes it; where that fails, also says which part of it did not go in: none of the patient's own.
    async fn write(&self, tx: &Transaction) -> Result<Row<Entity>, (Option<&dyn Part>, DbErr)> {
        let fail = |error| (None, error);
        let patients = insert::<PatientRegisters>(tx, vec![self.patient.row.clone()]).await.map_err(fail)?;
        let patient = patients.into_iter().next().ok_or_else(|| fail(DbErr::RecordNotInserted))?;
        tx.note(written::<PatientRegisters>(None, &patient));
        for part in &self.parts {
            part.write(tx).await.map_err(|error| (Some(&**part), error))?;
        }
        Ok(Row::of(patient))
    }

    /// What a constraint says that refused a part, or the patient.
    fn blame(part: Option<&dyn Part>, violation: &Violation) -> Fault {
        let Some(part) = part else {
            let mut fault = by_name::<Entity>(violation);
            fault.path.insert(1, "patient".to_owned());
            return fault;
        };
        part.blame(violation)
    }
}

async fn register_once(
    scope: &Scope,
    cluster: &Cluster,
    now: DateTime<Utc>,
    told: &Told,
    key: Option<&Key>,
) -> Result<Row<Entity>> {
    let tx = cluster.write(scope).await?;
    if let Some(key) = key.filter(|_| told.passed())
        && let Claim::Done(earlier) = key.claim(&tx, scope, now, &[told.patient.uuid]).await?
    {
        let mut rows = match replay::<PatientRegisters>(&tx, scope, &earlier).await {
            Ok(rows) => rows,
            Err(error) => {
                tx.rollback().await?;
                return Err(error);
            }
        };
        // Not taken back: the caller's later reads are to see the first result, whose commit may not have been answered.
        tx.commit().await?;
        return rows.pop().ok_or_else(|| Error::internal("a key under which nothing was registered"));
    }
    let mut whole = told.again();
    whole.complete(scope, &tx).await?;
    let faults = whole.faults(scope, &tx).await?;
    if !faults.is_empty() {
        tx.rollback().await?;
        return Err(Error::Rejected(faults));
    }
    match whole.write(&tx).await {
        Ok(row) => {
            tx.commit().await?;
            Ok(row)
        }
        Err((part, error)) => {
            drop(tx);
            let Some(violation) = violation(&error) else { return Err(error.into()) };
            Err(refused(scope, cluster, told, part, &violation).await)
        }
    }
}

/// Why the database refused what was found to be right: somebody was faster, or a record beyond the caller's sight has a key.
/// What is found now, or else what its constraint says.
async fn refused(
    scope: &Scope,
    cluster: &Cluster,
    told: &Told,
    part: Option<&dyn Part>,
    violation: &Violation,
) -> Error {
    let found = async {
        let tx = cluster.write(scope).await?;
        let mut whole = told.again();
        whole.complete(scope, &tx).await?;
        let faults = whole.faults(scope, &tx).await?;
        tx.rollback().await?;
        Ok(faults)
    };
    match found.await {
        Ok(faults) if faults.is_empty() => {
            let told_by = part.map_or_else(|| told_by::<PatientRegisters>(violation), |part| part.told_by(violation));
            unseen(scope, cluster, told_by, Told::blame(part, violation)).await
        }
        Ok(faults) => Error::Rejected(faults),
        Err(error) => error,
    }
}
