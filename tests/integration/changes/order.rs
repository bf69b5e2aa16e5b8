//! Many writers at once, whose transactions commit out of order; readers that are killed and resumed. Nobody misses a
//! change, meets one twice, or sees one record's changes out of order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use phr::changelog::{Change, Cursor, Relay, Subscription};
use support::{Backend, Database, Sql};
use uuid::Uuid;

use super::{Log, register};

const WRITERS: usize = 8;
const PATIENTS: usize = 60;

fn wanted() -> usize {
    if std::env::var_os("PHR_SOAK").is_some() { 100_000 } else { 3000 }
}

/// What a reader has written down: it survives when the reader is killed.
#[derive(Debug, Default)]
struct Notes {
    cursor: Vec<u8>,
    seen: Vec<(i64, Uuid, i32)>,
    kills: usize,
}

impl Notes {
    fn add(&mut self, change: &Change, cursor: &Cursor) {
        self.seen.push((change.sequence, change.key, change.version));
        self.cursor = cursor.to_bytes();
    }
}

/// How a reader reads.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Pages; the cursor of each is written down.
    Pages,
    /// Pages; the cursor of each change is written down.
    Changes,
    /// A subscription.
    Subscription,
}

/// Numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Changes registers in transactions of one to eight, some of which stay open while others commit.
fn write(sql: &mut Sql, patients: &[Uuid], number: usize, written: &AtomicUsize) {
    let mut numbers = Numbers(number as u64);
    while written.load(Ordering::Relaxed) < wanted() {
        let mut chosen: Vec<Uuid> = (0..=numbers.below(8)).map(|_| patients[numbers.below(patients.len())]).collect();
        // In one order, so that nobody waits for who waits.
        chosen.sort_unstable();
        chosen.dedup();
        sql.run("BEGIN");
        for patient in &chosen {
            sql.run(&format!("UPDATE patientregister SET address = md5(random()::text) WHERE uuid = '{patient}'"));
            if numbers.below(8) == 0 {
                sql.run("SELECT pg_sleep(0.003)");
            }
        }
        if numbers.below(10) == 0 {
            sql.run("ROLLBACK");
            continue;
        }
        sql.run("COMMIT");
        written.fetch_add(chosen.len(), Ordering::Relaxed);
    }
}

/// Reads from where the notes end, and notes what it reads, until it is killed.
async fn read(log: phr::changelog::Reader, relay: Relay, way: Way, notes: Arc<Mutex<Notes>>) {
    let mut cursor = Cursor::from_bytes(&notes.lock().cursor).unwrap();
    let mut subscription: Option<Subscription> = None;
    if matches!(way, Way::Subscription) {
        subscription = Some(relay.subscribe(Some(cursor.clone())).await.unwrap());
    }
    loop {
        let batch = match &mut subscription {
            Some(subscription) => subscription.next().await.unwrap(),
            None => log.next(&cursor, 7).await.unwrap(),
        };
        assert_eq!(batch.gap, None);
        if matches!(way, Way::Changes) {
            for change in batch.changes.iter() {
                notes.lock().add(change, &batch.cursor_after(change));
                tokio::task::yield_now().await;
            }
        } else {
            // Both or neither, as if in one transaction.
            let mut notes = notes.lock();
            batch.changes.iter().for_each(|change| notes.add(change, &batch.cursor));
        }
        if batch.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        cursor = batch.cursor;
    }
}

/// Kills a reader again and again, each after it has read something, and begins another one where its notes end.
async fn haunt(
    log: phr::changelog::Reader,
    relay: Relay,
    way: Way,
    notes: Arc<Mutex<Notes>>,
    is_over: Arc<AtomicBool>,
) {
    let mut numbers = Numbers(way as u64 + 77);
    while !is_over.load(Ordering::Relaxed) {
        let enough = notes.lock().seen.len() + 1 + numbers.below(wanted() / 20);
        let reader = tokio::spawn(read(log.clone(), relay.clone(), way, Arc::clone(&notes)));
        while notes.lock().seen.len() < enough && !is_over.load(Ordering::Relaxed) && !reader.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        reader.abort();
        if let Err(ended) = reader.await {
            assert!(ended.is_cancelled(), "{ended}");
        }
        notes.lock().kills += 1;
    }
}

#[test]
fn killed_readers_miss_nothing_and_keep_each_records_order_however_transactions_commit() {
    let database = Database::new(Backend::Postgres);
    let mut sql = database.sql();
    let patients = register(&database, &mut sql, PATIENTS);
    let mut unrelated = database.sql_elsewhere();
    unrelated.run("BEGIN; SELECT pg_current_xact_id()");
    let log = Log::of(&database);
    let relay = log.relay();
    let begun = log.now();
    let first = sql.value("SELECT max(sequence) FROM change_log");
    let is_over = Arc::new(AtomicBool::new(false));
    let readers = [Way::Pages, Way::Changes, Way::Subscription].map(|way| {
        let notes = Arc::new(Mutex::new(Notes { cursor: begun.to_bytes(), ..Notes::default() }));
        let haunted = haunt(log.reader(), relay.clone(), way, Arc::clone(&notes), Arc::clone(&is_over));
        (way, notes, log.runtime.spawn(haunted))
    });
    let written = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..WRITERS {
            let (mut sql, patients, written) = (database.sql(), &patients, &written);
            scope.spawn(move || write(&mut sql, patients, number, written));
        }
    });
    let query = format!("SELECT sequence FROM change_log WHERE sequence > {first} ORDER BY sequence");
    let expected: Vec<i64> = sql.column(&query).iter().map(|number| number.parse().unwrap()).collect();
    let inverted = sql.value(&format!(
        "SELECT count(*) FROM (SELECT transaction_id, lag(transaction_id) OVER (ORDER BY sequence) AS before
             FROM change_log WHERE sequence > {first}) AS log WHERE transaction_id < before"
    ));
    let deadline = Instant::now() + Duration::from_mins(5);
    let have_read = || readers.iter().all(|(_, notes, _)| notes.lock().seen.len() >= expected.len());
    while !have_read() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    is_over.store(true, Ordering::Relaxed);
    for (way, notes, haunted) in readers {
        log.runtime.block_on(haunted).unwrap();
        let notes = notes.lock();
        let mut versions: HashMap<Uuid, i32> = HashMap::new();
        for (_, key, version) in &notes.seen {
            let before = versions.insert(*key, *version).unwrap_or(1);
            assert_eq!(*version, before + 1, "{way:?}: changes of {key} are out of order");
        }
        let out_of_turn = notes.seen.windows(2).filter(|pair| pair[0].0 > pair[1].0).count();
        let mut seen: Vec<i64> = notes.seen.iter().map(|(sequence, ..)| *sequence).collect();
        seen.sort_unstable();
        assert!(seen == expected, "{way:?}: {} of {} changes were read", seen.len(), expected.len());
        println!("{way:?}: {} changes, {} kills, {out_of_turn} numbers came late", seen.len(), notes.kills);
        assert!(notes.kills > 1);
    }
    println!("{inverted} changes have a lower transaction than the one before");
    assert!(expected.len() >= wanted() && inverted != "0");
    unrelated.run("ROLLBACK");
}
