//! Files as they come from other machines.

use serde_json::{Value, json};
use support::{Backend, Database, phr};

use super::{bundle_of, patient};

/// What became of each file, by its name: status and reason.
fn outcomes(database: &Database, path: &str) -> Vec<(String, String, String)> {
    let told = phr(database.folder(), &["import", "fhir", "--json", path], &[("DATABASE_URL", &database.url())]);
    let lines = told.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = lines
        .filter(|line| line.get("status").is_some())
        .map(|line| (text(&line, "file"), text(&line, "status"), text(&line, "reason")))
        .collect();
    all.sort();
    all
}

#[test]
fn files_are_recognised_or_named() {
    let database = Database::bare(Backend::Sqlite);
    let folder = database.folder().join("in");
    std::fs::create_dir(&folder).unwrap();
    let utf16 = |text: &str| -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let marked = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let bundle = |number| bundle_of("collection", &[patient(number)]).to_string();
    let files: [(&str, Vec<u8>); 8] = [
        ("._a.json", vec![0, 5, 22, 7]),
        ("a.json", marked(&bundle(1))),
        ("b.ndjson", marked(&format!("{}\n\u{feff}{}", patient(2), patient(3)))),
        ("c.json", utf16(&bundle(4))),
        ("d", bundle(5).into_bytes()),
        ("e", format!("{}\n{}\n", patient(6), patient(7)).into_bytes()),
        ("f", b"Dear reader".to_vec()),
        ("g.txt", b"{}".to_vec()),
    ];
    for (name, bytes) in &files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let told = outcomes(&database, "in");
    let statuses: Vec<(&str, &str)> = told.iter().map(|(file, status, _)| (file.as_str(), status.as_str())).collect();
    let expected = [
        ("in/._a.json", "SKIPPED"),
        ("in/a.json", "CREATED"),
        ("in/b.ndjson", "CREATED"),
        ("in/b.ndjson", "CREATED"),
        ("in/c.json", "FAILED"),
        ("in/d", "CREATED"),
        ("in/e", "CREATED"),
        ("in/e", "CREATED"),
        ("in/f", "SKIPPED"),
    ];
    assert_eq!(statuses, expected, "{told:?}");
    assert!(told[4].2.contains("UTF-16"), "{told:?}");
}

#[test]
fn a_bundle_that_says_last_what_it_is_is_read_once_more() {
    let database = Database::bare(Backend::Sqlite);
    let sorted = |kind: &str, number: u32| {
        let entry = json!([{ "resource": patient(number) }]);
        format!("{{\"entry\":{entry},\"resourceType\":\"Bundle\",\"type\":\"{kind}\"}}")
    };
    // Several documents in one file, each judged by its own type.
    let text = [sorted("history", 1), sorted("document", 2), patient(3).to_string(), sorted("history", 4)].join("\n");
    std::fs::write(database.folder().join("all.json"), text).unwrap();
    let told = outcomes(&database, "all.json");
    let statuses: Vec<&str> = told.iter().map(|(_, status, _)| status.as_str()).collect();
    assert_eq!(statuses, ["CREATED", "CREATED", "FAILED", "FAILED"], "{told:?}");
}
