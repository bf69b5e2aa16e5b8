//! `phr serve --demo`: its records, its user, and the page that it signs in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use support::{Backend, Database, Phr, Socket, eventually, phr, root};

use crate::patients::{count, register};

const LOGIN: &str = "mutation($input: LoginInput!) { login(input: $input) { session { accessToken } } }";

fn serve(database: &Database, arguments: &[&str]) -> support::Output {
    phr(database.folder(), &[&["serve"], arguments].concat(), &[("DATABASE_URL", &database.url())])
}

#[test]
fn the_demonstration_is_the_same_every_time_and_made_once() {
    let lists: Vec<Value> = (0..2)
        .map(|_| {
            let database = Arc::new(Database::bare(Backend::Sqlite));
            let first = Phr::serve(Arc::clone(&database), &[], &["--demo"]);
            let made = count(&first);
            assert!(made >= 200, "{made}");
            let query = "{ patientRegisters(order: [{field: UUID}], first: 1000) {
                nodes { uuid firstName lastName email address allergies institution { name } doctor { lastName } } } }";
            let list = first.ask(query, &json!({}));
            drop(first);
            let again = Phr::serve(database, &[], &["--demo"]);
            assert_eq!(count(&again), made);
            list
        })
        .collect();
    assert_eq!(lists[0], lists[1]);
}

/// Whatever was made in it, or was not, by another release.
#[test]
fn an_earlier_demonstration_goes_on() {
    let database = Arc::new(Database::bare(Backend::Sqlite));
    let made = count(&Phr::serve(Arc::clone(&database), &[], &["--demo"]));
    database.sql().run("DELETE FROM system_settings; DELETE FROM appointments");
    let again = Phr::serve(database, &[], &["--demo"]);
    assert_eq!(count(&again), made);
}

#[test]
fn the_demonstration_refuses_a_database_of_somebody_else() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    let uuid = register(&server, &json!({}));
    drop(server);
    let refused = serve(&database, &["--demo", "--listen", "127.0.0.1:0"]);
    assert!(!refused.succeeded() && refused.stderr.contains("other records"), "{refused:?}");
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    assert_eq!(count(&server), 1);
    // A tombstone is somebody's record too.
    crate::patients::done(&server, "deletePatientRegister", "uuid", &json!({ "uuid": uuid }));
    drop(server);
    assert!(!serve(&database, &["--demo", "--listen", "127.0.0.1:0"]).succeeded());
    let postgres = Database::new(Backend::Postgres);
    let refused = serve(&postgres, &["--demo", "--listen", "127.0.0.1:0"]);
    assert!(!refused.succeeded() && refused.stderr.contains("embedded"), "{refused:?}");
}

/// What signing in as the demonstration's user gives: a token, or the error's code.
fn guest(phr: &Phr) -> Result<String, String> {
    let input = json!({ "input": { "username": "doctor@clinic.example", "password": "made-up records only" } });
    let response = phr.response(LOGIN, &input);
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    text(&response["data"]["login"]["session"]["accessToken"])
        .ok_or_else(|| text(&response["errors"][0]["extensions"]["code"]).unwrap_or_else(|| response.to_string()))
}

#[test]
fn the_user_of_the_demonstration_signs_in_there_and_nowhere_else() {
    let database = Arc::new(Database::bare(Backend::Sqlite));
    let role =
        |phr: &Phr, token: &str| phr.response_to(token, "{ viewer { role } }", &json!({}))["data"]["viewer"].take();
    let demo = Phr::serve(Arc::clone(&database), &[], &["--demo"]);
    let token = guest(&demo).unwrap();
    assert_eq!(role(&demo, &token), json!({ "role": "doctor" }));
    drop(demo);
    let earnest = Phr::serve(Arc::clone(&database), &[], &[]);
    assert_eq!(guest(&earnest).unwrap_err(), "INVALID_CREDENTIALS");
    assert_eq!(role(&earnest, &token), Value::Null, "sessions have ended");
    drop(earnest);
    let demo = Phr::serve(database, &[], &["--demo"]);
    assert!(guest(&demo).is_ok());
    let elsewhere = Phr::serve(Arc::new(Database::new(Backend::Sqlite)), &[], &[]);
    assert_eq!(guest(&elsewhere).unwrap_err(), "INVALID_CREDENTIALS");
}

#[test]
fn the_page_of_the_demonstration_alone_is_given_a_session() {
    let demo = Phr::serve(Arc::new(Database::bare(Backend::Sqlite)), &[], &["--demo"]);
    let given = demo.http_as_nobody("GET", "/playground/session", &[], b"");
    assert_eq!((given.status, given.header("cache-control")), (200, Some("no-store")));
    let given = given.json();
    let viewer = demo.response_to(given["accessToken"].as_str().unwrap(), "{ viewer { role } }", &json!({}));
    assert_eq!(viewer["data"]["viewer"]["role"], "administrator");
    let other = Phr::start(Backend::Sqlite);
    assert_eq!(other.http_as_nobody("GET", "/playground/session", &[], b"").status, 404);
}

/// The texts at `field` of the records in a nested list.
fn texts(record: &Value, list: &str, field: &str) -> Vec<String> {
    let nodes = record[list]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node[field].as_str().unwrap_or_default().to_owned()).collect()
}

/// The words in a register's own list.
fn words(record: &Value, list: &str) -> Vec<String> {
    record[list].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn registers_and_coded_records_of_the_demonstration_agree() {
    let server = Phr::serve(Arc::new(Database::bare(Backend::Sqlite)), &[], &["--demo"]);
    let query = "query($page: Int!) { patientRegisters(page: {page: $page, perPage: 100}) { totalCount nodes {
        uuid dateOfBirth allergies medicalHistory currentMedications
        allergyIntolerances(first: 20) { nodes { display code onsetDate } }
        conditions(first: 20) { nodes { display code onsetDate } }
        current: medications(first: 20, filter: {status: {equal: ACTIVE}}) { nodes { display code } }
        medications(first: 20) { nodes { display code startDate } } } } }";
    let mut records = Vec::new();
    for page in 1.. {
        let list = server.ask(query, &json!({ "page": page }))["patientRegisters"].take();
        records.extend(list["nodes"].as_array().unwrap().iter().cloned());
        if list["totalCount"] == json!(records.len()) {
            break;
        }
    }
    let mut listed = BTreeMap::new();
    for record in &records {
        for (own, coded) in
            [("allergies", "allergyIntolerances"), ("medicalHistory", "conditions"), ("currentMedications", "current")]
        {
            let (mut own_words, mut coded_words) = (words(record, own), texts(record, coded, "display"));
            own_words.sort();
            coded_words.sort();
            assert_eq!(own_words, coded_words, "{own}: {record}");
            *listed.entry(own).or_insert(0) += usize::from(!own_words.is_empty());
        }
        for (coded, day) in
            [("allergyIntolerances", "onsetDate"), ("conditions", "onsetDate"), ("medications", "startDate")]
        {
            let codes = texts(record, coded, "code");
            assert!(codes.iter().all(|code| !code.is_empty()), "{coded}: {record}");
            let distinct: BTreeSet<&String> = codes.iter().collect();
            assert_eq!(distinct.len(), codes.len(), "{coded} repeat: {record}");
            let born = record["dateOfBirth"].as_str().unwrap();
            assert!(texts(record, coded, day).iter().all(|day| day.as_str() >= born), "{coded} before birth: {record}");
        }
    }
    assert!(listed.values().all(|count| *count >= 100), "{listed:?}");
}

#[test]
fn every_example_of_the_playground_shows_something() {
    let folder = root().join("api/playground/examples");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "graphql"));
    files.sort();
    assert!(files.len() >= 21, "{files:?}");
    let server = Phr::serve(Arc::new(Database::bare(Backend::Sqlite)), &[], &["--demo"]);
    let mut empty = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let variables = std::fs::read_to_string(file.with_extension("json")).unwrap_or_else(|_| "{}".to_owned());
        let variables: Value = serde_json::from_str(&variables).unwrap();
        let place = file.file_name().unwrap().to_str().unwrap();
        for (kind, name) in text.lines().filter_map(operation) {
            if kind == "subscription" {
                let mut socket = Socket::of(server.address, server.token());
                socket.subscribe("1", &text, &variables);
                assert_eq!(socket.event("1")["changes"]["reason"], "BEGINNING");
                continue;
            }
            let body = json!({"query": text, "operationName": name, "variables": variables}).to_string();
            // The trail is in the database a moment later.
            let response = eventually(name, || {
                let response = server.post(&body).json();
                (place != "20-audit.graphql" || response["data"]["auditEvents"]["nodes"] != json!([]))
                    .then_some(response)
            });
            assert!(response.get("errors").is_none(), "{place} {name}: {response}");
            for payload in response["data"].as_object().unwrap().values() {
                let errors = payload.get("userErrors").unwrap_or(&Value::Null);
                assert!(errors.is_null() || *errors == json!([]), "{place} {name}: {response}");
            }
            let mut shown = BTreeMap::new();
            look(&response["data"], "", &mut shown);
            let unseen = shown.into_iter().filter(|(_, is_shown)| !is_shown);
            empty.extend(unseen.map(|(path, _)| format!("{name}{path}")));
        }
    }
    assert_eq!(empty, EMPTY, "what shows nothing, in any of the records");
}

/// What the examples ask for and has nothing to show, for a reason.
const EMPTY: [&str; 8] = [
    // The page signs in as the administrator, who is no user.
    "WhoAmI.viewer.institution",
    "WhoAmI.viewer.username",
    "RestorePatient.restorePatientRegister.patientRegister.deletedAt",
    // Registered without one.
    "OnePatient.patientRegister.doctor",
    "HealthAndMigrations.migrations.pending",
    // No role has any from the start.
    "Roles.roles.nodes.conditions.from",
    "Roles.roles.nodes.conditions.until",
    "Roles.roles.nodes.conditions.weekdays",
];

/// The kind and the name of an operation that begins on a line.
fn operation(line: &str) -> Option<(&str, &str)> {
    let (kind, rest) = line.split_once(' ')?;
    let name = rest.split(['(', ' ', '{']).next()?;
    ["query", "mutation", "subscription"].contains(&kind).then_some((kind, name))
}

/// Whether each field of a response shows something, in one of the places where it stands at least.
fn look(value: &Value, path: &str, shown: &mut BTreeMap<String, bool>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "userErrors") {
                let path = format!("{path}.{name}");
                let is_shown = ![Value::Null, json!([]), json!(""), json!(0)].contains(value);
                *shown.entry(path.clone()).or_default() |= is_shown;
                look(value, &path, shown);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| look(item, path, shown)),
        _ => {}
    }
}
