//! What a power cut could take back lets nothing through, where the trail is to outlast one.

use std::sync::Arc;

use serde_json::json;
use support::{Backend, Database, Disk, Kept, Phr, eventually, phr};

use super::spool::{READ, is_refused};
use super::spools;
use crate::patients::register;

/// Entries of about half a kilobyte that fill more than a segment of a megabyte.
const REGISTERS: usize = 100;

fn database() -> Arc<Database> {
    // Its own disk is another program's.
    Arc::new(Database::new(Backend::Postgres))
}

#[test]
fn a_note_that_does_not_reach_the_disk_lets_nothing_through() {
    for (setting, refuses) in [("true", true), ("false", false)] {
        let database = database();
        let disk = Disk::new(database.folder());
        let environment = [&disk.environment()[..], &[("PHR_AUDIT_SYNC", setting)]].concat();
        let phr = Phr::serve(Arc::clone(&database), &environment, &[]);
        register(&phr, &json!({}));
        disk.keeps(Kept::Files, false);
        for _ in 0..2 {
            assert_eq!(is_refused(&phr.response(READ, &json!({})), "UNAVAILABLE"), refuses, "{setting}");
        }
        disk.keeps(Kept::Files, true);
        assert!(!is_refused(&phr.response(READ, &json!({})), "UNAVAILABLE"), "{setting}");
    }
}

#[test]
fn a_file_of_the_spool_that_its_folder_may_lose_lets_nothing_through() {
    let database = database();
    let disk = Disk::new(database.folder());
    let phr = Phr::serve(Arc::clone(&database), &disk.environment(), &[]);
    for _ in 0..REGISTERS {
        register(&phr, &json!({}));
    }
    disk.keeps(Kept::Folders, false);
    let query = "{ patientRegisters(first: 100) { nodes { uuid lastName } } }";
    let read = || is_refused(&phr.response(query, &json!({})), "UNAVAILABLE");
    eventually("the next file is begun", || read().then_some(()));
    let files = || {
        let own = std::fs::read_dir(&spools(&database)[0]).unwrap();
        own.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|kind| kind == "jsonl")).count()
    };
    assert!(files() >= 2, "the file is there, and may be gone after a power cut");
    assert!(read() && read(), "as long as that is so");
    disk.keeps(Kept::Folders, true);
    assert!(!read());
}

#[test]
fn a_folder_that_the_spool_may_lose_lets_no_server_start() {
    let database = database();
    let disk = Disk::new(database.folder());
    disk.keeps(Kept::Folders, false);
    let url = database.url();
    let environment = [&disk.environment()[..], &[("DATABASE_URL", url.as_str())]].concat();
    let refused = phr(database.folder(), &["serve", "--listen", "127.0.0.1:0"], &environment);
    assert!(!refused.succeeded() && refused.stderr.contains("the audit spool data/audit"), "{refused:?}");
}
