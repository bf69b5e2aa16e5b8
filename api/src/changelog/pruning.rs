use std::time::Duration;

use chrono::Days;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock::{Clock, SharedClock};
use crate::database::Cluster;
use crate::error::Result;
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
            let mut is_failing = false;
            loop {
                let result = prune(&cluster, &*clock, retention_days).await;
                if let (Err(error), false) = (&result, is_failing) {
                    tracing::warn!(%error, "old changes cannot be pruned now");
                }
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

async fn prune(cluster: &Cluster, clock: &dyn Clock, retention_days: u32) -> Result<()> {
    let mut all = 0;
    loop {
        let pruned = prune_some(cluster, clock, retention_days).await?;
        all += pruned;
        // What is left of the oldest is young enough, or another server is at it.
        if pruned < MOST {
            break;
        }
    }
    if all > 0 {
        tracing::info!(changes = all, "old changes were pruned");
    }
    Ok(())
}

async fn prune_some(cluster: &Cluster, clock: &dyn Clock, retention_days: u32) -> Result<i32> {
    let tx = cluster.write(&Scope::server(Uuid::new_v4())).await?;
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
    Ok(pruned)
}

/// On SQLite numbers have no holes but for what was pruned.
const PRUNE: &str = "DELETE FROM change_log \
    WHERE sequence IN (SELECT sequence FROM change_log ORDER BY sequence LIMIT $1) AND occurred_at < $2";
const REMEMBER: &str = "UPDATE change_log_horizon SET sequence = coalesce((SELECT min(sequence) - 1 FROM change_log), \
    (SELECT seq FROM sqlite_sequence WHERE name = 'change_log'))";
