use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::medical_institution::{Column, Entity};
use uuid::Uuid;

use crate::criteria::{PageArguments, PageInput};
use crate::records::medical_institution::{
    self, CreateMedicalInstitutionInput, MedicalInstitutionFilter, MedicalInstitutionOrder, MedicalInstitutions,
    UpdateMedicalInstitutionInput,
};
use crate::records::{Deleted, Loaded, Row, find};

use super::catalogue::{Country, InstitutionType, Region};
use super::connection::{Connection, connection};
use super::context::of;
use super::id::{Kind, global_id};
use super::payload::payload;
use super::record::{Record, columns};

/// A clinic or hospital, to which registers and doctors belong.
pub(super) struct MedicalInstitution(Row<Entity>);

impl From<Row<Entity>> for MedicalInstitution {
    fn from(row: Row<Entity>) -> Self {
        Self(row)
    }
}

impl Record for MedicalInstitution {
    type Collection = MedicalInstitutions;

    const NAME: &'static str = "MedicalInstitution";

    fn relation(field: &str) -> Option<Column> {
        match field {
            "institutionType" => Some(Column::InstitutionTypeId),
            "country" => Some(Column::CountryId),
            "region" => Some(Column::RegionId),
            _ => None,
        }
    }
}

/// A clinic or hospital, to which registers and doctors belong.
#[Object]
impl MedicalInstitution {
    /// The record's global id: opaque, and good for `node`.
    pub(super) async fn id(&self) -> Result<ID> {
        Ok(global_id(Kind::MedicalInstitution, *self.0.uuid.loaded()?))
    }

    /// The record's own key.
    async fn uuid(&self) -> Result<Uuid> {
        Ok(*self.0.uuid.loaded()?)
    }

    /// Name.
    async fn name(&self) -> Result<&str> {
        Ok(self.0.name.loaded()?)
    }

    /// Email address.
    async fn email(&self) -> Result<Option<&str>> {
        Ok(self.0.email.loaded()?.as_deref())
    }

    /// Phone number.
    async fn phone_number(&self) -> Result<Option<&str>> {
        Ok(self.0.phone_number.loaded()?.as_deref())
    }

    /// Postal address.
    async fn address(&self) -> Result<Option<&str>> {
        Ok(self.0.address.loaded()?.as_deref())
    }

    /// What kind of institution it is; null when unknown.
    async fn institution_type(&self, ctx: &Context<'_>) -> Result<Option<InstitutionType>> {
        let Some(key) = *self.0.institution_type_id.loaded()? else { return Ok(None) };
        Ok(of(ctx).loaders.institution_type(key).await?.map(InstitutionType::from))
    }

    /// The country where it is; null when unknown.
    async fn country(&self, ctx: &Context<'_>) -> Result<Option<Country>> {
        let Some(key) = *self.0.country_id.loaded()? else { return Ok(None) };
        Ok(of(ctx).loaders.country(key).await?.map(Country::from))
    }

    /// The region where it is; null when unknown.
    async fn region(&self, ctx: &Context<'_>) -> Result<Option<Region>> {
        let Some(key) = *self.0.region_id.loaded()? else { return Ok(None) };
        Ok(of(ctx).loaders.region(key).await?.map(Region::from))
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
pub(super) struct MedicalInstitutionQuery;

#[Object]
impl MedicalInstitutionQuery {
    /// The institution with this key; null when there is none.
    async fn medical_institution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record's own key.")] uuid: Uuid,
    ) -> Result<Option<MedicalInstitution>> {
        let context = of(ctx);
        let columns = columns::<MedicalInstitution>(ctx.field().selection_set());
        let found = find::<MedicalInstitutions>(&context.scope, &context.reader, uuid, &columns).await?;
        Ok(found.map(MedicalInstitution::from))
    }

    /// Institutions, by name unless another order is asked for.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn medical_institutions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all when left out.")] filter: Option<MedicalInstitutionFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<MedicalInstitutionOrder>>,
        #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<MedicalInstitution>> {
        let page = PageArguments { page, first, after, last, before };
        connection(ctx, filter, order, page, Deleted::Excluded).await
    }
}

payload! {
    /// What became of an institution to create.
    CreateMedicalInstitutionPayload {
        /// The institution as created; null when it was not.
        medical_institution: MedicalInstitution
    },
    /// What became of a change to an institution.
    UpdateMedicalInstitutionPayload {
        /// The institution as changed; null when it was not.
        medical_institution: MedicalInstitution
    },
}

#[derive(Default)]
pub(super) struct MedicalInstitutionMutation;

#[Object]
impl MedicalInstitutionMutation {
    /// Creates an institution.
    async fn create_medical_institution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreateMedicalInstitutionInput,
    ) -> Result<CreateMedicalInstitutionPayload> {
        let context = of(ctx);
        CreateMedicalInstitutionPayload::of(
            medical_institution::create(&context.scope, &context.cluster, &*context.clock, input).await,
        )
    }

    /// Changes an institution. What is left out stays as it is.
    async fn update_medical_institution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateMedicalInstitutionInput,
    ) -> Result<UpdateMedicalInstitutionPayload> {
        let context = of(ctx);
        UpdateMedicalInstitutionPayload::of(medical_institution::update(&context.scope, &context.cluster, input).await)
    }
}
