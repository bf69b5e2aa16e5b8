//! A long backlog is read a page at a time: neither the reader's memory nor a page's cost grows with it.

use std::time::{Duration, Instant};

use support::{Backend, Database};

use super::Log;

fn wanted() -> usize {
    if std::env::var_os("PHR_SOAK").is_some() { 1_000_000 } else { 20_000 }
}

/// The most memory that this process has used, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_backlog_of_any_length_is_read_in_bounded_memory() {
    let database = Database::new(Backend::Postgres);
    let log = Log::of(&database);
    let begun = log.now();
    let mut sql = database.sql();
    sql.run(&format!(
        "INSERT INTO patientregister (first_name, last_name, date_of_birth, phone_number, address, status)
         SELECT 'Jane', 'Smith', '1985-04-12', '555-267-5674', '1 Mill Lane', 'INCOMPLETE'
           FROM generate_series(1, {})",
        wanted()
    ));
    let relay = log.relay();
    let before = peak();
    let (mut count, mut last, mut slowest) = (0, 0, Duration::ZERO);
    let mut cursor = begun.clone();
    let started = Instant::now();
    while count < wanted() {
        let page = Instant::now();
        let batch = log.next(&cursor, 500);
        if count > 0 {
            slowest = slowest.max(page.elapsed());
        }
        assert!(batch.changes.iter().all(|change| std::mem::replace(&mut last, change.sequence) < change.sequence));
        count += batch.changes.len();
        cursor = batch.cursor;
    }
    let took = started.elapsed();
    let mut subscription = log.subscribe(&relay, Some(begun));
    let mut count = 0;
    while count < wanted() {
        count += log.take(&mut subscription, 1).len();
    }
    assert_eq!(count, wanted());
    let grown = peak() - before;
    println!("{count} changes in {took:?}, the slowest page after the first in {slowest:?}, {grown} bytes more memory");
    assert!(grown < 64 << 20, "{grown} bytes more memory");
}
