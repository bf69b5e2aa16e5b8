//! Whatever is done to the trail in the database is found, and the first bad entry is named.

use std::sync::Arc;

use serde_json::{Value, json};
use support::{Backend, Database, Phr, Sql, phr};
use uuid::Uuid;

use super::row::{COLUMNS, Kind, Row, read, write};
use super::{anchors, shipped, verify};
use crate::library::Library;
use crate::patients::{done, register};

/// Tamperings on each database.
const ROUNDS: u64 = 100;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        // Knuth's MMIX generator; its upper bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// Lets whoever has the database in hand change entries.
pub(super) fn unlock(backend: Backend, sql: &mut Sql) {
    match backend {
        Backend::Sqlite => sql.run(
            "DROP TRIGGER audit_events_updated; DROP TRIGGER audit_events_deleted; PRAGMA ignore_check_constraints = ON",
        ),
        Backend::Postgres => {
            for constraint in ["form", "shape", "patient_ids"] {
                sql.run(&format!("ALTER TABLE audit_events DROP CONSTRAINT audit_events_{constraint}_check"));
            }
            for table in sql.column("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'") {
                sql.run(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL"));
            }
        }
    }
}

/// Two servers' chains that have ended, as written; and two short ones of tokens that were made for them.
fn scene(backend: Backend) -> Arc<Database> {
    let database = Arc::new(Database::new(backend));
    for _ in 0..2 {
        let mut server = Phr::serve(Arc::clone(&database), &[], &[]);
        for name in ["Lee", "Torres", "Smith"] {
            let uuid = register(&server, &json!({}));
            done(&server, "updatePatientRegister", "uuid email", &json!({"uuid": uuid, "lastName": name}));
            server.ask("{ patientRegisters { nodes { uuid allergies } } }", &json!({}));
        }
        server.signal("TERM");
        assert_eq!(server.ended(), Some(0));
    }
    database
}

/// Another value for a column.
fn other(row: &Row, column: &str, kind: Kind, dice: &mut Dice) -> String {
    let value = row.get(column);
    match kind {
        Kind::Key => Uuid::from_u128(dice.roll(1 << 30) as u128 + 7).simple().to_string(),
        Kind::Hash if value.is_empty() => "ab".to_owned(),
        Kind::Hash => format!("{}{}", if value.starts_with('0') { '1' } else { '0' }, &value[1..]),
        Kind::Number(2) => if value == "2" { "1" } else { "2" }.to_owned(),
        Kind::Keys => json!([Uuid::from_u128(dice.roll(1 << 30) as u128 + 7)]).to_string(),
        Kind::Number(_) => (value.parse::<i64>().unwrap_or(0) + 1000).to_string(),
        Kind::List => if value == "[]" { "[\"email\"]" } else { "[]" }.to_owned(),
        // A microsecond later.
        Kind::Instant => {
            let micros: u32 = value[20..26].parse().unwrap();
            format!("{}{:06}+00:00", &value[..20], if micros == 999_999 { 0 } else { micros + 1 })
        }
        Kind::Text if column == "outcome" => if value == "DENIED" { "FAILED" } else { "DENIED" }.to_owned(),
        Kind::Text => format!("{value}X"),
    }
}

/// Hashes a chain anew from some entry on, so that all of it fits together.
pub(super) fn rehash(chain: &mut [Row], from: usize) {
    for at in from..chain.len() {
        if at > 0 {
            let previous = chain[at - 1].get("hash").to_owned();
            chain[at].set("previous_hash", &previous);
        }
        chain[at].rehash();
    }
}

/// Does something bad to a chain; the number of the first bad entry, and what was done.
fn tamper(chain: &mut Vec<Row>, round: u64, dice: &mut Dice) -> (i64, String) {
    let at = dice.roll(chain.len());
    let number = chain[at].sequence();
    let column = |dice: &mut Dice| COLUMNS[dice.roll(COLUMNS.len())];
    // Each column in turn, and then every way of tampering.
    if let Some((name, kind, _)) = usize::try_from(round).ok().and_then(|round| COLUMNS.get(round)) {
        let value = other(&chain[at], name, *kind, dice);
        chain[at].set(name, &value);
        return (number, format!("{name} of {number} was edited"));
    }
    let way = round % 9;
    match way {
        0 | 1 => {
            let (name, kind, _) = column(dice);
            let is_kept = ["instance", "sequence", "hash", "previous_hash"].contains(&name);
            let (name, kind) = if is_kept { ("patient_ids", Kind::Keys) } else { (name, kind) };
            let value = other(&chain[at], name, kind, dice);
            chain[at].set(name, &value);
            // The entry alone, or the whole chain from it on.
            let end = if way == 0 { at + 1 } else { chain.len() };
            rehash(&mut chain[..end], at);
            (number, format!("{name} of {number} was edited and {} entries hashed anew", end - at))
        }
        2 => {
            chain.remove(at);
            (number, format!("{number} was removed"))
        }
        3 => {
            chain.remove(at);
            for (index, row) in chain.iter_mut().enumerate().skip(at) {
                row.renumber(i64::try_from(index).unwrap() + 1);
            }
            rehash(chain, at);
            (number, format!("{number} was removed and the rest hashed anew"))
        }
        4 => {
            let with = (at + 1 + dice.roll(chain.len() - 1)) % chain.len();
            let (first, second) = (chain[at].clone(), chain[with].clone());
            for column in ["sequence", "uuid"] {
                chain[at].set(column, second.get(column));
                chain[with].set(column, first.get(column));
            }
            (number.min(second.sequence()), format!("{number} and {} changed places", second.sequence()))
        }
        5 => {
            chain.truncate(at);
            (number, format!("{number} and all after it were removed"))
        }
        6 => {
            let mut new = chain[chain.len() - 1].clone();
            let next = new.sequence() + 1;
            new.renumber(next);
            chain.push(new);
            let end = chain.len();
            rehash(chain, end - 1);
            (next, format!("{next} was added at the end"))
        }
        7 => {
            let mut new = chain[dice.roll(chain.len())].clone();
            new.set("request_id", &Uuid::from_u128(7).simple().to_string());
            chain.insert(at, new);
            for (index, row) in chain.iter_mut().enumerate().skip(at) {
                row.renumber(i64::try_from(index).unwrap() + 1);
            }
            rehash(chain, at);
            (number, format!("an entry was inserted before {number} and the rest hashed anew"))
        }
        _ => {
            let value = other(&chain[at], "actor_id", Kind::Key, dice);
            chain[at].set("actor_id", &value);
            rehash(chain, 0);
            (number, format!("actor_id of {number} was edited and the whole chain hashed anew"))
        }
    }
}

fn every_tampering_is_found(backend: Backend) {
    let database = scene(backend);
    let library = Library::of(&database);
    let files = [anchors(&database)];
    let mut sql = database.sql();
    let rows = read(backend, &mut sql);
    assert!(rows.len() > 40, "{}", rows.len());
    let mut again = rows.clone();
    again.iter_mut().for_each(Row::rehash);
    assert_eq!(again, rows, "entries are hashed as the tests know it");
    let sound = library.verify(&files);
    assert!(sound.findings.is_empty() && sound.unanchored == 0 && sound.chains == 4, "{sound:?}");
    unlock(backend, &mut sql);
    let mut dice = Dice(17);
    let servers: Vec<&str> = rows.iter().filter(|row| row.sequence() == 5).map(|row| row.get("instance")).collect();
    for round in 0..ROUNDS {
        let instance = servers[dice.roll(servers.len())].to_owned();
        let (mut chain, mut all): (Vec<Row>, Vec<Row>) =
            rows.iter().cloned().partition(|row| row.get("instance") == instance);
        let (first, what) = tamper(&mut chain, round, &mut dice);
        all.extend(chain);
        write(backend, &mut sql, &all);
        let found = library.verify(&files);
        let instance = Uuid::parse_str(&instance).unwrap();
        let own: Vec<_> = found.findings.iter().filter(|finding| finding.instance == instance).collect();
        assert_eq!(own.len(), 1, "round {round}: {what}: {found:?}");
        assert_eq!(own[0].sequence, first, "round {round}: {what}: {found:?}");
    }
    write(backend, &mut sql, &rows);
    assert_eq!(library.verify(&files), sound, "put back, all is well");
}

#[test]
fn every_tampering_is_found_on_sqlite() {
    every_tampering_is_found(Backend::Sqlite);
}

#[test]
fn every_tampering_is_found_on_postgres() {
    every_tampering_is_found(Backend::Postgres);
}

#[test]
fn a_second_entry_of_one_number_is_found() {
    let database = scene(Backend::Postgres);
    let mut sql = database.sql();
    let mut rows = read(Backend::Postgres, &mut sql);
    unlock(Backend::Postgres, &mut sql);
    let mut twin = rows[3].clone();
    // In the same second, and so in a month that has a partition.
    let instant = other(&twin, "occurred_at", Kind::Instant, &mut Dice(17));
    twin.set("occurred_at", &instant);
    twin.rehash();
    let (instance, sequence) = (Uuid::parse_str(twin.get("instance")).unwrap(), twin.sequence());
    rows.push(twin);
    write(Backend::Postgres, &mut sql, &rows);
    let found = Library::of(&database).verify(&[anchors(&database)]).findings;
    assert_eq!((found.len(), found[0].instance, found[0].sequence), (1, instance, sequence), "{found:?}");
}

#[test]
fn the_start_of_a_chain_cannot_be_said_to_have_been_pruned() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = scene(backend);
        let library = Library::of(&database);
        let files = [anchors(&database)];
        let mut sql = database.sql();
        let rows = read(backend, &mut sql);
        unlock(backend, &mut sql);
        let instance = rows[0].get("instance").to_owned();
        let key = Uuid::parse_str(&instance).unwrap();
        let length = rows.iter().filter(|row| row.get("instance") == instance).count();
        for upto in 1..=i64::try_from(length).unwrap() {
            let is_gone = |row: &Row| row.get("instance") == instance && row.sequence() <= upto;
            let (gone, kept): (Vec<Row>, Vec<Row>) = rows.iter().cloned().partition(is_gone);
            write(backend, &mut sql, &kept);
            let hash = gone.last().unwrap().get("hash");
            let hash = if backend == Backend::Postgres { format!("'\\x{hash}'") } else { format!("x'{hash}'") };
            sql.run(&format!(
                "DELETE FROM audit_beginnings; INSERT INTO audit_beginnings (instance, sequence, hash, occurred_at)
                 VALUES ({}, {upto}, {hash}, '2001-01-01T00:00:00.000000+00:00')",
                database.key(&key.to_string())
            ));
            let found = library.verify(&files).findings;
            assert_eq!(found.len(), 1, "{backend:?}, up to {upto}: {found:?}");
            assert_eq!((found[0].instance, found[0].sequence), (key, 1), "{backend:?}, up to {upto}: {found:?}");
            assert_eq!(found[0].why, "it was removed before its time");
        }
        sql.run("DELETE FROM audit_beginnings");
        write(backend, &mut sql, &rows);
        assert!(library.verify(&files).findings.is_empty(), "put back, all is well");
    }
}

#[test]
fn the_command_names_the_first_bad_entry_by_its_exit_code_too() {
    let database = scene(Backend::Sqlite);
    let sound = verify(&database);
    assert_eq!(sound.code, Some(0), "{sound:?}");
    let mut sql = database.sql();
    unlock(Backend::Sqlite, &mut sql);
    sql.run("UPDATE audit_events SET outcome = 'FAILED' WHERE sequence = 5");
    let altered = verify(&database);
    assert_eq!(altered.code, Some(3), "{altered:?}");
    let report: Value = serde_json::from_str(&altered.stdout).unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 2, "one of each chain: {report}");
    assert_eq!(report["findings"][0]["sequence"], 5, "{report}");
    let url = database.url();
    let environment = [("DATABASE_URL", url.as_str())];
    let told = phr(database.folder(), &["audit", "verify"], &environment);
    assert!(told.stdout.contains("entry 5: it was altered"), "{told:?}");
    // A line that a process died over hides nothing else.
    let file = anchors(&database);
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}{{\"instance\":\"{}", Uuid::new_v4())).unwrap();
    let told = phr(database.folder(), &["audit", "verify"], &environment);
    assert!(told.stdout.contains("1 lines of the anchors are none") && told.code == Some(3), "{told:?}");
    let nowhere = phr(database.folder(), &["audit", "verify", "--anchors", "nowhere"], &environment);
    assert!(nowhere.code == Some(1) && nowhere.stderr.contains("nowhere"), "{nowhere:?}");
}

#[test]
fn without_anchors_it_is_known_whether_entries_fit_together() {
    let database = scene(Backend::Sqlite);
    let mut sql = database.sql();
    let mut rows = read(Backend::Sqlite, &mut sql);
    unlock(Backend::Sqlite, &mut sql);
    let begins = rows.iter().position(|row| row.sequence() == 5).unwrap() - 4;
    rows[begins + 4].set("role", "nobody");
    write(Backend::Sqlite, &mut sql, &rows);
    let library = Library::of(&database);
    assert_eq!(library.verify(&[]).findings.len(), 1);
    let length = rows.iter().filter(|row| row.get("instance") == rows[begins].get("instance")).count();
    rehash(&mut rows[begins..begins + length], 4);
    write(Backend::Sqlite, &mut sql, &rows);
    let report = library.verify(&[]);
    assert!(report.findings.is_empty() && report.unanchored == report.entries, "{report:?}");
    assert_eq!(library.verify(&[anchors(&database)]).findings.len(), 1, "that is what anchors are for");
}

#[test]
fn anchors_leave_the_database_soon_and_reach_the_log_of_who_wants_them() {
    let server = Phr::with(Backend::Sqlite, &[("LOG_LEVEL", "info,phr::audit::anchor=debug")]);
    register(&server, &json!({}));
    let last = shipped(&server.database, "action = 'READ'", 1);
    let anchored = format!("\"sequence\":{}", last[0]["sequence"]);
    support::eventually("the last entry is anchored", || {
        let text = std::fs::read_to_string(anchors(&server.database)).ok()?;
        text.lines().last()?.contains(&anchored).then_some(())
    });
    support::eventually("the log has it too", || server.log().contains("audit anchor").then_some(()));
}
