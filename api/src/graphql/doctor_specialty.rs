use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::doctor;
use entity::doctor_specialty::{Column, Entity};
use uuid::Uuid;

use crate::records::doctor_specialty::{
    self, CreateDoctorSpecialtyInput, DoctorSpecialties, DoctorSpecialtyFilter, DoctorSpecialtyOrder,
    UpdateDoctorSpecialtyInput,
};
use crate::records::{Loaded, Row};

use super::catalogue::SpecialtyCategory;
use super::context::of;
use super::doctor::Doctor;
use super::id::{Kind, global_id};
use super::many::{Many, ToMany};
use super::object::fields;
use super::one::{One, Refers, one};
use super::payload::{change_payload, payload};
use super::queries::queries;
use super::record::Record;
use super::related::Related;
use super::shown::Shown;

/// What doctors practise.
#[derive(Clone)]
pub(super) struct DoctorSpecialty {
    row: Row<Entity>,
    category: Related<SpecialtyCategory>,
}

const CATEGORY: Refers<DoctorSpecialty, SpecialtyCategory> = one("category", Column::CategoryId);

impl Record for DoctorSpecialty {
    type Collection = DoctorSpecialties;

    const NAME: &'static str = "DoctorSpecialty";

    const MANY: &'static [&'static dyn Many] = &[&ToMany::<Doctor> {
        name: "doctors",
        description: "Who practises it, by last name unless another order is asked for.",
        by: doctor::Column::SpecialtyId,
    }];

    const ONES: &'static [&'static dyn One<Self>] = &[&CATEGORY];

    async fn of(context: &super::context::Context, fields: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        let categories = CATEGORY.read(context, fields, &rows).await;
        let record = |row: Row<Entity>| Self { category: categories.of(&row), row };
        rows.into_iter().map(record).collect()
    }
}

fields! {
    /// What doctors practise.
    DoctorSpecialty {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::DoctorSpecialty, *self.row.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.row.uuid.loaded()?)
        }

        /// Name; no two specialties have the same.
        fn name(&self) -> Result<&str> {
            Ok(self.row.name.loaded()?)
        }

        /// What the specialty is about.
        fn description(&self) -> Result<Option<&str>> {
            Ok(self.row.description.loaded()?.as_deref())
        }

        /// What the specialty belongs to; null when unknown.
        fn category(&self) -> Result<Option<&Shown<SpecialtyCategory>>> {
            Ok(self.category.get()?)
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

queries! {
    DoctorSpecialtyQuery of DoctorSpecialty {
        /// The specialty with this key; null when there is none.
        doctor_specialty;
        /// Specialties, by name unless another order is asked for.
        doctor_specialties: DoctorSpecialtyFilter, DoctorSpecialtyOrder;
    }
}

payload! {
    /// What became of a specialty to create.
    CreateDoctorSpecialtyPayload {
        /// The specialty as created; null when it was not.
        doctor_specialty: DoctorSpecialty
    },
}

change_payload! {
    /// What became of a change to a specialty.
    UpdateDoctorSpecialtyPayload {
        /// The specialty as changed; null when it was not.
        doctor_specialty: DoctorSpecialty
    },
}

#[derive(Default)]
pub(super) struct DoctorSpecialtyMutation;

#[Object]
impl DoctorSpecialtyMutation {
    /// Creates a specialty.
    async fn create_doctor_specialty(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreateDoctorSpecialtyInput,
    ) -> Result<Option<CreateDoctorSpecialtyPayload>> {
        let context = of(ctx);
        CreateDoctorSpecialtyPayload::of(
            ctx,
            doctor_specialty::create(&context.scope, &context.cluster, &*context.clock, input).await,
        )
        .await
    }

    /// Changes a specialty. What is left out stays as it is.
    async fn update_doctor_specialty(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateDoctorSpecialtyInput,
    ) -> Result<Option<UpdateDoctorSpecialtyPayload>> {
        let context = of(ctx);
        UpdateDoctorSpecialtyPayload::of(ctx, doctor_specialty::update(&context.scope, &context.cluster, input).await)
            .await
    }
}
