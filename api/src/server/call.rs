use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::answer::AnswerBytes;
use crate::clock::SharedClock;
use crate::database::{Cluster, Consistency, ConsistencyToken};
use crate::error::{Error, Unauthenticated};
use crate::graphql::{Answer, Context, Method, RefreshCookie, Request};
use crate::guards;
use crate::rate::Meter;
use crate::scope::Scope;

use super::Service;
use super::consistency::Wish;

/// The token that a caller brings. Of two, others on the way may have looked at the other.
pub(super) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let header = given.next().filter(|_| given.next().is_none()).and_then(|header| header.to_str().ok())?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Who asks. A token that is not good is as good as none: signing in anew must not want the old one to be thrown away.
pub(super) async fn caller(service: &Service, headers: &HeaderMap, origin: Option<IpAddr>, id: Uuid) -> Scope {
    if guards::are_off() {
        return Scope::local_operator(id);
    }
    let known = match bearer_token(headers) {
        Some(token) => service.authority.authenticate(token, id, origin).await,
        None => Err(Unauthenticated::NoSession),
    };
    known.unwrap_or_else(|unauthenticated| Scope { origin, unauthenticated, ..Scope::nobody(id) })
}

impl Service {
    /// What one request is resolved with.
    pub(super) fn context(&self, scope: Scope, consistency: Consistency) -> Context {
        let budget = self.budgets.of(&scope);
        let (authority, cluster) = (self.authority.clone(), self.cluster.clone().charged_to(budget.spending()));
        let (clock, known) = (SharedClock::clone(&self.clock), self.known.clone());
        let answer = Arc::new(self.answers.answer());
        Context::new(scope, authority, cluster, clock, known, consistency).within(budget).answering(answer)
    }
}

/// Why there is no answer in time to who writes through these. What was sent to be committed is carried to its end all the
/// same.
pub(super) fn out_of_time(clusters: &[Cluster]) -> Error {
    if clusters.iter().any(Cluster::has_begun_to_commit) {
        return Error::OutcomeUnknown("the request's time was up".into());
    }
    Error::Timeout
}

/// Requests that came together.
pub(super) struct Call<'s> {
    pub(super) service: &'s Service,
    pub(super) wish: &'s Wish,
    /// What its reads must show.
    pub(super) after: Option<ConsistencyToken>,
    pub(super) caller: Scope,
    pub(super) meter: Meter,
    /// What the answers hold together.
    pub(super) bytes: Arc<AnswerBytes>,
    /// In how many seconds the caller may ask for anything but to sign in, where that is over for now.
    pub(super) sign_in_only: Option<u64>,
    /// The cookie that its requests share, for a page that may have one.
    pub(super) cookie: Option<Arc<RefreshCookie>>,
    /// What its requests write through.
    pub(super) clusters: Mutex<Vec<Cluster>>,
}

impl Call<'_> {
    /// Why there is no answer.
    pub(super) fn out_of_time(&self) -> Error {
        let clusters = self.clusters.lock();
        for token in clusters.iter().filter_map(Cluster::written) {
            self.wish.note(self.service.authority.seal(token).as_ref());
        }
        out_of_time(&clusters)
    }

    /// One request of a batch, whose answers have so many bytes already. What would be too long for it is not begun.
    pub(super) async fn answer_in_batch(&self, request: Request<'_>, written: usize) -> String {
        let refused = |error| Answer::refused(error, self.caller.request).encode();
        if let Err(error) = self.bytes.check().and_then(|()| self.bytes.fits(written)) {
            return refused(error);
        }
        let text = self.execute(request, Method::Post).await.encode();
        self.bytes.fits(written + text.len()).map_or_else(refused, |()| text)
    }

    /// Why there is no answer after a panic.
    pub(super) fn panicked(&self) -> Error {
        match self.out_of_time() {
            error @ Error::OutcomeUnknown(_) => error,
            _ => Error::internal("a resolver panicked"),
        }
    }

    pub(super) async fn execute(&self, request: Request<'_>, method: Method) -> Answer {
        let context = self.service.context(self.caller.clone(), self.wish.consistency).metered(self.meter.clone());
        let context = context.answering(Arc::clone(&self.bytes));
        let context = if let Some(token) = self.after { context.after(token) } else { context };
        let context = context.for_sign_in(self.sign_in_only).keeping(self.cookie.clone());
        self.clusters.lock().push(context.cluster().clone());
        // Large, and moved by every layer of the router if it stood in their futures.
        let answer = Box::pin(self.service.engine.execute(request, method, context)).await;
        self.bytes.release_rows();
        self.wish.note(answer.token.as_ref());
        answer
    }
}
