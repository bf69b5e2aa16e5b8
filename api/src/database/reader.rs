use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use uuid::Uuid;

use crate::answer::AnswerBytes;
use crate::budget::Spending;
use crate::deed::{Deed, Disclosed};
use crate::error::{NOT_FRESH_ENOUGH, WRITE_LOST};

use super::choice::{Choice, Want};
use super::cluster::Inner;
use super::connection::{db_err, is_refusal};
use super::incarnation::Incarnation;
use super::lease::Lease;
use super::lineage::Demand;
use super::owed::Position;
use super::pool::Pool;
use super::tenant::Tenant;
use super::{Consistency, ConsistencyToken, Node};

/// How long connecting to one node, or waiting for one of its connections, may take while there are others.
const PER_NODE: Duration = Duration::from_secs(1);
/// How long to pause when every node has been tried.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a read waits for a replica to come as far as it wants, before it goes to the primary.
const SHORT_WAIT: Duration = Duration::from_millis(25);

/// The reads of one request. Every statement is one round trip on a held connection; statements of one request may run
/// side by side. A statement that loses its node is run on another, and so are those that follow it.
#[derive(Clone, Debug)]
pub struct Reader {
    cluster: Arc<Inner>,
    tenant: Tenant,
    /// Whether it is the server's own.
    is_own: bool,
    /// Whose own writes are shown.
    caller: Uuid,
    consistency: Consistency,
    token: Option<ConsistencyToken>,
    place: Arc<Mutex<Place>>,
    disclosed: Arc<Mutex<Vec<Disclosed>>>,
    asked: Arc<Mutex<Vec<Deed>>>,
    /// By whose request it is used, where it is used by a caller's.
    spending: Option<Arc<Spending>>,
    /// The answer that it reads for.
    answer: Option<Arc<AnswerBytes>>,
}

/// Where a request reads.
#[derive(Debug, Default)]
struct Place {
    node: Option<usize>,
    /// What the request has been shown: another node must have come as far.
    position: u64,
}

impl Reader {
    pub(super) fn new(
        cluster: Arc<Inner>,
        tenant: Tenant,
        caller: Uuid,
        consistency: Consistency,
        spending: Option<Arc<Spending>>,
    ) -> Self {
        let (place, disclosed, asked) = (Arc::default(), Arc::default(), Arc::default());
        let (is_own, token, answer) = (false, None, None);
        Self { cluster, tenant, is_own, caller, consistency, token, place, disclosed, asked, spending, answer }
    }

    /// Counts the bytes of the rows towards an answer, which bounds them.
    #[must_use]
    pub fn counted_by(self, answer: Arc<AnswerBytes>) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// Reads what the server wants to know again and again, whoever asks anything: on connections of its own, so that it
    /// changes none over that serves callers, and waits for none of them.
    #[must_use]
    pub fn own(self) -> Self {
        Self { is_own: true, ..self }
    }

    /// Shows besides what the token stands for, unless any node will do. See [`Cluster::admit`](super::Cluster::admit).
    #[must_use]
    pub fn after(self, token: ConsistencyToken) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The node that serves this request, as `host:port`, or `sqlite`; none before the first statement.
    #[must_use]
    pub fn served_by(&self) -> Option<&str> {
        self.place.lock().node.map(|number| self.cluster.nodes[number].address())
    }

    /// How far behind the primary that node was last seen; none when nobody knows.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        let number = self.place.lock().node?;
        let routing = self.cluster.routing.read();
        routing.lags.get(number).map_or(Some(Duration::ZERO), |lag| lag.map(|lag| lag.time))
    }

    /// Whether what is read has to be put on record.
    #[must_use]
    pub fn is_witnessed(&self) -> bool {
        self.cluster.witness.get().is_some()
    }

    /// Notes what was read, to be put on record before any of it is shown.
    pub fn disclose(&self, disclosed: Disclosed) {
        if self.is_witnessed() && !disclosed.subjects.is_empty() {
            self.disclosed.lock().push(disclosed);
        }
    }

    /// What was read and is not on record yet. Whoever takes it must put it there.
    #[must_use]
    pub fn take_disclosed(&self) -> Vec<Disclosed> {
        std::mem::take(&mut self.disclosed.lock())
    }

    /// Notes a question that an answer depends on, to be put on record before any of the answer leaves.
    pub fn ask(&self, deed: Deed) {
        if self.is_witnessed() {
            self.asked.lock().push(deed);
        }
    }

    /// The questions that are not on record yet. Whoever takes them must put them there.
    #[must_use]
    pub fn take_asked(&self) -> Vec<Deed> {
        std::mem::take(&mut self.asked.lock())
    }

    async fn query(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let deadline = Instant::now() + self.patience();
        let mut tried = Vec::new();
        let mut last = None;
        loop {
            let Some(choice) = self.find(&tried).await? else {
                if Instant::now() + PAUSE >= deadline {
                    return Err(last.unwrap_or_else(|| self.nowhere()));
                }
                tokio::time::sleep(PAUSE).await;
                tried.clear();
                continue;
            };
            match self.attempt(choice, statement, deadline).await {
                Err(error) if is_not_known(&error) && Instant::now() < deadline => tried.push(choice.number),
                Err(error) if is_the_nodes(&error) && Instant::now() < deadline => {
                    tried.push(choice.number);
                    last = Some(error);
                }
                result => return result,
            }
        }
    }

    /// Who wants more than some node's answer waits no longer than a write would.
    fn patience(&self) -> Duration {
        let settings = &self.cluster.settings;
        let longest = settings.pool.acquire_timeout;
        if self.is_particular() { settings.primary_timeout.min(longest) } else { longest }
    }

    fn is_particular(&self) -> bool {
        match self.consistency {
            Consistency::Strong => true,
            Consistency::Session => self.token.is_some() || self.cluster.owed.get(self.caller).is_some(),
            Consistency::Eventual => false,
        }
    }

    fn nowhere(&self) -> DbErr {
        if self.is_particular() && self.cluster.can_serve() {
            not_known()
        } else {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        }
    }

    /// What the request must be shown, having been shown `position`. None when no node that there is can show it yet.
    fn want(&self, position: u64) -> Result<Option<Want>, DbErr> {
        let only_primary = self.consistency == Consistency::Strong;
        let mut want = Want { place: Position { timeline: 0, position }, only_primary };
        if self.consistency == Consistency::Eventual || !self.cluster.is_probed {
            return Ok(Some(want));
        }
        let owed = self.cluster.owed.get_with_paid(self.caller).filter(|_| !only_primary);
        // Of what is owed it is not known where its commit lies, nor does it matter.
        let owed = owed.map(|place| (place, 0, true));
        for (place, floor, is_owed) in self.token.iter().map(|token| (token.place, token.floor, false)).chain(owed) {
            match self.cluster.demand(place, floor) {
                Demand::Reached(place) => {
                    want.place.timeline = want.place.timeline.max(place.timeline);
                    want.place.position = want.place.position.max(place.position);
                }
                Demand::Primary => want.only_primary = true,
                Demand::NotYet => return Ok(None),
                // Who brings no token cannot be told that it is one too many; what is owed is about to be settled.
                Demand::Lost if is_owed => want.only_primary = true,
                Demand::Lost => return Err(DbErr::Custom(WRITE_LOST.to_owned())),
            }
        }
        Ok(Some(want))
    }

    /// The request's node; another one when that has failed.
    fn choose(&self, tried: &[usize], may_wait: bool) -> Result<Option<Choice>, DbErr> {
        let mut place = self.place.lock();
        let Some(want) = self.want(place.position)? else { return Ok(None) };
        let primary = self.cluster.routing.read().primary;
        // A primary that was replaced may not know it yet.
        let still_serves = |number: &usize| !tried.contains(number) && (!want.only_primary || primary == Some(*number));
        let same = place.node.filter(still_serves);
        let same = same.and_then(|number| self.cluster.choice(number, &want));
        let choice = same.or_else(|| self.cluster.pick(tried, &want, may_wait));
        if let Some(choice) = choice {
            place.node = Some(choice.number);
        }
        Ok(choice)
    }

    /// The same, after a short wait where that may spare the primary.
    async fn find(&self, tried: &[usize]) -> Result<Option<Choice>, DbErr> {
        if let Some(choice) = self.choose(tried, true)? {
            return Ok(Some(choice));
        }
        let mut news = self.cluster.news.subscribe();
        let end = tokio::time::Instant::now() + SHORT_WAIT;
        loop {
            if let Some(choice) = self.choose(tried, true)? {
                return Ok(Some(choice));
            }
            self.cluster.hurry();
            if tokio::time::timeout_at(end, news.changed()).await.is_err() {
                return self.choose(tried, false);
            }
        }
    }

    async fn attempt(
        &self,
        Choice { number, incarnation }: Choice,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let node = &self.cluster.nodes[number];
        let remaining = deadline.saturating_duration_since(Instant::now());
        let patience = if self.cluster.has_other(number) { remaining.min(PER_NODE) } else { remaining };
        node.running.fetch_add(1, Ordering::Relaxed);
        let result = tokio::select! {
            biased;
            result = self.run(node, statement, incarnation, patience) => result,
            () = self.abandoned(number) => Err(lost()),
        };
        node.running.fetch_sub(1, Ordering::Relaxed);
        match &result {
            Ok(_) => {
                node.succeeded();
                let mut place = self.place.lock();
                place.position = place.position.max(node.place().position);
            }
            Err(error) if is_connection_failure(error) => node.failed(),
            Err(_) => {}
        }
        result
    }

    /// A connection that broke while it lay idle says nothing of its node: that is tried once more, on a new one.
    async fn run(
        &self,
        node: &Node,
        statement: &Statement,
        incarnation: Option<Incarnation>,
        patience: Duration,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let pool = if self.is_own { &node.own } else { &node.reads };
        let mut lease = self.lease(pool, incarnation, patience).await?;
        let was_idle = lease.was_idle;
        match lease.query_all(statement).await {
            Err(error) if was_idle && is_connection_failure(&error) => {
                drop(lease);
                pool.discard_idle();
                self.lease(pool, incarnation, patience).await?.query_all(statement).await
            }
            result => result,
        }
    }

    async fn lease(&self, pool: &Pool, incarnation: Option<Incarnation>, patience: Duration) -> Result<Lease, DbErr> {
        let lease = pool.acquire(patience, Some(self.tenant), self.spending.as_ref()).await?;
        let is_known = incarnation.is_none_or(|incarnation| lease.leads_to(&incarnation));
        if is_known { Ok(lease.counted_by(self.answer.clone())) } else { Err(not_known()) }
    }

    /// Waits until the node is found not to answer while another one could.
    async fn abandoned(&self, number: usize) {
        self.cluster.nodes[number].lost().await;
        while !self.cluster.has_other(number) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The error of a read that no node can be known to show enough for.
fn not_known() -> DbErr {
    DbErr::Custom(NOT_FRESH_ENOUGH.to_owned())
}

fn is_not_known(error: &DbErr) -> bool {
    matches!(error, DbErr::Custom(text) if text == NOT_FRESH_ENOUGH)
}

/// The error of a statement whose node was given up.
pub(super) fn lost() -> DbErr {
    db_err(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()))
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// The connection broke, or could not be made.
pub(super) fn is_connection_failure(error: &DbErr) -> bool {
    match (error, sqlx_error(error)) {
        (DbErr::ConnectionAcquire(_) | DbErr::Conn(_), _) => true,
        (_, Some(sqlx::Error::Io(error))) => error.kind() != std::io::ErrorKind::TimedOut,
        (_, Some(error)) => !is_refusal(error),
        (_, None) => false,
    }
}

/// Whether another node may answer what this one did not: its connection failed, a standby had to choose between the
/// statement and its replay (40001, 40P01), or it has not replayed a migration (42P01, 42703).
fn is_the_nodes(error: &DbErr) -> bool {
    let code = sqlx_error(error)
        .and_then(sqlx::Error::as_database_error)
        .and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    is_connection_failure(error)
        || code.is_some_and(|code| ["40001", "40P01", "42P01", "42703"].contains(&code.as_str()))
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.cluster.nodes[0].backend()
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("a reader only reads".to_owned()))
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("a reader only reads".to_owned()))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query(&statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.query(&statement).await
    }
}
