use async_graphql::{Context, ID, Object, Result, SelectionField, SimpleObject};
use chrono::{DateTime, Utc};
use entity::patient_register::{Column, Entity};
use futures_util::future::join;
use uuid::Uuid;

use crate::criteria::{PageArguments, PageInput};
use crate::date::Date;
use crate::phone_number::e164;
use crate::records::patient_register::{
    self, CreatePatientRegisterInput, CreatePatientRegistersInput, DeletePatientRegisterInput, PatientRegisterFilter,
    PatientRegisterOrder, PatientRegisterPart, PatientRegisterStatus, PatientRegisters, RestorePatientRegisterInput,
    UpdatePatientRegisterInput,
};
use crate::records::{Deleted, Loaded, Row};
use crate::scope::Permission;

use super::connection::{Connection, connection};
use super::context::of;
use super::doctor::Doctor;
use super::id::{Kind, global_id};
use super::likely_duplicate::CreatePatientRegisterPayload;
use super::many::Many;
use super::medical_institution::MedicalInstitution;
use super::object::fields;
use super::of_patient::OF_PATIENT;
use super::one::{One, Refers, one};
use super::payload::{UserError, change_payload, outcome};
use super::record::{Record, by_key, in_payload};
use super::related::Related;
use super::shown::Shown;

/// A patient as registered: who it is, how to reach them, and what was told at registration.
#[derive(Clone)]
pub(super) struct PatientRegister {
    row: Row<Entity>,
    institution: Related<MedicalInstitution>,
    doctor: Related<Doctor>,
}

const INSTITUTION: Refers<PatientRegister, MedicalInstitution> = one("institution", Column::InstitutionId);
const DOCTOR: Refers<PatientRegister, Doctor> = one("doctor", Column::DoctorId);

impl Record for PatientRegister {
    type Collection = PatientRegisters;

    const NAME: &'static str = "PatientRegister";

    const MANY: &'static [&'static dyn Many] = OF_PATIENT;

    const ONES: &'static [&'static dyn One<Self>] = &[&INSTITUTION, &DOCTOR];

    fn relation(field: &str) -> Option<Column> {
        match field {
            "mergedIntoUuid" => Some(Column::MergedInto),
            "phoneNumberE164" => Some(Column::PhoneNumberFolded),
            _ => None,
        }
    }

    fn composed(field: &str) -> &'static [Column] {
        if field == "missing" { patient_register::COMPLETING } else { &[] }
    }

    async fn of(context: &super::context::Context, fields: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        let (institutions, doctors) =
            join(INSTITUTION.read(context, fields, &rows), DOCTOR.read(context, fields, &rows)).await;
        let record = |row: Row<Entity>| Self { institution: institutions.of(&row), doctor: doctors.of(&row), row };
        rows.into_iter().map(record).collect()
    }
}

fields! {
    /// A patient as registered: who it is, how to reach them, and what was told at registration.
    PatientRegister {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::PatientRegister, *self.row.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.row.uuid.loaded()?)
        }

        /// First name; null of a person with a single name, or when unknown.
        fn first_name(&self) -> Result<Option<&str>> {
            Ok(self.row.first_name.loaded()?.as_deref())
        }

        /// Last name; null of a person with a single name, or when unknown.
        fn last_name(&self) -> Result<Option<&str>> {
            Ok(self.row.last_name.loaded()?.as_deref())
        }

        /// Date of birth; null when unknown.
        fn date_of_birth(&self) -> Result<Option<Date>> {
            Ok(self.row.date_of_birth.loaded()?.map(Date))
        }

        /// Date of death; null of who lives, as far as is known.
        fn date_of_death(&self) -> Result<Option<Date>> {
            Ok(self.row.date_of_death.loaded()?.map(Date))
        }

        /// Email address; null when unknown.
        fn email(&self) -> Result<Option<&str>> {
            Ok(self.row.email.loaded()?.as_deref())
        }

        /// Phone number as written; null when unknown.
        fn phone_number(&self) -> Result<Option<&str>> {
            Ok(self.row.phone_number.loaded()?.as_deref())
        }

        /// Phone number in international form (ITU-T E.164), such as `+442079460000`; null where no numbering plan has it.
        fn phone_number_e164(&self) -> Result<Option<&str>> {
            Ok(self.row.phone_number_folded.loaded()?.as_deref().and_then(e164))
        }

        /// Postal address; null when unknown.
        fn address(&self) -> Result<Option<&str>> {
            Ok(self.row.address.loaded()?.as_deref())
        }

        /// Whom to call in an emergency; null when unknown.
        fn emergency_contact(&self) -> Result<Option<&str>> {
            Ok(self.row.emergency_contact.loaded()?.as_deref())
        }

        /// Allergies, as told at registration.
        fn allergies(&self, context: &Context) -> Result<Option<&[String]>> {
            context.scope.require(Permission::ReadClinical)?;
            Ok(Some(&self.row.allergies.loaded()?.0))
        }

        /// Medical history, as told at registration.
        fn medical_history(&self, context: &Context) -> Result<Option<&[String]>> {
            context.scope.require(Permission::ReadClinical)?;
            Ok(Some(&self.row.medical_history.loaded()?.0))
        }

        /// Current medications, as told at registration.
        fn current_medications(&self, context: &Context) -> Result<Option<&[String]>> {
            context.scope.require(Permission::ReadClinical)?;
            Ok(Some(&self.row.current_medications.loaded()?.0))
        }

        /// How far the register has come towards being relied on.
        fn status(&self) -> Result<PatientRegisterStatus> {
            Ok((*self.row.status.loaded()?).into())
        }

        /// Parts that the register lacks and a complete one has. Only an `INCOMPLETE` register lacks any; an update that fills
        /// the last of them makes it `PENDING`.
        fn missing(&self) -> Result<Vec<PatientRegisterPart>> {
            Ok(patient_register::missing(&self.row)?)
        }

        /// Why the register was refused; null when it was not.
        fn rejection_reason(&self) -> Result<Option<&str>> {
            Ok(self.row.rejection_reason.loaded()?.as_deref())
        }

        /// Key of the register that took this one's place, which is no longer listed or changed; null when none did.
        fn merged_into_uuid(&self) -> Result<Option<Uuid>> {
            Ok(*self.row.merged_into.loaded()?)
        }

        /// When the register was deleted; null when it was not.
        fn deleted_at(&self) -> Result<Option<DateTime<Utc>>> {
            Ok(*self.row.deleted_at.loaded()?)
        }

        /// The institution that the register belongs to.
        fn institution(&self) -> Result<Option<&Shown<MedicalInstitution>>> {
            Ok(self.institution.get()?)
        }

        /// The patient's usual doctor; null when unknown.
        fn doctor(&self) -> Result<Option<&Shown<Doctor>>> {
            Ok(self.doctor.get()?)
        }

        /// How often the record has changed, counting from 1.
        fn version(&self) -> Result<i32> {
            Ok(*self.row.version.loaded()?)
        }

        /// When the record was created.
        fn created_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.row.created_at.loaded()?)
        }

        /// When the record last changed.
        fn updated_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.row.updated_at.loaded()?)
        }
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
    ) -> Result<Option<Shown<PatientRegister>>> {
        by_key(ctx, uuid).await
    }

    /// Registers, the newest first unless another order is asked for; those that were merged into others only together with
    /// deleted ones.
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
    ) -> Result<Option<Connection<PatientRegister>>> {
        let page = PageArguments { page, first, after, last, before };
        connection(ctx, filter, order, page, deleted).await
    }
}

change_payload! {
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
    patient_registers: Vec<Shown<PatientRegister>>,
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
    ) -> Result<Option<CreatePatientRegisterPayload>> {
        let context = of(ctx);
        let created = patient_register::create(&context.scope, &context.cluster, &*context.clock, input).await;
        CreatePatientRegisterPayload::of(ctx, created).await
    }

    /// Registers patients, all or none.
    async fn create_patient_registers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to register.")] input: CreatePatientRegistersInput,
    ) -> Result<Option<CreatePatientRegistersPayload>> {
        let context = of(ctx);
        let created = patient_register::create_many(&context.scope, &context.cluster, &*context.clock, input).await;
        let (rows, user_errors) = outcome(created)?;
        let patient_registers = in_payload(ctx, "patient_registers", rows.unwrap_or_default()).await;
        Ok(Some(CreatePatientRegistersPayload { patient_registers, user_errors }))
    }

    /// Changes a register. What is left out stays as it is. Filling what an incomplete register lacks makes it pending, and
    /// so does, of one that was confirmed, changing names, dates, lists, doctor or institution: it has to be confirmed anew.
    async fn update_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdatePatientRegisterInput,
    ) -> Result<Option<UpdatePatientRegisterPayload>> {
        let context = of(ctx);
        let updated = patient_register::update(&context.scope, &context.cluster, &*context.clock, input).await;
        UpdatePatientRegisterPayload::of(ctx, updated).await
    }

    /// Deletes a register. It stays as a tombstone that no ordinary read shows, and can be restored.
    async fn delete_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: DeletePatientRegisterInput,
    ) -> Result<Option<DeletePatientRegisterPayload>> {
        let context = of(ctx);
        let deleted = patient_register::delete(&context.scope, &context.cluster, &*context.clock, input).await;
        DeletePatientRegisterPayload::of(ctx, deleted).await
    }

    /// Restores a deleted register.
    async fn restore_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: RestorePatientRegisterInput,
    ) -> Result<Option<RestorePatientRegisterPayload>> {
        let context = of(ctx);
        let restored = patient_register::restore(&context.scope, &context.cluster, input).await;
        RestorePatientRegisterPayload::of(ctx, restored).await
    }
}
