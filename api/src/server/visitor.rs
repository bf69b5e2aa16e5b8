use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use uuid::Uuid;

use crate::database::{Consistency, ConsistencyToken};
use crate::error::{Error, Result, Unauthenticated};
use crate::graphql::Context;
use crate::scope::Scope;

use super::Service;
use super::call::bearer_token;
use super::consistency::Wish;

/// How often it is looked whether a visitor's token is still good while nothing is told. Together with how often it is
/// read who may do what that is within the promised 5 s.
pub(super) const CHECK_EVERY: Duration = Duration::from_secs(3);

/// Who opened a stream that goes on, for as long as their token is good.
pub(super) struct Visitor {
    pub(super) service: Arc<Service>,
    token: Option<Box<str>>,
    origin: Option<IpAddr>,
    consistency: Consistency,
    after: Option<ConsistencyToken>,
    /// What they might do when they came.
    rights: Scope,
}

/// Why nobody was let in.
pub(super) enum Refusal {
    /// There is a token, and it is not good, for this reason.
    Token(Unauthenticated),
    /// It is not known yet whose tokens are good.
    Unread,
    /// They have asked too often.
    TooMany(Error),
    /// What reads should show.
    Wish(Error),
}

impl Visitor {
    /// Lets somebody in, by the headers that a request came with. Without a token they are nobody.
    pub(super) async fn admit(
        service: &Arc<Service>,
        headers: &HeaderMap,
        origin: Option<IpAddr>,
    ) -> Result<Self, Refusal> {
        let wish = Wish::of(headers, false).map_err(Refusal::Wish)?;
        let token = bearer_token(headers).map(Box::from);
        let rights = Scope { origin, ..Scope::nobody(Uuid::nil()) };
        let (service, consistency) = (Arc::clone(service), wish.consistency);
        let mut visitor = Self { service, token, origin, consistency, after: None, rights };
        let known = visitor.known(Uuid::nil()).await;
        let Service { authority, cluster, .. } = &*visitor.service;
        if let Err(why) = known
            && headers.contains_key(AUTHORIZATION)
        {
            return Err(if authority.has_read() { visitor.refused(Refusal::Token(why)) } else { Refusal::Unread });
        }
        let after = wish.token(authority, cluster).await;
        visitor.rights = known.unwrap_or(visitor.rights);
        visitor.after = after.map_err(|error| visitor.refused(Refusal::Wish(error)))?;
        Ok(visitor)
    }

    /// Who is let in is metered by what they go on to ask; who is refused has made a request all the same.
    fn refused(&self, why: Refusal) -> Refusal {
        self.service.rates.meter(&self.rights).ask(1).map_or_else(Refusal::TooMany, |()| why)
    }

    async fn known(&self, request: Uuid) -> Result<Scope, Unauthenticated> {
        let token = self.token.as_deref().ok_or(Unauthenticated::NoSession)?;
        self.service.authority.authenticate(token, request, self.origin).await
    }

    /// What they may do now, in another request.
    ///
    /// # Errors
    /// Why they must go.
    pub(super) async fn scope(&self) -> Result<Scope, Unauthenticated> {
        self.scope_in(Uuid::new_v4()).await
    }

    /// The same, in a request of this id.
    ///
    /// # Errors
    /// Why they must go.
    pub(super) async fn scope_in(&self, request: Uuid) -> Result<Scope, Unauthenticated> {
        if self.rights.is_nobody() {
            return Ok(Scope { request, ..self.rights.clone() });
        }
        let scope = self.known(request).await?;
        let own = &self.rights;
        let is_same = (scope.actor, scope.session, scope.boundary, scope.patient, scope.grant, scope.permissions)
            == (own.actor, own.session, own.boundary, own.patient, own.grant, own.permissions);
        if is_same && scope.role == own.role { Ok(scope) } else { Err(Unauthenticated::RightsChanged) }
    }

    /// What one of their requests is resolved with.
    pub(super) fn context(&self, scope: Scope) -> Context {
        let meter = self.service.rates.meter(&scope);
        let feeds = self.service.feeds.clone().charged_to(self.service.budgets.of(&scope));
        let context = self.service.context(scope, self.consistency).metered(meter).following(feeds);
        if let Some(token) = self.after { context.after(token) } else { context }
    }

    /// What one event is resolved with: as it stands on the primary, where it happened.
    pub(super) fn event_context(&self, scope: Scope) -> Context {
        self.service.context(scope, Consistency::Strong)
    }
}
