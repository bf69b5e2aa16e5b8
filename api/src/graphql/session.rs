use async_graphql::{Context, InputObject, Object, Result};
use uuid::Uuid;

use crate::auth::{ChangePasswordInput, Grant, LoginInput, OneTimeToken};
use crate::error::{Error, FaultCode, Unauthenticated};
use crate::records::user::UserKind;
use crate::scope::{Boundary, Permission, Permissions};

use super::context::of;
use super::doctor::Doctor;
use super::medical_institution::MedicalInstitution;
use super::object::{fields, object};
use super::payload::plain_payload;
use super::record::by_key;
use super::shown::Shown;

/// Told to a caller whom no cookie can be set for.
const NO_COOKIE: &str = "a cookie is for pages of this host, or of an origin of cors_origins, over https or on \
    localhost, that ask by POST for a single answer, where auth.refresh_cookie is on";

/// A permission: an action on a resource.
pub(super) struct Allowed {
    resource: &'static str,
    action: &'static str,
}

fields! {
    /// A permission: an action on a resource.
    Allowed {
        /// What is acted on, such as `PatientRegister`.
        fn resource(&self) -> Result<&str> {
            Ok(self.resource)
        }

        /// What is done with it, such as `read`.
        fn action(&self) -> Result<&str> {
            Ok(self.action)
        }
    }
}

object!(Allowed, "Permission".into());

/// A set of permissions as a list, always in the same order.
pub(super) fn listed(permissions: Permissions) -> Vec<Allowed> {
    let held = Permission::EVERY.into_iter().filter(|permission| permissions.contain(*permission));
    held.map(|permission| {
        let (resource, action) = permission.parts();
        Allowed { resource, action }
    })
    .collect()
}

/// Who asks, and what they may do.
pub(super) struct Viewer {
    user: Option<(entity::user::Model, bool)>,
}

/// Who asks, and what they may do.
#[Object]
impl Viewer {
    /// Key of the user; null for whoever is at the server's machine itself.
    async fn user_uuid(&self) -> Option<Uuid> {
        self.user.as_ref().map(|(user, _)| user.uuid)
    }

    /// What the user signs in by.
    async fn username(&self) -> Option<&str> {
        self.user.as_ref().map(|(user, _)| user.username.as_str())
    }

    /// What people call the user.
    async fn display_name(&self) -> Option<&str> {
        self.user.as_ref().and_then(|(user, _)| user.display_name.as_deref())
    }

    /// What the user is.
    async fn kind(&self) -> Option<UserKind> {
        self.user.as_ref().map(|(user, _)| user.kind.into())
    }

    /// Whether the user signs in with a second factor.
    async fn has_second_factor(&self) -> bool {
        self.user.as_ref().is_some_and(|(_, has)| *has)
    }

    /// Name of the role in which the caller acts.
    async fn role(&self, ctx: &Context<'_>) -> String {
        of(ctx).scope.role.to_string()
    }

    /// What the caller may do.
    async fn permissions(&self, ctx: &Context<'_>) -> Vec<Allowed> {
        listed(of(ctx).scope.permissions)
    }

    /// The only institution whose records the caller may touch; null for all.
    async fn institution(&self, ctx: &Context<'_>) -> Result<Option<Shown<MedicalInstitution>>> {
        let Boundary::One(key) = of(ctx).scope.boundary else { return Ok(None) };
        by_key(ctx, key.0).await
    }

    /// Key of the only patient whose record the caller may touch; null for all within the institution.
    async fn patient_uuid(&self, ctx: &Context<'_>) -> Option<Uuid> {
        of(ctx).scope.patient
    }

    /// The doctor that the user is.
    async fn doctor(&self, ctx: &Context<'_>) -> Result<Option<Shown<Doctor>>> {
        let Some(key) = self.user.as_ref().and_then(|(user, _)| user.doctor_id) else { return Ok(None) };
        by_key(ctx, key).await
    }
}

#[derive(Default)]
pub(super) struct SessionQuery;

#[Object]
impl SessionQuery {
    /// Who asks.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        let context = of(ctx);
        Ok(Some(Viewer { user: context.authority.viewer(&context.scope).await? }))
    }
}

/// A session to prolong.
#[derive(Clone, InputObject)]
pub(super) struct RefreshSessionInput {
    /// The refresh token that came last; left out by pages whose login set a cookie. It is good once. Repeated soon, as
    /// after a lost answer, it yields the same next token; repeated later, or after that one was used, it ends its session.
    refresh_token: Option<String>,
}

/// Whose sessions to end.
#[derive(Clone, Debug, InputObject)]
pub(super) struct LogoutEverywhereInput {
    /// Key of a user whom the caller manages; the caller when left out.
    user_uuid: Option<Uuid>,
}

/// Whom to let set a new password.
#[derive(Clone, Debug, InputObject)]
pub(super) struct CreateOneTimeTokenInput {
    /// Key of the user.
    user_uuid: Uuid,
}

plain_payload! {
    /// What became of signing in.
    LoginPayload {
        /// The session; null when there is none.
        session: Grant
    },
    /// What became of a session to prolong.
    RefreshSessionPayload {
        /// The session with its next tokens; null when there is none.
        session: Grant
    },
    /// What became of a session to end.
    LogoutPayload {
        /// How many sessions ended; null when nothing was done.
        ended_sessions: i32
    },
    /// What became of sessions to end.
    LogoutEverywherePayload {
        /// How many sessions ended; null when nothing was done.
        ended_sessions: i32
    },
    /// What became of a password to change.
    ChangePasswordPayload {
        /// Whether it was changed; null when it was not.
        changed: bool
    },
    /// What became of a token to make.
    CreateOneTimeTokenPayload {
        /// The token; null when none was made.
        one_time_token: OneTimeToken
    },
}

#[derive(Default)]
pub(super) struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Signs in. Wrong passwords and unknown users are answered alike, and too many of either lock a user name out.
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: LoginInput,
    ) -> Result<Option<LoginPayload>> {
        let context = of(ctx);
        context.attempt()?;
        let cookie = context.cookie.as_ref().filter(|_| input.cookie);
        if input.cookie && cookie.is_none() {
            return LoginPayload::of(Err(Error::rejected(FaultCode::InvalidState, &["input", "cookie"], NO_COOKIE)));
        }
        let session = context.authority.login(input, context.scope.request, context.scope.origin).await;
        LoginPayload::of(session.map(|session| match cookie {
            Some(cookie) => cookie.keep(session),
            None => session,
        }))
    }

    /// Exchanges a refresh token for new tokens: the one in the input, or else the one that a cookie holds, which then
    /// holds the next one.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: Option<RefreshSessionInput>,
    ) -> Result<Option<RefreshSessionPayload>> {
        let context = of(ctx);
        context.attempt()?;
        let (request, origin) = (context.scope.request, context.scope.origin);
        if let Some(token) = input.and_then(|input| input.refresh_token) {
            return RefreshSessionPayload::of(context.authority.refresh(&token, request, origin).await);
        }
        let held = context.cookie.as_ref().and_then(|cookie| Some((cookie, cookie.token()?)));
        let (cookie, token) = held.ok_or(Error::Unauthenticated(Unauthenticated::NoRefreshToken))?;
        let refreshed = context.authority.refresh(&token, request, origin).await;
        if matches!(refreshed, Err(Error::Unauthenticated(_))) {
            cookie.clear();
        }
        RefreshSessionPayload::of(refreshed.map(|session| cookie.keep(session)))
    }

    /// Ends the caller's session, on every server within seconds, and lets the browser forget the refresh token that a
    /// cookie holds.
    async fn logout(&self, ctx: &Context<'_>) -> Result<Option<LogoutPayload>> {
        let context = of(ctx);
        let ended = context.authority.logout(&context.scope).await;
        context.forget_cookie(&ended);
        LogoutPayload::of(ended.map(|()| 1))
    }

    /// Ends all sessions of the caller, or of a user whom the caller manages.
    async fn logout_everywhere(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: Option<LogoutEverywhereInput>,
    ) -> Result<Option<LogoutEverywherePayload>> {
        let context = of(ctx);
        let user = input.and_then(|input| input.user_uuid);
        let ended = context.authority.logout_everywhere(&context.scope, user).await;
        if user.is_none_or(|user| user == context.scope.actor.0) {
            context.forget_cookie(&ended);
        }
        LogoutEverywherePayload::of(ended.map(|ended| i32::try_from(ended).unwrap_or(i32::MAX)))
    }

    /// Sets a new password, and ends every other session of the caller.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: ChangePasswordInput,
    ) -> Result<Option<ChangePasswordPayload>> {
        let context = of(ctx);
        ChangePasswordPayload::of(context.authority.change_password(&context.scope, input).await.map(|()| true))
    }

    /// Makes a token with which a user signs in once and sets a new password. Earlier ones are good no longer.
    async fn create_one_time_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreateOneTimeTokenInput,
    ) -> Result<Option<CreateOneTimeTokenPayload>> {
        let context = of(ctx);
        CreateOneTimeTokenPayload::of(context.authority.one_time_token(&context.scope, input.user_uuid).await)
    }
}
