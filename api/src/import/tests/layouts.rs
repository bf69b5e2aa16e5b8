use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::build::{bundle, patient, whole_patient};
use super::*;

#[tokio::test]
async fn a_folder_of_ndjson_is_read_in_whatever_order() {
    let database = Database::new().await;
    let folder = database.folder.join("export");
    std::fs::create_dir(&folder).unwrap();
    for resource in whole_patient() {
        let path = folder.join(format!("{}.ndjson", resource["resourceType"].as_str().unwrap()));
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{resource}\n").unwrap();
    }
    std::fs::write(folder.join("README.md"), "not FHIR").unwrap();
    let imported = database.import(Sources::find(&[folder])).await;
    assert_eq!(imported.count(Status::Failed), 0, "{:#?}", imported.outcomes);
    assert_eq!(imported.of("Condition")[1].line, Some(3));
    let register = &database.registers().await[0];
    assert_eq!(register.medical_history, ["Prediabetes"]);
    assert!(register.doctor_id.is_some());
}

#[tokio::test]
async fn every_layout_says_the_same() {
    let resources = whole_patient();
    let lines: Vec<String> = resources.iter().map(ToString::to_string).collect();
    let compressed = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let whole = bundle(&resources);
    // Keys in alphabetical order put the entries before the type.
    let sorted = serde_json::to_string_pretty(&whole).unwrap();
    let layouts = [
        ("a.json", whole.to_string().into_bytes()),
        ("b.json", sorted.clone().into_bytes()),
        ("c.json.gz", compressed(&sorted)),
        ("d.NDJSON", lines.join("\r\n").into_bytes()),
        ("e.jsonl.gz", compressed(&lines.join("\n"))),
        ("f.ndjson", whole.to_string().into_bytes()),
        ("g.json", lines.join("\n").into_bytes()),
    ];
    for (name, bytes) in layouts {
        let database = Database::new().await;
        let path = database.folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        let imported = database.import(Sources::find(&[path])).await;
        assert_eq!((imported.count(Status::Failed), imported.count(Status::Created)), (0, 11), "{name}");
    }
}

#[tokio::test]
async fn one_resource_is_imported_too() {
    let database = Database::new().await;
    let imported = database.import(document(&patient(1))).await;
    assert_eq!(imported.outcomes[0].status, Status::Created);
    assert_eq!((imported.outcomes[0].line, imported.outcomes[0].entry), (None, None));
}
