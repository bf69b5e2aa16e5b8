//! A primary and two replicas, each of which may die.

mod breaker;
mod consistency;
mod disaster;
mod faults;
mod followers;
mod forks;
mod killed;
mod misconfigured;
mod outcome;
mod own_writes;
mod promotion;
mod starts;
mod trail;

use serde_json::{Value, json};
use support::{Node, Server, eventually};

use crate::patients::{jane, with};

const CREATE: &str = "mutation($input: CreatePatientRegisterInput!) { createPatientRegister(input: $input) \
     { patientRegister { uuid } userErrors { code message } } }";
const READ: &str = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid } }";

/// Registers a patient; returns the key.
fn create(server: &Server, changes: &Value) -> String {
    let data = server.ask(CREATE, &json!({"input": with(jane(), changes)}));
    let uuid = data["createPatientRegister"]["patientRegister"]["uuid"].as_str();
    uuid.unwrap_or_else(|| panic!("{data}")).to_owned()
}

/// Whether a read of this consistency shows a register, and which node served it.
fn sees(server: &Server, consistency: &str, uuid: &str) -> (bool, String) {
    let response = server.response_as(consistency, READ, &json!({"uuid": uuid}));
    assert!(response.get("errors").is_none(), "{response}");
    let served_by = response["extensions"]["consistency"]["servedBy"].as_str().unwrap_or_default().to_owned();
    (response["data"]["patientRegister"]["uuid"] == *uuid, served_by)
}

fn error_code(response: &Value) -> &str {
    response["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// Keeps a replica from showing anything new.
fn pause(node: &Node) {
    let mut sql = node.sql();
    sql.run("SELECT pg_wal_replay_pause()");
    eventually("replay is paused", || (sql.value("SELECT pg_get_wal_replay_pause_state()") == "paused").then_some(()));
}

fn resume(node: &Node) {
    node.sql().run("SELECT pg_wal_replay_resume()");
}
