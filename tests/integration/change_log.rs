//! The change log: every change is in it once, whoever made it, and nothing that was taken back.

use serde_json::{Value, json};
use support::{Backend, Phr, on_both_databases};

use crate::patients::{count, done, faults, jane, register, with};

on_both_databases! {
    changes_are_logged_with_actor_and_request,
    an_update_names_the_fields_that_changed,
    the_plain_insert_of_an_operator_is_a_change_like_any_other,
    what_is_rolled_back_leaves_nothing,
    changes_by_sql_keep_version_and_instants,
    the_other_records_are_logged_too,
}

const OPERATOR: &str = "00000000-0000-4000-8000-000000000002";

/// The log's entries about one record: operation, version, changed fields, actor, request.
fn entries(phr: &Phr, uuid: &str) -> Vec<[String; 5]> {
    let (fields, hex) = match phr.backend() {
        Backend::Postgres => ("to_json(changed_fields)::text", ""),
        Backend::Sqlite => ("changed_fields", "hex"),
    };
    let query = format!(
        "SELECT operation, version, {fields}, {hex}(actor_id), {hex}(request_id) FROM change_log WHERE key = {} ORDER BY sequence",
        phr.database.key(uuid)
    );
    let text = |value: Option<String>| value.unwrap_or_default().to_lowercase().replace('-', "");
    let rows = phr.database.sql().rows(&query).into_iter();
    rows.map(|row| <[String; 5]>::try_from(row.into_iter().map(text).collect::<Vec<_>>()).unwrap()).collect()
}

fn changes_are_logged_with_actor_and_request(phr: &Phr) {
    let body = json!({
        "query": "mutation($input: CreatePatientRegisterInput!) {
            createPatientRegister(input: $input) { patientRegister { uuid } } }",
        "variables": {"input": jane()},
    });
    let reply = phr.post(&body.to_string());
    let uuid = reply.json()["data"]["createPatientRegister"]["patientRegister"]["uuid"].as_str().unwrap().to_owned();
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": uuid}));
    done(phr, "restorePatientRegister", "uuid", &json!({"uuid": uuid}));
    let log = entries(phr, &uuid);
    let kinds: Vec<_> = log.iter().map(|entry| (entry[0].as_str(), entry[1].as_str())).collect();
    assert_eq!(kinds, [("created", "1"), ("deleted", "2"), ("updated", "3")]);
    assert!(log.iter().all(|entry| entry[3] == OPERATOR.replace('-', "")), "{log:?}");
    assert_eq!(log[0][4], reply.header("x-request-id").unwrap().replace('-', ""));
    assert!(log[1][4] != log[0][4] && log[1][4].len() == 32, "{log:?}");
    assert_eq!(log[2][2], "[\"deleted_at\"]");
}

fn an_update_names_the_fields_that_changed(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let changes = json!({"uuid": uuid, "lastName": "Lee", "firstName": "Jane", "allergies": ["latex"]});
    done(phr, "updatePatientRegister", "uuid", &changes);
    let log = entries(phr, &uuid);
    assert_eq!(log[0][2], "[]");
    assert_eq!(log[1][2], "[\"allergies\",\"last_name\"]");
    assert!(!format!("{log:?}").to_lowercase().contains("latex"), "names, never values");
}

fn the_plain_insert_of_an_operator_is_a_change_like_any_other(phr: &Phr) {
    // The statement of the source, as it is written there.
    phr.database.sql().run(
        "INSERT INTO PatientRegister (first_name, last_name, date_of_birth, email, phone_number, address, emergency_contact)
         VALUES ('John', 'Doe', '1990-01-01', 'john.doe@example.com', '1234567890', '123 Main St', 'Jane Doe')",
    );
    let data = phr.ask(
        "{ patientRegisters { nodes { uuid status version lastName institution { name } allergies } } }",
        &json!({}),
    );
    let found = &data["patientRegisters"]["nodes"][0];
    let expected = json!({
        "uuid": found["uuid"], "status": "PENDING", "version": 1, "lastName": "Doe",
        "institution": {"name": "Home institution"}, "allergies": [],
    });
    assert_eq!(*found, expected);
    let log = entries(phr, found["uuid"].as_str().unwrap());
    assert_eq!(log, [["created", "1", "[]", "", ""].map(ToOwned::to_owned)]);
}

fn what_is_rolled_back_leaves_nothing(phr: &Phr) {
    let taken = register(phr, &json!({}));
    let changes = "SELECT count(*) FROM change_log";
    let before = phr.database.sql().value(changes);
    // Refused by the domain, by the database in the midst of a batch, and by hand.
    faults(phr, "createPatientRegister", &with(jane(), &json!({"email": "x"})));
    faults(phr, "createPatientRegisters", &json!({"items": [jane(), with(jane(), &json!({"uuid": taken}))]}));
    let undo = "BEGIN; UPDATE patientregister SET address = 'x'; ROLLBACK";
    phr.database.sql().run(undo);
    assert_eq!(phr.database.sql().value(changes), before);
    assert_eq!(count(phr), 1);
    if phr.backend() == Backend::Sqlite {
        assert_eq!(phr.database.sql().value("SELECT count(*) FROM request_context"), "0", "nobody's request lingers");
    }
}

fn changes_by_sql_keep_version_and_instants(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let before = crate::patients::read(phr, &uuid);
    let key = phr.database.key(&uuid);
    let mut sql = phr.database.sql();
    sql.run(&format!("UPDATE patientregister SET address = '1 Quay' WHERE uuid = {key}"));
    let after = crate::patients::read(phr, &uuid);
    assert_eq!(after["version"], 2);
    assert_eq!(after["createdAt"], before["createdAt"]);
    assert!(after["updatedAt"].as_str() > before["updatedAt"].as_str());
    // What changes nothing is no change.
    sql.run(&format!("UPDATE patientregister SET address = '1 Quay' WHERE uuid = {key}"));
    assert_eq!(crate::patients::read(phr, &uuid), after);
    sql.run(&format!("DELETE FROM patientregister WHERE uuid = {key}"));
    let kinds: Vec<_> =
        entries(phr, &uuid).into_iter().map(|[kind, version, ..]| format!("{kind} {version}")).collect();
    assert_eq!(kinds, ["created 1", "updated 2", "deleted 3"]);
}

fn the_other_records_are_logged_too(phr: &Phr) {
    for (noun, input, change, field) in [
        ("MedicalInstitution", json!({"name": "Harbour"}), json!({"name": "Hill"}), "name"),
        ("DoctorSpecialty", json!({"name": "Cardiology"}), json!({"description": "Heart"}), "description"),
        ("Doctor", json!({"firstName": "Ada", "lastName": "Lee"}), json!({"lastName": "Li"}), "last_name"),
    ] {
        let uuid = done(phr, &format!("create{noun}"), "uuid", &input)["uuid"].as_str().unwrap().to_owned();
        let change = with(change, &json!({ "uuid": uuid }));
        done(phr, &format!("update{noun}"), "uuid", &change);
        let log = entries(phr, &uuid);
        assert_eq!(log[1][2], format!("[\"{field}\"]"), "{noun}");
        let entity = format!("SELECT DISTINCT entity FROM change_log WHERE key = {}", phr.database.key(&uuid));
        assert_eq!(phr.database.sql().column(&entity), [noun]);
        assert_eq!(Value::from(log.len()), 2);
    }
}
