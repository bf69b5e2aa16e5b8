//! `phr doctor`: what it finds wrong, and what it says to do.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use support::{Backend, Database, Phr, migrate, phr};

fn doctor(database: &Database, url: &str) -> (Option<i32>, Vec<Value>) {
    doctor_with(database, &[("DATABASE_URL", url)])
}

fn doctor_with(database: &Database, environment: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
    let output = phr(database.folder(), &["doctor", "--json"], environment);
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
fn doctor_tells_which_logins_see_beyond_an_institution() {
    let database = Database::new(Backend::Postgres);
    let (_, findings) = doctor(&database, &database.owner_url());
    assert_eq!(finding(&findings, "login")["found"], "a superuser", "{findings:?}");
    let name = format!("login_{}", uuid::Uuid::new_v4().simple());
    let mut sql = database.sql();
    sql.run(&format!("CREATE ROLE {name} LOGIN; GRANT phr_server TO {name}"));
    let url = database.url().replace("phr_app", &name);
    let found = |sql: &mut support::Sql, change: &str| {
        sql.run(change);
        let (code, findings) = doctor(&database, &url);
        assert_eq!(code, Some(0), "{findings:?}");
        let login = findings.iter().find(|finding| finding["subject"] == "login");
        login.map(|login| {
            assert_eq!(login["grade"], "warning", "{login}");
            login["found"].as_str().unwrap().to_owned()
        })
    };
    assert_eq!(found(&mut sql, "SELECT 1"), None);
    for (role, means) in [
        ("phr_owner", "row policies"),
        ("phr_migrator", "records of all institutions"),
        ("phr_audit_reader", "audit entries of all institutions and patients"),
    ] {
        let told = found(&mut sql, &format!("GRANT {role} TO {name}")).unwrap_or_else(|| panic!("{role}"));
        // One role may be a member of another.
        assert!(told.contains(&format!("member of {role}, ")) && told.contains(means), "{told}");
        sql.run(&format!("REVOKE {role} FROM {name}"));
    }
    let bypassing = found(&mut sql, &format!("ALTER ROLE {name} BYPASSRLS"));
    assert_eq!(bypassing.as_deref(), Some("bypasses row-level security"));
    sql.run(&format!("DROP ROLE {name}"));
}

/// Versions 3.7.0 to 3.51.2 can corrupt a file in WAL mode, or lose what was committed to it.
#[test]
fn sqlite_is_no_version_that_loses_what_was_committed() {
    let database = Database::new(Backend::Sqlite);
    let version = database.sql().value("SELECT sqlite_version()");
    let numbers: Vec<u32> = version.split('.').map(|number| number.parse().unwrap()).collect();
    assert!(numbers.as_slice() >= [3, 51, 3].as_slice(), "{version}");
    let (_, findings) = doctor(&database, &database.url());
    let found = finding(&findings, "database")["found"].as_str().unwrap();
    assert!(found.starts_with(&format!("SQLite {version}, ")), "the program has the same: {found}");
}

#[test]
fn doctor_tells_how_keys_and_administrators_stand() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = std::sync::Arc::new(Database::new(backend));
        let (code, findings) = doctor(&database, &database.url());
        assert_eq!((code, &finding(&findings, "key file")["grade"]), (Some(0), &json!("warning")), "{findings:?}");
        assert!(!database.folder().join("data/phr-local.key").exists(), "a look makes no key file");
        drop(Phr::serve(std::sync::Arc::clone(&database), &[], &[]));
        let (code, findings) = doctor(&database, &database.url());
        assert_eq!(code, Some(0), "{findings:?}");
        assert!(
            finding(&findings, "key file")["found"].as_str().unwrap().contains("this machine's own"),
            "{findings:?}"
        );
        assert_eq!(finding(&findings, "signing keys")["found"], "1, sealed by this key file");
        let none = finding(&findings, "administrators");
        assert_eq!(none["grade"], "warning", "{findings:?}");
        assert!(none["advice"].as_str().unwrap().contains("phr user create"), "{findings:?}");
        let url = database.url();
        let made = phr(database.folder(), &["user", "create", "--username", "a@b.example"], &[("DATABASE_URL", &url)]);
        assert!(made.succeeded(), "{made:?}");
        let (_, findings) = doctor(&database, &database.url());
        assert_eq!(finding(&findings, "administrators")["found"], "1 user(s) may manage users");
    }
}

#[test]
fn doctor_finds_a_key_file_that_is_wrong() {
    let database = std::sync::Arc::new(Database::new(Backend::Sqlite));
    drop(Phr::serve(std::sync::Arc::clone(&database), &[], &[]));
    let file = database.folder().join("own.key");
    let (url, own) = (database.url(), file.to_str().unwrap());
    let own_file = [("DATABASE_URL", url.as_str()), ("PHR_KEY_FILE", own)];
    let (code, findings) = doctor_with(&database, &own_file);
    assert_eq!((code, &finding(&findings, "key file")["grade"]), (Some(1), &json!("error")), "{findings:?}");
    let beyond = [("DATABASE_URL", url.as_str()), ("PHR_LISTEN", "0.0.0.0:8000")];
    let (code, findings) = doctor_with(&database, &beyond);
    assert_eq!((code, &finding(&findings, "listen")["grade"]), (Some(1), &json!("error")), "{findings:?}");
    assert!(phr(database.folder(), &["key", "create", own], &[]).succeeded());
    let (code, findings) = doctor_with(&database, &own_file);
    assert!(finding(&findings, "key file")["found"].as_str().unwrap().contains("made by an operator"), "{findings:?}");
    let keys = finding(&findings, "signing keys");
    assert_eq!((code, &keys["grade"]), (Some(1), &json!("error")), "{findings:?}");
    assert!(keys["found"].as_str().unwrap().contains("another key file"), "{findings:?}");
    assert!(phr(database.folder(), &["key", "rotate", "--revoke"], &own_file).succeeded());
    let (code, findings) = doctor_with(&database, &own_file);
    assert_eq!((code, &finding(&findings, "signing keys")["grade"]), (Some(0), &json!("ok")), "{findings:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let (code, findings) = doctor_with(&database, &own_file);
    assert_eq!(code, Some(1));
    assert!(finding(&findings, "key file")["advice"].as_str().unwrap().contains("chmod 600"), "{findings:?}");
}
