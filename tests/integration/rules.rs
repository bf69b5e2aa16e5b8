//! One table of values, judged by the server and by each database directly: the verdicts must agree, because a rule
//! that only one of them keeps is none.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{count, jane, mutate, with};

on_both_databases! {
    texts_are_judged_alike,
    emails_are_judged_alike,
    phone_numbers_are_judged_alike,
    dates_of_birth_are_judged_alike,
    dates_of_death_are_judged_alike,
    lists_are_judged_alike,
    the_database_keeps_the_rules_of_whole_records,
    the_server_may_not_remove_records_or_write_the_log,
}

const COLUMNS: &[(&str, &str)] = &[
    ("firstName", "first_name"),
    ("lastName", "last_name"),
    ("dateOfBirth", "date_of_birth"),
    ("dateOfDeath", "date_of_death"),
    ("email", "email"),
    ("phoneNumber", "phone_number"),
    ("address", "address"),
    ("emergencyContact", "emergency_contact"),
    ("allergies", "allergies"),
    ("medicalHistory", "medical_history"),
    ("currentMedications", "current_medications"),
];

/// Whether the server takes a value.
fn by_the_server(phr: &Phr, field: &str, value: &Value) -> bool {
    let payload = mutate(phr, "createPatientRegister", "uuid", &with(jane(), &json!({field: value})));
    let errors = payload["userErrors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["path"][1] == *field), "{field} {value}: {payload}");
    errors.is_empty()
}

/// Whether the database takes it, from somebody who may do what the server may.
fn by_the_database(phr: &Phr, field: &str, value: &Value) -> bool {
    let row = with(jane(), &json!({field: value}));
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for (field, column) in COLUMNS {
        let Some(value) = row.get(*field) else { continue };
        columns.push(*column);
        values.push(match value {
            Value::Array(entries) => phr.database.list(&entries.iter().filter_map(Value::as_str).collect::<Vec<_>>()),
            value => format!("'{}'", value.as_str().unwrap().replace('\'', "''")),
        });
    }
    let insert = format!("INSERT INTO patientregister ({}) VALUES ({})", columns.join(", "), values.join(", "));
    phr.database.sql_as_server().attempt(&insert).is_ok()
}

fn judge(phr: &Phr, field: &str, value: &Value, valid: bool) {
    let before = count(phr);
    assert_eq!(by_the_server(phr, field, value), valid, "the server on {field} {value}");
    assert_eq!(by_the_database(phr, field, value), valid, "the database on {field} {value}");
    assert_eq!(count(phr), before + if valid { 2 } else { 0 });
}

fn texts_are_judged_alike(phr: &Phr) {
    for (field, length) in [("firstName", 200), ("lastName", 200), ("address", 500), ("emergencyContact", 200)] {
        for letter in ["x", "é", "😀"] {
            judge(phr, field, &json!(letter.repeat(length)), true);
            judge(phr, field, &json!(letter.repeat(length + 1)), false);
        }
        for valid in ["x", "O'Brien", "a b", "\"", "\\", "[]^-*?", "امیر\u{200c}علی", "葛\u{e0100}城"] {
            judge(phr, field, &json!(valid), true);
        }
        // What cannot be seen makes one name look like another.
        for unseen in
            ["Ja\u{200b}ne", "\u{feff}x", "\u{202e}enaJ", "Ja\u{2067}ne", "Jane\u{200f}", "Ja\u{ad}ne", "x\u{e0041}"]
        {
            judge(phr, field, &json!(unseen), field == "address");
        }
        for control in ['\u{1}', '\u{9}', '\u{a}', '\u{1f}', '\u{7f}', '\u{80}', '\u{9f}'] {
            judge(phr, field, &json!(format!("a{control}b")), false);
        }
        for empty in ["", " ", "   "] {
            judge(phr, field, &json!(empty), false);
        }
    }
}

fn emails_are_judged_alike(phr: &Phr) {
    let label = "d".repeat(61);
    let longest = format!("{}@{label}.{label}.{label}.de", "l".repeat(64));
    let longest = format!("{longest}{}", "e".repeat(254 - longest.len()));
    let local = format!("{}@b.de", "l".repeat(64));
    for valid in
        ["a@b.c", "a.b+c@d-e.org", "!#$%&'*+/=?^_`{|}~-@b.de", "a@1.2", "A@B.CO", longest.as_str(), local.as_str()]
    {
        judge(phr, "email", &json!(valid), true);
    }
    let (too_long, long_local) = (format!("{longest}e"), format!("l{local}"));
    for wrong in [
        "a",
        "@",
        "a@",
        "@b.de",
        "a@b",
        "a@@b.de",
        "a@b@c.de",
        "a b@c.de",
        ".a@b.de",
        "a.@b.de",
        "a..b@c.de",
        "a@.de",
        "a@b.",
        "a@b..de",
        "a@-b.de",
        "a@b-.de",
        "a@b.-de",
        "a@b.de-",
        "a@b_c.de",
        "é@b.de",
        "a@é.de",
        "a@b,de",
        "a@b.de,c@d.de",
        too_long.as_str(),
        long_local.as_str(),
    ] {
        judge(phr, "email", &json!(wrong), false);
    }
}

fn phone_numbers_are_judged_alike(phr: &Phr) {
    let (longest, too_long) =
        (format!("+44{}20 7946 0000", " ".repeat(25)), format!("+44{}20 7946 0000", " ".repeat(26)));
    assert_eq!(longest.len(), 40);
    for valid in [
        "555-267-5674",
        "+1 555-267-5674",
        "(555) 267-5674",
        "0123456789",
        "012345678901234",
        "+44 20 7946 0000",
        "+44 (0)20 7946 0000",
        "555.267.5674",
        "(+44) 20 7946/0000",
        "020 7946 0000 ext. 12",
        "020 7946 0000x12",
        "020 7946 0000 #12",
        "+44 20 7946 0000;ext=12",
        "tel:+44-20-7946-0000",
        "０１２３４５６７８９",
        "＋４４\u{3000}２０ ７９４６ ００００",
        "555\u{2011}267\u{2013}5674",
        longest.as_str(),
    ] {
        judge(phr, "phoneNumber", &json!(valid), true);
    }
    for wrong in [
        "",
        "123456789",
        "0123456789012345",
        "+---------1",
        "555-267-567x",
        "----------",
        "+()-  +()-  ",
        "٠١٢٣٤٥٦٧٨٩",
        "020 7946 +0000",
        "020 7946 0000 please",
        "1-800-FLOWERS",
        too_long.as_str(),
    ] {
        judge(phr, "phoneNumber", &json!(wrong), false);
    }
}

fn dates_of_birth_are_judged_alike(phr: &Phr) {
    let latest = phr::clock::Clock::latest_day(&phr::clock::SystemClock);
    let next = latest.succ_opt().unwrap();
    for (date, valid) in [
        ("1900-01-01", true),
        ("1899-12-31", false),
        ("1880-01-01", false),
        ("2999-01-01", false),
        ("1980-02-29", true),
        ("0001-01-01", false),
        ("9999-12-31", false),
        (latest.to_string().as_str(), true),
        (next.to_string().as_str(), false),
    ] {
        judge(phr, "dateOfBirth", &json!(date), valid);
    }
    for nonsense in ["1980-02-30", "1980-01-1998", "", "someday"] {
        assert!(!by_the_database(phr, "dateOfBirth", &json!(nonsense)), "{nonsense}");
    }
}

fn dates_of_death_are_judged_alike(phr: &Phr) {
    let latest = phr::clock::Clock::latest_day(&phr::clock::SystemClock);
    let next = latest.succ_opt().unwrap();
    for (date, valid) in [
        ("1985-04-11", false),
        ("1985-04-12", true),
        ("2020-02-29", true),
        (latest.to_string().as_str(), true),
        (next.to_string().as_str(), false),
    ] {
        judge(phr, "dateOfDeath", &json!(date), valid);
    }
    for nonsense in ["2020-02-30", "", "someday"] {
        assert!(!by_the_database(phr, "dateOfDeath", &json!(nonsense)), "{nonsense}");
    }
    // Whichever of the two changes, the other one counts.
    let uuid = crate::patients::register(phr, &json!({"dateOfDeath": "2020-02-29"}));
    for (changes, path) in [
        (json!({"dateOfDeath": "1985-04-11"}), "input.dateOfDeath"),
        (json!({"dateOfBirth": "2020-03-01"}), "input.dateOfBirth"),
    ] {
        let input = with(changes, &json!({ "uuid": uuid }));
        let found = crate::patients::faults(phr, "updatePatientRegister", &input);
        assert_eq!(found, [crate::patients::fault("OUT_OF_RANGE", path)]);
    }
    let lives = json!({"uuid": uuid, "dateOfDeath": null});
    let lives = crate::patients::done(phr, "updatePatientRegister", "dateOfDeath", &lives);
    assert_eq!(lives, json!({"dateOfDeath": null}));
}

fn lists_are_judged_alike(phr: &Phr) {
    for field in ["allergies", "medicalHistory", "currentMedications"] {
        for (list, valid) in [
            (json!([]), true),
            (json!(["penicillin", "penicillin", "a,b", "{c}", "\"d\"", "\\u0000", "NULL", "😀"]), true),
            (json!(vec!["x"; 100]), true),
            (json!(vec!["x"; 101]), false),
            (json!(["é".repeat(500)]), true),
            (json!(["fine", "é".repeat(501)]), false),
            (json!(["fine", ""]), false),
            (json!(["  "]), false),
            (json!(["a\u{7}b"]), false),
            (json!(["a\u{9f}"]), false),
        ] {
            judge(phr, field, &list, valid);
        }
    }
}

fn the_database_keeps_the_rules_of_whole_records(phr: &Phr) {
    let mut sql = phr.database.sql_as_server();
    let columns = "first_name, last_name, date_of_birth, phone_number, address";
    let values = "'Ada', 'Lee', '1990-01-01', '555-267-5674', '1 Oak Avenue'";
    let mut insert = |more: &str, given: &str| {
        sql.attempt(&format!("INSERT INTO patientregister ({columns}{more}) VALUES ({values}{given})"))
    };
    assert!(insert("", "").is_err(), "a register that is not incomplete has an email address");
    assert!(insert(", email, status", ", 'a@b.de', 'REJECTED'").is_err(), "and an emergency contact");
    assert!(insert(", status", ", 'INCOMPLETE'").is_ok());
    let whole = ", email, emergency_contact, status";
    assert!(insert(whole, ", 'a@b.de', 'Eve', 'VALIDATED'").is_err(), "a validated register has a doctor");
    assert!(insert(whole, ", 'a@b.de', 'Eve', 'CONFIRMED'").is_err(), "there is no such status");
    assert!(insert(whole, ", 'a@b.de', 'Eve', 'REJECTED'").is_err(), "a refused one says why");
    let whole = ", email, emergency_contact, status, rejection_reason";
    assert!(insert(whole, ", 'a@b.de', 'Eve', 'REJECTED', 'unknown'").is_ok());
    let nobody = phr.database.key(crate::patients::NOBODY);
    assert!(insert(", status, institution_id", &format!(", 'INCOMPLETE', {nobody}")).is_err());
    assert!(insert(", status, doctor_id", &format!(", 'INCOMPLETE', {nobody}")).is_err());
    let uuid = phr.database.key(&crate::patients::register(phr, &json!({})));
    let moved = format!("UPDATE patientregister SET uuid = {nobody} WHERE uuid = {uuid}");
    assert!(sql.attempt(&moved).is_err(), "a key never changes");
    let forged = format!("UPDATE patientregister SET version = 9, address = 'x' WHERE uuid = {uuid}");
    sql.run(&forged);
    assert_eq!(
        sql.value(&format!("SELECT version FROM patientregister WHERE uuid = {uuid}")),
        "2",
        "nor can it be forged"
    );
}

fn the_server_may_not_remove_records_or_write_the_log(phr: &Phr) {
    if phr.backend() == support::Backend::Sqlite {
        // A file has one user.
        return;
    }
    crate::patients::register(phr, &json!({}));
    let mut sql = phr.database.sql_as_server();
    for forbidden in [
        "DELETE FROM patientregister",
        "TRUNCATE patientregister",
        "DELETE FROM change_log",
        "UPDATE change_log SET version = 0",
        "INSERT INTO change_log (entity, key, operation, version) SELECT entity, key, operation, 9 FROM change_log",
        "INSERT INTO migration_history (version, direction, sha256) SELECT 'x', 'up', repeat('0', 64)",
        "ALTER TABLE patientregister DISABLE TRIGGER ALL",
        "CREATE TABLE mine ()",
    ] {
        let refused = sql.attempt(forbidden).expect_err(forbidden);
        assert!(refused.contains("permission denied") || refused.contains("must be owner"), "{forbidden}: {refused}");
    }
}
