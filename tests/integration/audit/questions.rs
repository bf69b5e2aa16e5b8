//! Questions that an answer depended on: kept as evidence, and read by the holder of the key file alone.

use std::sync::Arc;

use phr::clock::SystemClock;
use phr::deed::{Action, AuditQuery, Deed, Outcome};
use serde_json::{Value, json};
use support::{Backend, Database, phr};
use uuid::Uuid;

use super::{entries, spools, verify};
use crate::library::{Library, operator};
use crate::patients::HOME;

/// A question that nobody who reads the trail may see.
const ARGUMENTS: &str = r#"{"lastName":{"startsWith":"Quetzal"}}"#;

fn asked(patients: Vec<Uuid>) -> Deed {
    let query = AuditQuery {
        operators: ["last_name.startsWith".into(), "date_of_birth.order".into()].into(),
        matched: Some(3),
        arguments: ARGUMENTS.to_owned(),
    };
    Deed {
        institution: Some(HOME.parse().unwrap()),
        patients,
        query: Some(Arc::new(query)),
        ..Deed::new(Action::Read, "PatientRegister")
    }
}

#[test]
fn a_question_is_kept_sealed_and_opened_with_the_key_file_alone() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Database::new(backend);
        let library = Library::witnessed(&database, Arc::new(SystemClock));
        let (scope, named) = (operator(), Uuid::new_v4());
        let request = scope.request.to_string();
        library.record(&scope, vec![(asked(vec![named]), Outcome::Succeeded), (asked(Vec::new()), Outcome::Succeeded)]);
        let spooled = std::fs::read_to_string(spools(&database)[0].join("0000000001.jsonl")).unwrap();
        assert!(spooled.contains("last_name.startsWith") && !spooled.contains("Quetzal"), "{spooled}");
        library.rest();
        let found = entries(&database, &format!("request_id = {}", database.key(&request)));
        assert_eq!(found.len(), 2, "each stands alone: {found:?}");
        let sealed = match backend {
            Backend::Sqlite => "SELECT hex(query) FROM audit_events WHERE query IS NOT NULL",
            Backend::Postgres => "SELECT upper(encode(query, 'hex')) FROM audit_events WHERE query IS NOT NULL",
        };
        let sealed = database.sql().column(sealed);
        // "Quetzal"
        assert!(sealed.len() == 2 && sealed.iter().all(|sealed| !sealed.contains("517565747A616C")), "{sealed:?}");
        let query =
            "{ auditEvents(filter: {operators: {contains: \"last_name.startsWith\"}}, order: [{field: OCCURRED_AT}]) {
            nodes { patientIds operators matched } } }";
        let told = Library::of(&database).ask(operator(), query, &json!({}));
        let event = |patients: Value| json!({"patientIds": patients, "operators": ["last_name.startsWith", "date_of_birth.order"], "matched": 3});
        let nodes = told["data"]["auditEvents"]["nodes"].as_array().unwrap_or_else(|| panic!("{told}"));
        assert!(nodes.contains(&event(json!([named]))) && nodes.contains(&event(json!([]))), "{told}");

        let open = |arguments: &[&str], environment: &[(&str, &str)]| {
            let url = database.url();
            let environment = [&[("DATABASE_URL", url.as_str())], environment].concat();
            phr(database.folder(), &[&["audit", "open", "--request"], arguments].concat(), &environment)
        };
        let opened = open(&[&request, "--json"], &[]);
        assert!(opened.succeeded(), "{opened:?}");
        let opened: Value = serde_json::from_str(&opened.stdout).unwrap();
        assert_eq!(opened.as_array().map(Vec::len), Some(2), "{opened}");
        assert_eq!(opened[0]["arguments"], serde_json::from_str::<Value>(ARGUMENTS).unwrap(), "{opened}");
        assert_eq!((&opened[0]["patientIds"], &opened[0]["matched"]), (&json!([named]), &json!(3)), "{opened}");
        let plain = open(&[&request], &[]);
        assert!(plain.succeeded() && plain.stdout.contains(ARGUMENTS), "{plain:?}");
        let left = entries(&database, "resource = 'AuditEvent' AND action = 'READ' AND patient_ids IS NOT NULL");
        assert!(left.len() == 2 && left.iter().all(|entry| entry["fields"] == "query"), "{left:?}");
        let none = open(&[&Uuid::new_v4().to_string()], &[]);
        assert!(!none.succeeded() && none.stderr.contains("no question of request"), "{none:?}");
        let other = database.folder().join("other.key");
        assert!(phr(database.folder(), &["key", "create", other.to_str().unwrap()], &[]).succeeded());
        let foreign = open(&[&request], &[("PHR_KEY_FILE", other.to_str().unwrap())]);
        assert!(!foreign.succeeded() && foreign.stderr.contains("another key file"), "{foreign:?}");
        assert!(foreign.stdout.is_empty(), "{foreign:?}");
        assert!(verify(&database).succeeded());
    }
}
