//! Old changes go, and whoever had not seen them is told.

use std::sync::Arc;

use phr::changelog::{Gap, Pruning};
use phr::clock::SystemClock;
use support::{Backend, Database, Phr, Sql, eventually};

use super::{Log, keys, on_both, register, reprinted};

/// Makes the first so many changes as old as so many hours.
fn age(database: &Database, sql: &mut Sql, count: usize, hours: u32) {
    let then = match database.backend() {
        Backend::Postgres => format!("now() - interval '{hours} hours'"),
        Backend::Sqlite => format!("strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now', '-{hours} hours')"),
    };
    sql.run(&format!(
        "UPDATE change_log SET occurred_at = {then}
         WHERE sequence IN (SELECT sequence FROM change_log ORDER BY sequence LIMIT {count})"
    ));
}

fn count(sql: &mut Sql) -> usize {
    sql.value("SELECT count(*) FROM change_log").parse().unwrap()
}

#[test]
fn who_comes_too_late_is_told_and_who_has_seen_what_went_is_not_disturbed() {
    on_both(|database| {
        let mut sql = database.sql();
        let before = count(&mut sql);
        let log = Log::of(database);
        let begun = log.now();
        let mut cursors = vec![begun.clone()];
        let mut registered = register(database, &mut sql, 10);
        // After each change, in the midst of a page, and after all.
        for _ in 0..10 {
            let batch = log.next(cursors.last().unwrap(), 1);
            assert_eq!(batch.gap, None);
            cursors.push(reprinted(&batch.cursor));
        }
        let page = log.next(&begun, 10);
        let within: Vec<_> = page.changes.iter().map(|change| page.cursor_after(change)).collect();
        cursors.extend([log.next(cursors.last().unwrap(), 1).cursor, log.now()]);
        age(database, &mut sql, before + 7, 40 * 24);
        let pruning = || {
            let _within = log.runtime.enter();
            Pruning::start(log.cluster.clone(), Arc::new(SystemClock), 30)
        };
        let pruned = pruning();
        eventually("old changes go", || (count(&mut sql) == 3).then_some(()));
        drop(pruned);
        registered.extend(register(database, &mut sql, 1));
        for (seen, cursor) in
            cursors.iter().enumerate().chain(within.iter().zip(1..).map(|(cursor, seen)| (seen, cursor)))
        {
            let batch = log.next(cursor, 100);
            let seen = seen.min(10);
            if seen < 7 {
                assert_eq!((batch.gap, batch.changes.len()), (Some(Gap::Pruned), 0), "after {seen}");
                assert_eq!(log.next(&batch.cursor, 100).gap, None, "it goes on from there");
            } else {
                assert_eq!(batch.gap, None, "{:?}, after {seen}", database.backend());
                assert_eq!(keys(&log.rest(&mut cursor.clone(), 100)), registered[seen..]);
            }
        }
        let relay = log.relay();
        let mut late = log.subscribe(&relay, Some(begun));
        let told = log.runtime.block_on(late.next()).unwrap();
        assert_eq!(told.gap, Some(Gap::Pruned));
        registered = register(database, &mut sql, 2);
        assert_eq!(keys(&log.take(&mut late, 2)), registered, "and the subscription goes on");
        // All of them, so that the log is empty.
        age(database, &mut sql, 100, 40 * 24);
        let end = log.now();
        let _pruned = pruning();
        eventually("all changes go", || (count(&mut sql) == 0).then_some(()));
        registered = register(database, &mut sql, 2);
        assert_eq!(log.next(&cursors[10], 9).gap, Some(Gap::Pruned));
        assert_eq!(keys(&log.next(&end, 9).changes), registered);
    });
}

#[test]
fn a_server_prunes_by_its_setting_when_it_starts() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        let mut sql = database.sql();
        register(&database, &mut sql, 3);
        let all = count(&mut sql);
        age(&database, &mut sql, all - 1, 49);
        let _server = Phr::serve(Arc::clone(&database), &[("OFFLINE_DATA_RETENTION_DAYS", "2")], &[]);
        eventually("old changes go", || (count(&mut sql) == 1).then_some(()));
    }
}

#[test]
fn servers_prune_one_at_a_time_a_little_at_once_and_nothing_of_today() {
    let database = Database::new(Backend::Postgres);
    let (mut sql, mut one, mut other) = (database.sql(), database.sql_as_server(), database.sql_as_server());
    register(&database, &mut sql, 10);
    let all = count(&mut sql);
    age(&database, &mut sql, all, 23);
    let mut prune = |days, most| one.value(&format!("SELECT prune_change_log({days}, {most})"));
    assert_eq!([prune("0", 1000), prune("-5", 1000), prune("NULL", 1000)], ["0", "0", "0"]);
    age(&database, &mut sql, all, 25);
    assert_eq!([prune("30", 1000), prune("2147483647", 1000), prune("0", 4)], ["0", "0", "4"]);
    one.run("BEGIN");
    assert_eq!(one.value("SELECT prune_change_log(1, 3)"), "3");
    assert_eq!(one.value("SELECT current_setting('phr.institution')"), "all", "as it was");
    assert_eq!(other.value("SELECT prune_change_log(1, 3)"), "0", "another one is at it");
    one.run("COMMIT");
    assert_eq!(other.value("SELECT prune_change_log(1, 3)"), "3");
    assert_eq!(count(&mut sql), all - 10);
    for forbidden in ["DELETE FROM change_log", "UPDATE change_log_horizon SET sequence = 0", "TRUNCATE change_log"] {
        assert!(other.attempt(forbidden).is_err(), "{forbidden}");
    }
}
