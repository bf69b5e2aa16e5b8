//! The program: what it refuses to start with, what it says about itself, and how it ends.

use std::net::TcpListener;
use std::sync::Arc;

use serde_json::{Value, json};
use support::{Backend, Database, Phr, Server, eventually, migrate, phr, root};

use crate::patients::{count, register};

fn serve(database: &Database, arguments: &[&str]) -> support::Output {
    phr(database.folder(), &[&["serve"], arguments].concat(), &[("DATABASE_URL", &database.url())])
}

#[test]
fn others_are_served_only_with_a_key_file_that_an_operator_made() {
    let database = Database::bare(Backend::Sqlite);
    let file = database.folder().join("own.key");
    let file = file.to_str().unwrap();
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0"] {
        let refused = serve(&database, &["--listen", address]);
        assert!(!refused.succeeded(), "{refused:?}");
        assert!(refused.stderr.contains("loopback") && refused.stderr.contains("phr key create"), "{refused:?}");
    }
    let made = phr(database.folder(), &["key", "create", file], &[]);
    assert!(made.succeeded() && made.stdout.contains("PHR_KEY_FILE"), "{made:?}");
    let own = [("DATABASE_URL", database.url()), ("PHR_KEY_FILE", file.to_owned())];
    let own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let demo = phr(database.folder(), &["serve", "--demo", "--listen", "0.0.0.0:0"], &own);
    assert!(!demo.succeeded() && demo.stderr.contains("--demo"), "{demo:?}");
    for nonsense in ["8000", "localhost", "here:there"] {
        let refused = serve(&database, &["--listen", nonsense]);
        assert!(!refused.succeeded() && refused.stderr.contains("such as 127.0.0.1:8000"), "{refused:?}");
    }
    assert!(!database.file().exists(), "nothing was begun");
    let served = Server::start(database.folder(), &own, &["--listen", "0.0.0.0:0"]);
    assert_eq!(served.ask("{ health { status } }", &json!({}))["health"]["status"], "UP");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let database = Database::bare(Backend::Sqlite);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = serve(&database, &["--listen", &address]);
    assert!(!refused.succeeded() && refused.stderr.contains(&address), "{refused:?}");
}

#[test]
fn the_demonstration_is_the_same_every_time_and_made_once() {
    let lists: Vec<Value> = (0..2)
        .map(|_| {
            let database = Arc::new(Database::bare(Backend::Sqlite));
            let first = Phr::serve(Arc::clone(&database), &[], &["--demo"]);
            let made = count(&first);
            assert!(made >= 200, "{made}");
            let query = "{ patientRegisters(order: [{field: UUID}], first: 1000) {
                nodes { uuid firstName lastName email address allergies institution { name } doctor { lastName } } } }";
            let list = first.ask(query, &json!({}));
            drop(first);
            let again = Phr::serve(database, &[], &["--demo"]);
            assert_eq!(count(&again), made);
            list
        })
        .collect();
    assert_eq!(lists[0], lists[1]);
}

#[test]
fn the_demonstration_refuses_a_database_of_somebody_else() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    let uuid = register(&server, &json!({}));
    drop(server);
    let refused = serve(&database, &["--demo", "--listen", "127.0.0.1:0"]);
    assert!(!refused.succeeded() && refused.stderr.contains("other records"), "{refused:?}");
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    assert_eq!(count(&server), 1);
    // A tombstone is somebody's record too.
    crate::patients::done(&server, "deletePatientRegister", "uuid", &json!({ "uuid": uuid }));
    drop(server);
    assert!(!serve(&database, &["--demo", "--listen", "127.0.0.1:0"]).succeeded());
    let postgres = Database::new(Backend::Postgres);
    let refused = serve(&postgres, &["--demo", "--listen", "127.0.0.1:0"]);
    assert!(!refused.succeeded() && refused.stderr.contains("embedded"), "{refused:?}");
}

fn doctor(database: &Database, url: &str) -> (Option<i32>, Vec<Value>) {
    let output = phr(database.folder(), &["doctor", "--json"], &[("DATABASE_URL", url)]);
    let found: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.code, found["findings"].as_array().unwrap().clone())
}

fn finding<'f>(findings: &'f [Value], subject: &str) -> &'f Value {
    findings.iter().find(|finding| finding["subject"] == subject).unwrap_or_else(|| panic!("{subject}: {findings:?}"))
}

#[test]
fn doctor_finds_what_is_wrong_and_says_what_to_do() {
    let sqlite = Database::bare(Backend::Sqlite);
    let (code, findings) = doctor(&sqlite, &sqlite.url());
    assert_eq!((code, &finding(&findings, "database")["grade"]), (Some(0), &json!("warning")), "{findings:?}");
    let postgres = Database::new(Backend::Postgres);
    let (code, findings) = doctor(&postgres, &postgres.url());
    assert_eq!(code, Some(0), "{findings:?}");
    for subject in ["database", "role", "schema"] {
        assert_eq!(finding(&findings, subject)["grade"], "ok", "{findings:?}");
    }
    let (code, findings) = doctor(&postgres, &postgres.owner_url());
    assert_eq!((code, &finding(&findings, "login")["grade"]), (Some(0), &json!("warning")), "{findings:?}");
    assert!(migrate(&postgres, &["down"]).succeeded());
    let (code, findings) = doctor(&postgres, &postgres.url());
    assert_eq!((code, &finding(&findings, "schema")["grade"]), (Some(1), &json!("error")), "{findings:?}");
    assert!(finding(&findings, "schema")["advice"].as_str().unwrap().contains("phr migrate up"));
    let (code, findings) = doctor(&postgres, "postgres://nobody:very-secret@127.0.0.1:1/none");
    assert_eq!((code, &finding(&findings, "database")["grade"]), (Some(1), &json!("error")), "{findings:?}");
    assert!(!json!(findings).to_string().contains("very-secret"));
    let output = phr(sqlite.folder(), &["doctor"], &[("DATABASE_URL", "mysql://x")]);
    assert!(!output.succeeded() && output.stderr.contains("DATABASE_URL"), "{output:?}");
    let output = phr(sqlite.folder(), &["doctor"], &[("DB_POOL_MAX", "many")]);
    assert!(!output.succeeded() && output.stderr.contains("DB_POOL_MAX"), "{output:?}");
}

#[test]
fn the_default_database_stands_under_the_working_directory() {
    let database = Database::bare(Backend::Sqlite);
    let output = phr(database.folder(), &["migrate", "up"], &[]);
    assert!(output.succeeded(), "{output:?}");
    assert!(database.folder().join("data/phr.sqlite").is_file());
}

#[test]
fn readiness_follows_the_database_and_liveness_does_not() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let server = Phr::with(backend, &[("DB_POOL_TIMEOUT", "1")]);
        let status = |path: &str| server.http("GET", path, &[], b"").status;
        assert_eq!((status("/healthz/live"), status("/healthz/ready")), (200, 200));
        assert_eq!(status("/nowhere"), 404);
    }
    let server = Phr::with(Backend::Postgres, &[("DB_POOL_TIMEOUT", "1")]);
    let status = |path: &str| server.http("GET", path, &[], b"").status;
    let name = server.database.sql().value("SELECT current_database()");
    server.token();
    // Nobody may connect any more, and whoever is connected is cut off.
    let mut admin = server.database.sql_elsewhere();
    admin.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    admin.rows(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    eventually("the server is not ready", || (status("/healthz/ready") == 503).then_some(()));
    assert_eq!(status("/healthz/live"), 200);
    let response = server.response("{ health { status } doctors { nodes { uuid } } }", &json!({}));
    assert_eq!(response["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{response}");
    assert_eq!(response["errors"][0]["extensions"]["retryable"], true, "{response}");
    crate::bad_input::is_discreet(&response.to_string());
    admin.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    eventually("the server is ready again", || (status("/healthz/ready") == 200).then_some(()));
    // Connections that were cut while they lay idle cost no request.
    register(&server, &json!({}));
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    server.database.sql().rows(others);
    assert_eq!(count(&server), 1);
    server.database.sql().rows(others);
    register(&server, &json!({}));
    assert_eq!(count(&server), 2);
}

#[test]
fn a_server_that_is_told_to_stop_finishes_what_runs() {
    let mut server = Phr::start(Backend::Postgres);
    let uuid = register(&server, &json!({}));
    // A transaction sees the server's activity as it was when it first looked, so another connection looks.
    let (mut holder, mut looker) = (server.database.sql(), server.database.sql());
    holder.run("BEGIN; LOCK TABLE patientregister IN ACCESS EXCLUSIVE MODE");
    let running =
        server.begin("query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName } }", &json!({"uuid": uuid}));
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("the request waits for the lock", || (looker.value(waiting) == "1").then_some(()));
    server.signal("TERM");
    let address = server.address;
    eventually("no new connections are taken", || std::net::TcpStream::connect(address).err());
    holder.run("COMMIT");
    assert_eq!(running.finish().json()["data"]["patientRegister"]["lastName"], "Smith");
    assert_eq!(server.ended(), Some(0));
    assert!(server.log().contains("stopped"), "{}", server.log());
}

#[test]
fn the_schema_in_the_root_is_fresh() {
    let printed = phr(root(), &["schema"], &[]);
    assert!(printed.succeeded(), "{printed:?}");
    let kept = std::fs::read_to_string(root().join("schema.graphql")).unwrap();
    assert!(kept == printed.stdout, "run `cargo run -- schema > schema.graphql`");
}

#[test]
fn every_example_of_the_playground_runs() {
    let folder = root().join("api/playground/examples");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "graphql"));
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    let server = Phr::serve(Arc::new(Database::bare(Backend::Sqlite)), &[], &["--demo"]);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let variables = std::fs::read_to_string(file.with_extension("json")).unwrap_or_else(|_| "{}".to_owned());
        let variables: Value = serde_json::from_str(&variables).unwrap();
        let named = |line: &str| -> Option<String> {
            let rest = line.strip_prefix("query ").or_else(|| line.strip_prefix("mutation "))?;
            Some(rest.split(['(', ' ', '{']).next().unwrap().to_owned())
        };
        for name in text.lines().filter_map(named) {
            let body = json!({"query": text, "operationName": name, "variables": variables}).to_string();
            let response = server.post(&body).json();
            assert!(response.get("errors").is_none(), "{} {name}: {response}", file.display());
            for payload in response["data"].as_object().unwrap().values() {
                let errors = payload.get("userErrors").unwrap_or(&Value::Null);
                assert!(errors.is_null() || *errors == json!([]), "{} {name}: {response}", file.display());
            }
        }
    }
}
