use chrono::{Days, NaiveDate};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::database::Transaction;
use crate::error::Result;

/// Amount of pruned entries, as each database counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pruned {
    /// On PostgreSQL, whose months go whole.
    months: u64,
    /// On SQLite.
    entries: u64,
}

impl Pruned {
    pub(super) fn log(self) {
        match self {
            Self { months: 0, entries: 0 } => {}
            Self { months: 0, entries } => tracing::info!(audit.entries = entries, "old audit entries were pruned"),
            Self { months, .. } => tracing::info!(audit.months = months, "old audit entries were pruned"),
        }
    }
}

/// Removes the whole months that are older than entries are kept, and remembers where each chain goes on.
pub(super) async fn prune(tx: &Transaction, retention_days: u32, today: NaiveDate) -> Result<Pruned> {
    let backend = tx.get_database_backend();
    if backend == DbBackend::Postgres {
        let days = Value::from(i32::try_from(retention_days).unwrap_or(i32::MAX));
        let prune = Statement::from_sql_and_values(backend, "SELECT prune_audit_events($1)", [days]);
        let pruned: i32 = tx.query_one_raw(prune).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        return Ok(Pruned { months: u64::try_from(pruned).unwrap_or(0), entries: 0 });
    }
    let floor = Statement::from_string(backend, "SELECT floor_days FROM audit_retention");
    let floor: i32 = tx.query_one_raw(floor).await?.map_or(Ok(i32::MAX), |row| row.try_get_by_index(0))?;
    let days = retention_days.max(u32::try_from(floor).unwrap_or(u32::MAX));
    let Some(kept_from) = today.checked_sub_days(Days::new(days.into())) else { return Ok(Pruned::default()) };
    let before = kept_from.format("%Y-%m-01").to_string();
    let mut pruned = Pruned::default();
    for sql in [REMEMBER, "DELETE FROM audit_events WHERE occurred_at < $1"] {
        let statement = Statement::from_sql_and_values(backend, sql, [Value::from(before.as_str())]);
        pruned.entries = tx.execute_raw(statement).await?.rows_affected();
    }
    Ok(pruned)
}

const REMEMBER: &str = "\
    INSERT INTO audit_beginnings (instance, sequence, hash, occurred_at) \
    SELECT instance, max(sequence), hash, occurred_at FROM audit_events WHERE occurred_at < $1 GROUP BY instance \
    ON CONFLICT (instance) DO UPDATE \
        SET sequence = excluded.sequence, hash = excluded.hash, occurred_at = excluded.occurred_at \
        WHERE excluded.sequence > audit_beginnings.sequence";
