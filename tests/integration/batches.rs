//! Patients registered together: all or none.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{NOBODY, count, done, fault, faults, jane, register, with};

on_both_databases! {
    a_batch_is_created_in_its_order,
    a_batch_with_one_bad_item_creates_none,
    the_size_of_a_batch_is_limited,
    a_large_batch_is_created,
}

fn named(number: usize) -> Value {
    with(jane(), &json!({"firstName": format!("Jane{number}")}))
}

fn a_batch_is_created_in_its_order(phr: &Phr) {
    let input = json!({"items": (0..25).map(named).collect::<Vec<_>>()});
    let created = done(phr, "createPatientRegisters", "firstName version status", &input);
    let names: Vec<_> = created.as_array().unwrap().iter().map(|item| item["firstName"].clone()).collect();
    assert_eq!(names, (0..25).map(|number| Value::from(format!("Jane{number}"))).collect::<Vec<_>>());
    assert_eq!(count(phr), 25);
}

fn a_batch_with_one_bad_item_creates_none(phr: &Phr) {
    let taken = register(phr, &json!({}));
    let twin = "7f8f3f16-9a3f-4b62-8a59-3f2b7f5a0b03";
    let items = json!([
        named(0),
        with(named(1), &json!({"email": "nobody", "dateOfBirth": "2999-01-01"})),
        with(named(2), &json!({"uuid": twin})),
        with(named(3), &json!({"uuid": twin})),
        with(named(4), &json!({"uuid": taken})),
        with(named(5), &json!({"doctorId": NOBODY})),
    ]);
    let mut found = faults(phr, "createPatientRegisters", &json!({ "items": items }));
    found.sort();
    let mut expected = vec![
        fault("INVALID_FORMAT", "input.items.1.email"),
        fault("OUT_OF_RANGE", "input.items.1.dateOfBirth"),
        fault("NOT_UNIQUE", "input.items.3.uuid"),
        fault("NOT_UNIQUE", "input.items.4.uuid"),
        fault("REFERENCE_MISSING", "input.items.5.doctorId"),
    ];
    expected.sort();
    assert_eq!(found, expected);
    // What only the database can decide is told by item as well.
    let items = json!([named(0), with(named(1), &json!({"uuid": taken}))]);
    let found = faults(phr, "createPatientRegisters", &json!({ "items": items }));
    assert_eq!(found, [fault("NOT_UNIQUE", "input.items.1.uuid")]);
    assert_eq!(count(phr), 1);
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM change_log WHERE entity = 'PatientRegister'"), "1");
}

fn the_size_of_a_batch_is_limited(phr: &Phr) {
    let found = faults(phr, "createPatientRegisters", &json!({"items": []}));
    assert_eq!(found, [fault("REQUIRED", "input.items")]);
    let found = faults(phr, "createPatientRegisters", &json!({"items": vec![jane(); 1001]}));
    assert_eq!(found, [fault("TOO_MANY", "input.items")]);
    assert_eq!(count(phr), 0);
}

fn a_large_batch_is_created(phr: &Phr) {
    let input = json!({"items": (0..1000).map(named).collect::<Vec<_>>()});
    let created = done(phr, "createPatientRegisters", "firstName", &input);
    assert_eq!(created.as_array().unwrap()[999]["firstName"], "Jane999");
    assert_eq!(count(phr), 1000);
}
