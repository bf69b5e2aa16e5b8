//! `auditEvents`: what auditors and patients see of the trail.

use std::sync::Arc;

use phr::clock::SystemClock;
use phr::scope::{Boundary, InstitutionId, Permission, Permissions, Scope};
use serde_json::{Value, json};
use support::{Backend, Database, Phr};
use uuid::Uuid;

use super::{UNASKED, entries, shipped, values};
use crate::library::{Library, codes, operator};
use crate::patients::{HOME, done, register};

const EVENTS: &str = "{ auditEvents(first: 100, order: [{field: OCCURRED_AT}]) { totalCount nodes {
    id uuid instance sequence occurredAt actorId role sessionId institutionId grantId origin requestId action resource
    resourceId version resourceInstitutionId patientIds operators matched fields outcome settles } } }";

/// A patient of each of two institutions, each created and therefore on record.
fn scene(backend: Backend) -> (Arc<Database>, [String; 2], Uuid) {
    let database = Arc::new(Database::new(backend));
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    let other = done(&server, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    let patients = [register(&server, &json!({})), register(&server, &json!({ "institutionId": other }))];
    shipped(&database, "outcome = 'SUCCEEDED' AND patient_ids IS NOT NULL", 4);
    (database, patients, other.as_str().unwrap().parse().unwrap())
}

fn patients(response: &Value) -> Vec<&str> {
    let nodes = response["data"]["auditEvents"]["nodes"].as_array().unwrap_or_else(|| panic!("{response}"));
    let named = nodes.iter().flat_map(|node| node["patientIds"].as_array().unwrap());
    let mut found: Vec<&str> = named.filter_map(Value::as_str).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn an_auditor_sees_what_is_within_the_boundary_and_a_patient_the_own_record() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (database, [mine, theirs], other) = scene(backend);
        let library = Library::of(&database);
        let ask = |scope: Scope| library.ask(scope, EVENTS, &json!({}));
        let home: Uuid = HOME.parse().unwrap();
        let within = |institution| Scope { boundary: Boundary::One(InstitutionId(institution)), ..operator() };
        let mut both = [mine.as_str(), theirs.as_str()];
        both.sort_unstable();
        assert_eq!(patients(&ask(operator())), both);
        assert_eq!(patients(&ask(within(home))), [mine.as_str()], "others' deeds with the institution's records too");
        assert_eq!(patients(&ask(within(other))), [theirs.as_str()]);
        let patient = Scope { permissions: Permissions::NONE, patient: Some(mine.parse().unwrap()), ..within(home) };
        let own = ask(patient.clone());
        assert_eq!(patients(&own), [mine.as_str()]);
        assert!(own["data"]["auditEvents"]["totalCount"].as_u64().unwrap() >= 3, "{own}");
        let id = ask(operator())["data"]["auditEvents"]["nodes"].as_array().unwrap().clone();
        let foreign = id.iter().find(|node| node["patientIds"] == json!([theirs])).unwrap()["id"].clone();
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let seen = |scope: Scope| library.ask(scope, node, &json!({ "id": foreign }))["data"]["node"].take();
        assert_eq!(seen(operator())["id"], foreign);
        assert_eq!((seen(patient), seen(within(home))), (Value::Null, Value::Null));
        let clerk = Scope { permissions: Permissions::ALL.without(Permission::ReadAudit), ..operator() };
        assert_eq!(codes(&ask(clerk)), ["FORBIDDEN"]);
        assert_eq!(codes(&ask(Scope::nobody(Uuid::new_v4()))), ["UNAUTHENTICATED"]);
    }
}

#[test]
fn events_are_filtered_by_who_what_when_and_whom() {
    let (database, [mine, _], _) = scene(Backend::Postgres);
    let library = Library::of(&database);
    let filtered = |filter: &str| {
        let query =
            format!("{{ auditEvents(filter: {{{filter}}}) {{ totalCount nodes {{ action outcome fields }} }} }}");
        let response = library.ask(operator(), &query, &json!({}));
        response["data"]["auditEvents"]["totalCount"].as_u64().unwrap_or_else(|| panic!("{response}"))
    };
    assert_eq!(filtered(&format!("patientId: {{equal: \"{mine}\"}}, action: {{equal: CREATE}}")), 2);
    assert_eq!(
        filtered("action: {in: [CREATE, READ]}, outcome: {equal: SUCCEEDED}, resource: {equal: \"PatientRegister\"}"),
        4
    );
    assert_eq!(filtered("fields: {contains: \"email\"}, outcome: {equal: INTENDED}"), 2);
    let count = |query: &str| -> u64 { database.sql().value(query).parse().unwrap() };
    let own = format!("SELECT count(*) FROM audit_events WHERE {UNASKED}");
    let (all, asked): (u64, u64) = (count("SELECT count(*) FROM audit_events"), count(&own));
    let intended = count("SELECT count(*) FROM audit_events WHERE outcome = 'INTENDED'");
    assert!(intended > 0 && all > intended);
    assert_eq!(filtered("occurredAt: {lessThan: \"2020-01-01T00:00:00Z\"}"), 0);
    assert_eq!(filtered("occurredAt: {greaterThan: \"2020-01-01T00:00:00Z\"}"), all);
    assert_eq!(filtered("outcome: {notIn: [SUCCEEDED, FAILED, DENIED, UNKNOWN]}"), intended);
    assert_eq!(filtered(&format!("actorId: {{equal: \"{}\"}}", operator().actor.0)), asked);
    assert_eq!(filtered(&format!("actorId: {{equal: \"{HOME}\"}}")), 0);
}

#[test]
fn reading_the_trail_is_on_record() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (database, ..) = scene(backend);
        let library = Library::witnessed(&database, Arc::new(SystemClock));
        let auditor = operator();
        let query = "{ auditEvents(first: 3) { nodes { action patientIds } } }";
        library.ask(auditor.clone(), query, &json!({}));
        library.rest();
        let own = entries(&database, &format!("request_id = {}", database.key(&auditor.request.to_string())));
        assert_eq!((values(&own, "action"), values(&own, "resource")), (vec!["READ"], vec!["AuditEvent"]));
        assert_eq!(values(&own, "fields"), ["uuid action patient_ids patient_id occurred_at"]);
    }
}

#[test]
fn an_entry_says_who_asked_in_full() {
    let (database, [mine, _], _) = scene(Backend::Sqlite);
    let library = Library::witnessed(&database, Arc::new(SystemClock));
    let (session, grant) = (Uuid::new_v4(), Uuid::new_v4());
    let doctor = Scope {
        role: Arc::from("doctor"),
        session: Some(session),
        grant: Some(grant),
        boundary: Boundary::One(InstitutionId(HOME.parse().unwrap())),
        origin: Some("192.0.2.7".parse().unwrap()),
        ..operator()
    };
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { firstName } }";
    library.ask(doctor.clone(), query, &json!({ "uuid": mine }));
    library.rest();
    let of = format!("requestId: {{equal: \"{}\"}}", doctor.request);
    let query = format!(
        "{{ auditEvents(filter: {{{of}}}) {{ nodes {{
        actorId role sessionId institutionId grantId origin requestId patientIds fields outcome }} }} }}"
    );
    let response = Library::of(&database).ask(operator(), &query, &json!({}));
    let expected = json!({
        "actorId": doctor.actor.0, "role": "doctor", "sessionId": session, "institutionId": HOME, "grantId": grant,
        "origin": "192.0.2.7", "requestId": doctor.request, "patientIds": [mine], "fields": ["uuid", "first_name"],
        "outcome": "SUCCEEDED",
    });
    assert_eq!(response["data"]["auditEvents"]["nodes"], json!([expected]), "{response}");
}
