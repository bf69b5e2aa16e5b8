use chrono::{Days, NaiveDate};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::database::Transaction;
use crate::error::Result;

/// Removes the whole months that are older than entries are kept, and remembers where each chain goes on.
pub(super) async fn prune(tx: &Transaction, retention_days: u32, today: NaiveDate) -> Result<()> {
    let backend = tx.get_database_backend();
    if backend == DbBackend::Postgres {
        let days = Value::from(i32::try_from(retention_days).unwrap_or(i32::MAX));
        let prune = Statement::from_sql_and_values(backend, "SELECT prune_audit_events($1)", [days]);
        let pruned: i32 = tx.query_one_raw(prune).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        if pruned > 0 {
            tracing::info!(audit.months = pruned, "old audit entries were pruned");
        }
        return Ok(());
    }
    let floor = Statement::from_string(backend, "SELECT floor_days FROM audit_retention");
    let floor: i32 = tx.query_one_raw(floor).await?.map_or(Ok(i32::MAX), |row| row.try_get_by_index(0))?;
    let days = retention_days.max(u32::try_from(floor).unwrap_or(u32::MAX));
    let Some(kept_from) = today.checked_sub_days(Days::new(days.into())) else { return Ok(()) };
    let before = kept_from.format("%Y-%m-01").to_string();
    for sql in [REMEMBER, "DELETE FROM audit_events WHERE occurred_at < $1"] {
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, [Value::from(before.as_str())])).await?;
    }
    Ok(())
}

const REMEMBER: &str = "\
    INSERT INTO audit_beginnings (instance, sequence, hash, occurred_at) \
    SELECT instance, max(sequence), hash, occurred_at FROM audit_events WHERE occurred_at < $1 GROUP BY instance \
    ON CONFLICT (instance) DO UPDATE \
        SET sequence = excluded.sequence, hash = excluded.hash, occurred_at = excluded.occurred_at \
        WHERE excluded.sequence > audit_beginnings.sequence";
