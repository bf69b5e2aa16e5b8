//! Trust in the clock by which old entries are removed: one that runs years ahead would remove all of them. The clock is
//! compared with the database's, and with the last instant at which it was found to be right, which the database keeps.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::database::Transaction;
use crate::error::{Error, Result};

/// How far the clock may have moved since it was last found to be right, forward or back. The database's own triggers, made
/// by the migration `pruning_clock`, know the same bound.
pub const MOST: TimeDelta = TimeDelta::days(31);
/// How far this machine's clock and the database's may be apart.
pub const APART: TimeDelta = TimeDelta::hours(1);

const LOOK_POSTGRES: &str = "SELECT trusted_at, clock_timestamp() FROM pruning_clock";
const LOOK_SQLITE: &str = "SELECT trusted_at, strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now') FROM pruning_clock";
const TRUST_POSTGRES: &str = "UPDATE pruning_clock SET trusted_at = clock_timestamp()";
const TRUST_SQLITE: &str = "UPDATE pruning_clock SET trusted_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')";

/// Reason not to remove anything by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It has moved too far.
    #[error(
        "the clock says {now}, but it was last found to be right at {trusted}, more than {days} days from there: set this machine's clock, or, if it is right, run `phr audit accept-clock`",
        now = shown(*.now), trusted = shown(*.trusted), days = MOST.num_days()
    )]
    Moved {
        /// The present instant, by the clock.
        now: DateTime<Utc>,
        /// When it was last found to be right.
        trusted: DateTime<Utc>,
    },
    /// It is not the database's.
    #[error(
        "this machine's clock says {own}, and the database's {database}: set the one that is wrong",
        own = shown(*.own), database = shown(*.database)
    )]
    Apart {
        /// This machine's.
        own: DateTime<Utc>,
        /// The database's.
        database: DateTime<Utc>,
    },
}

fn shown(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Compares the clocks; returns the reason not to remove anything by them, if there is one.
///
/// # Errors
/// As any read.
pub async fn doubt(connection: &impl ConnectionTrait, own: DateTime<Utc>) -> Result<Option<Doubt>> {
    let (trusted, database) = instants(connection).await?;
    let is_far = |one: DateTime<Utc>, other: DateTime<Utc>, bound: TimeDelta| (one - other).abs() > bound;
    Ok(if is_far(own, trusted, MOST) {
        Some(Doubt::Moved { now: own, trusted })
    } else if is_far(database, trusted, MOST) {
        Some(Doubt::Moved { now: database, trusted })
    } else if is_far(own, database, APART) {
        Some(Doubt::Apart { own, database })
    } else {
        None
    })
}

/// Returns the last instant at which the clock was found to be right, and the present instant by the database's clock.
async fn instants(connection: &impl ConnectionTrait) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
    let backend = connection.get_database_backend();
    let look = if backend == DbBackend::Sqlite { LOOK_SQLITE } else { LOOK_POSTGRES };
    let row = connection.query_one_raw(Statement::from_string(backend, look)).await?;
    let row = row.ok_or_else(|| Error::internal("the table pruning_clock has no row"))?;
    let instant = |at: usize| -> Result<DateTime<Utc>> {
        if backend == DbBackend::Sqlite {
            let text: String = row.try_get_by_index(at)?;
            return DateTime::parse_from_rfc3339(&text).map(|instant| instant.to_utc()).map_err(Error::internal);
        }
        Ok(row.try_get_by_index(at)?)
    };
    Ok((instant(0)?, instant(1)?))
}

/// Notes that the database's clock is right now.
///
/// # Errors
/// As any write.
pub async fn trust(tx: &Transaction) -> Result<()> {
    let sql = if tx.get_database_backend() == DbBackend::Sqlite { TRUST_SQLITE } else { TRUST_POSTGRES };
    tx.execute_unprepared(sql).await?;
    Ok(())
}
