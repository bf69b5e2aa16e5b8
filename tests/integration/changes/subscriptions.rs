//! A relay hands on what is written, by whomever, to any number of subscriptions.

use super::{Log, change, insert, keys, on_both, register};
use support::Backend;
use uuid::Uuid;

#[test]
fn what_is_written_by_hand_reaches_every_subscription() {
    on_both(|database| {
        let log = Log::of(database);
        let relay = log.relay();
        let mut sql = database.sql();
        register(database, &mut sql, 2);
        let mut subscriptions = [log.subscribe(&relay, None), log.subscribe(&relay, None)];
        for _ in 0..3 {
            let registered = register(database, &mut sql, 3);
            for subscription in &mut subscriptions {
                assert_eq!(keys(&log.take(subscription, 3)), registered, "{:?}", database.backend());
            }
        }
    });
}

#[test]
fn a_subscription_goes_on_after_its_cursor_on_another_server() {
    on_both(|database| {
        let log = Log::of(database);
        let mut sql = database.sql();
        let relay = log.relay();
        let mut first = log.subscribe(&relay, None);
        let registered = register(database, &mut sql, 5);
        assert_eq!(keys(&log.take(&mut first, 5)), registered);
        let cursor = first.cursor().clone();
        drop((first, relay));
        let missed = register(database, &mut sql, 5);
        let other = Log::of(database);
        let relay = other.relay();
        let mut second = other.subscribe(&relay, Some(cursor));
        assert_eq!(keys(&other.take(&mut second, 5)), missed);
        let more = register(database, &mut sql, 5);
        assert_eq!(keys(&other.take(&mut second, 5)), more);
    });
}

#[test]
fn who_does_not_ask_for_long_misses_nothing() {
    on_both(|database| {
        let log = Log::of(database);
        let relay = log.relay();
        let mut sql = database.sql();
        let (mut slow, mut quick) = (log.subscribe(&relay, None), log.subscribe(&relay, None));
        let patient = register(database, &mut sql, 1)[0];
        let mut versions = vec![1];
        for subscription in [&mut slow, &mut quick] {
            assert_eq!(keys(&log.take(subscription, 1)), [patient]);
            log.idle(subscription);
        }
        // More batches than any subscription is kept waiting for.
        for number in 0..80 {
            sql.run(&change(database, patient, &format!("{number} Oak Road")));
            versions.push(log.take(&mut quick, 1)[0].version);
        }
        assert_eq!(versions, (1..=81).collect::<Vec<_>>());
        let missed: Vec<i32> = log.take(&mut slow, 80).iter().map(|change| change.version).collect();
        assert_eq!(missed, versions[1..]);
        sql.run(&change(database, patient, "the last one"));
        for subscription in [&mut slow, &mut quick] {
            assert_eq!(log.take(subscription, 1)[0].version, 82);
        }
    });
}

#[test]
fn who_joins_while_others_write_meets_every_change_once() {
    let database = support::Database::new(Backend::Postgres);
    let log = Log::of(&database);
    let relay = log.relay();
    let mut sql = database.sql();
    let mut open = database.sql();
    for round in 0..10 {
        let late = Uuid::new_v4();
        open.run(&format!("BEGIN; {}", insert(&database, late)));
        let mut subscription = log.subscribe(&relay, None);
        if round % 2 == 0 {
            log.idle(&mut subscription);
        }
        let registered = register(&database, &mut sql, 3);
        assert_eq!(keys(&log.take(&mut subscription, 3)), registered, "round {round}");
        open.run("COMMIT");
        assert_eq!(keys(&log.take(&mut subscription, 1)), [late], "round {round}");
    }
}
