//! How settings are put together: the defaults, then a file, then the environment.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, DEFAULTS, Error};

/// Which environment variable overrides which setting.
const ENVIRONMENT: &[(&str, &str, &str)] = &[
    ("PHR_LISTEN", "server", "listen"),
    ("PHR_ALLOWED_HOSTS", "server", "allowed_hosts"),
    ("PHR_TLS_CERTIFICATE", "server", "tls_certificate"),
    ("PHR_TLS_KEY", "server", "tls_key"),
    ("PHR_TRUSTED_PROXIES", "server", "trusted_proxies"),
    ("PHR_FORWARDED_HEADER", "server", "forwarded_header"),
    ("PHR_CORS_ORIGINS", "server", "cors_origins"),
    ("PHR_CORS_HEADERS", "server", "cors_headers"),
    ("PHR_REQUEST_TIMEOUT", "server", "request_timeout"),
    ("PHR_HEADER_TIMEOUT", "server", "header_timeout"),
    ("PHR_BODY_TIMEOUT", "server", "body_timeout"),
    ("PHR_RESPONSE_TIMEOUT", "server", "response_timeout"),
    ("PHR_KEEP_ALIVE_TIMEOUT", "server", "keep_alive_timeout"),
    ("PHR_SHUTDOWN_NOTICE", "server", "shutdown_notice"),
    ("PHR_SHUTDOWN_TIMEOUT", "server", "shutdown_timeout"),
    ("PHR_MAX_HEAD", "server", "max_head"),
    ("PHR_MAX_BODY", "server", "max_body"),
    ("PHR_MAX_ANSWER", "server", "max_answer"),
    ("PHR_MAX_ANSWERS", "server", "max_answers"),
    ("PHR_MAX_BATCH", "server", "max_batch"),
    ("PHR_MAX_CONNECTIONS", "server", "max_connections"),
    ("PHR_MAX_CONNECTIONS_PER_ADDRESS", "server", "max_connections_per_address"),
    ("PHR_PLAYGROUND_ENABLED", "server", "playground"),
    ("PHR_INTROSPECTION", "server", "introspection"),
    ("PHR_TRUSTED_DOCUMENTS", "server", "trusted_documents"),
    ("PHR_SOCKET_INIT_TIMEOUT", "subscriptions", "init_timeout"),
    ("PHR_SOCKET_PING_INTERVAL", "subscriptions", "ping_interval"),
    ("PHR_SOCKET_MAX_MESSAGE", "subscriptions", "max_message"),
    ("PHR_SOCKET_MAX_OPERATIONS", "subscriptions", "max_per_connection"),
    ("PHR_MAX_SUBSCRIPTIONS_PER_CALLER", "subscriptions", "max_per_caller"),
    ("PHR_MAX_DEPTH", "limits", "max_depth"),
    ("PHR_MAX_COMPLEXITY", "limits", "max_complexity"),
    ("PHR_MAX_ALIASES", "limits", "max_aliases"),
    ("PHR_MAX_DIRECTIVES", "limits", "max_directives"),
    ("PHR_MAX_TOKENS", "limits", "max_tokens"),
    ("PHR_MAX_DOCUMENT", "limits", "max_document"),
    ("PHR_KEY_FILE", "auth", "key_file"),
    ("PHR_ISSUER", "auth", "issuer"),
    ("PHR_ACCESS_TTL", "auth", "access_ttl"),
    ("PHR_SESSION_TTL", "auth", "session_ttl"),
    ("PHR_REFRESH_GRACE", "auth", "refresh_grace"),
    ("PHR_REFRESH_COOKIE", "auth", "refresh_cookie"),
    ("PHR_ONE_TIME_TTL", "auth", "one_time_ttl"),
    ("PHR_BREAK_GLASS_TTL", "auth", "break_glass_ttl"),
    ("PHR_LOCKOUT_FAILURES", "auth", "lockout_failures"),
    ("PHR_LOCKOUT_SECONDS", "auth", "lockout_seconds"),
    ("PHR_EXTERNAL_ISSUER", "auth", "external_issuer"),
    ("PHR_EXTERNAL_AUDIENCE", "auth", "external_audience"),
    ("PHR_EXTERNAL_JWKS", "auth", "external_jwks"),
    ("PHR_EXTERNAL_CA", "auth", "external_ca"),
    ("PHR_EXTERNAL_REFRESH", "auth", "external_refresh"),
    ("PHR_EXTERNAL_PAUSE", "auth", "external_pause"),
    ("PHR_RATE_REQUESTS", "rates", "requests"),
    ("PHR_RATE_COST", "rates", "cost"),
    ("PHR_RATE_ANONYMOUS", "rates", "anonymous"),
    ("PHR_BUDGET_CORES", "budgets", "cores"),
    ("PHR_BUDGET_SHARE", "budgets", "share"),
    ("PHR_BUDGET_BURST", "budgets", "burst"),
    ("PHR_BUDGET_REQUEST", "budgets", "request"),
    ("PHR_BUDGET_DISCLOSURES", "budgets", "disclosures"),
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
    ("PHR_AUDIT_SPOOL", "audit", "spool"),
    ("PHR_AUDIT_SYNC", "audit", "sync"),
    ("PHR_AUDIT_SPOOL_MAX_BYTES", "audit", "spool_max_bytes"),
    ("PHR_AUDIT_ANCHORS", "audit", "anchors"),
    ("AUDIT_RETENTION_DAYS", "audit", "retention_days"),
    ("AUDIT_RETENTION_FLOOR_DAYS", "audit", "retention_floor_days"),
    ("OFFLINE_DATA_RETENTION_DAYS", "changelog", "retention_days"),
    ("LOG_LEVEL", "log", "level"),
    ("PHR_LOG_FORMAT", "log", "format"),
];

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
        let config: Self = serde_path_to_error::deserialize(Value::Table(table))
            .map_err(|error| malformed(&error.path().to_string(), error.inner()))?;
        config.check()?;
        Ok(config)
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
            let (_, text) = DEFAULTS.split_once(&format!("[{section}]\n")).unwrap();
            for key in values.as_table().unwrap().keys() {
                settings += 1;
                let named = ENVIRONMENT.iter().find(|(_, s, k)| s == section && k == key);
                let (variable, ..) = named.unwrap_or_else(|| panic!("{section}.{key} has no variable"));
                let (before, _) = text.split_once(&format!("\n{key} = ")).unwrap();
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
