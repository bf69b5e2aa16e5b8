use async_graphql::{Context, InputObject, Object, Result};
use uuid::Uuid;

use crate::auth::Enrolment;

use super::context::of;
use super::payload::plain_payload;

/// The code that the second factor shows now.
#[derive(Clone, InputObject)]
pub(super) struct ConfirmSecondFactorInput {
    /// 6 digits; spaces and hyphens are ignored.
    one_time_code: String,
}

/// What proves that it is the user who wants it.
#[derive(Clone, InputObject)]
pub(super) struct RemoveSecondFactorInput {
    /// The password.
    password: String,
}

/// Whose second factor is lost.
#[derive(Clone, Debug, InputObject)]
pub(super) struct ResetSecondFactorInput {
    /// Key of a user whom the caller manages.
    user_uuid: Uuid,
}

plain_payload! {
    /// What became of a second factor to set up.
    EnrolSecondFactorPayload {
        /// What the authenticator is set up with; null when nothing was done.
        enrolment: Enrolment
    },
    /// What became of a second factor to confirm.
    ConfirmSecondFactorPayload {
        /// Whether codes are asked for from now on; null when nothing was done.
        confirmed: bool
    },
    /// What became of a second factor to remove.
    RemoveSecondFactorPayload {
        /// Whether it was removed; null when nothing was done.
        removed: bool
    },
    /// What became of a second factor to take from somebody who has lost it.
    ResetSecondFactorPayload {
        /// Whether it was taken away; null when nothing was done.
        reset: bool
    },
}

#[derive(Default)]
pub(super) struct SecondFactorMutation;

#[Object]
impl SecondFactorMutation {
    /// Makes a secret for the caller's authenticator. No code is asked for before `confirmSecondFactor`.
    async fn enrol_second_factor(&self, ctx: &Context<'_>) -> Result<Option<EnrolSecondFactorPayload>> {
        let context = of(ctx);
        EnrolSecondFactorPayload::of(context.authority.enrol_second_factor(&context.scope).await)
    }

    /// From now on the caller signs in with a code as well.
    async fn confirm_second_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: ConfirmSecondFactorInput,
    ) -> Result<Option<ConfirmSecondFactorPayload>> {
        let context = of(ctx);
        let confirmed = context.authority.confirm_second_factor(&context.scope, &input.one_time_code).await;
        ConfirmSecondFactorPayload::of(confirmed.map(|()| true))
    }

    /// From now on the caller signs in with the password alone.
    async fn remove_second_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: RemoveSecondFactorInput,
    ) -> Result<Option<RemoveSecondFactorPayload>> {
        let context = of(ctx);
        let removed = context.authority.remove_second_factor(&context.scope, input.password).await;
        RemoveSecondFactorPayload::of(removed.map(|()| true))
    }

    /// Takes the second factor from a user whom the caller manages and who has lost it, and ends that user's sessions: they
    /// sign in with the password alone, and may set up another. Not for the caller's own.
    async fn reset_second_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: ResetSecondFactorInput,
    ) -> Result<Option<ResetSecondFactorPayload>> {
        let context = of(ctx);
        let reset = context.authority.reset_second_factor(&context.scope, input.user_uuid).await;
        ResetSecondFactorPayload::of(reset.map(|()| true))
    }
}
