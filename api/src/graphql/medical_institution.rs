use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::medical_institution::{Column, Entity};
use entity::{doctor, patient_register};
use futures_util::future::join3;
use uuid::Uuid;

use crate::phone_number::e164;
use crate::records::medical_institution::{
    self, CreateMedicalInstitutionInput, MedicalInstitutionFilter, MedicalInstitutionOrder, MedicalInstitutions,
    UpdateMedicalInstitutionInput,
};
use crate::records::{Loaded, Row};

use super::catalogue::{Country, InstitutionType, Region};
use super::context::of;
use super::doctor::Doctor;
use super::id::{Kind, global_id};
use super::many::{Many, ToMany};
use super::object::fields;
use super::one::{One, Refers, one};
use super::patient_register::PatientRegister;
use super::payload::{change_payload, payload};
use super::queries::queries;
use super::record::Record;
use super::related::Related;
use super::shown::Shown;

/// A clinic or hospital, to which registers and doctors belong.
#[derive(Clone)]
pub(super) struct MedicalInstitution {
    row: Row<Entity>,
    institution_type: Related<InstitutionType>,
    country: Related<Country>,
    region: Related<Region>,
}

const TYPE: Refers<MedicalInstitution, InstitutionType> = one("institutionType", Column::InstitutionTypeId);
const COUNTRY: Refers<MedicalInstitution, Country> = one("country", Column::CountryId);
const REGION: Refers<MedicalInstitution, Region> = one("region", Column::RegionId);

impl Record for MedicalInstitution {
    type Collection = MedicalInstitutions;

    const NAME: &'static str = "MedicalInstitution";

    const MANY: &'static [&'static dyn Many] = &[
        &ToMany::<Doctor> {
            name: "doctors",
            description: "Who practises here, by last name unless another order is asked for.",
            by: doctor::Column::InstitutionId,
        },
        &ToMany::<PatientRegister> {
            name: "patientRegisters",
            description: "The registers that belong here, the newest first unless another order is asked for.",
            by: patient_register::Column::InstitutionId,
        },
    ];

    const ONES: &'static [&'static dyn One<Self>] = &[&TYPE, &COUNTRY, &REGION];

    fn relation(field: &str) -> Option<Column> {
        (field == "phoneNumberE164").then_some(Column::PhoneNumberFolded)
    }

    async fn of(context: &super::context::Context, fields: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        let (types, countries, regions) = join3(
            TYPE.read(context, fields, &rows),
            COUNTRY.read(context, fields, &rows),
            REGION.read(context, fields, &rows),
        )
        .await;
        let record = |row: Row<Entity>| Self {
            institution_type: types.of(&row),
            country: countries.of(&row),
            region: regions.of(&row),
            row,
        };
        rows.into_iter().map(record).collect()
    }
}

fields! {
    /// A clinic or hospital, to which registers and doctors belong.
    MedicalInstitution {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::MedicalInstitution, *self.row.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.row.uuid.loaded()?)
        }

        /// Name.
        fn name(&self) -> Result<&str> {
            Ok(self.row.name.loaded()?)
        }

        /// Email address.
        fn email(&self) -> Result<Option<&str>> {
            Ok(self.row.email.loaded()?.as_deref())
        }

        /// Phone number as written.
        fn phone_number(&self) -> Result<Option<&str>> {
            Ok(self.row.phone_number.loaded()?.as_deref())
        }

        /// Phone number in international form (ITU-T E.164), such as `+442079460000`; null where no numbering plan has it.
        fn phone_number_e164(&self) -> Result<Option<&str>> {
            Ok(self.row.phone_number_folded.loaded()?.as_deref().and_then(e164))
        }

        /// Postal address.
        fn address(&self) -> Result<Option<&str>> {
            Ok(self.row.address.loaded()?.as_deref())
        }

        /// What kind of institution it is; null when unknown.
        fn institution_type(&self) -> Result<Option<&Shown<InstitutionType>>> {
            Ok(self.institution_type.get()?)
        }

        /// The country where it is; null when unknown.
        fn country(&self) -> Result<Option<&Shown<Country>>> {
            Ok(self.country.get()?)
        }

        /// The region where it is; null when unknown.
        fn region(&self) -> Result<Option<&Shown<Region>>> {
            Ok(self.region.get()?)
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
    MedicalInstitutionQuery of MedicalInstitution {
        /// The institution with this key; null when there is none.
        medical_institution;
        /// Institutions, by name unless another order is asked for.
        medical_institutions: MedicalInstitutionFilter, MedicalInstitutionOrder;
    }
}

payload! {
    /// What became of an institution to create.
    CreateMedicalInstitutionPayload {
        /// The institution as created; null when it was not.
        medical_institution: MedicalInstitution
    },
}

change_payload! {
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
    ) -> Result<Option<CreateMedicalInstitutionPayload>> {
        let context = of(ctx);
        CreateMedicalInstitutionPayload::of(
            ctx,
            medical_institution::create(&context.scope, &context.cluster, &*context.clock, input).await,
        )
        .await
    }

    /// Changes an institution. What is left out stays as it is.
    async fn update_medical_institution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateMedicalInstitutionInput,
    ) -> Result<Option<UpdateMedicalInstitutionPayload>> {
        let context = of(ctx);
        UpdateMedicalInstitutionPayload::of(
            ctx,
            medical_institution::update(&context.scope, &context.cluster, input).await,
        )
        .await
    }
}
