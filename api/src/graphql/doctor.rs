use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::doctor::{Column, Entity};
use uuid::Uuid;

use crate::criteria::{PageArguments, PageInput};
use crate::records::doctor::{self, CreateDoctorInput, DoctorFilter, DoctorOrder, Doctors, UpdateDoctorInput};
use crate::records::{Deleted, Loaded, Row, find};

use super::connection::{Connection, connection};
use super::context::of;
use super::doctor_specialty::DoctorSpecialty;
use super::id::{Kind, global_id};
use super::medical_institution::MedicalInstitution;
use super::payload::payload;
use super::record::{Record, columns};

/// Who treats patients, in an institution.
pub(super) struct Doctor(Row<Entity>);

impl From<Row<Entity>> for Doctor {
    fn from(row: Row<Entity>) -> Self {
        Self(row)
    }
}

impl Record for Doctor {
    type Collection = Doctors;

    const NAME: &'static str = "Doctor";

    fn relation(field: &str) -> Option<Column> {
        match field {
            "institution" => Some(Column::InstitutionId),
            "specialty" => Some(Column::SpecialtyId),
            _ => None,
        }
    }
}

/// Who treats patients, in an institution.
#[Object]
impl Doctor {
    /// The record's global id: opaque, and good for `node`.
    pub(super) async fn id(&self) -> Result<ID> {
        Ok(global_id(Kind::Doctor, *self.0.uuid.loaded()?))
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

    /// The licence to practise; no two doctors have the same.
    async fn license_number(&self) -> Result<Option<&str>> {
        Ok(self.0.license_number.loaded()?.as_deref())
    }

    /// Email address.
    async fn email(&self) -> Result<Option<&str>> {
        Ok(self.0.email.loaded()?.as_deref())
    }

    /// Phone number.
    async fn phone_number(&self) -> Result<Option<&str>> {
        Ok(self.0.phone_number.loaded()?.as_deref())
    }

    /// Where the doctor practises.
    async fn institution(&self, ctx: &Context<'_>) -> Result<Option<MedicalInstitution>> {
        let key = *self.0.institution_id.loaded()?;
        Ok(of(ctx).loaders.institution(key).await?.map(MedicalInstitution::from))
    }

    /// What the doctor practises; null when unknown.
    async fn specialty(&self, ctx: &Context<'_>) -> Result<Option<DoctorSpecialty>> {
        let Some(key) = *self.0.specialty_id.loaded()? else { return Ok(None) };
        Ok(of(ctx).loaders.specialty(key).await?.map(DoctorSpecialty::from))
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
pub(super) struct DoctorQuery;

#[Object]
impl DoctorQuery {
    /// The doctor with this key; null when there is none.
    async fn doctor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record's own key.")] uuid: Uuid,
    ) -> Result<Option<Doctor>> {
        let context = of(ctx);
        let columns = columns::<Doctor>(ctx.field().selection_set());
        let found = find::<Doctors>(&context.scope, &context.reader, uuid, &columns).await?;
        Ok(found.map(Doctor::from))
    }

    /// Doctors, by last name unless another order is asked for.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn doctors(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<DoctorFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<DoctorOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Doctor>> {
        let page = PageArguments { page, first, after, last, before };
        connection(ctx, filter, order, page, Deleted::Excluded).await
    }
}

payload! {
    /// What became of a doctor to create.
    CreateDoctorPayload {
        /// The doctor as created; null when it was not.
        doctor: Doctor
    },
    /// What became of a change to a doctor.
    UpdateDoctorPayload {
        /// The doctor as changed; null when it was not.
        doctor: Doctor
    },
}

#[derive(Default)]
pub(super) struct DoctorMutation;

#[Object]
impl DoctorMutation {
    /// Creates a doctor.
    async fn create_doctor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreateDoctorInput,
    ) -> Result<CreateDoctorPayload> {
        let context = of(ctx);
        CreateDoctorPayload::of(doctor::create(&context.scope, &context.cluster, &*context.clock, input).await)
    }

    /// Changes a doctor. What is left out stays as it is.
    async fn update_doctor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateDoctorInput,
    ) -> Result<UpdateDoctorPayload> {
        let context = of(ctx);
        UpdateDoctorPayload::of(doctor::update(&context.scope, &context.cluster, input).await)
    }
}
