//! The program: what it refuses to start with, what it says about itself, and how it ends.

use std::net::TcpListener;

use serde_json::json;
use support::{Backend, Database, Phr, Server, eventually, phr, root};

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
    let own = [&own[..], &[("PHR_ALLOWED_HOSTS", "127.0.0.1")]].concat();
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
    server.logs("stopped");
}

#[test]
fn the_schema_in_the_root_is_fresh() {
    let printed = phr(root(), &["schema"], &[]);
    assert!(printed.succeeded(), "{printed:?}");
    let kept = std::fs::read_to_string(root().join("schema.graphql")).unwrap();
    assert!(kept == printed.stdout, "run `cargo run -- schema > schema.graphql`");
}
