use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, Row};

use super::Node;
use super::cluster::Inner;
use super::observation::{Observation, Role};

/// A node that does not answer within this time is not used, and what runs on it is abandoned.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// How often a node is asked which migrations it has.
const SCHEMA_PERIOD: Duration = Duration::from_secs(5);
/// How soon a node is asked again at the earliest, however many wait for it.
const SHORTEST_PERIOD: Duration = Duration::from_millis(5);

/// On a primary, the timeline is that of the log file written now: the control file can still name the old one after a
/// promotion. A standby tells which timeline it receives, as long as it receives; from its control file it can be behind.
/// Whether it is a standby is asked twice: one that is promoted in between tells half of each.
const LOOK: &str = "SELECT pg_is_in_recovery() AS standby, \
    (SELECT system_identifier::text FROM pg_control_system()) AS system, \
    pg_postmaster_start_time() AS started, \
    CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS primary_timeline, \
    (SELECT received_tli FROM pg_stat_wal_receiver LIMIT 1) AS received_timeline, \
    (SELECT greatest(c.timeline_id, r.min_recovery_end_timeline) FROM pg_control_checkpoint() c, pg_control_recovery() r) \
        AS recorded_timeline, \
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::int8 AS position, \
    (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::int8 AS replayed, \
    pg_is_in_recovery() AS still_standby";

/// Asks one node what it is, again and again, on a connection of its own, for as long as the cluster is in use.
pub(super) async fn watch(cluster: Weak<Inner>, number: usize, period: Duration) {
    let mut prober = Prober::default();
    loop {
        let Some(inner) = cluster.upgrade() else { return };
        let node = Arc::clone(&inner.nodes[number]);
        let started = Instant::now();
        let answer = match tokio::time::timeout(PATIENCE, prober.look(&node, &inner.settings.migrations)).await {
            Ok(Ok(observation)) => Ok(observation),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err(format!("no answer within {} ms", PATIENCE.as_millis())),
        };
        if answer.is_err() {
            prober = Prober::default();
        }
        node.saw(answer, started);
        inner.reroute();
        drop(inner);
        tokio::time::sleep(SHORTEST_PERIOD).await;
        tokio::time::timeout(jittered(period), node.hurry.notified()).await.ok();
    }
}

/// Between four fifths and six fifths of a period, so that many servers do not ask in step.
fn jittered(period: Duration) -> Duration {
    let random = uuid::Uuid::new_v4().as_bytes()[0];
    period.mul_f64(0.8 + 0.4 * f64::from(random) / 255.0)
}

/// For people. Connection errors of the driver hold no password.
pub(super) fn describe(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

#[derive(Default)]
struct Prober {
    /// The connection, and when it was made.
    connection: Option<(PgConnection, Instant)>,
    /// What a standby received when it last received anything, in this incarnation.
    received: Option<(chrono::DateTime<chrono::Utc>, u32)>,
    /// When the node was last found to have every migration.
    complete: Option<Instant>,
}

impl Prober {
    async fn look(&mut self, node: &Node, migrations: &[String]) -> Result<Observation, sqlx::Error> {
        let (connection, connected) = match &mut self.connection {
            Some(connection) => connection,
            empty => empty.insert((connect(node.options()).await?, Instant::now())),
        };
        let mut row = sqlx::query(LOOK).fetch_one(&mut *connection).await?;
        if row.try_get::<bool, _>("standby")? != row.try_get::<bool, _>("still_standby")? {
            row = sqlx::query(LOOK).fetch_one(&mut *connection).await?;
        }
        let now = Instant::now();
        let lacks = match self.complete {
            Some(at) if now.duration_since(at) < SCHEMA_PERIOD => None,
            _ => lacks(connection, migrations).await?,
        };
        if lacks.is_some() {
            self.complete = None;
        } else if self.complete.is_none_or(|at| now.duration_since(at) >= SCHEMA_PERIOD) {
            self.complete = Some(now);
        }
        let standby: bool = row.try_get("standby")?;
        let started = row.try_get("started")?;
        let received: Option<i32> = row.try_get("received_timeline")?;
        if let Some(received) =
            received.and_then(|timeline| u32::try_from(timeline).ok()).filter(|timeline| *timeline > 0)
        {
            self.received = Some((started, received));
        }
        let own: Option<String> = row.try_get("primary_timeline")?;
        let timeline = match own {
            Some(hexadecimal) => u32::from_str_radix(&hexadecimal, 16).ok(),
            None => match self.received.filter(|(incarnation, _)| *incarnation == started) {
                Some((_, timeline)) => Some(timeline),
                None => row
                    .try_get::<Option<i32>, _>("recorded_timeline")?
                    .and_then(|recorded| u32::try_from(recorded).ok()),
            },
        };
        let position: i64 = row.try_get("position")?;
        Ok(Observation {
            role: if standby { Role::Replica } else { Role::Primary },
            system: row.try_get("system")?,
            started,
            connected: *connected,
            timeline,
            position: u64::try_from(position).unwrap_or_default(),
            replayed: row.try_get::<Option<i64>, _>("replayed")?.and_then(|replayed| u64::try_from(replayed).ok()),
            lacks,
        })
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    options
        .clone()
        .application_name("phr probe")
        .options([("TimeZone", "UTC")])
        .disable_statement_logging()
        .connect()
        .await
}

/// The first migration that the node lacks.
async fn lacks(connection: &mut PgConnection, migrations: &[String]) -> Result<Option<String>, sqlx::Error> {
    let exists: bool = sqlx::query("SELECT to_regclass('seaql_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    if !exists {
        return Ok(migrations.first().cloned());
    }
    let rows = sqlx::query("SELECT version FROM seaql_migrations WHERE version = ANY($1)")
        .bind(migrations)
        .fetch_all(connection)
        .await?;
    let known = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    Ok(migrations.iter().find(|name| !known.contains(name)).cloned())
}
