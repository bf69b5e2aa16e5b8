//! Every root field, asked within one institution for everything that another one has.

use std::collections::BTreeSet;
use std::sync::Arc;

use phr::clock::SystemClock;
use phr::scope::Scope;
use serde_json::{Value, json};
use support::{Backend, Database};
use uuid::Uuid;

use super::{OTHER, OWN, person, within};
use crate::coverage::{FIELDS, document};
use crate::library::{Library, operator};
use crate::patients::jane;

/// A global id in the documents, in whose place each record's own is asked for.
const ID: &str = "AQAAAAAAAEAAgAAAAAAAAAE";

/// Root fields that show a key of one's own institution, where there is such a record. A field that stands here and shows
/// nothing fails, and so does one that shows something and does not stand here.
const SHOWS: &[&str] = &[
    "auditEvents",
    "breakGlassGrant",
    "breakGlassGrants",
    "doctor",
    "doctors",
    "medicalInstitution",
    "medicalInstitutions",
    "node",
    "nodes",
    "patientRegister",
    "patientRegisters",
    "user",
    "users",
];

/// An institution with a doctor, a patient, a user and a leave, whose keys are derived from its own.
fn furnish(library: &Library, database: &Database, institution: Uuid) {
    let done = |mutation: &str, input: &Value| {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let query =
            format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code path }} }} }}");
        let response = library.ask(operator(), &query, &json!({ "input": input }));
        assert_eq!(response["data"][mutation]["userErrors"], json!([]), "{mutation}: {response}");
    };
    let [doctor, patient, user, leave] = keys(institution);
    done("createMedicalInstitution", &json!({"uuid": institution, "name": "Clinic"}));
    done("createDoctor", &json!({"uuid": doctor, "firstName": "A", "lastName": "B", "institutionId": institution}));
    let register = json!({"uuid": patient, "institutionId": institution});
    done("createPatientRegister", &crate::patients::with(jane(), &register));
    let role = "00000000-0000-4000-8001-000000000006";
    let name = institution.to_string();
    done(
        "createUser",
        &json!({"uuid": user, "kind": "STAFF", "username": name, "roleId": role, "institutionId": institution}),
    );
    let [user, patient, leave, institution] =
        [user, patient, leave, institution].map(|key| database.key(&key.to_string()));
    let at = match database.backend() {
        Backend::Postgres => "now()",
        Backend::Sqlite => "'2026-01-01T00:00:00.000000+00:00'",
    };
    database.sql().run(&format!(
        "INSERT INTO break_glass_grants (uuid, user_id, patient_id, institution_id, reason, created_at, expires_at)
         VALUES ({leave}, {user}, {patient}, {institution}, 'an emergency', {at}, {at})"
    ));
}

fn keys(institution: Uuid) -> [Uuid; 4] {
    [0, 1, 2, 3].map(|number| person(institution, number))
}

/// Every request for what an institution has: the root field, and the document.
fn requests(library: &Library, institution: Uuid) -> Vec<(&'static str, String)> {
    let all = [&[institution][..], &keys(institution)].concat();
    let kinds = ["medicalInstitution", "doctor", "patientRegister", "user", "breakGlassGrant"];
    let mut requests = Vec::new();
    for (key, kind) in all.iter().zip(kinds) {
        let found = library.ask(operator(), &format!("{{ {kind}(uuid: \"{key}\") {{ id }} }}"), &json!({}));
        let id = found["data"][kind]["id"].as_str().unwrap_or_else(|| panic!("{kind}: {found}")).to_owned();
        for (field, query) in FIELDS {
            let query = match *field {
                "auditEvents" => "{ auditEvents(first: 500) { nodes { resourceId patientId } } }",
                _ => query,
            };
            requests.push((*field, document(query, &key.to_string()).replace(ID, &id)));
        }
    }
    requests
}

/// The root fields that show a key of `institution`'s to the caller.
fn shown(library: &Library, scope: &Scope, institution: Uuid) -> BTreeSet<&'static str> {
    let all = [&[institution][..], &keys(institution)].concat();
    let mut shown = BTreeSet::new();
    for (field, query) in requests(library, institution) {
        let scope = Scope { request: Uuid::new_v4(), ..scope.clone() };
        let response = library.ask(scope, &query, &json!({}));
        let data = response["data"].to_string();
        if all.iter().any(|key| data.contains(&key.to_string())) || has_id(library, &response["data"], institution) {
            shown.insert(field);
        }
    }
    shown
}

/// Whether a global id of the institution's patient was told: documents of `node` select nothing else.
fn has_id(library: &Library, data: &Value, institution: Uuid) -> bool {
    let patient = keys(institution)[1];
    let found = library.ask(operator(), &format!("{{ patientRegister(uuid: \"{patient}\") {{ id }} }}"), &json!({}));
    found["data"]["patientRegister"]["id"].as_str().is_some_and(|id| data.to_string().contains(id))
}

/// What can be counted of an institution's changes, and of what stands in no log.
fn traces(database: &Database, institution: Uuid) -> (String, String) {
    let mut sql = database.sql();
    let key = database.key(&institution.to_string());
    let user = database.key(&keys(institution)[2].to_string());
    let changes = sql.value(&format!("SELECT count(*) FROM change_log WHERE institution_id = {key}"));
    (changes, sql.value(&format!("SELECT count(*) FROM one_time_tokens WHERE user_id = {user}")))
}

fn walked(backend: Backend) {
    let database = Database::new(backend);
    let library = Library::witnessed(&database, Arc::new(SystemClock));
    for institution in [OWN, OTHER] {
        furnish(&library, &database, institution);
    }
    library.rest();
    let library = Library::witnessed(&database, Arc::new(SystemClock));
    let before = traces(&database, OTHER);
    assert_eq!(shown(&library, &within(OWN), OTHER), BTreeSet::new(), "{backend:?}");
    assert_eq!(traces(&database, OTHER), before, "{backend:?}: nothing was changed there");
    // The same requests within the institution show and change what it has: they would have done so across it.
    let own = shown(&library, &within(OTHER), OTHER);
    assert_eq!(own, SHOWS.iter().copied().collect(), "{backend:?}");
    let after = traces(&database, OTHER);
    assert!(after.0.parse::<u64>().unwrap() > before.0.parse().unwrap() && after.1 == "1", "{backend:?}: {after:?}");
}

#[test]
fn no_root_field_reaches_another_institution_of_a_file() {
    walked(Backend::Sqlite);
}

#[test]
fn no_root_field_reaches_another_institution_of_a_server() {
    walked(Backend::Postgres);
}
