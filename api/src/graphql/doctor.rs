use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::doctor::{Column, Entity};
use entity::{appointment, patient_register};
use futures_util::future::join;
use uuid::Uuid;

use crate::phone_number::e164;
use crate::records::doctor::{self, CreateDoctorInput, DoctorFilter, DoctorOrder, Doctors, UpdateDoctorInput};
use crate::records::{Loaded, Row};

use super::appointment::Appointment;
use super::context::of;
use super::doctor_specialty::DoctorSpecialty;
use super::id::{Kind, global_id};
use super::many::{Many, ToMany};
use super::medical_institution::MedicalInstitution;
use super::object::fields;
use super::one::{One, Refers, one};
use super::patient_register::PatientRegister;
use super::payload::{change_payload, payload};
use super::queries::queries;
use super::record::Record;
use super::related::Related;
use super::shown::Shown;

/// Who treats patients, in an institution.
#[derive(Clone)]
pub(super) struct Doctor {
    row: Row<Entity>,
    institution: Related<MedicalInstitution>,
    specialty: Related<DoctorSpecialty>,
}

const INSTITUTION: Refers<Doctor, MedicalInstitution> = one("institution", Column::InstitutionId);
const SPECIALTY: Refers<Doctor, DoctorSpecialty> = one("specialty", Column::SpecialtyId);

impl Record for Doctor {
    type Collection = Doctors;

    const NAME: &'static str = "Doctor";

    const ONES: &'static [&'static dyn One<Self>] = &[&INSTITUTION, &SPECIALTY];

    const MANY: &'static [&'static dyn Many] = &[
        &ToMany::<PatientRegister> {
            name: "patientRegisters",
            description: "The registers of the patients whose usual doctor this is, the newest first unless another order is \
            asked for.",
            by: patient_register::Column::DoctorId,
        },
        &ToMany::<Appointment> {
            name: "appointments",
            description: "The doctor's appointments, the earliest first unless another order is asked for.",
            by: appointment::Column::DoctorId,
        },
    ];

    fn relation(field: &str) -> Option<Column> {
        (field == "phoneNumberE164").then_some(Column::PhoneNumberFolded)
    }

    async fn of(context: &super::context::Context, fields: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        let (institutions, specialties) =
            join(INSTITUTION.read(context, fields, &rows), SPECIALTY.read(context, fields, &rows)).await;
        let record =
            |row: Row<Entity>| Self { institution: institutions.of(&row), specialty: specialties.of(&row), row };
        rows.into_iter().map(record).collect()
    }
}

fields! {
    /// Who treats patients, in an institution.
    Doctor {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::Doctor, *self.row.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.row.uuid.loaded()?)
        }

        /// First name; null of a doctor with a single name.
        fn first_name(&self) -> Result<Option<&str>> {
            Ok(self.row.first_name.loaded()?.as_deref())
        }

        /// Last name; null of a doctor with a single name.
        fn last_name(&self) -> Result<Option<&str>> {
            Ok(self.row.last_name.loaded()?.as_deref())
        }

        /// The licence to practise; no two doctors have the same.
        fn license_number(&self) -> Result<Option<&str>> {
            Ok(self.row.license_number.loaded()?.as_deref())
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

        /// Where the doctor practises.
        fn institution(&self) -> Result<Option<&Shown<MedicalInstitution>>> {
            Ok(self.institution.get()?)
        }

        /// What the doctor practises; null when unknown.
        fn specialty(&self) -> Result<Option<&Shown<DoctorSpecialty>>> {
            Ok(self.specialty.get()?)
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
    DoctorQuery of Doctor {
        /// The doctor with this key; null when there is none.
        doctor;
        /// Doctors, by last name unless another order is asked for.
        doctors: DoctorFilter, DoctorOrder;
    }
}

payload! {
    /// What became of a doctor to create.
    CreateDoctorPayload {
        /// The doctor as created; null when it was not.
        doctor: Doctor
    },
}

change_payload! {
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
    ) -> Result<Option<CreateDoctorPayload>> {
        let context = of(ctx);
        CreateDoctorPayload::of(ctx, doctor::create(&context.scope, &context.cluster, &*context.clock, input).await)
            .await
    }

    /// Changes a doctor. What is left out stays as it is.
    async fn update_doctor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateDoctorInput,
    ) -> Result<Option<UpdateDoctorPayload>> {
        let context = of(ctx);
        UpdateDoctorPayload::of(ctx, doctor::update(&context.scope, &context.cluster, input).await).await
    }
}
