//! Deleting leaves a tombstone, and restoring takes it away.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{EVERY_FIELD, done, fault, faults, read, register, with};

on_both_databases! {
    a_deleted_register_is_gone_for_ordinary_reads,
    a_restored_register_is_as_it_was,
    lists_leave_deleted_registers_out_unless_asked,
    a_deleted_register_cannot_be_changed_or_deleted_again,
    a_register_that_was_not_deleted_cannot_be_restored,
}

fn delete(phr: &Phr, uuid: &str) -> Value {
    done(phr, "deletePatientRegister", EVERY_FIELD, &json!({"uuid": uuid}))
}

fn keys(phr: &Phr, arguments: &str) -> Vec<String> {
    let query = format!("{{ patientRegisters({arguments}) {{ nodes {{ uuid }} }} }}");
    let data = phr.ask(&query, &json!({}));
    let nodes = data["patientRegisters"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["uuid"].as_str().unwrap().to_owned()).collect()
}

fn a_deleted_register_is_gone_for_ordinary_reads(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let before = read(phr, &uuid);
    let deleted = delete(phr, &uuid);
    assert!(deleted["deletedAt"].is_string());
    assert_eq!(deleted["version"], 2);
    assert_eq!(read(phr, &uuid), Value::Null);
    let node = phr.ask("query($id: ID!) { node(id: $id) { id } }", &json!({"id": before["id"]}));
    assert_eq!(node["node"], Value::Null);
}

fn a_restored_register_is_as_it_was(phr: &Phr) {
    let uuid = register(phr, &json!({"allergies": ["latex"]}));
    let before = read(phr, &uuid);
    let deleted = delete(phr, &uuid);
    let restored = done(phr, "restorePatientRegister", EVERY_FIELD, &json!({"uuid": uuid, "expectedVersion": 2}));
    assert_eq!(restored, with(before, &json!({"version": 3, "updatedAt": restored["updatedAt"]})));
    assert!(restored["updatedAt"].as_str() > deleted["updatedAt"].as_str());
    assert_eq!(read(phr, &uuid), restored);
}

fn lists_leave_deleted_registers_out_unless_asked(phr: &Phr) {
    let (kept, gone) = (register(phr, &json!({})), register(phr, &json!({})));
    delete(phr, &gone);
    let order = "order: [{field: CREATED_AT}]";
    let (kept, gone) = (kept.as_str(), gone.as_str());
    assert_eq!(keys(phr, order), [kept]);
    assert_eq!(keys(phr, &format!("{order}, deleted: EXCLUDED")), [kept]);
    assert_eq!(keys(phr, &format!("{order}, deleted: ONLY")), [gone]);
    assert_eq!(keys(phr, &format!("{order}, deleted: INCLUDED")), [kept, gone]);
    assert_eq!(keys(phr, "deleted: INCLUDED, filter: {deletedAt: {isNull: false}}"), [gone]);
}

fn a_deleted_register_cannot_be_changed_or_deleted_again(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    delete(phr, &uuid);
    let not_found = [fault("NOT_FOUND", "input.uuid")];
    assert_eq!(faults(phr, "updatePatientRegister", &json!({"uuid": uuid, "lastName": "Lee"})), not_found);
    assert_eq!(faults(phr, "deletePatientRegister", &json!({"uuid": uuid})), not_found);
}

fn a_register_that_was_not_deleted_cannot_be_restored(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let found = faults(phr, "restorePatientRegister", &json!({"uuid": uuid}));
    assert_eq!(found, [fault("INVALID_STATE", "input.uuid")]);
    delete(phr, &uuid);
    let found = faults(phr, "restorePatientRegister", &json!({"uuid": uuid, "expectedVersion": 1}));
    assert_eq!(found, [fault("VERSION_CONFLICT", "input.expectedVersion")]);
    assert_eq!(read(phr, &uuid), Value::Null);
}
