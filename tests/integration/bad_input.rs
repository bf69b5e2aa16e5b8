//! What bad input gets: a clear error at the right place, nothing written, nothing told about the inside.

use serde_json::json;
use support::{Backend, Phr, on_both_databases};

use crate::patients::{EVERY_FIELD, count, done, fault, faults, jane, read, register, with};

on_both_databases! {
    values_of_the_wrong_type_are_refused_where_they_stand,
    dates_are_refused_by_the_scalar_or_by_the_rule,
    lengths_count_characters_not_bytes,
    four_byte_characters_come_back_as_they_were_sent,
    control_characters_are_refused_in_every_text,
    sql_in_a_text_is_just_a_text,
    sql_in_a_filter_finds_nothing_and_harms_nothing,
    the_log_holds_no_patient_data,
}

const TEXTS: &[&str] = &["firstName", "lastName", "email", "phoneNumber", "address", "emergencyContact"];
const LISTS: &[&str] = &["allergies", "medicalHistory", "currentMedications"];

const CREATE: &str = "mutation($input: CreatePatientRegisterInput!) {
    createPatientRegister(input: $input) { patientRegister { uuid } userErrors { code } }
}";

/// Nothing of the inside is told: no SQL, no driver, no source file, no constraint.
pub(crate) fn is_discreet(text: &str) {
    let lower = text.to_lowercase();
    for word in [
        "select ",
        "insert into",
        "sqlx",
        "sqlite error",
        "sea_orm",
        "seaorm",
        "panicked",
        ".rs:",
        "constraint",
        "pg_",
        "syntax error at or near",
    ] {
        assert!(!lower.contains(word), "speaks of {word:?}: {text}");
    }
}

fn values_of_the_wrong_type_are_refused_where_they_stand(phr: &Phr) {
    for (changes, place) in [
        (json!({"firstName": 7}), "$input.firstName"),
        (json!({"firstName": ["Jane"]}), "$input.firstName"),
        (json!({"uuid": "7"}), "$input.uuid"),
        (json!({"dateOfBirth": 19_850_412}), "$input.dateOfBirth"),
        (json!({"allergies": ["fine", 1]}), "$input.allergies.1"),
        (json!({"allergies": [null]}), "$input.allergies.0"),
        (json!({"doctorId": {"uuid": "x"}}), "$input.doctorId"),
        // What does not exist is not skipped: it may be misspelt.
        (json!({"alergies": ["penicillin"]}), "$input.alergies"),
        (json!({"status": "VALIDATED"}), "$input.status"),
        (json!({"version": 7}), "$input.version"),
    ] {
        // The second time, the document is known.
        for _ in 0..2 {
            let response = phr.response(CREATE, &json!({"input": with(jane(), &changes)}));
            let error = &response["errors"][0];
            assert_eq!(error["extensions"]["code"], "BAD_REQUEST", "{changes}: {response}");
            assert!(error["message"].as_str().unwrap().starts_with(&format!("{place}: ")), "{changes}: {response}");
            assert!(response.get("data").is_none(), "{response}");
            is_discreet(&response.to_string());
        }
        register(phr, &json!({}));
    }
    let known = count(phr);
    for (variables, place) in
        [(json!({}), "$input"), (json!({"input": null}), "$input"), (json!({"input": []}), "$input")]
    {
        let (code, message) = phr.error(CREATE, &variables);
        assert!(code == "BAD_REQUEST" && message.starts_with(&format!("{place}: ")), "{variables}: {message}");
    }
    let list = "query($order: [PatientRegisterOrder!], $filter: PatientRegisterFilter, $first: Int) {
        patientRegisters(order: $order, filter: $filter, first: $first) { nodes { uuid } } }";
    for (variables, place) in [
        (json!({"order": [{"field": "SHOE_SIZE"}]}), "$order.0.field"),
        (json!({"order": [{"direction": "ASC"}]}), "$order.0.field"),
        (json!({"filter": {"or": [{}, {"lastName": {"resembles": "x"}}]}}), "$filter.or.1.lastName.resembles"),
        (json!({"filter": {"createdAt": {"equal": "yesterday"}}}), "$filter.createdAt.equal"),
        (json!({"filter": {"version": {"equal": 3_000_000_000_u32}}}), "$filter.version.equal"),
        (json!({"first": "many"}), "$first"),
        (json!({"first": 1.5}), "$first"),
    ] {
        let (code, message) = phr.error(list, &variables);
        assert!(code == "BAD_REQUEST" && message.starts_with(&format!("{place}: ")), "{variables}: {message}");
    }
    // One value stands for a list of one.
    phr.ask(list, &json!({"order": {"field": "UUID"}}));
    for (query, word) in [
        ("{ patientRegister(uuid: \"7\") { uuid } }", "UUID"),
        ("{ patientRegisters(filter: {lastName: {resembles: \"x\"}}) { nodes { uuid } } }", "resembles"),
        ("{ patientRegisters(order: [{field: SHOE_SIZE}]) { nodes { uuid } } }", "order.0.field"),
        ("{ patientRegisters(filter: {dateOfBirth: {equal: \"1980-01-1998\"}}) { nodes { uuid } } }", "Date"),
        ("{ patientRegisters(filter: {createdAt: {equal: \"yesterday\"}}) { nodes { uuid } } }", "DateTime"),
        ("{ patientRegisters { nodes { shoeSize } } }", "shoeSize"),
        ("{ patientRegisters { nodes { uuid } ", "expected"),
    ] {
        let response = phr.response(query, &json!({}));
        assert_eq!(response["errors"][0]["extensions"]["code"], "BAD_REQUEST", "{query}: {response}");
        assert!(response["errors"][0]["message"].as_str().unwrap().contains(word), "{query}: {response}");
        is_discreet(&response.to_string());
    }
    assert_eq!(count(phr), known);
}

fn dates_are_refused_by_the_scalar_or_by_the_rule(phr: &Phr) {
    for date in ["1880-01-01", "1899-12-31", "2999-01-01"] {
        let found = faults(phr, "createPatientRegister", &with(jane(), &json!({"dateOfBirth": date})));
        assert_eq!(found, [fault("OUT_OF_RANGE", "input.dateOfBirth")], "{date}");
    }
    for date in ["1980-02-30", "1980-01-1998", "1981-02-29", "1980-1-1", "01.01.1980", "", "1980-01-01T00:00:00Z"] {
        let (code, message) = phr.error(CREATE, &json!({"input": with(jane(), &json!({"dateOfBirth": date}))}));
        assert_eq!(code, "BAD_REQUEST", "{date}");
        assert!(message.contains("$input.dateOfBirth") && message.contains("YYYY-MM-DD"), "{date}: {message}");
    }
    assert_eq!(count(phr), 0);
    for date in ["1900-01-01", "1980-02-29"] {
        register(phr, &json!({ "dateOfBirth": date }));
    }
}

fn lengths_count_characters_not_bytes(phr: &Phr) {
    for letter in ["é", "李", "😀"] {
        let name = letter.repeat(200);
        assert_eq!(read(phr, &register(phr, &json!({"firstName": name})))["firstName"], name);
        let found = faults(phr, "createPatientRegister", &with(jane(), &json!({"firstName": letter.repeat(201)})));
        assert_eq!(found, [fault("TOO_LONG", "input.firstName")]);
    }
}

fn four_byte_characters_come_back_as_they_were_sent(phr: &Phr) {
    let name = "😀 𝔘𝔫𝔦 𠮷 \u{e9}";
    let text = format!("{name} \u{200f}");
    let changes = json!({"firstName": name, "address": text, "allergies": [text, "💊"]});
    let stored = read(phr, &register(phr, &changes));
    assert_eq!(with(stored.clone(), &changes), stored);
}

fn control_characters_are_refused_in_every_text(phr: &Phr) {
    for control in ['\0', '\u{1}', '\t', '\n', '\u{1b}', '\u{7f}', '\u{85}', '\u{9f}'] {
        for field in TEXTS {
            let input = with(jane(), &json!({*field: format!("a{control}b@c.de")}));
            let expected = [fault("INVALID_FORMAT", &format!("input.{field}"))];
            assert_eq!(faults(phr, "createPatientRegister", &input), expected, "{control:?}");
        }
        for list in LISTS {
            let input = with(jane(), &json!({*list: ["fine", format!("a{control}b")]}));
            let expected = [fault("INVALID_FORMAT", &format!("input.{list}.1"))];
            assert_eq!(faults(phr, "createPatientRegister", &input), expected, "{control:?}");
        }
    }
    assert_eq!(count(phr), 0);
}

const INJECTIONS: &[&str] = &[
    "'; DROP TABLE patientregister; --",
    "\"; DELETE FROM patientregister",
    "x' OR '1'='1",
    "$1); SELECT pg_sleep(9",
    "{\"a\"}, ARRAY['x']",
    "\\'; --",
    "%_\\%",
    "?1 :a @b $$x$$",
];

fn sql_in_a_text_is_just_a_text(phr: &Phr) {
    for text in INJECTIONS {
        let changes = json!({
            "firstName": text, "lastName": text, "address": text, "emergencyContact": text,
            "allergies": [text], "medicalHistory": [text, text], "currentMedications": [text],
        });
        let uuid = register(phr, &changes);
        let stored = read(phr, &uuid);
        assert_eq!(with(stored.clone(), &changes), stored);
        let input = with(json!({ "uuid": uuid }), &json!({"address": format!("{text}.")}));
        assert_eq!(done(phr, "updatePatientRegister", EVERY_FIELD, &input)["version"], 2);
        for field in ["email", "phoneNumber"] {
            let input = with(jane(), &json!({field: text}));
            let found = faults(phr, "createPatientRegister", &input);
            assert_eq!(found, [fault("INVALID_FORMAT", &format!("input.{field}"))], "{text}");
        }
        let keyed = with(jane(), &json!({"idempotencyKey": text}));
        let first = done(phr, "createPatientRegister", "uuid", &keyed);
        assert_eq!(done(phr, "createPatientRegister", "uuid", &keyed), first);
    }
    assert_eq!(count(phr), 2 * INJECTIONS.len() as u64);
}

fn sql_in_a_filter_finds_nothing_and_harms_nothing(phr: &Phr) {
    register(phr, &json!({}));
    let query = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { nodes { uuid } } }";
    for text in INJECTIONS {
        for (field, operator) in [
            ("lastName", "equal"),
            ("lastName", "startsWith"),
            ("lastName", "contains"),
            ("email", "containsIgnoreCase"),
            ("lastName", "equalIgnoreCase"),
            ("allergies", "contains"),
        ] {
            let data = phr.ask(query, &json!({"filter": {field: {operator: text}}}));
            assert_eq!(data["patientRegisters"]["nodes"], json!([]), "{field} {operator} {text}");
        }
        let (code, _) = phr.error(
            "query($after: String) { patientRegisters(first: 1, after: $after) { nodes { uuid } } }",
            &json!({ "after": text }),
        );
        assert_eq!(code, "BAD_REQUEST");
    }
    assert_eq!(count(phr), 1);
}

fn the_log_holds_no_patient_data(phr: &Phr) {
    let phr = &Phr::serve(phr.database.clone(), &[("LOG_LEVEL", "debug")], &[]);
    let secret =
        ["Xanthippe", "Quetzalcoatl", "xq@mail.example", "555-777-1234", "Zyzzyva Lane", "Bxqz", "ypsilonitis"];
    let input = json!({
        "firstName": secret[0], "lastName": secret[1], "dateOfBirth": "1961-07-23", "email": secret[2],
        "phoneNumber": secret[3], "address": secret[4], "emergencyContact": secret[5], "allergies": [secret[6]],
        "idempotencyKey": "k",
    });
    let uuid = done(phr, "createPatientRegister", "uuid", &input)["uuid"].take();
    faults(phr, "createPatientRegister", &with(input.clone(), &json!({"phoneNumber": "1"})));
    faults(phr, "createPatientRegister", &with(input.clone(), &json!({"idempotencyKey": null, "uuid": uuid})));
    read(phr, uuid.as_str().unwrap());
    phr.error(CREATE, &json!({"input": with(input.clone(), &json!({"middleName": secret[0]}))}));
    phr.post(&format!("{{\"query\": \"{{ {} }}\", \"variables\": {input}", secret[0]));
    phr.post(&json!({"query": format!("{{ patientRegisters(filter: {{lastName: {{equal: \"{}\"}}}}) {{ x }} }}", secret[1])}).to_string());
    // A write that only the database refuses, and quotes.
    let column = match phr.backend() {
        Backend::Postgres => {
            "ALTER TABLE patientregister ADD CONSTRAINT test_check CHECK (address <> 'Zyzzyva Lane') NOT VALID"
        }
        Backend::Sqlite => {
            "CREATE TRIGGER test_check BEFORE INSERT ON patientregister WHEN NEW.address = 'Zyzzyva Lane'
             BEGIN SELECT RAISE(FAIL, 'Zyzzyva Lane refused'); END"
        }
    };
    phr.database.sql().run(column);
    let response = phr.response(CREATE, &json!({"input": with(input, &json!({"idempotencyKey": "other"}))}));
    is_discreet(&response.to_string());
    assert!(!response.to_string().contains(secret[4]), "{response}");
    let log = phr.log();
    assert!(log.contains("ready"), "{log}");
    for word in secret.iter().chain(&["1961-07-23"]) {
        assert!(!log.contains(word), "the log speaks of {word}: {log}");
    }
}
