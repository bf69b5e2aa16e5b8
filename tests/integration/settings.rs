//! What administrators set while the system runs.

use phr::scope::{Permission, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::library::{Library, codes, operator};
use crate::patients::{NOBODY, done, fault, faults};

on_both_databases! {
    a_setting_is_created_changed_and_listed,
    what_is_no_setting_is_refused_with_its_path,
    both_databases_keep_the_rules_of_settings,
    settings_are_for_administrators,
}

fn a_setting_is_created_changed_and_listed(phr: &Phr) {
    let values = [
        ("clinic.is_open", json!(true), "BOOLEAN"),
        ("clinic.name", json!("Hügel \"1\"\n"), "TEXT"),
        ("clinic.opening_hours", json!({"monday": [8, 17.5], "sunday": null}), "OBJECT"),
        ("limit", json!(7), "NUMBER"),
        ("limits", json!([]), "LIST"),
    ];
    for (key, value, kind) in &values {
        let made = done(phr, "createSystemSetting", "key value type version", &json!({"key": key, "value": value}));
        assert_eq!(made, json!({"key": key, "value": value, "type": kind, "version": 1}));
    }
    let data = phr.ask("{ systemSettings { totalCount nodes { id uuid key value } } }", &json!({}));
    let nodes = data["systemSettings"]["nodes"].as_array().unwrap();
    let listed: Vec<_> = nodes.iter().map(|node| (node["key"].as_str().unwrap(), node["value"].clone())).collect();
    assert_eq!(listed, values.each_ref().map(|(key, value, _)| (*key, value.clone())));
    let node = phr.ask("query($id: ID!) { node(id: $id) { id } }", &json!({"id": nodes[0]["id"]}));
    assert_eq!(node["node"]["id"], nodes[0]["id"]);
    let change = json!({"uuid": nodes[3]["uuid"], "value": 8.5, "description": "How many", "expectedVersion": 1});
    let changed = done(phr, "updateSystemSetting", "value type description version", &change);
    assert_eq!(changed, json!({"value": 8.5, "type": "NUMBER", "description": "How many", "version": 2}));
    let query = "query($uuid: UUID!) { systemSetting(uuid: $uuid) { value description } }";
    let read = phr.ask(query, &json!({"uuid": nodes[3]["uuid"]}));
    assert_eq!(read["systemSetting"], json!({"value": 8.5, "description": "How many"}));
    let log = "SELECT changed_fields FROM change_log WHERE entity = 'SystemSetting' AND operation = 'UPDATED'";
    let fields = phr.database.sql().value(log);
    assert!(fields.contains("description") && fields.contains("value"), "{fields}");
}

fn what_is_no_setting_is_refused_with_its_path(phr: &Phr) {
    let new = |key: &str, value: Value| json!({"key": key, "value": value});
    for key in ["Key", "1st", "a b", "a.", ".a", "a..b", "a.1", "ä", "a-b"] {
        assert_eq!(
            faults(phr, "createSystemSetting", &new(key, json!(1))),
            [fault("INVALID_FORMAT", "input.key")],
            "{key}"
        );
    }
    assert_eq!(faults(phr, "createSystemSetting", &new("", json!(1))), [fault("REQUIRED", "input.key")]);
    assert_eq!(faults(phr, "createSystemSetting", &new(&"a".repeat(101), json!(1))), [fault("TOO_LONG", "input.key")]);
    for (value, code) in [
        (json!("x".repeat(9_999)), "TOO_LONG"),
        (json!(["a\u{0}b"]), "INVALID_FORMAT"),
        (json!({"a": {"b": "\u{0}"}}), "INVALID_FORMAT"),
    ] {
        assert_eq!(faults(phr, "createSystemSetting", &new("key", value)), [fault(code, "input.value")]);
    }
    let longest = done(phr, "createSystemSetting", "uuid", &new("key", json!("x".repeat(9_998))));
    assert_eq!(faults(phr, "createSystemSetting", &new("key", json!(1))), [fault("NOT_UNIQUE", "input.key")]);
    let change = |more: Value| crate::patients::with(more, &json!({"uuid": longest["uuid"]}));
    for (changes, expected) in [
        (json!({"value": 1}), fault("INVALID_FORMAT", "input.value")),
        (json!({"value": ["x"]}), fault("INVALID_FORMAT", "input.value")),
        (json!({"value": null}), fault("REQUIRED", "input.value")),
        (json!({"description": "x".repeat(501)}), fault("TOO_LONG", "input.description")),
        (json!({"expectedVersion": 2}), fault("VERSION_CONFLICT", "input.expectedVersion")),
    ] {
        assert_eq!(faults(phr, "updateSystemSetting", &change(changes)), [expected]);
    }
    assert_eq!(faults(phr, "updateSystemSetting", &json!({"uuid": NOBODY})), [fault("NOT_FOUND", "input.uuid")]);
}

fn both_databases_keep_the_rules_of_settings(phr: &Phr) {
    let mut sql = phr.database.sql_as_server();
    let mut insert = |key: &str, value: &str| {
        sql.attempt(&format!("INSERT INTO system_settings (key, value) VALUES ('{key}', '{value}')")).is_ok()
    };
    for (key, value, valid) in [
        ("a.b_2", "[1]", true),
        ("a.b_2", "[1]", false),
        ("A", "1", false),
        ("a.", "1", false),
        ("a..b", "1", false),
        ("b", "null", false),
        ("b", "nonsense", false),
        ("b", "", false),
        ("b", r#""\u0000""#, false),
        ("b", "1", true),
    ] {
        assert_eq!(insert(key, value), valid, "{key} {value}");
    }
    let mut sql = phr.database.sql_as_server();
    assert!(sql.attempt("UPDATE system_settings SET value = 'true' WHERE key = 'b'").is_err(), "another type");
    sql.run("UPDATE system_settings SET value = '2.5' WHERE key = 'b'");
}

fn settings_are_for_administrators(phr: &Phr) {
    let library = Library::of(&phr.database);
    let staff = Scope { permissions: operator().permissions.without(Permission::Operate), ..operator() };
    for query in [
        "{ systemSettings { totalCount } }",
        "mutation { createSystemSetting(input: {key: \"a\", value: 1}) { userErrors { code } } }",
        "mutation { updateSystemSetting(input: {uuid: \"00000000-0000-4000-8000-000000000009\"}) { userErrors { code } } }",
    ] {
        assert_eq!(codes(&library.ask(staff.clone(), query, &json!({}))), ["FORBIDDEN"], "{query}");
    }
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM system_settings"), "0");
}
