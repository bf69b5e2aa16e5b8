use std::collections::HashSet;
use std::sync::Arc;

use crate::answer::{AnswerBytes, AnswerPool};
use crate::auth::Authority;
use crate::budget::Budget;
use crate::clock::SharedClock;
use crate::database::{Cluster, Consistency, ConsistencyToken, Reader};
use crate::deed::Disclosed;
use crate::error::{Error, Result};
use crate::rate::Meter;
use crate::records::changes::Feeds;
use crate::records::export::Exporter;
use crate::records::import::Importer;
use crate::scope::Scope;

use super::loaders::Loaders;
use super::refresh_cookie::RefreshCookie;
use super::response_stream::Moment;

/// What resolvers work with: who asks, and where to read and write. One for each request.
#[derive(Debug)]
pub struct Context {
    pub(super) scope: Scope,
    pub(super) authority: Authority,
    pub(super) cluster: Cluster,
    pub(super) clock: SharedClock,
    pub(super) reader: Reader,
    pub(super) loaders: Loaders,
    pub(super) known: Known,
    pub(super) meter: Option<Meter>,
    pub(super) budget: Option<Budget>,
    pub(super) sign_in_only: Option<u64>,
    pub(super) moment: Moment,
    pub(super) answer: Arc<AnswerBytes>,
    pub(super) cookie: Option<Arc<RefreshCookie>>,
    feeds: Option<Feeds>,
}

/// What the program knows of itself and resolvers tell.
#[derive(Clone, Debug)]
pub struct Known {
    /// The schema's migrations in this program, the oldest first.
    pub migrations: Arc<[String]>,
    /// Imports FHIR.
    pub fhir: Arc<dyn Importer>,
    /// Exports FHIR.
    pub fhir_export: Arc<dyn Exporter>,
}

impl Context {
    /// For one request, which reads as freshly as `consistency` says.
    #[must_use]
    pub fn new(
        scope: Scope,
        authority: Authority,
        cluster: Cluster,
        clock: SharedClock,
        known: Known,
        consistency: Consistency,
    ) -> Self {
        let cluster = cluster.on_behalf_of(&scope);
        let authority = authority.through(cluster.clone());
        let reader = cluster.read(&scope, consistency);
        let loaders = Loaders::new(scope.clone(), reader.clone());
        Self {
            scope,
            authority,
            cluster,
            clock,
            reader,
            loaders,
            known,
            meter: None,
            budget: None,
            sign_in_only: None,
            moment: Moment::Never,
            answer: Arc::new(AnswerPool::new(usize::MAX, usize::MAX).answer()),
            cookie: None,
            feeds: None,
        }
    }

    /// Reads what the token stands for, and later.
    #[must_use]
    pub fn after(self, token: ConsistencyToken) -> Self {
        let reader = self.reader.after(token);
        Self { loaders: Loaders::new(self.scope.clone(), reader.clone()), reader, ..self }
    }

    /// Subscriptions follow these.
    #[must_use]
    pub fn following(self, feeds: Feeds) -> Self {
        Self { feeds: Some(feeds), ..self }
    }

    /// What the request writes through.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The bytes of the answer, and those of the rows that are read for it, are counted by `answer`.
    #[must_use]
    pub fn answering(self, answer: Arc<AnswerBytes>) -> Self {
        let reader = self.reader.counted_by(Arc::clone(&answer));
        Self { loaders: Loaders::new(self.scope.clone(), reader.clone()), reader, answer, ..self }
    }

    /// What the request uses of the databases, and whom it discloses, is taken from `budget`.
    #[must_use]
    pub fn within(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Refresh tokens may be kept in this cookie.
    #[must_use]
    pub fn keeping(self, cookie: Option<Arc<RefreshCookie>>) -> Self {
        Self { cookie, ..self }
    }

    /// What the request costs is taken from `meter`.
    #[must_use]
    pub fn metered(self, meter: Meter) -> Self {
        Self { meter: Some(meter), ..self }
    }

    /// Refuses whatever is no request to sign in, for so many seconds to come, where any are given.
    #[must_use]
    pub fn for_sign_in(self, seconds: Option<u64>) -> Self {
        Self { sign_in_only: seconds, ..self }
    }
}

impl Context {
    /// Lets the browser forget a refresh token whose session has ended.
    pub(super) fn forget_cookie<T>(&self, ended: &Result<T>) {
        if let Some(cookie) = self.cookie.as_ref().filter(|cookie| ended.is_ok() && cookie.token().is_some()) {
            cookie.clear();
        }
    }

    /// Takes one attempt to sign in from who asks.
    pub(super) fn attempt(&self) -> Result<()> {
        self.meter.as_ref().map_or(Ok(()), Meter::attempt)
    }

    /// Takes the patients that are disclosed from the caller's budget, each once.
    pub(super) fn charge(&self, disclosed: &[Disclosed]) {
        if let Some(budget) = &self.budget {
            let subjects = disclosed.iter().flat_map(|one| &one.subjects);
            let patients: HashSet<_> = subjects.filter_map(|subject| subject.patient).collect();
            budget.disclose(patients.len());
        }
    }

    /// What can be followed.
    pub(super) fn feeds(&self) -> Result<&Feeds> {
        self.feeds.as_ref().ok_or_else(|| Error::internal("nothing can be followed here"))
    }

    /// For a subscription's resolver.
    pub(super) fn at(self, moment: Moment) -> Self {
        Self { moment, ..self }
    }

    /// From now on reads from the primary: a mutation shows what it has just written, whatever its caller's debt.
    pub(super) fn read_from_primary(&mut self) {
        if let Some(spending) = self.cluster.spending() {
            spending.bind();
        }
        self.reader = self.cluster.read(&self.scope, Consistency::Strong).counted_by(Arc::clone(&self.answer));
        self.loaders = Loaders::forgetful(self.scope.clone(), self.reader.clone());
    }
}

/// The request's context, which the engine puts into every request.
pub(super) fn of<'a>(ctx: &async_graphql::Context<'a>) -> &'a Context {
    ctx.data_unchecked::<Arc<Context>>()
}
