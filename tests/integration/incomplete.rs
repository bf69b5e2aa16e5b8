//! Incomplete registers: created by hand, listed with what they lack, and completed.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{count, done, fault, faults, jane, register, with};

on_both_databases! {
    a_newborn_is_registered_with_what_is_known,
    a_person_with_one_name_is_complete,
    only_who_says_so_leaves_parts_out,
    a_complete_register_stays_complete,
    a_part_that_is_told_is_still_judged,
    a_newborn_is_registered_with_all_that_belongs_to_it,
    who_has_no_date_of_birth_comes_last_on_every_page,
    the_database_has_the_same_rule,
}

const FIELDS: &str = "uuid status missing";

fn newborn() -> Value {
    json!({"lastName": "Smith", "address": "12 Mill Lane", "emergencyContact": "Jane Smith", "incomplete": true})
}

fn a_newborn_is_registered_with_what_is_known(phr: &Phr) {
    let created = done(phr, "createPatientRegister", FIELDS, &newborn());
    assert_eq!(created["status"], "INCOMPLETE");
    assert_eq!(created["missing"], json!(["DATE_OF_BIRTH", "EMAIL", "PHONE_NUMBER"]));
    let uuid = created["uuid"].as_str().unwrap();
    let read =
        phr.ask("query($uuid: UUID!) { patientRegister(uuid: $uuid) { missing firstName } }", &json!({"uuid": uuid}));
    assert_eq!(read["patientRegister"], json!({"missing": created["missing"], "firstName": null}));
    let update = |changes: &Value| {
        let updated = done(phr, "updatePatientRegister", FIELDS, &with(json!({"uuid": uuid}), changes));
        (updated["status"].clone(), updated["missing"].clone())
    };
    let (status, missing) = update(&json!({"dateOfBirth": "2024-02-29", "email": "ada@mail.example"}));
    assert_eq!((status, missing), (json!("INCOMPLETE"), json!(["PHONE_NUMBER"])));
    assert_eq!(update(&json!({"phoneNumber": "+1 555-267-5674"})), (json!("PENDING"), json!([])));
    // Nothing is missing here: so it is not incomplete.
    let whole = done(phr, "createPatientRegister", FIELDS, &with(jane(), &json!({"incomplete": true})));
    assert_eq!((&whole["status"], &whole["missing"]), (&json!("PENDING"), &json!([])));
    let nothing = done(phr, "createPatientRegister", FIELDS, &json!({"incomplete": true}));
    let parts = json!(["NAME", "DATE_OF_BIRTH", "EMAIL", "PHONE_NUMBER", "ADDRESS", "EMERGENCY_CONTACT"]);
    assert_eq!((&nothing["status"], &nothing["missing"]), (&json!("INCOMPLETE"), &parts));
}

fn a_person_with_one_name_is_complete(phr: &Phr) {
    for name in ["firstName", "lastName"] {
        let input = with(jane(), &json!({ name: null }));
        let created = done(phr, "createPatientRegister", FIELDS, &input);
        assert_eq!((&created["status"], &created["missing"]), (&json!("PENDING"), &json!([])), "{name}");
        // A blank field of a form is a mistake.
        let blank = with(jane(), &json!({ name: " " }));
        assert_eq!(faults(phr, "createPatientRegister", &blank), [fault("REQUIRED", &format!("input.{name}"))]);
    }
    let nameless = with(jane(), &json!({"firstName": null, "lastName": null}));
    assert_eq!(faults(phr, "createPatientRegister", &nameless), [fault("REQUIRED", "input.firstName")]);
}

fn only_who_says_so_leaves_parts_out(phr: &Phr) {
    let known = count(phr);
    for field in ["dateOfBirth", "email", "phoneNumber", "address", "emergencyContact"] {
        let mut lacking = jane();
        lacking.as_object_mut().unwrap().remove(field);
        let expected = [fault("REQUIRED", &format!("input.{field}"))];
        assert_eq!(faults(phr, "createPatientRegister", &lacking), expected);
        assert_eq!(faults(phr, "createPatientRegister", &with(jane(), &json!({ field: null }))), expected);
    }
    let items = json!({"items": [jane(), with(newborn(), &json!({"incomplete": false}))]});
    let query = "mutation($input: CreatePatientRegistersInput!) { createPatientRegisters(input: $input) {
        patientRegisters { uuid } userErrors { path } } }";
    let payload = phr.ask(query, &json!({ "input": items }))["createPatientRegisters"].take();
    let paths: Vec<&Value> = payload["userErrors"].as_array().unwrap().iter().map(|error| &error["path"]).collect();
    let at = |field| json!(["input", "items", "1", field]);
    assert_eq!(paths, [&at("dateOfBirth"), &at("email"), &at("phoneNumber")]);
    assert_eq!(count(phr), known);
}

fn a_complete_register_stays_complete(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    for field in ["dateOfBirth", "email", "phoneNumber", "address", "emergencyContact"] {
        let emptied = json!({"uuid": uuid, field: null});
        assert_eq!(faults(phr, "updatePatientRegister", &emptied), [fault("REQUIRED", &format!("input.{field}"))]);
    }
    let nameless = json!({"uuid": uuid, "firstName": null, "lastName": null});
    assert_eq!(faults(phr, "updatePatientRegister", &nameless), [fault("REQUIRED", "input.firstName")]);
    let single = done(phr, "updatePatientRegister", "firstName lastName", &json!({"uuid": uuid, "firstName": null}));
    assert_eq!(single, json!({"firstName": null, "lastName": "Smith"}));
}

fn a_part_that_is_told_is_still_judged(phr: &Phr) {
    let input = with(newborn(), &json!({"email": "nobody", "dateOfBirth": "1899-12-31", "lastName": "x".repeat(201)}));
    let mut found = faults(phr, "createPatientRegister", &input);
    found.sort();
    let expected = [
        fault("INVALID_FORMAT", "input.email"),
        fault("OUT_OF_RANGE", "input.dateOfBirth"),
        fault("TOO_LONG", "input.lastName"),
    ];
    assert_eq!(found, expected);
}

fn a_newborn_is_registered_with_all_that_belongs_to_it(phr: &Phr) {
    let query = "mutation($input: RegisterPatientWithProfileInput!) { registerPatientWithProfile(input: $input) {
        patientRegister { status missing } userErrors { path } } }";
    let input = json!({"patient": newborn(), "healthProfile": {"heightCm": 51}});
    let payload = phr.ask(query, &json!({ "input": input }))["registerPatientWithProfile"].take();
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["patientRegister"]["missing"], json!(["DATE_OF_BIRTH", "EMAIL", "PHONE_NUMBER"]));
}

fn who_has_no_date_of_birth_comes_last_on_every_page(phr: &Phr) {
    let born = |date: Value| {
        let input = with(jane(), &json!({"incomplete": true, "dateOfBirth": date}));
        done(phr, "createPatientRegister", "uuid", &input)["uuid"].clone()
    };
    let mut expected = vec![born(json!("1990-01-01")), born(json!("1991-01-01"))];
    let mut unknown = vec![born(json!(null)), born(json!(null))];
    unknown.sort_by_key(ToString::to_string);
    expected.extend(unknown);
    let page = |arguments: &str| {
        let query = format!(
            "{{ patientRegisters(order: [{{field: DATE_OF_BIRTH}}], {arguments}) {{ nodes {{ uuid }} pageInfo {{ endCursor startCursor
               hasNextPage hasPreviousPage }} }} }}"
        );
        let mut list = phr.ask(&query, &json!({}))["patientRegisters"].take();
        let keys: Vec<Value> = list["nodes"].as_array().unwrap().iter().map(|node| node["uuid"].clone()).collect();
        (keys, list["pageInfo"].take())
    };
    for size in 1..=4 {
        let (mut forward, mut after) = (Vec::new(), String::new());
        loop {
            let (keys, info) = page(&format!("first: {size}{after}"));
            forward.extend(keys);
            if info["hasNextPage"] == false {
                break;
            }
            after = format!(", after: {}", info["endCursor"]);
        }
        assert_eq!(forward, expected, "{size} at a time");
        let (mut backward, mut before) = (Vec::new(), String::new());
        loop {
            let (keys, info) = page(&format!("last: {size}{before}"));
            backward.splice(0..0, keys);
            if info["hasPreviousPage"] == false {
                break;
            }
            before = format!(", before: {}", info["startCursor"]);
        }
        assert_eq!(backward, expected, "{size} at a time, from the end");
    }
}

fn the_database_has_the_same_rule(phr: &Phr) {
    let columns = ["first_name", "last_name", "date_of_birth", "email", "phone_number", "address", "emergency_contact"];
    let values = ["'Ada'", "'Lee'", "'1990-01-01'", "'a@b.de'", "'555-267-5674'", "'1 Quay'", "'Eve'"];
    let mut sql = phr.database.sql_as_server();
    let mut insert = |status: &str, without: &[&str]| {
        let known = columns.iter().zip(values).filter(|(column, _)| !without.contains(column));
        let (columns, values): (Vec<&str>, Vec<&str>) = known.unzip();
        let (columns, values) = (columns.join(", "), values.join(", "));
        sql.attempt(&format!("INSERT INTO patientregister ({columns}, status) VALUES ({values}, '{status}')")).is_ok()
    };
    assert!(insert("PENDING", &[]));
    assert!(insert("PENDING", &["first_name"]) && insert("PENDING", &["last_name"]));
    for (number, column) in columns.iter().enumerate() {
        let without = if number < 2 { &columns[..2] } else { std::slice::from_ref(column) };
        assert!(!insert("PENDING", without), "without {column}");
        assert!(insert("INCOMPLETE", without), "incomplete without {column}");
    }
}
