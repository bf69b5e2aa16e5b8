use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::AnswerBytes;
use crate::budget::{Ended, Permit, Spending};
use crate::error::{Error, OVER_BUDGET, TOO_MANY_ROWS, USED_UP};
use sea_orm::{DbErr, ExecResult, QueryResult, Statement};

use super::connection::{Connection, db_err, is_refusal};
use super::incarnation::Incarnation;
use super::pool::Pool;
use super::tenant::Tenant;

/// The server ends a statement by itself; only when it does not answer at all does the client give up, this much later.
const GRACE: Duration = Duration::from_secs(1);

/// A connection on loan from its pool.
///
/// From the moment a statement is sent until its answer is complete, and for all of a transaction, the connection's
/// state is in doubt. One that is dropped in that state (the caller was cancelled, or the answer never came) is closed,
/// never reused: neither an open transaction nor a setting can leak into another request.
#[derive(Debug)]
pub(super) struct Lease {
    connection: Option<Connection>,
    pub(super) was_idle: bool,
    doubt: Doubt,
    in_transaction: bool,
    /// Whose rows every statement sees; none where none sees any, or its transaction says whose.
    tenant: Option<Tenant>,
    pool: Pool,
    /// Until it is dropped.
    permit: Option<Permit>,
    /// By whose request it is used; none where by the server itself.
    spending: Option<Arc<Spending>>,
    /// The answer that its rows are read for; none where they are bounded by what reads them.
    answer: Option<Arc<AnswerBytes>>,
}

/// What is not known of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// Nothing: its last statement was answered.
    None,
    /// Whether its statement is still running.
    Running,
    /// Whether its transaction was committed. What is being committed is never cancelled: a primary that waits for its
    /// replica would acknowledge what the replica does not have.
    Committing,
    /// Whether anybody is at its other end.
    Broken,
}

impl Lease {
    pub(super) fn new(
        connection: Connection,
        was_idle: bool,
        tenant: Option<Tenant>,
        pool: Pool,
        mut permit: Permit,
        spending: Option<Arc<Spending>>,
    ) -> Self {
        permit.begin();
        let (connection, permit) = (Some(connection), Some(permit));
        let (doubt, in_transaction, answer) = (Doubt::None, false, None);
        Self { connection, was_idle, doubt, in_transaction, tenant, pool, permit, spending, answer }
    }

    /// The same, whose rows count towards an answer.
    pub(super) fn counted_by(mut self, answer: Option<Arc<AnswerBytes>>) -> Self {
        self.answer = answer;
        self
    }

    /// Reads a statement's rows, as long as its answer may hold more: then the statement is ended.
    pub(super) async fn query_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let answer = self.answer.clone();
        let count = |bytes| answer.as_ref().map_or(Ok(()), |answer| answer.take_rows(bytes));
        match self.run(Doubt::Running, async |connection| connection.query_all(statement, &count).await).await? {
            Ok(rows) => Ok(rows),
            Err(refused) => {
                self.doubt = Doubt::Running;
                Err(why_refused(&refused, answer.as_deref()))
            }
        }
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(Doubt::Running, async |connection| connection.execute(statement).await).await
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), DbErr> {
        self.run(Doubt::Running, async |connection| connection.batch(sql).await).await
    }

    /// Commits, by several statements without values in one round trip; the two numbers in each row that comes of them.
    pub(super) async fn commit(&mut self, sql: &str) -> Result<Vec<(i64, i64)>, DbErr> {
        self.run(Doubt::Committing, async |connection| connection.batch_numbers(sql).await).await
    }

    /// Whether it leads to this incarnation of its node.
    pub(super) fn leads_to(&self, incarnation: &Incarnation) -> bool {
        let birth = self.connection.as_ref().and_then(|connection| connection.birth.as_ref());
        birth.is_none_or(|birth| incarnation.answers(birth))
    }

    /// From here until [`Self::leave_transaction`] the connection goes back to the pool only by leaving.
    pub(super) const fn enter_transaction(&mut self) {
        self.in_transaction = true;
    }

    pub(super) const fn leave_transaction(&mut self) {
        self.in_transaction = false;
    }

    async fn run<T>(
        &mut self,
        doubt: Doubt,
        work: impl AsyncFnOnce(&mut Connection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DbErr> {
        let limit = self.pool.limits().query_timeout + GRACE;
        let Some(connection) = self.connection.as_mut() else {
            return Err(DbErr::Custom("a lease was used after its connection was given back".to_owned()));
        };
        let spending = self.spending.as_ref().filter(|_| doubt == Doubt::Running);
        if let Some(spending) = spending {
            spending.check(Instant::now()).map_err(why_ended)?;
        }
        let tenant = self.tenant;
        self.doubt = doubt;
        let serve_and_work = async {
            if let Some(tenant) = tenant {
                connection.serve(tenant).await?;
            }
            work(connection).await
        };
        // What is being committed is carried to its end, whatever it takes.
        let ended = match spending.zip(self.permit.as_mut()) {
            Some((spending, permit)) => spending.run(limit, permit, serve_and_work).await,
            None => tokio::time::timeout(limit, serve_and_work).await.map_err(|_| Ended::Late),
        };
        let result = ended.map_err(why_ended)?;
        self.doubt = if result.as_ref().is_err_and(|error| !is_refusal(error)) { Doubt::Broken } else { Doubt::None };
        result.map_err(db_err)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(connection), Some(permit)) = (self.connection.take(), self.permit.take()) else { return };
        match self.doubt {
            Doubt::None if !self.in_transaction => self.pool.give_back(connection, Instant::now()),
            Doubt::Running => self.pool.cancel(connection, permit),
            // Closing the connection takes back what was not committed.
            Doubt::None | Doubt::Committing | Doubt::Broken => {}
        }
    }
}

/// The error of a statement that was ended before its end.
pub(super) fn why_ended(ended: Ended) -> DbErr {
    match ended {
        Ended::Late => db_err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())),
        Ended::UsedUp(longest) => DbErr::Custom(format!("{USED_UP}{}", longest.as_secs())),
        Ended::OverBudget(refusal) => DbErr::Custom(format!("{OVER_BUDGET}{}", refusal.seconds)),
    }
}

/// The error of a statement whose rows were too many for the answer.
fn why_refused(refused: &Error, answer: Option<&AnswerBytes>) -> DbErr {
    DbErr::Custom(match refused {
        Error::RateLimited { seconds } => format!("{OVER_BUDGET}{seconds}"),
        _ => format!("{TOO_MANY_ROWS}{}", answer.map_or(0, AnswerBytes::longest)),
    })
}
