use async_graphql::{Context, Object, Result};
use uuid::Uuid;

use crate::records::patient_register::{LikelyDuplicate, MatchGrade, MatchReason, likely_duplicates};

use super::context::of;
use super::patient_register::PatientRegister;
use super::record;

/// A register that may be the same patient's as another.
pub(super) struct Duplicate(LikelyDuplicate);

/// A register that may be the same patient's as another.
#[Object(name = "LikelyDuplicate")]
impl Duplicate {
    /// The register.
    async fn patient_register(&self) -> PatientRegister {
        PatientRegister::from(self.0.row.clone())
    }

    /// How alike the two are: from 55 to 100.
    async fn score(&self) -> u8 {
        self.0.likeness.score
    }

    /// How sure it is that they are the same patient's.
    async fn grade(&self) -> MatchGrade {
        self.0.likeness.grade()
    }

    /// In what they agree.
    async fn reasons(&self) -> &[MatchReason] {
        &self.0.likeness.reasons
    }
}

/// The registers that may be the same patient's as this one, as the current field selects them.
pub(super) async fn duplicates(ctx: &Context<'_>, uuid: Uuid) -> Result<Vec<Duplicate>> {
    let context = of(ctx);
    let mut columns = Vec::new();
    for field in ctx.field().selection_set().filter(|field| field.name() == "patientRegister") {
        columns.extend(record::columns::<PatientRegister>(field.selection_set()));
    }
    let found = likely_duplicates(&context.scope, &context.reader, uuid, &columns).await?;
    Ok(found.into_iter().map(Duplicate).collect())
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
    ) -> Result<Vec<Duplicate>> {
        duplicates(ctx, of).await
    }
}
