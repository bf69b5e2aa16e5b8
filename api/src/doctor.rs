//! `phr doctor`: checks the settings and the database, and says what is wrong and what to do about it.

mod clock;
mod files;
mod identity;
mod spool;

use std::process::ExitCode;

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{ConnectOptions, Connection, Row};

use crate::app;
use crate::config::Config;
use crate::console::print_line;
use crate::database::{Cluster, Nodes, Role, SERVER_ROLE, Target, sqlite_version};
use crate::listen;
use crate::playground;

/// Roles that see beyond the boundary between institutions, and what their members may do.
const ABOVE: [(&str, &str); 3] = [
    ("phr_owner", "which owns the tables and may change their row policies"),
    ("phr_migrator", "which changes the records of all institutions"),
    ("phr_audit_reader", "which reads the audit entries of all institutions and patients"),
];

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Grade {
    Ok,
    Warning,
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    grade: Grade,
    subject: &'static str,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(subject: &'static str, found: impl Into<String>) -> Self {
        Self { grade: Grade::Ok, subject, found: found.into(), advice: None }
    }

    fn warning(subject: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self { grade: Grade::Warning, subject, found: found.into(), advice: Some(advice.to_owned()) }
    }

    fn error(subject: &'static str, found: impl Into<String>, advice: &str) -> Self {
        Self { grade: Grade::Error, subject, found: found.into(), advice: Some(advice.to_owned()) }
    }
}

/// Prints what was found. Fails when something is wrong; warnings are not.
pub(crate) async fn run(config: &Config, json: bool) -> ExitCode {
    let findings = examine(config).await;
    if json {
        print_line!("{}", serde_json::json!({ "findings": findings }));
    } else {
        findings.iter().for_each(print);
    }
    if findings.iter().any(|finding| finding.grade == Grade::Error) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn print(finding: &Finding) {
    let mark = match finding.grade {
        Grade::Ok => "ok     ",
        Grade::Warning => "warning",
        Grade::Error => "ERROR  ",
    };
    print_line!("{mark}  {}: {}", finding.subject, finding.found);
    if let Some(advice) = &finding.advice {
        print_line!("         -> {advice}");
    }
}

async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("settings", "can be used")];
    findings.push(if playground::is_embedded() {
        Finding::ok("GraphiQL", "embedded")
    } else {
        Finding::warning("GraphiQL", "not embedded; its page loads it from a CDN", "build where npm is installed")
    });
    let advice = "raise the limit (systemd: LimitNOFILE=, a shell: ulimit -n), or lower server.max_connections";
    findings.push(match listen::too_few_files(config.server.max_connections) {
        Some(trouble) => Finding::warning("open files", trouble, advice),
        None => Finding::ok("open files", "as many as connections may need"),
    });
    findings.push(spool::examine(config));
    files::examine(config, &mut findings);
    let key_file = identity::examine_key_file(config, &mut findings);
    match config.nodes() {
        Ok(nodes) => {
            let has_schema = examine_database(&nodes.main, &mut findings).await;
            let is_server = matches!(nodes.main, Target::Postgres(_));
            if is_server || has_schema {
                let cluster = connect(config, nodes).await;
                if is_server {
                    examine_cluster(&cluster, &mut findings);
                }
                if has_schema {
                    clock::examine(&cluster, &mut findings).await;
                    identity::examine_standing(&cluster, key_file.as_ref(), &mut findings).await;
                }
            }
        }
        Err(error) => findings.push(Finding::error("database", error.to_string(), "correct the setting")),
    }
    findings
}

/// Every node, as the server would see it.
async fn connect(config: &Config, nodes: Nodes) -> Cluster {
    let steps = migration::steps().into_iter().map(|step| step.name).collect();
    let cluster = Cluster::new(nodes, config.cluster_settings(steps));
    cluster.first_look().await;
    cluster
}

fn examine_cluster(cluster: &Cluster, findings: &mut Vec<Finding>) {
    let status = cluster.status();
    for node in &status.nodes {
        let role = match node.role {
            Some(Role::Primary) => "primary",
            Some(Role::Replica) => "replica",
            None => "node",
        };
        let lag = node.lag_bytes.map_or_else(String::new, |bytes| format!(", {bytes} bytes behind"));
        let timeline = node.timeline.map_or_else(String::new, |timeline| format!(", timeline {timeline}"));
        findings.push(match &node.reason {
            None => Finding::ok("node", format!("{}: {role}{timeline}{lag}", node.address)),
            Some(reason) => {
                Finding::error("node", format!("{}: {reason}", node.address), "see docker/README.md, troubleshooting")
            }
        });
    }
    if !status.nodes.iter().any(|node| node.is_eligible && node.role == Some(Role::Primary)) {
        let advice = "start the primary, or promote a replica: SELECT pg_promote()";
        findings.push(Finding::error("cluster", "no primary: writes fail, reads are served by replicas", advice));
    }
}

/// Whether the schema is what this program works with.
async fn examine_database(target: &Target, findings: &mut Vec<Finding>) -> bool {
    match target {
        Target::Sqlite(path) if !path.exists() => {
            let found = format!("{} does not exist yet", path.display());
            findings.push(Finding::warning("database", found, "it is made by `phr serve` or `phr migrate up`"));
            return false;
        }
        Target::Sqlite(path) => {
            findings.push(Finding::ok("database", format!("SQLite {}, {}", sqlite_version(), path.display())));
        }
        Target::Postgres(options) => match examine_postgres(options).await {
            Ok(found) => findings.extend(found),
            Err(error) => {
                let advice = "check that the server runs, and host, port, user, password and database in DATABASE_URL";
                findings.push(Finding::error("database", format!("{}: {error}", target.address()), advice));
                return false;
            }
        },
    }
    let schema = examine_schema(target).await;
    let has_schema = schema.grade == Grade::Ok;
    findings.push(schema);
    has_schema
}

async fn examine_postgres(options: &sqlx::postgres::PgConnectOptions) -> Result<Vec<Finding>, sqlx::Error> {
    let mut connection = options.clone().disable_statement_logging().connect().await?;
    let about = sqlx::query(
        "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number, \
         (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super, \
         (SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user) AS bypasses, \
         ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($2) AND pg_has_role(current_user, oid, 'member')) AS above, \
         (SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class WHERE relnamespace = to_regnamespace('public') \
            AND obj_description(oid, 'pg_class') LIKE 'tenant: %' AND NOT (relrowsecurity AND relforcerowsecurity)) AS open, \
         (SELECT count(*) = 1 FROM pg_roles WHERE rolname = $1) AS has_role, \
         CASE WHEN EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) THEN pg_has_role(current_user, $1, 'member') END AS member, \
         (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1) AS privileged, \
         current_setting('server_encoding') AS encoding",
    )
    .bind(SERVER_ROLE)
    .bind(ABOVE.map(|(role, _)| role))
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    let version: String = about.get("version");
    let mut findings = vec![if about.get::<i32, _>("number") < 150_000 {
        Finding::error("database", format!("PostgreSQL {version}"), "use PostgreSQL 15 or newer")
    } else {
        Finding::ok("database", format!("PostgreSQL {version}, reachable"))
    }];
    if about.get::<String, _>("encoding") != "UTF8" {
        findings.push(Finding::error("encoding", "the database is not in UTF8", "create it with ENCODING 'UTF8'"));
    }
    findings.push(match (about.get::<bool, _>("has_role"), about.get::<Option<bool>, _>("member")) {
        (false, _) => Finding::error("role", format!("{SERVER_ROLE} does not exist"), "run `phr migrate up`"),
        (true, Some(true)) => Finding::ok("role", format!("the server acts as {SERVER_ROLE}")),
        (true, _) => {
            Finding::error("role", format!("this login may not act as {SERVER_ROLE}"), "GRANT phr_server TO this login")
        }
    });
    if about.get::<Option<bool>, _>("privileged") == Some(true) {
        let found = format!("{SERVER_ROLE} is a superuser or bypasses row-level security");
        findings.push(Finding::error("role", found, "ALTER ROLE phr_server NOSUPERUSER NOBYPASSRLS"));
    }
    findings.extend(examine_login(&about));
    if let Some(tables) = about.get::<Option<String>, _>("open") {
        let advice = "ALTER TABLE .. ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY";
        findings.push(Finding::error("boundary", format!("row policies are off for {tables}"), advice));
    }
    Ok(findings)
}

/// Rights of a login beyond the server's role, each with its reason.
fn examine_login(about: &PgRow) -> Option<Finding> {
    let is = |column| about.get::<Option<bool>, _>(column) == Some(true);
    let member_of: Vec<String> = about.get("above");
    let mut reasons: Vec<String> = Vec::new();
    if is("super") {
        reasons.push("a superuser".to_owned());
    } else {
        reasons.extend(is("bypasses").then(|| "bypasses row-level security".to_owned()));
        let roles = ABOVE.iter().filter(|(role, _)| member_of.iter().any(|own| own == role));
        reasons.extend(roles.map(|(role, means)| format!("member of {role}, {means}")));
    }
    let advice = "for production, let DATABASE_URL name a login that is only a member of phr_server, and run migrations by another";
    (!reasons.is_empty()).then(|| Finding::warning("login", reasons.join("; "), advice))
}

async fn examine_schema(target: &Target) -> Finding {
    match app::migrations(target).status().await {
        Ok(status) if status.pending.is_empty() => {
            Finding::ok("schema", format!("up to date, {} migration(s)", status.applied.len()))
        }
        Ok(status) => Finding::error("schema", format!("lacks {}", status.pending.join(", ")), "run `phr migrate up`"),
        Err(error) => Finding::error("schema", error.to_string(), "see the message"),
    }
}
