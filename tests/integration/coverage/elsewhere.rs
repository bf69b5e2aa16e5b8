//! Every root field, asked by somebody with every permission, of records that another institution has.

use std::collections::BTreeSet;

use phr::scope::{Boundary, InstitutionId, Scope};
use serde_json::{Value, json};
use support::{Backend, Database};

use super::{FIELDS, document};
use crate::library::{Library, codes, operator};
use crate::patients::NOBODY;

/// The institution that has a record of each kind, and the one that has none of them.
const OWN: &str = "a0000000-0000-4000-8000-000000000001";
const OTHER: &str = "b0000000-0000-4000-8000-000000000001";

/// Fields that show those records to who may see them: by their keys, by their ids, and in lists.
const SHOWN: [&str; 13] = [
    "node",
    "nodes",
    "patientRegister",
    "patientRegisters",
    "medicalInstitution",
    "medicalInstitutions",
    "doctor",
    "doctors",
    "user",
    "users",
    "breakGlassGrant",
    "breakGlassGrants",
    "exportPatientRegister",
];

fn within(institution: &str) -> Scope {
    Scope { boundary: Boundary::One(InstitutionId(institution.parse().unwrap())), ..operator() }
}

/// The key and the global id of a record.
type Named = (String, String);

/// Creates the institutions and the records of the first one.
fn fill(library: &Library, database: &Database) -> Vec<Named> {
    let key = |number: u32| format!("a0000000-0000-4000-8000-00000000000{number}");
    let role = "00000000-0000-4000-8001-000000000006";
    let register = "firstName: \"A\", lastName: \"B\", dateOfBirth: \"1990-01-01\", phoneNumber: \"555-267-5674\",
        email: \"a@b.de\", address: \"C\", emergencyContact: \"D\"";
    let user = format!("roleId: \"{role}\"");
    let at = format!("institutionId: \"{OWN}\"");
    library.ask(
        operator(),
        &format!(
            "mutation {{ createMedicalInstitution(input: {{uuid: \"{OTHER}\", name: \"N\"}}) {{ userErrors {{ code }} }} }}"
        ),
        &json!({}),
    );
    let records = [
        ("MedicalInstitution", OWN.to_owned(), "name: \"N\"".to_owned()),
        ("Doctor", key(2), format!("firstName: \"A\", lastName: \"B\", {at}")),
        ("PatientRegister", key(3), format!("{register}, {at}")),
        ("User", key(4), format!("kind: STAFF, username: \"staff\", {user}, {at}")),
        ("User", key(5), format!("kind: PATIENT, username: \"patient\", {user}, patientId: \"{}\"", key(3))),
    ];
    let mut named: Vec<Named> = records
        .map(|(kind, key, input)| {
            let field = format!("{}{}", kind[..1].to_lowercase(), &kind[1..]);
            let create = format!(
                "mutation {{ create{kind}(input: {{uuid: \"{key}\", {input}}}) {{ {field} {{ id }} userErrors {{ path }} }} }}"
            );
            let made = library.ask(operator(), &create, &json!({}));
            let id = made["data"][format!("create{kind}")][field]["id"].as_str();
            (key, id.unwrap_or_else(|| panic!("{kind}: {made}")).to_owned())
        })
        .into();
    let (grant, staff, patient, own) =
        (database.key(&key(6)), database.key(&key(4)), database.key(&key(3)), database.key(OWN));
    let (then, later) = ("'2026-01-01T00:00:00.000000+00:00'", "'2999-01-01T00:00:00.000000+00:00'");
    database.sql().run(&format!(
        "INSERT INTO break_glass_grants (uuid, user_id, patient_id, institution_id, reason, created_at, expires_at)
         VALUES ({grant}, {staff}, {patient}, {own}, 'an emergency', {then}, {then});
         INSERT INTO sessions (uuid, user_id, created_at, expires_at) VALUES ({grant}, {staff}, {then}, {later})"
    ));
    let grant = format!("{{ breakGlassGrant(uuid: \"{}\") {{ id }} }}", key(6));
    let found = library.ask(operator(), &grant, &json!({}));
    named.push((key(6), found["data"]["breakGlassGrant"]["id"].as_str().expect("a leave").to_owned()));
    named
}

/// What tells whether anything was done to the records or to their users.
fn state(database: &Database) -> Vec<String> {
    let own = database.key(OWN);
    let counts = [
        format!("change_log WHERE institution_id = {own}"),
        "one_time_tokens".to_owned(),
        "sessions WHERE revoked_at IS NOT NULL".to_owned(),
        "break_glass_grants".to_owned(),
        "break_glass_grants WHERE reviewed_at IS NOT NULL".to_owned(),
    ];
    let mut sql = database.sql();
    counts.iter().map(|what| sql.value(&format!("SELECT count(*) FROM {what}"))).collect()
}

/// What an answer says, but for what no two answers have in common.
fn said(mut response: Value, key: &str) -> String {
    for error in response["errors"].as_array_mut().into_iter().flatten() {
        error["extensions"]["requestId"].take();
    }
    json!([response["data"], response["errors"]]).to_string().replace(key, "KEY")
}

#[test]
fn what_another_institution_has_is_answered_like_what_does_not_exist() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Database::new(backend);
        let library = Library::of(&database);
        let records = fill(&library, &database);
        let before = state(&database);
        let mut shown = BTreeSet::new();
        for (field, query) in FIELDS {
            let ask = |scope: Scope, (key, id): &Named| library.ask(scope, &document(query, key, id), &json!({}));
            let nothing = said(ask(within(OTHER), &(NOBODY.to_owned(), super::NODE.to_owned())), NOBODY);
            for record in &records {
                let answer = said(ask(within(OTHER), record), &record.0);
                let leak = records.iter().find(|(key, id)| answer.contains(key) || answer.contains(id));
                assert_eq!(leak, None, "{field}: {answer}");
                if query.contains("KEY") {
                    assert_eq!(answer, nothing, "{field} of {}", record.0);
                }
                assert_eq!(state(&database), before, "{field} of {}", record.0);
                if !query.starts_with("mutation") {
                    let own = ask(within(OWN), record);
                    assert_eq!(codes(&own), Vec::<&str>::new(), "{field}: {own}");
                    let own = own["data"].to_string();
                    if records.iter().any(|(key, id)| own.contains(key) || own.contains(id)) {
                        shown.insert(*field);
                    }
                }
                if !query.contains("KEY") && !query.contains("NODE") {
                    break;
                }
            }
        }
        let missing: Vec<_> = SHOWN.iter().filter(|field| !shown.contains(*field)).collect();
        assert!(missing.is_empty(), "these show nothing to the institution itself: {missing:?}");
    }
}
