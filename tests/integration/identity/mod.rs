//! Who somebody is, and what they may do: from the first login to the last key.

mod break_glass;
mod command_line;
mod forged;
mod forger;
mod keys;
mod lockout;
mod login;
mod meanwhile;
mod names;
mod outside;
mod outside_leaves;
mod outside_patients;
mod permissions;
mod refresh;
mod refresh_cookie;
mod roles;
mod second_factor;
mod sessions;
mod signed;
mod tokens;
mod unheard;
mod users;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Phr, Server, within};

use crate::patients::{HOME, with};

/// A password that breaks no rule.
const PASSWORD: &str = "correct horse battery";

/// What was revoked is dead everywhere after that long.
pub(crate) const PROMISED: Duration = Duration::from_secs(5);

/// The roles that exist from the first migration on, by the number in their keys.
const ROLES: [&str; 9] = [
    "administrator",
    "editor",
    "institution_administrator",
    "doctor",
    "nurse",
    "staff",
    "patient",
    "auditor",
    "service",
];

/// The key of one of these roles.
pub(crate) fn role(name: &str) -> String {
    let number = ROLES.iter().position(|role| *role == name).expect("a role of the first migration") + 1;
    format!("00000000-0000-4000-8001-{number:012}")
}

/// A mutation's whole response to the bearer of a token; without a token to nobody in particular.
fn answer(server: &Server, token: &str, mutation: &str, fields: &str, input: &Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code path message }} }} }}"
    );
    let query = if mutation == "logoutEverywhere" { query } else { query.replacen("Input)", "Input!)", 1) };
    server.response_to(token, &query, &json!({ "input": input }))
}

/// What a mutation did for the bearer of a token; fails when it did not.
pub(crate) fn done(server: &Server, token: &str, mutation: &str, fields: &str, input: &Value) -> Value {
    let mut response = answer(server, token, mutation, fields, input);
    let payload = &mut response["data"][mutation];
    assert_eq!(payload["userErrors"], json!([]), "{mutation} {input}");
    payload.take()
}

/// The codes of a response's errors, and the code and the path of each rule that a mutation says is broken.
fn faults(response: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let code = |error: &Value| error["extensions"]["code"].as_str().unwrap_or("none").to_owned();
    let mut found: Vec<String> = list(&response["errors"]).iter().map(code).collect();
    for payload in response["data"].as_object().into_iter().flat_map(serde_json::Map::values) {
        for error in list(&payload["userErrors"]) {
            let path = list(&error["path"]);
            let path: Vec<&str> = path.iter().filter_map(Value::as_str).collect();
            found.push(format!("{} {}", error["code"].as_str().unwrap_or("none"), path.join(".")));
        }
    }
    found
}

/// A session's tokens.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) access: String,
    refresh: String,
}

const SESSION: &str = "session { accessToken refreshToken accessTokenExpiresAt expiresAt }";

impl Session {
    fn of(payload: &Value) -> Self {
        let text = |name: &str| payload["session"][name].as_str().unwrap_or_else(|| panic!("{payload}")).to_owned();
        Self { access: text("accessToken"), refresh: text("refreshToken") }
    }

    /// What `refreshSession` answers to its refresh token.
    fn refresh(&self, server: &Server) -> Value {
        answer(server, "", "refreshSession", SESSION, &json!({ "refreshToken": self.refresh }))
    }
}

/// What `login` answers.
fn login(server: &Server, input: &Value) -> Value {
    answer(server, "", "login", SESSION, input)
}

fn by_password(server: &Server, name: &str, password: &str) -> Value {
    login(server, &json!({"username": name, "password": password}))
}

/// Signs a user in by the password that all users here have.
fn sign_in(server: &Server, name: &str) -> Session {
    let response = by_password(server, name, PASSWORD);
    assert_eq!(faults(&response), Vec::<String>::new(), "{name}: {response}");
    Session::of(&response["data"]["login"])
}

/// Creates a user with `role`, who has no password yet; returns the key.
pub(crate) fn create(server: &Server, name: &str, role: &str, more: &Value) -> String {
    let input = with(json!({"kind": "CMS", "username": name, "roleId": self::role(role)}), more);
    let made = done(server, server.token(), "createUser", "user { uuid }", &input);
    made["user"]["uuid"].as_str().expect("a key").to_owned()
}

/// A token with which a user sets a password.
fn one_time_token(server: &Server, user: &str) -> String {
    let fields = "oneTimeToken { token expiresAt }";
    let made = done(server, server.token(), "createOneTimeToken", fields, &json!({ "userUuid": user }));
    made["oneTimeToken"]["token"].as_str().expect("a token").to_owned()
}

fn by_token(server: &Server, name: &str, token: &str) -> Value {
    login(server, &json!({"username": name, "oneTimeToken": token, "newPassword": PASSWORD}))
}

/// Creates a user with `role`, who has the password that all users here have, and is signed in; returns the key too.
pub(crate) fn member(server: &Server, name: &str, role: &str, more: &Value) -> (String, Session) {
    let uuid = create(server, name, role, more);
    let response = by_token(server, name, &one_time_token(server, &uuid));
    assert_eq!(faults(&response), Vec::<String>::new(), "{name}: {response}");
    (uuid, Session::of(&response["data"]["login"]))
}

/// A user of the home institution.
fn at_home() -> Value {
    json!({ "institutionId": HOME })
}

/// Creates an institution; returns its key.
pub(crate) fn institution(server: &Server, name: &str) -> String {
    let fields = "medicalInstitution { uuid }";
    let made = done(server, server.token(), "createMedicalInstitution", fields, &json!({ "name": name }));
    made["medicalInstitution"]["uuid"].as_str().expect("a key").to_owned()
}

/// Whether a token is good now.
pub(crate) fn is_good(server: &Server, token: &str) -> bool {
    let response = server.response_to(token, "{ viewer { role } }", &json!({}));
    match faults(&response).as_slice() {
        [] => true,
        [code] if ["UNAUTHENTICATED", "SESSION_EXPIRED", "SESSION_ENDED"].contains(&code.as_str()) => false,
        _ => panic!("{response}"),
    }
}

/// Waits until a token is good no longer, as long as that may take.
fn dies(server: &Server, token: &str) {
    within(PROMISED, "the token is dead", || (!is_good(server, token)).then_some(()));
}

/// Another server of the same database.
pub(crate) fn another(phr: &Phr, environment: &[(&str, &str)]) -> Phr {
    Phr::serve(std::sync::Arc::clone(&phr.database), environment, &[])
}

/// Runs a command on the server's database.
pub(crate) fn command(phr: &Phr, arguments: &[&str]) -> support::Output {
    support::phr(phr.database.folder(), arguments, &[("DATABASE_URL", &phr.database.url())])
}

/// What `login` answers to a user's password.
pub(crate) fn sign_in_again(server: &Server, name: &str) -> Value {
    by_password(server, name, PASSWORD)
}

/// What `refreshSession` answers to a session's refresh token.
pub(crate) fn refresh(server: &Server, session: &Session) -> Value {
    session.refresh(server)
}
