use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use entity::appointment::{ActiveModel, Column, Entity, Model, Status};
use entity::{doctor, patient_register};
use sea_orm::ActiveValue::{self, NotSet, Set};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, QueryFilter, QuerySelect};
use serde::Serialize;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Transaction};
use crate::error::{Error, FaultCode, FaultParams, Result};
use crate::records::aggregate::{Aggregate, New, Target, change, create as create_all, exists};
use crate::records::check::{Check, Kind};
use crate::records::collection::visible;
use crate::records::disclosure::ask_of;
use crate::records::doctor::Doctors;
use crate::records::idempotency::Key;
use crate::records::patient_register::PatientRegisters;
use crate::records::{Deleted, Row};
use crate::scope::{Boundary, HOME_INSTITUTION, Permission, Scope};

use super::{AppointmentStatus, Appointments};

/// How long an appointment lasts at most.
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// An appointment to make.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct CreateAppointmentInput {
    /// UUID of the new record, of any version but 5; made by the server when left out.
    pub uuid: Option<Uuid>,
    /// Key of the patient.
    pub patient_id: Uuid,
    /// Key of the doctor, who practises in the institution that the patient belongs to and is free at that time.
    pub doctor_id: Uuid,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends: after it begins, and within 24 hours.
    pub ends_at: DateTime<Utc>,
    /// What for: 1 to 500 characters.
    pub reason: Option<String>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of creating twice.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// An appointment to change. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateAppointmentInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    pub expected_version: Option<i32>,
    /// Key of the doctor, who practises in the institution that the patient belongs to and is free at that time.
    pub doctor_id: MaybeUndefined<Uuid>,
    /// When it begins.
    pub starts_at: MaybeUndefined<DateTime<Utc>>,
    /// When it ends: after it begins, and within 24 hours.
    pub ends_at: MaybeUndefined<DateTime<Utc>>,
    /// What became of it.
    pub status: MaybeUndefined<AppointmentStatus>,
    /// Reason for the visit: 1 to 500 characters; null means unknown. Needs the permission to read clinical fields.
    pub reason: MaybeUndefined<String>,
}

/// Makes an appointment.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn create(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: CreateAppointmentInput,
) -> Result<Row<Entity>> {
    scope.require(Appointments::WRITE)?;
    let key = Key::new("createAppointment", input.idempotency_key.as_deref(), &input)?;
    let mut check = Check::new(["input"]);
    let uuid = input.uuid.unwrap_or_else(Uuid::new_v4);
    let row = ActiveModel {
        uuid: Set(uuid),
        patient_id: Set(input.patient_id),
        institution_id: Set(institution(scope, cluster, input.patient_id).await?),
        doctor_id: Set(input.doctor_id),
        starts_at: instant("startsAt", MaybeUndefined::Value(input.starts_at), &mut check),
        ends_at: instant("endsAt", MaybeUndefined::Value(input.ends_at), &mut check),
        status: Set(Status::Booked),
        reason: check.optional("reason", Kind::Plain(500), &Some(input.reason).into()),
        ..ActiveModel::default()
    };
    check_span(None, &row, &mut check);
    let new = New::<Appointments> { check, uuid, row };
    let mut rows = create_all(scope, cluster, clock.now(), vec![new], key).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// Changes an appointment, or says what became of it.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn update(scope: &Scope, cluster: &Cluster, input: UpdateAppointmentInput) -> Result<Row<Entity>> {
    scope.require(Appointments::WRITE)?;
    if scope.patient.is_some() {
        return Err(Error::Forbidden("who may see one patient's records only changes no appointments".to_owned()));
    }
    // What somebody replaces unseen is lost.
    if !input.reason.is_undefined() {
        scope.require(Permission::ReadClinical)?;
    }
    let mut check = Check::new(["input"]);
    let changes = ActiveModel {
        doctor_id: check.reference("doctorId", &input.doctor_id),
        starts_at: instant("startsAt", input.starts_at, &mut check),
        ends_at: instant("endsAt", input.ends_at, &mut check),
        status: match input.status {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => {
                check.fault(&["status"], FaultCode::Required, "must not be empty");
                NotSet
            }
            MaybeUndefined::Value(status) => Set(status.into()),
        },
        reason: check.optional("reason", Kind::Plain(500), &input.reason),
        ..ActiveModel::default()
    };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<Appointments>(scope, cluster, check, target, changes).await
}

/// Where a patient belongs, for who may act everywhere; others act in one institution alone. Whether the patient is there is
/// judged when the appointment is made.
async fn institution(scope: &Scope, cluster: &Cluster, patient: Uuid) -> Result<Uuid> {
    if let Boundary::One(institution) = scope.boundary {
        return Ok(institution.0);
    }
    let tx = cluster.write(scope).await?;
    let found: Option<Uuid> = patient_register::Entity::find()
        .select_only()
        .column(patient_register::Column::InstitutionId)
        .filter(visible::<PatientRegisters>(scope, Deleted::Excluded))
        .filter(patient_register::Column::Uuid.eq(patient))
        .into_tuple()
        .one(&tx)
        .await?;
    tx.rollback().await?;
    Ok(found.unwrap_or(HOME_INSTITUTION.0))
}

/// PostgreSQL keeps microseconds, so SQLite keeps no more, and years of four digits.
fn instant(field: &str, value: MaybeUndefined<DateTime<Utc>>, check: &mut Check) -> ActiveValue<DateTime<Utc>> {
    match value {
        MaybeUndefined::Undefined => NotSet,
        MaybeUndefined::Null => {
            check.fault(&[field], FaultCode::Required, "must not be empty");
            NotSet
        }
        MaybeUndefined::Value(instant) => {
            if !(1900..=9998).contains(&chrono::Datelike::year(&instant)) {
                let day = NaiveDate::from_ymd_opt;
                let days = FaultParams::days(day(1900, 1, 1), day(9998, 12, 31));
                check.fault_with(&[field], FaultCode::OutOfRange, "must be from 1900 to 9998", days);
            }
            Set(instant.trunc_subsecs(6))
        }
    }
}

/// The value that a record will have.
fn next<T: Clone + Into<sea_orm::Value>>(change: &ActiveValue<T>, present: Option<&T>) -> Option<T> {
    change.try_as_ref().or(present).cloned()
}

fn check_span(present: Option<&Model>, changes: &ActiveModel, check: &mut Check) {
    let starts = next(&changes.starts_at, present.map(|present| &present.starts_at));
    let ends = next(&changes.ends_at, present.map(|present| &present.ends_at));
    if let (Some(starts), Some(ends)) = (starts, ends)
        && (ends <= starts || ends - starts > LONGEST)
    {
        let (starts, ends) = ("startsAt", "endsAt");
        let (field, other) = if changes.ends_at.is_set() { (ends, starts) } else { (starts, ends) };
        let message = "an appointment ends after it begins, and within 24 hours";
        check.fault_with(&[field], FaultCode::OutOfRange, message, FaultParams::related(other));
    }
}

impl Aggregate for Appointments {
    const WRITE: Permission = Permission::WritePatients;

    const ALWAYS_CHECKED: bool = true;

    fn uuid(model: &Model) -> Uuid {
        model.uuid
    }

    fn version(model: &Model) -> i32 {
        model.version
    }

    /// What is judged together is written together: whether the doctor is free at that time, in that institution.
    fn complete(present: &Model, changes: &mut ActiveModel, check: &mut Check) {
        check_span(Some(present), changes, check);
        let is_moved = changes.doctor_id.is_set()
            || changes.starts_at.is_set()
            || changes.ends_at.is_set()
            || changes.status.is_set();
        if is_moved {
            changes.institution_id = ActiveValue::Unchanged(present.institution_id);
            if changes.status.is_not_set() {
                changes.status = ActiveValue::Unchanged(present.status);
            }
            if changes.starts_at.is_not_set() {
                changes.starts_at = ActiveValue::Unchanged(present.starts_at);
            }
            if changes.ends_at.is_not_set() {
                changes.ends_at = ActiveValue::Unchanged(present.ends_at);
            }
            if changes.doctor_id.is_not_set() {
                changes.doctor_id = ActiveValue::Unchanged(present.doctor_id);
            }
        }
    }

    async fn check_others(
        row: &ActiveModel,
        own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        let institution = row.institution_id.try_as_ref().copied();
        if let Some(patient) = row.patient_id.try_as_ref() {
            use patient_register::Column;
            let there = Column::Uuid.eq(*patient).and(Column::MergedInto.is_null());
            let there = there.and(Column::InstitutionId.eq(institution.unwrap_or_default()));
            if !exists::<PatientRegisters>(tx, scope, there).await? {
                check.fault(&["patientId"], FaultCode::ReferenceMissing, "there is no such patient");
            }
        }
        let (Some(doctor), Some(institution)) = (row.doctor_id.try_as_ref(), institution) else { return Ok(()) };
        // Whose doctor has left the institution keeps the appointment.
        let there = doctor::Column::Uuid.eq(*doctor).and(doctor::Column::InstitutionId.eq(institution));
        if row.doctor_id.is_set() && !exists::<Doctors>(tx, scope, there).await? {
            let message = "there is no such doctor in the patient's institution";
            check.fault(&["doctorId"], FaultCode::ReferenceMissing, message);
            return Ok(());
        }
        check_free(row, (own, *doctor), check, scope, tx).await
    }
}

/// Whether the doctor is free. That somebody is booked counts wherever the appointment belongs by now.
async fn check_free(
    row: &ActiveModel,
    (own, doctor): (Uuid, Uuid),
    check: &mut Check,
    scope: &Scope,
    tx: &Transaction,
) -> Result<()> {
    let (Some(starts), Some(ends)) = (row.starts_at.try_as_ref(), row.ends_at.try_as_ref()) else { return Ok(()) };
    let taking = [Status::Booked, Status::Arrived, Status::Fulfilled];
    if !row.status.try_as_ref().is_some_and(|status| taking.contains(status)) {
        return Ok(());
    }
    let overlapping = Entity::find()
        .select_only()
        .columns([Column::PatientId, Column::InstitutionId])
        .filter(Column::DoctorId.eq(doctor))
        .filter(Column::Uuid.ne(own))
        .filter(Column::Status.is_in(taking))
        .filter(Column::StartsAt.lt(*ends))
        .filter(Column::EndsAt.gt(*starts))
        .limit(1)
        .into_tuple::<(Uuid, Uuid)>()
        .one(tx)
        .await?;
    if let Some((patient, institution)) = overlapping {
        // That somebody is treated then is told of whoever it is.
        let fields = [Column::DoctorId, Column::StartsAt, Column::EndsAt, Column::Status].map(|column| column.as_str());
        ask_of::<Appointments>(tx, scope, &fields, [(patient, Some(institution))]);
        check.fault(&["startsAt"], FaultCode::NotUnique, "the doctor has another appointment at that time");
    }
    Ok(())
}
