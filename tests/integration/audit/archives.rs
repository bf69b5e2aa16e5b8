//! Anchors that were archived in several files: each vouches for what it is of, and can be gone by alone.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use support::{Backend, Database, Phr};
use uuid::Uuid;

use super::row::{Row, read, write};
use super::tampering::{rehash, unlock};
use super::{anchors, shipped};
use crate::library::Library;
use crate::patients::register;

/// Anchors of one server's chain, one after the other.
fn scene() -> (Arc<Database>, Vec<String>) {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let mut server = Phr::serve(Arc::clone(&database), &[], &[]);
    for count in 1..=6 {
        register(&server, &json!({}));
        shipped(&database, "action = 'CREATE' AND resource = 'PatientRegister' AND outcome = 'SUCCEEDED'", count);
    }
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    let text = std::fs::read_to_string(anchors(&database)).unwrap();
    let lines = text.lines().map(str::to_owned).collect();
    (database, lines)
}

/// Each file alone says of a sound trail that it is sound, and the one that is of an altered entry names that.
#[test]
fn each_file_of_anchors_vouches_for_what_it_is_of() {
    let (database, lines) = scene();
    let library = Library::of(&database);
    let mut sql = database.sql();
    let rows = read(Backend::Sqlite, &mut sql);
    // The chain of the server; another one is of the token that it was asked with.
    let longest = |one: &&Row| rows.iter().filter(|row| row.get("instance") == one.get("instance")).count();
    let instance = rows.iter().max_by_key(longest).unwrap().get("instance").to_owned();
    let key = Uuid::parse_str(&instance).unwrap();
    let own: Vec<&String> = lines.iter().filter(|line| line.contains(&key.to_string())).collect();
    assert!(own.len() >= 4, "{own:?}");
    let files: Vec<PathBuf> = own
        .chunks(own.len() / 2)
        .enumerate()
        .map(|(number, lines)| {
            let path = database.folder().join(format!("archive-{number}.jsonl"));
            std::fs::write(&path, lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>()).unwrap();
            path
        })
        .collect();
    for file in &files {
        let report = library.verify(std::slice::from_ref(file));
        assert!(report.findings.is_empty() && report.unanchored > 0, "{report:?}");
    }
    unlock(Backend::Sqlite, &mut sql);
    let (mut chain, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.get("instance") == instance);
    chain[2].set("role", "nobody");
    rehash(&mut chain, 2);
    write(Backend::Sqlite, &mut sql, &[others, chain].concat());
    let first = |file: &PathBuf| {
        let found = library.verify(std::slice::from_ref(file)).findings;
        assert_eq!((found.len(), found[0].instance), (1, key), "{found:?}");
        found[0].sequence
    };
    assert_eq!(first(&files[0]), 3, "the file that it is in names it");
    assert!(first(&files[1]) > 3, "what follows was hashed anew too");
}
