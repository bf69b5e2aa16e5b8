//! What a cursor has not seen is read once, whenever it was committed.

use phr::changelog::Operation;
use phr::scope::{Boundary, InstitutionId, Scope};
use support::{Backend, Database};
use uuid::Uuid;

use super::{Log, change, insert, keys, on_both, register, reprinted};
use crate::library::operator;
use crate::patients::HOME;

#[test]
fn every_change_is_read_once_in_pages_of_any_size() {
    on_both(|database| {
        let mut sql = database.sql();
        register(database, &mut sql, 3);
        let log = Log::of(database);
        let begun = log.now();
        let mut cursors: Vec<_> = [1, 2, 5, 100].map(|limit| (limit, begun.clone())).into();
        assert!(log.rest(&mut cursors[0].1, 1).is_empty(), "what was there before is not told");
        let mut expected = register(database, &mut sql, 5);
        sql.run(&change(database, expected[1], "2 Oak Road"));
        expected.push(expected[1]);
        for (limit, cursor) in &mut cursors {
            assert_eq!(keys(&log.rest(cursor, *limit)), expected, "{:?}, {limit}", database.backend());
        }
        sql.run(&format!("DELETE FROM patientregister WHERE uuid = {}", database.key(&expected[0].to_string())));
        for (limit, cursor) in &mut cursors {
            let last = log.rest(cursor, *limit);
            assert_eq!(keys(&last), expected[..1]);
            assert_eq!((last[0].operation, last[0].version), (Operation::Deleted, 2));
        }
        let whole = log.next(&begun, 100);
        let updated = &whole.changes[5];
        assert_eq!((updated.operation, updated.version), (Operation::Updated, 2));
        assert_eq!((&updated.changed_fields[..], updated.patient), (&["address".to_owned()][..], Some(updated.key)));
        // From the cursor of each event the rest follows.
        for (at, change) in whole.changes.iter().enumerate() {
            let mut cursor = reprinted(&whole.cursor_after(change));
            assert!(cursor.has_seen(change));
            assert_eq!(keys(&log.rest(&mut cursor, 2)), keys(&whole.changes[at + 1..]), "{:?}", database.backend());
        }
    });
}

#[test]
fn a_change_that_is_committed_late_is_neither_skipped_nor_waited_for() {
    let database = Database::new(Backend::Postgres);
    let log = Log::of(&database);
    let (mut cursor, mut paged) = (log.now(), log.now());
    let (early, late, third) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    let (mut slow, mut quick) = (database.sql(), database.sql());
    slow.run("BEGIN");
    slow.run(&insert(&database, late));
    quick.run(&insert(&database, early));
    quick.run(&change(&database, early, "2 Oak Road"));
    assert_eq!(keys(&log.rest(&mut cursor, 10)), [early, early], "it has the higher numbers, and is there");
    // Between two pages, the late one comes, whose number is lower than what was read.
    let first = log.next(&paged, 1);
    assert_eq!(keys(&first.changes), [early]);
    paged = reprinted(&first.cursor);
    slow.run("COMMIT");
    quick.run(&insert(&database, third));
    assert_eq!(keys(&log.rest(&mut cursor, 1)), [late, third]);
    assert_eq!(keys(&log.rest(&mut paged, 1)), [early, late, third]);
}

#[test]
fn a_transaction_that_is_left_open_holds_nobody_up() {
    let database = Database::new(Backend::Postgres);
    let (mut elsewhere, mut idle, mut sql) = (database.sql_elsewhere(), database.sql(), database.sql());
    for open in [&mut elsewhere, &mut idle] {
        open.run("BEGIN; SELECT pg_current_xact_id()");
    }
    let log = Log::of(&database);
    let mut cursor = log.now();
    for _ in 0..3 {
        let registered = register(&database, &mut sql, 2);
        assert_eq!(keys(&log.rest(&mut cursor, 1)), registered);
    }
    elsewhere.run("ROLLBACK");
    idle.run("ROLLBACK");
    assert!(log.rest(&mut cursor, 1).is_empty());
}

#[test]
fn what_is_rolled_back_is_never_read() {
    on_both(|database| {
        let log = Log::of(database);
        let mut cursor = log.now();
        let mut sql = database.sql();
        sql.run(&format!("BEGIN; {}; ROLLBACK", insert(database, Uuid::new_v4())));
        let kept = register(database, &mut sql, 1);
        assert_eq!(keys(&log.rest(&mut cursor, 1)), kept);
    });
}

#[test]
fn both_sides_of_a_move_are_told() {
    on_both(|database| {
        let mut sql = database.sql();
        let other = Uuid::from_u128(0xb000_0000_0000_4000_8000_0000_0000_0000);
        let text = |key: Uuid| database.key(&key.to_string());
        sql.run(&format!("INSERT INTO medical_institutions (uuid, name) VALUES ({}, 'Clinic')", text(other)));
        let patient = register(database, &mut sql, 1)[0];
        sql.run(&format!(
            "INSERT INTO identifiers (patient_id, value, institution_id) VALUES ({}, '17', {})",
            text(patient),
            database.key(HOME)
        ));
        let log = Log::of(database);
        let mut cursor = log.now();
        sql.run(&format!("UPDATE patientregister SET institution_id = {} WHERE uuid = {}", text(other), text(patient)));
        sql.run(&change(database, patient, "2 Oak Road"));
        let home: Uuid = HOME.parse().unwrap();
        let within = |institution| Scope { boundary: Boundary::One(InstitutionId(institution)), ..operator() };
        let changes = log.rest(&mut cursor, 10);
        let told = |institution| {
            let scope = within(institution);
            changes.iter().map(|change| (change.concerns(&scope), change.leaves(&scope))).collect::<Vec<_>>()
        };
        // The register, its number, which goes along, and the register again.
        assert_eq!(told(home), [(true, true), (true, true), (false, false)], "{changes:?}");
        assert_eq!(told(other), [(true, false); 3], "{changes:?}");
        assert_eq!(told(Uuid::nil()), [(false, false); 3]);
        assert_eq!(changes[0].former_institution, Some(home));
        let own = Scope { patient: Some(patient), ..within(other) };
        let another = Scope { patient: Some(Uuid::nil()), ..within(other) };
        for change in &changes {
            assert_eq!((change.concerns(&own), change.concerns(&another)), (true, false), "{change:?}");
        }
        if database.backend() == Backend::Postgres {
            let mut sql = database.sql_as_server_for_nobody();
            let logged = format!("SELECT count(*) FROM change_log WHERE key = '{patient}' AND operation = 'UPDATED'");
            for (institution, count) in [(home, "1"), (other, "2"), (Uuid::nil(), "0")] {
                sql.run(&format!("SET phr.institution = '{institution}'"));
                assert_eq!(sql.value(&logged), count, "the row policies say so too");
            }
        }
    });
}
