use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use entity::patient_register::{Column, Entity};
use uuid::Uuid;

use crate::criteria::{PageArguments, PageInput};
use crate::date::Date;
use crate::records::patient_register::{
    self, CreatePatientRegisterInput, CreatePatientRegistersInput, DeletePatientRegisterInput, PatientRegisterFilter,
    PatientRegisterOrder, PatientRegisterStatus, PatientRegisters, RestorePatientRegisterInput,
    UpdatePatientRegisterInput,
};
use crate::records::{Deleted, Loaded, Row, find};
use crate::scope::Permission;

use super::connection::{Connection, connection};
use super::context::of;
use super::doctor::Doctor;
use super::id::{Kind, global_id};
use super::medical_institution::MedicalInstitution;
use super::payload::payload;
use super::payload::{UserError, outcome};
use super::record::{Record, columns, note_shown, shown};

/// The field of a mutation's payload that shows the register.
const FIELD: &str = "patientRegister";

/// A patient as registered: who it is, how to reach them, and what was told at registration.
pub(super) struct PatientRegister(Row<Entity>);

impl From<Row<Entity>> for PatientRegister {
    fn from(row: Row<Entity>) -> Self {
        Self(row)
    }
}

impl Record for PatientRegister {
    type Collection = PatientRegisters;

    const NAME: &'static str = "PatientRegister";

    fn relation(field: &str) -> Option<Column> {
        match field {
            "institution" => Some(Column::InstitutionId),
            "doctor" => Some(Column::DoctorId),
            _ => None,
        }
    }
}

/// A patient as registered: who it is, how to reach them, and what was told at registration.
#[Object]
impl PatientRegister {
    /// The record's global id: opaque, and good for `node`.
    pub(super) async fn id(&self) -> Result<ID> {
        Ok(global_id(Kind::PatientRegister, *self.0.uuid.loaded()?))
    }

    /// The record's own key.
    async fn uuid(&self) -> Result<Uuid> {
        Ok(*self.0.uuid.loaded()?)
    }

    /// First name.
    async fn first_name(&self) -> Result<&str> {
        Ok(self.0.first_name.loaded()?)
    }

    /// Last name.
    async fn last_name(&self) -> Result<&str> {
        Ok(self.0.last_name.loaded()?)
    }

    /// Date of birth.
    async fn date_of_birth(&self) -> Result<Date> {
        Ok(Date(*self.0.date_of_birth.loaded()?))
    }

    /// Email address; null when unknown.
    async fn email(&self) -> Result<Option<&str>> {
        Ok(self.0.email.loaded()?.as_deref())
    }

    /// Phone number.
    async fn phone_number(&self) -> Result<Option<&str>> {
        Ok(Some(self.0.phone_number.loaded()?))
    }

    /// Postal address.
    async fn address(&self) -> Result<Option<&str>> {
        Ok(Some(self.0.address.loaded()?))
    }

    /// Whom to call in an emergency; null when unknown.
    async fn emergency_contact(&self) -> Result<Option<&str>> {
        Ok(self.0.emergency_contact.loaded()?.as_deref())
    }

    /// Allergies, as told at registration.
    async fn allergies(&self, ctx: &Context<'_>) -> Result<Option<&[String]>> {
        of(ctx).scope.require(Permission::ReadClinical)?;
        Ok(Some(&self.0.allergies.loaded()?.0))
    }

    /// Medical history, as told at registration.
    async fn medical_history(&self, ctx: &Context<'_>) -> Result<Option<&[String]>> {
        of(ctx).scope.require(Permission::ReadClinical)?;
        Ok(Some(&self.0.medical_history.loaded()?.0))
    }

    /// Current medications, as told at registration.
    async fn current_medications(&self, ctx: &Context<'_>) -> Result<Option<&[String]>> {
        of(ctx).scope.require(Permission::ReadClinical)?;
        Ok(Some(&self.0.current_medications.loaded()?.0))
    }

    /// How far the register has come towards being relied on.
    async fn status(&self) -> Result<PatientRegisterStatus> {
        Ok((*self.0.status.loaded()?).into())
    }

    /// When the register was deleted; null when it was not.
    async fn deleted_at(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(*self.0.deleted_at.loaded()?)
    }

    /// The institution that the register belongs to.
    async fn institution(&self, ctx: &Context<'_>) -> Result<Option<MedicalInstitution>> {
        let key = *self.0.institution_id.loaded()?;
        Ok(of(ctx).loaders.institution(key).await?.map(MedicalInstitution::from))
    }

    /// The patient's usual doctor; null when unknown.
    async fn doctor(&self, ctx: &Context<'_>) -> Result<Option<Doctor>> {
        let Some(key) = *self.0.doctor_id.loaded()? else { return Ok(None) };
        Ok(of(ctx).loaders.doctor(key).await?.map(Doctor::from))
    }

    /// How often the record has changed, counting from 1.
    async fn version(&self) -> Result<i32> {
        Ok(*self.0.version.loaded()?)
    }

    /// When the record was created.
    async fn created_at(&self) -> Result<DateTime<Utc>> {
        Ok(*self.0.created_at.loaded()?)
    }

    /// When the record last changed.
    async fn updated_at(&self) -> Result<DateTime<Utc>> {
        Ok(*self.0.updated_at.loaded()?)
    }
}

#[derive(Default)]
pub(super) struct PatientRegisterQuery;

#[Object]
impl PatientRegisterQuery {
    /// The register with this key; null when there is none, or it was deleted.
    async fn patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record's own key.")] uuid: Uuid,
    ) -> Result<Option<PatientRegister>> {
        let context = of(ctx);
        let columns = columns::<PatientRegister>(ctx.field().selection_set());
        let found = find::<PatientRegisters>(&context.scope, &context.reader, uuid, &columns).await?;
        Ok(found.map(PatientRegister::from))
    }

    /// Registers, the newest first unless another order is asked for.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn patient_registers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<PatientRegisterFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<PatientRegisterOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Whether to list deleted records.", default)] deleted: Deleted,
    ) -> Result<Connection<PatientRegister>> {
        let page = PageArguments { page, first, after, last, before };
        connection(ctx, filter, order, page, deleted).await
    }
}

payload! {
    /// What became of a patient to register.
    CreatePatientRegisterPayload {
        /// The register as created; null when it was not.
        patient_register: PatientRegister
    },
    /// What became of a change to a register.
    UpdatePatientRegisterPayload {
        /// The register as changed; null when it was not.
        patient_register: PatientRegister
    },
    /// What became of a register to delete.
    DeletePatientRegisterPayload {
        /// The register as deleted; null when it was not.
        patient_register: PatientRegister
    },
    /// What became of a register to restore.
    RestorePatientRegisterPayload {
        /// The register as restored; null when it was not.
        patient_register: PatientRegister
    },
}

/// What became of patients to register together.
#[derive(SimpleObject)]
pub(super) struct CreatePatientRegistersPayload {
    /// The registers as created, in the order of the items; empty when none was.
    patient_registers: Vec<PatientRegister>,
    /// The rules of the domain that items break, with the item's number in the path; empty when all were created.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub(super) struct PatientRegisterMutation;

#[Object]
impl PatientRegisterMutation {
    /// Registers a patient.
    async fn create_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreatePatientRegisterInput,
    ) -> Result<CreatePatientRegisterPayload> {
        let context = of(ctx);
        let created = patient_register::create(&context.scope, &context.cluster, &*context.clock, input).await;
        CreatePatientRegisterPayload::of(shown::<PatientRegister>(ctx, FIELD, created))
    }

    /// Registers patients, all or none.
    async fn create_patient_registers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to register.")] input: CreatePatientRegistersInput,
    ) -> Result<CreatePatientRegistersPayload> {
        let context = of(ctx);
        let created = patient_register::create_many(&context.scope, &context.cluster, &*context.clock, input).await;
        let (rows, user_errors) = outcome(created)?;
        note_shown::<PatientRegister>(ctx, "patientRegisters", rows.as_deref().unwrap_or_default());
        let patient_registers = rows.unwrap_or_default().into_iter().map(PatientRegister::from).collect();
        Ok(CreatePatientRegistersPayload { patient_registers, user_errors })
    }

    /// Changes a register. What is left out stays as it is. Filling what an incomplete register lacks makes it pending.
    async fn update_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdatePatientRegisterInput,
    ) -> Result<UpdatePatientRegisterPayload> {
        let context = of(ctx);
        let updated = patient_register::update(&context.scope, &context.cluster, &*context.clock, input).await;
        UpdatePatientRegisterPayload::of(shown::<PatientRegister>(ctx, FIELD, updated))
    }

    /// Deletes a register. It stays as a tombstone that no ordinary read shows, and can be restored.
    async fn delete_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: DeletePatientRegisterInput,
    ) -> Result<DeletePatientRegisterPayload> {
        let context = of(ctx);
        let deleted = patient_register::delete(&context.scope, &context.cluster, &*context.clock, input).await;
        DeletePatientRegisterPayload::of(shown::<PatientRegister>(ctx, FIELD, deleted))
    }

    /// Restores a deleted register.
    async fn restore_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: RestorePatientRegisterInput,
    ) -> Result<RestorePatientRegisterPayload> {
        let context = of(ctx);
        let restored = patient_register::restore(&context.scope, &context.cluster, input).await;
        RestorePatientRegisterPayload::of(shown::<PatientRegister>(ctx, FIELD, restored))
    }
}
