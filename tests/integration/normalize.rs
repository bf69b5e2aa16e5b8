//! `phr normalize`: records that other programs wrote get the form in which the server writes them.

use serde_json::{Value, json};
use support::{Phr, on_both_databases, phr};

use crate::patients::{HOME, done, register};

on_both_databases! {
    what_sql_wrote_is_found_like_what_the_server_wrote,
    numbers_follow_their_institution_to_another_country,
    what_cannot_be_changed_is_named_and_stays,
}

fn run(server: &Phr, flags: &[&str]) -> Vec<Value> {
    let arguments = [&["normalize", "--json"], flags].concat();
    let output = phr(server.database.folder(), &arguments, &[("DATABASE_URL", &server.database.url())]);
    assert!(output.succeeded(), "{output:?}");
    serde_json::from_str::<Value>(&output.stdout).unwrap()["kinds"].as_array().unwrap().clone()
}

/// How many records of a kind were changed, and left.
fn counts(kinds: &[Value], kind: &str) -> (u64, u64) {
    let found = kinds.iter().find(|found| found["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {kinds:?}"));
    (found["changed"].as_u64().unwrap(), found["left"].as_u64().unwrap())
}

fn found(server: &Phr, filter: &Value) -> u64 {
    let query = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { totalCount } }";
    server.ask(query, &json!({ "filter": filter }))["patientRegisters"]["totalCount"].as_u64().unwrap()
}

fn what_sql_wrote_is_found_like_what_the_server_wrote(server: &Phr) {
    let uuid = register(server, &json!({}));
    let key = server.database.key(&uuid);
    // Letters and their marks apart, as some keyboards and files have them.
    let list = server.database.list(&["Me\u{301}nie\u{300}re"]);
    server.database.sql().run(&format!(
        "UPDATE patientregister SET last_name = 'Mu\u{308}ller', address = '1 Rue Que\u{301}bec', medical_history = {list},
            phone_number_folded = '1' WHERE uuid = {key}"
    ));
    let named = json!({ "lastName": { "equal": "M\u{fc}ller" } });
    assert_eq!(found(server, &named), 0);
    let dry = run(server, &["--dry-run"]);
    assert_eq!(counts(&dry, "PatientRegister"), (1, 0), "{dry:?}");
    assert_eq!(found(server, &named), 0, "a dry run writes nothing");
    let before = server.database.sql().value("SELECT version FROM patientregister");
    assert_eq!(counts(&run(server, &[]), "PatientRegister"), (1, 0));
    assert_eq!(found(server, &named), 1);
    assert_eq!(found(server, &json!({ "medicalHistory": { "contains": "M\u{e9}ni\u{e8}re" } })), 1);
    assert_eq!(found(server, &json!({ "phoneNumber": { "equal": "+1 555-267-5674" } })), 1);
    let after = server.database.sql().value("SELECT version FROM patientregister");
    assert_ne!(before, after, "it counts as a change of the record");
    assert_eq!(counts(&run(server, &[]), "PatientRegister"), (0, 0), "what has the form is left alone");
}

fn numbers_follow_their_institution_to_another_country(server: &Phr) {
    let uuid = register(server, &json!({ "phoneNumber": "020 7946 0000" }));
    let query = "{ countries(filter: {alpha2: {equal: \"GB\"}}) { nodes { uuid } } }";
    let country = server.ask(query, &json!({}))["countries"]["nodes"][0]["uuid"].take();
    done(server, "updateMedicalInstitution", "uuid", &json!({ "uuid": HOME, "countryId": country }));
    let number = || {
        let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { phoneNumberE164 } }";
        server.ask(query, &json!({ "uuid": uuid }))["patientRegister"]["phoneNumberE164"].take()
    };
    assert_eq!(number(), Value::Null);
    assert_eq!(counts(&run(server, &[]), "PatientRegister"), (1, 0));
    assert_eq!(number(), "+442079460000");
}

fn what_cannot_be_changed_is_named_and_stays(server: &Phr) {
    let uuid = register(server, &json!({}));
    let (key, home) = (server.database.key(&uuid), server.database.key(HOME));
    for (number, folded) in [("+44 20 7946 0000", "1"), ("+442079460000", "2")] {
        let uuid = server.database.key(&uuid::Uuid::new_v4().to_string());
        server.database.sql().run(&format!(
            "INSERT INTO phones (uuid, patient_id, institution_id, number, number_folded)
             VALUES ({uuid}, {key}, {home}, '{number}', '{folded}')"
        ));
    }
    let done = run(server, &[]);
    assert_eq!(counts(&done, "Phone"), (1, 1), "a patient has a number once: {done:?}");
    let folded = server.database.sql().column("SELECT number_folded FROM phones ORDER BY number_folded");
    assert_eq!((folded.len(), folded[0].as_str()), (2, "+442079460000"));
}
