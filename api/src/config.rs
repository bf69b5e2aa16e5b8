//! Typed settings: the embedded defaults, then a file, then the environment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::{Table, Value};

use crate::database::{Balancing, LagLimits, Nodes, PoolLimits, Settings, Target};
use crate::graphql::Limits;

/// Every setting with its default, explained.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// Which environment variable overrides which setting.
const ENVIRONMENT: &[(&str, &str, &str)] = &[
    ("PHR_LISTEN", "server", "listen"),
    ("PHR_ALLOWED_HOSTS", "server", "allowed_hosts"),
    ("PHR_REQUEST_TIMEOUT", "server", "request_timeout"),
    ("PHR_HEADER_TIMEOUT", "server", "header_timeout"),
    ("PHR_SHUTDOWN_TIMEOUT", "server", "shutdown_timeout"),
    ("PHR_MAX_BODY", "server", "max_body"),
    ("PHR_MAX_BATCH", "server", "max_batch"),
    ("PHR_MAX_CONNECTIONS", "server", "max_connections"),
    ("PHR_PLAYGROUND_ENABLED", "server", "playground"),
    ("PHR_INTROSPECTION", "server", "introspection"),
    ("PHR_MAX_DEPTH", "limits", "max_depth"),
    ("PHR_MAX_COMPLEXITY", "limits", "max_complexity"),
    ("PHR_MAX_ALIASES", "limits", "max_aliases"),
    ("PHR_MAX_DIRECTIVES", "limits", "max_directives"),
    ("PHR_MAX_TOKENS", "limits", "max_tokens"),
    ("DATABASE_URL", "database", "url"),
    ("READ_REPLICA_URLS", "database", "replica_urls"),
    ("DR_REPLICA_URLS", "database", "disaster_urls"),
    ("DB_READ_REPLICAS_ENABLED", "database", "replicas_enabled"),
    ("DB_BALANCING", "database", "balancing"),
    ("DB_MAX_LAG_BYTES", "database", "max_lag_bytes"),
    ("DB_MAX_LAG_SECONDS", "database", "max_lag_seconds"),
    ("DB_PROBE_INTERVAL", "database", "probe_interval"),
    ("DB_PRIMARY_TIMEOUT", "database", "primary_timeout"),
    ("CIRCUIT_BREAKER_TIMEOUT", "database", "breaker_timeout"),
    ("DB_POOL_PROFILE", "database", "pool_profile"),
    ("DB_POOL_MIN", "database", "pool_min"),
    ("DB_POOL_MAX", "database", "pool_max"),
    ("DB_POOL_TIMEOUT", "database", "pool_timeout"),
    ("DB_POOL_RECYCLE", "database", "pool_recycle"),
    ("DB_POOL_IDLE_TIMEOUT", "database", "pool_idle_timeout"),
    ("DB_QUERY_TIMEOUT", "database", "query_timeout"),
    ("LOG_LEVEL", "log", "level"),
    ("PHR_LOG_FORMAT", "log", "format"),
];

/// Every setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// HTTP.
    pub server: Server,
    /// What one GraphQL request may ask for.
    pub limits: Limits,
    /// Where the records are.
    pub database: Database,
    /// What is logged.
    pub log: Log,
}

/// Settings of the HTTP server. Times are in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: String,
    /// Host names by which the server may be addressed, separated by commas.
    pub allowed_hosts: String,
    /// How long one request may take.
    pub request_timeout: u64,
    /// How long a client may take to send a request's head.
    pub header_timeout: u64,
    /// How long running requests may go on after the server was told to stop.
    pub shutdown_timeout: u64,
    /// Bytes of a request's body at most.
    pub max_body: usize,
    /// GraphQL requests in one batched HTTP request at most.
    pub max_batch: usize,
    /// Connections at most.
    pub max_connections: usize,
    /// Whether GraphiQL is served.
    pub playground: bool,
    /// Whether the schema can be asked for.
    pub introspection: bool,
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
    /// The defaults, overridden by `file` where there is one, overridden by the environment as `variable` gives it.
    ///
    /// # Errors
    /// Names the file or the variable that makes no sense.
    pub fn load(file: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let mut table: Table = DEFAULTS.parse().map_err(|error| malformed("the defaults", &error))?;
        let mut from_file = false;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
            let own: Table = text.parse().map_err(|error| malformed(&path.display().to_string(), &error))?;
            from_file = own.get("database").and_then(|database| database.get("url")).is_some();
            merge(&mut table, own, &path.display().to_string())?;
        }
        for (name, section, key) in ENVIRONMENT {
            if let Some(text) = variable(name).filter(|text| !text.is_empty()) {
                let Some(slot) = table.get_mut(*section).and_then(|section| section.get_mut(key)) else { continue };
                *slot = parse_as(slot, &text, name)?;
            }
        }
        if variable("DATABASE_URL").is_none_or(|url| url.is_empty())
            && !from_file
            && let Some(url) = composed_url(&variable)?
        {
            table["database"]["url"] = Value::String(url);
        }
        pool_sizes(&variable, &mut table)?;
        if variable("LOG_LEVEL").is_none() && variable("DEBUG").is_some_and(|debug| is_true(&debug)) {
            table["log"]["level"] = Value::String("debug".to_owned());
        }
        let config: Self = table.try_into().map_err(|error| malformed("the settings", &error))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Error> {
        self.target()?;
        let positive = [
            ("server.request_timeout", self.server.request_timeout),
            ("server.header_timeout", self.server.header_timeout),
            ("server.max_body", self.server.max_body as u64),
            ("server.max_batch", self.server.max_batch as u64),
            ("server.max_connections", self.server.max_connections as u64),
            ("database.probe_interval", self.database.probe_interval),
            ("database.primary_timeout", self.database.primary_timeout),
            ("database.pool_timeout", self.database.pool_timeout),
            ("database.query_timeout", self.database.query_timeout),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => {
                Err(Error::Malformed { from: name.to_owned(), message: "must be at least 1".to_owned() })
            }
            None => Ok(()),
        }
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
        if matches!(main, Target::Sqlite(_)) && !(replicas.is_empty() && disaster.is_empty()) {
            let message = "an SQLite file has no replicas: give DATABASE_URL a PostgreSQL server".to_owned();
            return Err(Error::Malformed { from: "READ_REPLICA_URLS".to_owned(), message });
        }
        Ok(Nodes { main, replicas, disaster })
    }

    /// How the nodes are used. `migrations` are those that a node must have.
    #[must_use]
    pub fn cluster_settings(&self, migrations: Arc<[String]>) -> Settings {
        let database = &self.database;
        Settings {
            pool: self.pool_limits(),
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

fn malformed(from: &str, error: &toml::de::Error) -> Error {
    Error::Malformed { from: from.to_owned(), message: error.message().to_owned() }
}

/// Overrides settings that exist; a setting that does not is a mistake.
fn merge(base: &mut Table, own: Table, from: &str) -> Result<(), Error> {
    for (section, values) in own {
        let unknown =
            |name: String| Error::Malformed { from: from.to_owned(), message: format!("there is no setting {name}") };
        let Some(Value::Table(base)) = base.get_mut(&section) else { return Err(unknown(section)) };
        let Value::Table(values) = values else { return Err(unknown(section)) };
        for (key, value) in values {
            match base.get_mut(&key) {
                Some(slot) => *slot = value,
                None => return Err(unknown(format!("{section}.{key}"))),
            }
        }
    }
    Ok(())
}

/// A variable's text, as the type that the setting's default has.
fn parse_as(default: &Value, text: &str, variable: &str) -> Result<Value, Error> {
    let wrong = |what: &str| Error::Malformed { from: variable.to_owned(), message: format!("must be {what}") };
    match default {
        Value::Integer(_) => text.parse().map(Value::Integer).map_err(|_| wrong("a whole number")),
        Value::Boolean(_) if is_true(text) => Ok(Value::Boolean(true)),
        Value::Boolean(_) if ["false", "0", "no", "off"].contains(&text.to_ascii_lowercase().as_str()) => {
            Ok(Value::Boolean(false))
        }
        Value::Boolean(_) => Err(wrong("true or false")),
        _ => Ok(Value::String(text.to_owned())),
    }
}

/// A pool's size and overflow, as some deployments name them: connections held ready, and how many more there may be;
/// and the time to wait for one in milliseconds.
fn pool_sizes(variable: &impl Fn(&str) -> Option<String>, table: &mut Table) -> Result<(), Error> {
    let number = |name: &str| -> Result<Option<i64>, Error> {
        let wrong = |_| Error::Malformed { from: name.to_owned(), message: "must be a whole number".to_owned() };
        variable(name).filter(|text| !text.is_empty()).map(|text| text.parse().map_err(wrong)).transpose()
    };
    if let (Some(millis), None) = (number("DB_POOL_ACQUIRE_TIMEOUT")?, number("DB_POOL_TIMEOUT")?) {
        table["database"]["pool_timeout"] = Value::Integer((millis / 1000).max(1));
    }
    let Some(size) = number("DB_POOL_SIZE")? else { return Ok(()) };
    let overflow = number("DB_MAX_OVERFLOW")?.unwrap_or_default();
    table["database"]["pool_min"] = Value::Integer(size);
    table["database"]["pool_max"] = Value::Integer(size.saturating_add(overflow));
    Ok(())
}

fn is_true(text: &str) -> bool {
    ["true", "1", "yes", "on"].contains(&text.to_ascii_lowercase().as_str())
}

/// The database's URL where its parts are given one by one.
fn composed_url(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, Error> {
    let given = |name: &str| variable(name).filter(|text| !text.is_empty());
    if variable("USE_SQLITE").is_some_and(|wish| is_true(&wish)) || given("POSTGRES_HOST").is_none() {
        return Ok(given("SQLITE_URL"));
    }
    let wrong = |name: &str| Error::Malformed { from: name.to_owned(), message: "cannot be part of a URL".to_owned() };
    let host = given("POSTGRES_HOST").unwrap_or_default();
    let mut url = url::Url::parse(&format!("postgres://{host}")).map_err(|_| wrong("POSTGRES_HOST"))?;
    if let Some(port) = given("POSTGRES_PORT") {
        let port = port.parse().map_err(|_| wrong("POSTGRES_PORT"))?;
        url.set_port(Some(port)).map_err(|()| wrong("POSTGRES_PORT"))?;
    }
    let user = given("POSTGRES_USER").unwrap_or_else(|| "admin".to_owned());
    url.set_username(&user).map_err(|()| wrong("POSTGRES_USER"))?;
    url.set_password(given("POSTGRES_PASSWORD").as_deref()).map_err(|()| wrong("POSTGRES_PASSWORD"))?;
    url.set_path(&given("POSTGRES_DB").unwrap_or_else(|| "db_patient_health_record".to_owned()));
    if let Some(mode) = given("POSTGRES_SSL_MODE") {
        url.query_pairs_mut().append_pair("sslmode", &mode);
    }
    Ok(Some(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, Error> {
        Config::load(None, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn every_setting_has_its_variable_and_says_so() {
        let table: Table = DEFAULTS.parse().unwrap();
        let mut settings = 0;
        for (section, values) in &table {
            for key in values.as_table().unwrap().keys() {
                settings += 1;
                let named = ENVIRONMENT.iter().find(|(_, s, k)| s == section && k == key);
                let (variable, ..) = named.unwrap_or_else(|| panic!("{section}.{key} has no variable"));
                let (before, _) = DEFAULTS.split_once(&format!("\n{key} = ")).unwrap();
                let comment = before.rsplit("\n\n").next().unwrap();
                assert!(comment.contains(variable), "{section}.{key} does not name {variable}");
            }
        }
        assert_eq!(settings, ENVIRONMENT.len());
    }

    #[test]
    fn the_environment_overrides_the_defaults() {
        let config = load(&[("DB_POOL_MAX", "3"), ("PHR_INTROSPECTION", "off"), ("DEBUG", "true")]).unwrap();
        assert_eq!(config.database.pool_max, 3);
        assert!(!config.server.introspection);
        assert_eq!(config.log.level, "debug");
        assert_eq!(load(&[]).unwrap().database.url, "sqlite:data/phr.sqlite");
    }

    #[test]
    fn a_value_that_makes_no_sense_is_refused_by_name() {
        for (name, text) in [("DB_POOL_MAX", "many"), ("PHR_INTROSPECTION", "maybe"), ("DATABASE_URL", "mysql://x")] {
            let message = load(&[(name, text)]).unwrap_err().to_string();
            assert!(message.contains(name) || message.contains("pool_max"), "{message}");
        }
    }

    #[test]
    fn postgres_can_be_named_by_its_parts() {
        let parts = [
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_PORT", "5433"),
            ("POSTGRES_USER", "u"),
            ("POSTGRES_PASSWORD", "p@:/w"),
            ("POSTGRES_DB", "d"),
        ];
        let config = load(&parts).unwrap();
        assert_eq!(config.target().unwrap().address(), "db:5433");
        assert!(!format!("{config:?}").contains("p@:/w"));
    }
}
