use std::time::Duration;

use chrono::Days;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock::{Clock, SharedClock};
use crate::database::Cluster;
use crate::deed::{Action, Deed, Outcome};
use crate::error::Result;
use crate::pruning_clock::{self, Doubt};
use crate::scope::Scope;

/// How often old changes are looked for.
const PERIOD: Duration = Duration::from_hours(1);
/// How soon that is tried again when it failed.
const PAUSE: Duration = Duration::from_secs(10);
/// Changes that one transaction removes at most.
const MOST: i32 = 5000;

/// Removes changes that are older than they are kept, until it is dropped. Servers of one database do not mind one another.
#[derive(Debug)]
pub struct Pruning {
    task: JoinHandle<()>,
}

impl Pruning {
    /// Begins now. Must be called within a runtime.
    #[must_use]
    pub fn start(cluster: Cluster, clock: SharedClock, retention_days: u32) -> Self {
        let task = tokio::spawn(async move {
            let (mut is_failing, mut is_doubtful) = (false, false);
            loop {
                let result = prune(&cluster, &*clock, retention_days).await;
                match &result {
                    Err(error) if !is_failing => tracing::warn!(%error, "old changes cannot be pruned now"),
                    Ok(Some(doubt)) if !is_doubtful => {
                        tracing::error!(%doubt, "the clock is in doubt: no change is pruned");
                    }
                    _ => {}
                }
                is_doubtful = matches!(result, Ok(Some(_)));
                is_failing = result.is_err();
                tokio::time::sleep(if is_failing { PAUSE } else { PERIOD }).await;
            }
        });
        Self { task }
    }
}

impl Drop for Pruning {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Removes old changes; returns the reason not to, if the clock is in doubt.
async fn prune(cluster: &Cluster, clock: &dyn Clock, retention_days: u32) -> Result<Option<Doubt>> {
    let scope = Scope::server(Uuid::new_v4());
    let mut all = 0;
    let doubt = loop {
        match prune_some(cluster, &scope, clock, retention_days).await? {
            Err(doubt) => break Some(doubt),
            Ok(pruned) => {
                all += pruned;
                // What is left of the oldest is young enough, or another server is at it.
                if pruned < MOST {
                    break None;
                }
            }
        }
    };
    if all > 0 {
        let deed = Deed::new(Action::Delete, "ChangeLog");
        let recorded = cluster.record(&scope, vec![(deed, Outcome::Succeeded)]).await;
        tracing::info!(changes = all, "old changes were pruned");
        recorded?;
    }
    Ok(doubt)
}

async fn prune_some(
    cluster: &Cluster,
    scope: &Scope,
    clock: &dyn Clock,
    retention_days: u32,
) -> Result<Result<i32, Doubt>> {
    let tx = cluster.write(scope).await?;
    if let Some(doubt) = pruning_clock::doubt(&tx, clock.now()).await? {
        tx.rollback().await?;
        return Ok(Err(doubt));
    }
    let backend = tx.get_database_backend();
    let number = |sql: &str, values: Vec<Value>| Statement::from_sql_and_values(backend, sql, values);
    let pruned = if backend == DbBackend::Postgres {
        let days = i32::try_from(retention_days).unwrap_or(i32::MAX);
        let row = tx.query_one_raw(number("SELECT prune_change_log($1, $2)", vec![days.into(), MOST.into()])).await?;
        row.map_or(Ok(0), |row| row.try_get_by_index(0))?
    } else {
        let kept_from = clock.now().checked_sub_days(Days::new(retention_days.max(1).into()));
        let done = tx.execute_raw(number(PRUNE, vec![MOST.into(), kept_from.into()])).await?;
        let pruned = i32::try_from(done.rows_affected()).unwrap_or(MOST);
        if pruned > 0 {
            tx.execute_raw(number(REMEMBER, Vec::new())).await?;
        }
        pruned
    };
    tx.commit().await?;
    Ok(Ok(pruned))
}

/// On SQLite numbers have no holes but for what was pruned.
const PRUNE: &str = "DELETE FROM change_log \
    WHERE sequence IN (SELECT sequence FROM change_log ORDER BY sequence LIMIT $1) AND occurred_at < $2";
const REMEMBER: &str = "UPDATE change_log_horizon SET sequence = coalesce((SELECT min(sequence) - 1 FROM change_log), \
    (SELECT seq FROM sqlite_sequence WHERE name = 'change_log'))";
