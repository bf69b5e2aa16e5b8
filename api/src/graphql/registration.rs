use async_graphql::{Context, Object, Result, SimpleObject};

use crate::records::registration::{self, RegisterPatientWithProfileInput};

use super::context::of;
use super::likely_duplicate::CreatePatientRegisterPayload;

/// What became of a patient to register with what belongs to them.
#[derive(SimpleObject)]
pub(super) struct RegisterPatientWithProfilePayload {
    #[graphql(flatten)]
    created: CreatePatientRegisterPayload,
}

#[derive(Default)]
pub(super) struct RegistrationMutation;

#[Object]
impl RegistrationMutation {
    /// Registers a patient together with profile, contacts, identifiers, conditions, medications and allergies: all of it,
    /// or nothing. Everything that is wrong with any of it is reported at once.
    async fn register_patient_with_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to register, and with what.")] input: RegisterPatientWithProfileInput,
    ) -> Result<Option<RegisterPatientWithProfilePayload>> {
        let context = of(ctx);
        let registered =
            Box::pin(registration::register(&context.scope, &context.cluster, &*context.clock, input)).await;
        let created = CreatePatientRegisterPayload::of(ctx, registered).await?;
        Ok(created.map(|created| RegisterPatientWithProfilePayload { created }))
    }
}
