use async_graphql::{ComplexObject, Context, Object, Result, SelectionField, SimpleObject};
use entity::patient_register::Entity;
use uuid::Uuid;

use crate::records::patient_register::{Likeness, MatchGrade, MatchReason, likely_duplicates};
use crate::records::{Loaded, Row};

use super::context::of;
use super::patient_register::PatientRegister;
use super::payload::{UserError, outcome};
use super::record::{columns, in_payload};
use super::shown::{Shown, show};

/// A register that may be the same patient's as another.
pub(super) struct LikelyDuplicate {
    register: Shown<PatientRegister>,
    likeness: Likeness,
}

/// A register that may be the same patient's as another.
#[Object]
impl LikelyDuplicate {
    /// The register.
    async fn patient_register(&self) -> &Shown<PatientRegister> {
        &self.register
    }

    /// How alike the two are: from 55 to 100.
    async fn score(&self) -> u8 {
        self.likeness.score
    }

    /// How sure it is that they are the same patient's.
    async fn grade(&self) -> MatchGrade {
        self.likeness.grade()
    }

    /// In what they agree.
    async fn reasons(&self) -> &[MatchReason] {
        &self.likeness.reasons
    }
}

/// The registers that may be the same patient's as this one, as the current field selects them.
async fn duplicates(ctx: &Context<'_>, uuid: Uuid) -> Result<Vec<LikelyDuplicate>> {
    let context = of(ctx);
    let registers: Vec<_> = ctx.field().selection_set().filter(|field| field.name() == "patientRegister").collect();
    let fields: Vec<_> = registers.iter().flat_map(SelectionField::selection_set).collect();
    let columns = columns::<PatientRegister>(&fields);
    let found = Box::pin(likely_duplicates(&context.scope, &context.reader, uuid, &columns)).await?;
    let (rows, likenesses): (Vec<_>, Vec<_>) = found.into_iter().map(|one| (one.row, one.likeness)).unzip();
    let pairs = show(context, &fields, rows).await.into_iter().zip(likenesses);
    Ok(pairs.map(|(register, likeness)| LikelyDuplicate { register, likeness }).collect())
}

#[derive(Default)]
pub(super) struct LikelyDuplicateQuery;

#[Object]
impl LikelyDuplicateQuery {
    /// The registers that may be the same patient's as this one, 20 at most, the likest first. Registers beyond what the
    /// caller may see count for nothing.
    async fn likely_duplicates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Key of the register that others are compared with.")] of: Uuid,
    ) -> Result<Option<Vec<LikelyDuplicate>>> {
        duplicates(ctx, of).await.map(Some)
    }
}

/// What became of a patient to register.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(super) struct CreatePatientRegisterPayload {
    /// The register as created; null when it was not.
    patient_register: Option<Shown<PatientRegister>>,
    /// The rules of the domain that the input breaks; empty when the change was made.
    user_errors: Vec<UserError>,
    #[graphql(skip)]
    created: Option<Uuid>,
}

impl CreatePatientRegisterPayload {
    pub(super) async fn of(ctx: &Context<'_>, result: crate::error::Result<Row<Entity>>) -> Result<Option<Self>> {
        let (row, user_errors) = outcome(result)?;
        let created = row.as_ref().map(|row| row.uuid.loaded().copied()).transpose()?;
        let patient_register = in_payload(ctx, "patient_register", row.into_iter().collect()).await.pop();
        Ok(Some(Self { patient_register, user_errors, created }))
    }
}

#[ComplexObject]
impl CreatePatientRegisterPayload {
    /// Registers that may be the same patient's, 20 at most, the likest first: see the query `likelyDuplicates`. The patient
    /// was registered all the same.
    async fn likely_duplicates(&self, ctx: &Context<'_>) -> Result<Option<Vec<LikelyDuplicate>>> {
        let Some(created) = self.created else { return Ok(Some(Vec::new())) };
        duplicates(ctx, created).await.map(Some)
    }
}
