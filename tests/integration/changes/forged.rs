//! A cursor that no server of the database has made is refused, and nothing is read by it.

use std::sync::Arc;

use phr::auth::{Authority, KeyFile};
use phr::clock::SystemClock;
use phr::error::Error;
use support::{Backend, Database};

use super::{Log, on_both, register};
use crate::library::config;

fn authority(log: &Log, database: &Database) -> Authority {
    let config = config(database, &[]);
    let file = KeyFile::local(&database.folder().join("data/phr-local.key")).unwrap();
    let clock = Arc::new(SystemClock);
    let open = Authority::open(log.cluster.clone(), clock, config.auth_settings().unwrap(), file);
    log.runtime.block_on(open).unwrap()
}

#[test]
fn a_cursor_is_opaque_and_nobody_else_can_make_one() {
    on_both(|database| {
        let log = Log::of(database);
        register(database, &mut database.sql(), 1);
        let authority = authority(&log, database);
        let cursor = log.now();
        let text = authority.seal_cursor(&cursor).unwrap();
        assert!(text.len() < 300 && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter)));
        let open = |text: &str| log.runtime.block_on(authority.open_cursor(text));
        assert_eq!(open(&text).unwrap(), cursor);
        let refused = |text: &str| matches!(open(text), Err(Error::BadRequest(_)));
        for length in 0..text.len() {
            assert!(refused(&text[..length]), "cut at {length}");
        }
        for at in 0..text.len() {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            assert!(refused(&[&text[..at], other, &text[at + 1..]].concat()), "altered at {at}");
        }
        for made_up in ["", " ", "%", "null", &"A".repeat(100_000), &format!("{text}A"), &format!("{text}\n")] {
            assert!(refused(made_up));
        }
    });
}

#[test]
fn another_databases_cursor_is_refused() {
    let (own, other) = (Database::new(Backend::Postgres), Database::new(Backend::Sqlite));
    let (log, others) = (Log::of(&own), Log::of(&other));
    let carried = authority(&others, &other).seal_cursor(&others.now()).unwrap();
    let opened = log.runtime.block_on(authority(&log, &own).open_cursor(&carried));
    assert!(matches!(opened, Err(Error::BadRequest(_))), "{opened:?}");
    // Also where the keys are the same, as when one was copied from the other.
    let read = log.runtime.block_on(log.reader().next(&others.now(), 10));
    assert!(matches!(read, Err(Error::BadRequest(_))), "{read:?}");
    let read = others.runtime.block_on(others.reader().next(&log.now(), 10));
    assert!(matches!(read, Err(Error::BadRequest(_))), "{read:?}");
    let relay = log.relay();
    let subscribed = log.runtime.block_on(relay.subscribe(Some(others.now())));
    assert!(matches!(subscribed, Err(Error::BadRequest(_))));
}
