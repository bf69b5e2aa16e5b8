//! The schema's steps: forward, back, and refused when they do not fit.

use std::sync::Arc;

use serde_json::{Value, json};
use support::{Backend, Database, Output, Phr, migrate, phr, root};

fn on_both(test: impl Fn(&Database)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        test(&Database::bare(backend));
    }
}

fn names() -> Vec<String> {
    migration::steps().into_iter().map(|step| step.name).collect()
}

fn status(database: &Database) -> Value {
    let output = migrate(database, &["status", "--json"]);
    assert!(output.succeeded(), "{output:?}");
    serde_json::from_str(&output.stdout).unwrap()
}

fn succeeded(output: &Output) -> &str {
    assert!(output.succeeded(), "{output:?}");
    &output.stdout
}

fn tables(database: &Database) -> String {
    database.sql().value(match database.backend() {
        Backend::Postgres => {
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
             AND relname NOT IN ('migration_history', 'migration_history_pkey', 'migration_history_id_seq')
             AND relname NOT LIKE 'seaql%'"
        }
        Backend::Sqlite => {
            "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite%' AND name NOT LIKE 'seaql%'
             AND name <> 'migration_history'"
        }
    })
}

#[test]
fn every_step_goes_up_down_and_up_again() {
    on_both(|database| {
        assert_eq!(status(database)["pending"], json!(names()));
        let up = names().iter().map(|name| format!("applied {name}\n")).collect::<Vec<_>>().concat();
        assert_eq!(succeeded(&migrate(database, &["up"])), up);
        assert!(succeeded(&migrate(database, &["up"])).contains("up to date"));
        let full = tables(database);
        let down = names().iter().rev().map(|name| format!("took back {name}\n")).collect::<Vec<_>>().concat();
        assert_eq!(succeeded(&migrate(database, &["down", "99"])), down);
        assert_eq!(tables(database), "0", "{:?}: something stays behind", database.backend());
        assert!(succeeded(&migrate(database, &["down"])).contains("nothing to take back"));
        // One by one.
        for name in names() {
            assert_eq!(succeeded(&migrate(database, &["up", "1"])), format!("applied {name}\n"));
        }
        assert_eq!(tables(database), full);
        let status = status(database);
        assert_eq!(status["applied"], json!(names()));
        assert_eq!(status["pending"], json!([]));
        assert_eq!(status["history"].as_array().unwrap().len(), 3 * names().len());
    });
}

#[test]
fn records_survive_a_step_back_and_forth() {
    on_both(|database| {
        succeeded(&migrate(database, &["up"]));
        database.sql().run(
            "INSERT INTO patientregister (first_name, last_name, date_of_birth, phone_number, address, status)
             VALUES ('Ada', 'Lee', '1990-01-01', '555-267-5674', '1 Oak Avenue', 'INCOMPLETE')",
        );
        succeeded(&migrate(database, &["down"]));
        succeeded(&migrate(database, &["up"]));
        assert_eq!(database.sql().value("SELECT last_name FROM patientregister"), "Lee");
        let logged = "SELECT operation FROM change_log WHERE entity = 'PatientRegister'";
        assert_eq!(database.sql().column(logged), ["CREATED"]);
    });
}

#[test]
fn an_applied_migration_that_was_edited_is_refused_by_name() {
    on_both(|database| {
        succeeded(&migrate(database, &["up"]));
        let name = &names()[0];
        let edit = format!("UPDATE migration_history SET sha256 = '{}' WHERE version = '{name}'", "0".repeat(64));
        database.sql().run(&edit);
        for command in [["status"].as_slice(), &["up"], &["down"]] {
            let output = migrate(database, command);
            assert!(
                !output.succeeded() && output.stderr.contains(name) && output.stderr.contains("edited"),
                "{output:?}"
            );
        }
        let served =
            phr(database.folder(), &["serve", "--listen", "127.0.0.1:0"], &[("DATABASE_URL", &database.url())]);
        assert!(!served.succeeded() && served.stderr.contains(name), "{served:?}");
    });
}

#[test]
fn an_applied_migration_that_is_unknown_is_refused_by_name() {
    on_both(|database| {
        succeeded(&migrate(database, &["up"]));
        let sum = "0".repeat(64);
        database.sql().run(&format!(
            "INSERT INTO migration_history (version, direction, sha256) VALUES ('20990101000000_future', 'up', '{sum}')"
        ));
        for command in [["status"].as_slice(), &["up"]] {
            let output = migrate(database, command);
            assert!(!output.succeeded() && output.stderr.contains("20990101000000_future"), "{output:?}");
        }
        let served =
            phr(database.folder(), &["serve", "--listen", "127.0.0.1:0"], &[("DATABASE_URL", &database.url())]);
        assert!(!served.succeeded() && served.stderr.contains("20990101000000_future"), "{served:?}");
    });
}

#[test]
fn serve_refuses_a_postgres_schema_that_lacks_a_step() {
    let database = Database::new(Backend::Postgres);
    succeeded(&migrate(&database, &["down"]));
    let served = phr(database.folder(), &["serve", "--listen", "127.0.0.1:0"], &[("DATABASE_URL", &database.url())]);
    assert!(!served.succeeded());
    let last = names().pop().unwrap();
    for word in [last.as_str(), "phr migrate up", "1 migration"] {
        assert!(served.stderr.contains(word), "{word}: {served:?}");
    }
    let bare = Database::bare(Backend::Postgres);
    let served = phr(bare.folder(), &["serve", "--listen", "127.0.0.1:0"], &[("DATABASE_URL", &bare.owner_url())]);
    assert!(!served.succeeded() && served.stderr.contains("phr migrate up"), "{served:?}");
}

#[test]
fn servers_that_start_at_once_on_an_empty_folder_all_come_up() {
    for _ in 0..3 {
        let database = Arc::new(Database::bare(Backend::Sqlite));
        let servers: Vec<Phr> = std::thread::scope(|scope| {
            let starting: Vec<_> =
                (0..3).map(|_| scope.spawn(|| Phr::serve(Arc::clone(&database), &[], &[]))).collect();
            starting.into_iter().map(|server| server.join().unwrap()).collect()
        });
        let uuid = crate::patients::register(&servers[0], &json!({}));
        for server in &servers {
            assert_eq!(crate::patients::read(server, &uuid)["lastName"], "Smith");
        }
        crate::patients::done(&servers[1], "deletePatientRegister", "uuid", &json!({"uuid": uuid}));
        assert_eq!(crate::patients::read(&servers[2], &uuid), Value::Null);
    }
}

#[test]
fn runners_that_start_at_once_on_one_server_apply_each_step_once() {
    let database = Database::bare(Backend::Postgres);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| succeeded(&migrate(&database, &["up"])).len());
        }
    });
    assert_eq!(database.sql().value("SELECT count(*) FROM migration_history"), names().len().to_string());
}

#[test]
fn a_new_migration_gets_its_files() {
    let database = Database::bare(Backend::Sqlite);
    let folder = database.folder();
    let outside = phr(folder, &["migrate", "new", "add_visits"], &[]);
    assert!(!outside.succeeded() && outside.stderr.contains("migration/steps"), "{outside:?}");
    let steps = folder.join("migration/steps");
    std::fs::create_dir_all(&steps).unwrap();
    for wrong in ["", "Add visits", "../x", "é"] {
        let refused = phr(folder, &["migrate", "new", wrong], &[]);
        assert!(!refused.succeeded() && refused.stderr.contains("small letters"), "{refused:?}");
    }
    let made = phr(folder, &["migrate", "new", "add_visits"], &[]);
    let files: Vec<&str> = succeeded(&made).lines().collect();
    assert_eq!(files.len(), 4);
    assert!(files.iter().all(|file| folder.join(file).is_file()), "{files:?}");
    let entry = std::fs::read_dir(&steps).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let (time, name) = entry.split_once('_').unwrap();
    assert!(time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit()), "{entry}");
    assert_eq!(name, "add_visits");
}

#[test]
fn no_statement_of_a_step_is_logged() {
    on_both(|database| {
        let url = database.owner_url();
        let settings = [("DATABASE_URL", &*url), ("LOG_LEVEL", "sqlx=debug")];
        let up = phr(database.folder(), &["migrate", "up"], &settings);
        let logged = ["CREATE", "SELECT", "INSERT"].iter().any(|word| up.stderr.contains(word));
        assert!(up.succeeded() && !logged, "{:?}: SQL is logged", database.backend());
    });
}

#[test]
fn every_step_has_its_four_files_and_a_time_of_its_own() {
    let mut times: Vec<String> = Vec::new();
    for name in names() {
        for file in ["up.postgres.sql", "down.postgres.sql", "up.sqlite.sql", "down.sqlite.sql"] {
            let path = root().join("migration/steps").join(&name).join(file);
            assert!(path.metadata().is_ok_and(|data| data.len() > 0), "{}", path.display());
        }
        times.push(name[..14].to_owned());
    }
    times.dedup();
    assert_eq!(times.len(), names().len());
}
