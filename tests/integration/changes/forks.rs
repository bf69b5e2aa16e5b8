//! Promotions: what survived is followed across them, and whoever has seen what was lost is told.

use phr::changelog::{Batch, Cursor, Gap};
use phr::config::Config;
use support::{Backend, Cluster, Database, Node, Sql, eventually};
use uuid::Uuid;

use super::{Log, keys, register, reprinted};

fn follow(cluster: &Cluster) -> Log {
    let urls = cluster.urls();
    let url = |name: &str| urls.iter().find(|(given, _)| *given == name).map(|(_, url)| url.clone());
    Log::with(&Config::load(None, url).unwrap())
}

fn insert(sql: &mut Sql) -> Uuid {
    let patient = Uuid::new_v4();
    sql.run(&format!(
        "INSERT INTO patientregister (uuid, first_name, last_name, date_of_birth, phone_number, address, status)
         VALUES ('{patient}', 'Jane', 'Smith', '1985-04-12', '555-267-5674', '1 Mill Lane', 'INCOMPLETE')"
    ));
    patient
}

/// Reads by a cursor that was written down.
fn read(log: &Log, cursor: &Cursor) -> Batch {
    log.next(&reprinted(cursor), 100)
}

/// From now on a replica receives nothing.
fn cut_off(node: &Node) -> String {
    let mut sql = node.sql();
    let before = sql.value("SHOW primary_conninfo");
    sql.run("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'");
    sql.run("SELECT pg_reload_conf()");
    before
}

#[test]
fn a_cursor_is_good_across_promotions_unless_it_has_seen_what_was_lost() {
    let cluster = Cluster::start();
    let log = follow(&cluster);
    let (old, new) = (&cluster.nodes[0], &cluster.nodes[1]);
    let mut sql = old.sql();
    let begun = log.now();
    let kept = [insert(&mut sql), insert(&mut sql)];
    let first = log.next(&begun, 1);
    let all = log.next(&begun, 10);
    let (between, after, since) = (first.cursor, all.cursor, log.now());
    assert_eq!((keys(&first.changes), keys(&all.changes)), (kept[..1].to_vec(), kept.to_vec()));
    cluster.wait_until_caught_up();
    for node in cluster.replicas() {
        cut_off(node);
    }
    eventually("nobody receives", || (sql.value("SELECT count(*) FROM pg_stat_replication") == "0").then_some(()));
    // What is lost has changed nothing yet, but transactions have come and gone, whose numbers the new primary gives anew.
    for _ in 0..20 {
        sql.run("BEGIN; SELECT pg_current_xact_id(); ROLLBACK");
    }
    let idle = log.now();
    let relay = log.relay();
    let mut subscription = log.subscribe(&relay, Some(after.clone()));
    let lost = insert(&mut sql);
    let misled = log.next(&after, 10);
    assert_eq!(keys(&misled.changes), [lost]);
    assert_eq!(keys(&log.take(&mut subscription, 1)), [lost]);
    let misled_since = log.now();
    drop(sql);
    old.kill();
    cluster.promote(new, false);
    let mut sql = new.sql();
    let written: Vec<Uuid> = (0..5).map(|_| insert(&mut sql)).collect();
    let check = |log: &Log| {
        for (name, cursor) in [("after", &after), ("since", &since), ("idle", &idle)] {
            let batch = read(log, cursor);
            assert_eq!((batch.gap, keys(&batch.changes)), (None, written.clone()), "{name}");
            assert!(read(log, &batch.cursor).is_empty(), "{name}");
        }
        let batch = read(log, &between);
        assert_eq!((batch.gap, keys(&batch.changes)), (None, kept[1..].to_vec()));
        assert_eq!(keys(&read(log, &batch.cursor).changes), written);
        for (name, cursor) in [("misled", &misled.cursor), ("misled since", &misled_since)] {
            let batch = read(log, cursor);
            assert_eq!((batch.gap, batch.changes.len()), (Some(Gap::Forked), 0), "{name}");
            assert!(read(log, &batch.cursor).is_empty(), "{name} goes on from there");
        }
    };
    check(&log);
    let told = log.runtime.block_on(subscription.next()).unwrap();
    assert_eq!(told.gap, Some(Gap::Forked));
    // A server that has not witnessed the promotion, and a primary that does not remember it.
    check(&follow(&cluster));
    drop(sql);
    new.kill();
    cluster.restart(new);
    check(&follow(&cluster));
    let more = insert(&mut new.sql());
    assert_eq!(keys(&log.take(&mut subscription, 1)), [more]);
}

/// Registers patients in a file that is no test's own.
fn register_by(log: &Log, database: &Database, count: usize) -> Vec<Uuid> {
    let patients: Vec<Uuid> = (0..count).map(|_| Uuid::new_v4()).collect();
    log.write(&patients.iter().map(|patient| super::insert(database, *patient)).collect::<Vec<_>>());
    patients
}

#[test]
fn an_older_copy_of_a_file_is_found_out() {
    let database = Database::new(Backend::Sqlite);
    let mut sql = database.sql();
    register(&database, &mut sql, 2);
    let kept = Log::of(&database).now();
    let copy = database.folder().join("copy.sqlite");
    sql.run(&format!("VACUUM INTO '{}'", copy.display()));
    register(&database, &mut sql, 3);
    let log = Log::of(&database);
    let (middle, lost) = (log.next(&kept, 1).cursor, log.now());
    let url = format!("sqlite:{}", copy.display());
    let log = Log::with(&Config::load(None, |name| (name == "DATABASE_URL").then(|| url.clone())).unwrap());
    let mut written = Vec::new();
    for _ in 0..2 {
        for cursor in [&lost, &middle] {
            assert_eq!(log.next(cursor, 10).gap, Some(Gap::Forked), "with {} written since", written.len());
        }
        written.extend(register_by(&log, &database, 4));
        assert_eq!(keys(&log.next(&kept, 10).changes), written);
    }
}
