//! Instants are written with microseconds everywhere, on both databases alike.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::schema::{Schema, list, named, text};
use crate::patients::{HOME, done, register};

on_both_databases! {
    every_instant_has_microseconds,
}

/// `2026-01-31T12:00:00.000000+00:00`.
fn is_exact(instant: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd.dddddd+00:00";
    instant.len() == pattern.len()
        && instant.chars().zip(pattern.chars()).all(|(found, wanted)| match wanted {
            'd' => found.is_ascii_digit(),
            sign => found == sign,
        })
}

/// Every instant of a type and of what it consists of, selected; of other records nothing.
fn selection(schema: &Schema, kind: &str) -> String {
    let mut parts = Vec::new();
    for field in list(&schema.named(kind)["fields"]) {
        let (name, of) = (text(&field["name"]), named(&field["type"]));
        let is_record = list(&schema.named(of)["fields"]).iter().any(|field| field["name"] == "uuid");
        let is_list = of.ends_with("Connection") || of.ends_with("Edge");
        if of == "DateTime" {
            parts.push(name.to_owned());
        } else if schema.named(of)["kind"] == "OBJECT" && !is_list && (name == "nodes" || !is_record) {
            parts.push(format!("{name} {{ {} }}", selection(schema, of)));
        }
    }
    if parts.is_empty() { "__typename".to_owned() } else { parts.join(" ") }
}

/// Every instant in an answer, found by the names of its fields.
fn instants(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| instants(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(instant) => found.push((name.clone(), instant.clone())),
                    below => instants(below, found),
                }
            }
        }
        _ => {}
    }
}

fn every_instant_has_microseconds(phr: &Phr) {
    let schema = Schema::of(phr);
    let patient = register(phr, &json!({}));
    done(
        phr,
        "addEmail",
        "uuid",
        &json!({"patientId": patient, "address": "a@b.example",
        "verifiedAt": "2020-01-01T00:00:00Z"}),
    );
    let doctor = done(phr, "createDoctor", "uuid", &json!({"firstName": "A", "lastName": "B", "institutionId": HOME}))
        ["uuid"]
        .take();
    done(
        phr,
        "createAppointment",
        "uuid",
        &json!({"patientId": patient, "doctorId": doctor,
        "startsAt": "2030-05-06T09:00:00.5Z", "endsAt": "2030-05-06T09:30:00+00:00"}),
    );
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": register(phr, &json!({}))}));
    let mut found = Vec::new();
    for field in list(&schema.named("Query")["fields"]) {
        let (name, of) = (text(&field["name"]), named(&field["type"]));
        let needs = list(&field["args"])
            .iter()
            .any(|argument| argument["type"]["kind"] == "NON_NULL" && argument["name"] != "deleted");
        if needs || schema.named(of)["kind"] != "OBJECT" {
            continue;
        }
        let selected = selection(&schema, of);
        let deleted = list(&field["args"]).iter().any(|argument| argument["name"] == "deleted");
        let arguments = if deleted { "(deleted: INCLUDED)" } else { "" };
        let response = phr.response(&format!("{{ {name}{arguments} {{ {selected} }} }}"), &json!({}));
        instants(&response["data"], &mut found);
    }
    found.retain(|(name, _)| name != "__typename");
    for (name, instant) in &found {
        assert!(is_exact(instant), "{name}: {instant}");
    }
    for expected in ["createdAt", "updatedAt", "deletedAt", "verifiedAt", "startsAt", "occurredAt", "appliedAt"] {
        assert!(found.iter().any(|(name, _)| name == expected), "{expected} is not among {found:?}");
    }
    assert!(found.contains(&("startsAt".to_owned(), "2030-05-06T09:00:00.500000+00:00".to_owned())), "{found:?}");
    let invited = json!({"kind": "STAFF", "username": "staff", "roleId": "00000000-0000-4000-8001-000000000006",
        "institutionId": HOME});
    let user = done(phr, "createUser", "uuid", &invited)["uuid"].take();
    let token =
        "mutation($u: UUID!) { createOneTimeToken(input: {userUuid: $u}) { oneTimeToken { token expiresAt } } }";
    let made = phr.ask(token, &json!({ "u": user }))["createOneTimeToken"]["oneTimeToken"].take();
    assert!(is_exact(text(&made["expiresAt"])), "{made}");
    let login = "mutation($t: String!) { login(input: {username: \"staff\", oneTimeToken: $t,
        newPassword: \"correct horse battery\"}) { session { accessTokenExpiresAt expiresAt } } }";
    let session = phr.ask(login, &json!({"t": made["token"]}))["login"]["session"].take();
    for name in ["accessTokenExpiresAt", "expiresAt"] {
        assert!(is_exact(text(&session[name])), "{session}");
    }
}
