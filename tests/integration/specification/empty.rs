//! Selections that turn out empty.

use serde_json::json;
use support::{Backend, Phr, Socket};

use crate::patients::{NOBODY, register};

#[test]
fn objects_of_which_nothing_is_shown_are_objects() {
    let phr = Phr::start(Backend::Sqlite);
    let uuid = register(&phr, &json!({}));
    let id = phr.ask(&format!("{{ patientRegister(uuid: \"{uuid}\") {{ id }} }}"), &json!({}))["patientRegister"]["id"]
        .take();
    let query = "query($id: ID!, $uuid: UUID!, $nobody: UUID!, $yes: Boolean!) {
        viewer { username @skip(if: $yes) ...V @skip(if: $yes) }
        node(id: $id) { ... on Doctor { lastName } }
        nodes(ids: [$id, $id]) { ...D }
        patientRegister(uuid: $uuid) { ... @skip(if: $yes) { uuid } }
        patientRegisters { nodes { firstName @skip(if: $yes) } pageInfo @skip(if: $yes) { page } }
        health { ... on Health @include(if: false) { status } }
        nobody: patientRegister(uuid: $nobody) { uuid @skip(if: $yes) }
        twice: node(id: $id) { ...D }
        twice: node(id: $id) { ... on PatientRegister { lastName } } }
        fragment V on Viewer { displayName }
        fragment D on Doctor { lastName }";
    let variables = json!({"id": id, "uuid": uuid, "nobody": NOBODY, "yes": true});
    // First as it is validated, then as it is remembered.
    for _ in 0..2 {
        let text = phr.begin(query, &variables).finish().body;
        assert!(text.starts_with(
            r#"{"data":{"viewer":{},"node":{},"nodes":[{},{}],"patientRegister":{},"patientRegisters":{"nodes":[{}]},"health":{},"nobody":null,"twice":{"lastName":"Smith"}},"extensions""#
        ), "{text}");
    }
    assert_eq!(
        phr.ask("query($yes: Boolean!) { health @skip(if: $yes) { status } }", &json!({"yes": true})),
        json!({})
    );
}

#[test]
fn events_of_which_nothing_is_shown_are_objects() {
    let phr = Phr::start(Backend::Sqlite);
    let mut socket = Socket::of(phr.address, phr.token());
    socket.subscribe(
        "1",
        "subscription { changes { ... on RecordChange { operation record { ... on Doctor { uuid } } } } }",
        &json!({}),
    );
    assert_eq!(socket.event("1"), json!({"changes": {}}));
    register(&phr, &json!({}));
    assert_eq!(socket.event("1"), json!({"changes": {"operation": "CREATED", "record": {}}}));
}
