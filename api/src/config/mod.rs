//! Typed settings: the embedded defaults, then a file, then the environment.

mod auth;
mod load;
mod server;
mod subscriptions;

pub use auth::Auth;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::audit;
use crate::budget;
use crate::database::{Balancing, LagLimits, Nodes, PoolLimits, Settings, Target};
use crate::graphql::Limits;
use crate::rate::Quotas;

pub use server::Server;
pub use subscriptions::Subscriptions;

/// Every setting with its default, explained.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// Every setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// HTTP.
    pub server: Server,
    /// Subscriptions.
    pub subscriptions: Subscriptions,
    /// What one GraphQL request may ask for.
    pub limits: Limits,
    /// Who may do what.
    pub auth: Auth,
    /// What one caller may use in a minute.
    pub rates: Quotas,
    /// What one caller may use of the databases.
    pub budgets: budget::Settings,
    /// Where the records are.
    pub database: Database,
    /// How the audit trail is kept.
    pub audit: Audit,
    /// How the change log is kept.
    pub changelog: ChangeLog,
    /// What is logged.
    pub log: Log,
}

/// Settings of the database.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Where the records are; may hold a password.
    pub url: String,
    /// Where its replicas are, separated by commas.
    pub replica_urls: String,
    /// Where its replicas for disaster recovery are, separated by commas.
    pub disaster_urls: String,
    /// Whether replicas are used.
    pub replicas_enabled: bool,
    /// How reads are spread over replicas.
    pub balancing: Balancing,
    /// How far behind a replica may be, in bytes of log.
    pub max_lag_bytes: u64,
    /// How far behind a replica may be, in seconds.
    pub max_lag_seconds: u64,
    /// How often each node is asked what it is, in milliseconds.
    pub probe_interval: u64,
    /// How long a write waits for a primary, in seconds.
    pub primary_timeout: u64,
    /// How long a node that failed again and again is left alone, in seconds.
    pub breaker_timeout: u64,
    /// Sizes of pools by name.
    pub pool_profile: PoolProfile,
    /// Connections that are held ready; 0 for what the profile says.
    pub pool_min: usize,
    /// Connections at most; 0 for what the profile says.
    pub pool_max: usize,
    /// How long a request waits for a connection, in seconds.
    pub pool_timeout: u64,
    /// A connection older than this is replaced, in seconds.
    pub pool_recycle: u64,
    /// A connection unused for longer is replaced, in milliseconds.
    pub pool_idle_timeout: u64,
    /// How long one statement may run, in seconds.
    pub query_timeout: u64,
}

impl std::fmt::Debug for Database {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let target = self.url.parse::<Target>();
        f.debug_struct("Database").field("target", &target).field("pool_max", &self.pool_max).finish_non_exhaustive()
    }
}

/// Sizes of pools by name: connections that are held ready, and connections at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoolProfile {
    /// 5, and up to 15.
    Small,
    /// 20, and up to 50.
    Standard,
    /// 50, and up to 500.
    Large,
}

impl PoolProfile {
    const fn sizes(self) -> (usize, usize) {
        match self {
            Self::Small => (5, 15),
            Self::Standard => (20, 50),
            Self::Large => (50, 500),
        }
    }
}

/// Settings of the audit trail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The folder of the spools.
    pub spool: PathBuf,
    /// Whether each note reaches the disk before it counts.
    pub sync: bool,
    /// Bytes that may wait to be shipped.
    pub spool_max_bytes: u64,
    /// The file of anchors.
    pub anchors: PathBuf,
    /// How long entries are kept, in days.
    pub retention_days: u32,
    /// The least that may be set, in days.
    pub retention_floor_days: u32,
}

/// Settings of the change log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeLog {
    /// How long changes are kept, in days.
    pub retention_days: u32,
}

/// Settings of the log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// What to log.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file, or what it sets, makes no sense.
    #[error("{from}: {message}")]
    Malformed {
        /// The file or the environment variable.
        from: String,
        /// What is wrong.
        message: String,
    },
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        self.target()?;
        if self.audit.retention_days < self.audit.retention_floor_days {
            let floor = self.audit.retention_floor_days;
            let message = format!("must be at least {floor}, which is AUDIT_RETENTION_FLOOR_DAYS");
            return Err(Error::Malformed { from: "AUDIT_RETENTION_DAYS".to_owned(), message });
        }
        self.auth.outside()?;
        self.server.check()?;
        self.subscriptions.check()?;
        at_least_one(&[
            ("auth.access_ttl", self.auth.access_ttl),
            ("auth.session_ttl", self.auth.session_ttl),
            ("auth.one_time_ttl", self.auth.one_time_ttl),
            ("auth.break_glass_ttl", self.auth.break_glass_ttl),
            ("auth.lockout_failures", self.auth.lockout_failures.into()),
            ("changelog.retention_days", self.changelog.retention_days.into()),
            ("database.probe_interval", self.database.probe_interval),
            ("database.primary_timeout", self.database.primary_timeout),
            ("database.pool_timeout", self.database.pool_timeout),
            ("database.query_timeout", self.database.query_timeout),
            ("budgets.burst", self.budgets.burst),
            ("budgets.request", self.budgets.request),
        ])?;
        let cost = u64::from(self.rates.cost);
        if cost > 0 && cost < self.limits.max_complexity {
            let message = "must be 0, or at least limits.max_complexity, which one request may use".to_owned();
            return Err(Error::Malformed { from: "rates.cost".to_owned(), message });
        }
        self.auth.check()
    }

    /// Where the records are.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn target(&self) -> Result<Target, Error> {
        self.database.url.parse().map_err(|message| Error::Malformed { from: "DATABASE_URL".to_owned(), message })
    }

    /// Where all nodes are.
    ///
    /// # Errors
    /// When a URL is malformed, or replicas are named of an SQLite file.
    pub fn nodes(&self) -> Result<Nodes, Error> {
        let main = self.target()?;
        let list = |name: &str, urls: &str| -> Result<Vec<Target>, Error> {
            let urls = urls.split(',').map(str::trim).filter(|url| !url.is_empty());
            let targets = urls.map(|url| match url.parse() {
                Ok(Target::Sqlite(_)) => Err("a replica is a PostgreSQL server".to_owned()),
                other => other,
            });
            let wrong = |message| Error::Malformed { from: name.to_owned(), message };
            targets.collect::<Result<_, String>>().map_err(wrong)
        };
        let enabled = self.database.replicas_enabled;
        let replicas = if enabled { list("READ_REPLICA_URLS", &self.database.replica_urls)? } else { Vec::new() };
        let disaster = list("DR_REPLICA_URLS", &self.database.disaster_urls)?;
        let named = [("READ_REPLICA_URLS", &replicas), ("DR_REPLICA_URLS", &disaster)];
        if let Some((from, _)) = named.iter().find(|(_, urls)| !urls.is_empty() && matches!(main, Target::Sqlite(_))) {
            let message = "an SQLite file has no replicas: give DATABASE_URL a PostgreSQL server".to_owned();
            return Err(Error::Malformed { from: (*from).to_owned(), message });
        }
        Ok(Nodes { main, replicas, disaster })
    }

    /// How the audit trail is kept.
    #[must_use]
    pub fn audit_settings(&self) -> audit::Settings {
        let Audit { spool, sync, spool_max_bytes, anchors, retention_days, retention_floor_days: _ } =
            self.audit.clone();
        audit::Settings { spool, anchors, sync, max_bytes: spool_max_bytes, retention_days }
    }

    /// How the nodes are used. `migrations` are those that a node must have.
    #[must_use]
    pub fn cluster_settings(&self, migrations: Arc<[String]>) -> Settings {
        let database = &self.database;
        Settings {
            pool: self.pool_limits(),
            cores: self.budgets.cores(),
            balancing: database.balancing,
            lag: LagLimits { bytes: database.max_lag_bytes, time: Duration::from_secs(database.max_lag_seconds) },
            probe_period: Duration::from_millis(database.probe_interval),
            breaker_rest: Duration::from_secs(database.breaker_timeout),
            primary_timeout: Duration::from_secs(database.primary_timeout),
            migrations,
        }
    }

    fn pool_limits(&self) -> PoolLimits {
        let (min, max) = self.database.pool_profile.sizes();
        let max = if self.database.pool_max == 0 { max } else { self.database.pool_max };
        let min = if self.database.pool_min == 0 { min } else { self.database.pool_min };
        PoolLimits {
            min: min.min(max),
            max,
            acquire_timeout: Duration::from_secs(self.database.pool_timeout),
            idle_timeout: Duration::from_millis(self.database.pool_idle_timeout),
            max_age: Duration::from_secs(self.database.pool_recycle),
            query_timeout: Duration::from_secs(self.database.query_timeout),
        }
    }
}

fn at_least_one(settings: &[(&str, u64)]) -> Result<(), Error> {
    match settings.iter().find(|(_, value)| *value == 0) {
        Some((name, _)) => Err(Error::Malformed { from: (*name).to_owned(), message: "must be at least 1".to_owned() }),
        None => Ok(()),
    }
}
