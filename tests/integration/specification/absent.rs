//! Variables without a value: what they stand for is as if it were not written.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Backend, Database, Events, Phr, Socket, on_both_databases};

use crate::patients::{EVERY_FIELD, NOBODY, done, jane, read, register, with};

on_both_databases! {
    what_has_no_value_changes_nothing_and_null_does,
    what_has_no_value_takes_its_default,
    directives_take_the_defaults_of_variables,
    subscriptions_take_them_alike,
}

const UPDATE: &str = "mutation($u: UUID!, $v: Int, $address: String, $allergies: [String!], $doctorId: UUID) {
    updatePatientRegister(input: {uuid: $u, expectedVersion: $v, address: $address, allergies: $allergies, doctorId: $doctorId}) {
        patientRegister { version } userErrors { code path } } }";

fn patient(phr: &Phr) -> String {
    let doctor = done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}));
    register(phr, &json!({"allergies": ["latex"], "doctorId": doctor["uuid"]}))
}

fn what_has_no_value_changes_nothing_and_null_does(phr: &Phr) {
    let uuid = patient(phr);
    let before = read(phr, &uuid);
    let update =
        |variables: &Value| phr.ask(UPDATE, &with(json!({"u": uuid}), variables))["updatePatientRegister"].take();
    let updated = update(&json!({"address": "1 Oak Road"}));
    assert_eq!(updated, json!({"patientRegister": {"version": 2}, "userErrors": []}));
    let after = read(phr, &uuid);
    let expected = json!({"address": "1 Oak Road", "version": 2, "updatedAt": after["updatedAt"]});
    assert_eq!(after, with(before, &expected));
    assert_eq!(update(&json!({"v": 1, "address": "2 Oak Road"}))["userErrors"][0]["code"], "VERSION_CONFLICT");
    assert_eq!(update(&json!({"doctorId": null}))["patientRegister"]["version"], 3);
    let cleared = with(after, &json!({"doctor": null, "version": 3, "updatedAt": read(phr, &uuid)["updatedAt"]}));
    assert_eq!(read(phr, &uuid), cleared);
    // The same in the variables' own objects, and in documents that come again.
    let whole = "mutation($input: UpdatePatientRegisterInput!) { updatePatientRegister(input: $input) { userErrors { code } } }";
    phr.ask(whole, &json!({"input": {"uuid": uuid, "address": "3 Oak Road"}}));
    assert_eq!(read(phr, &uuid)["allergies"], json!(["latex"]));
}

fn what_has_no_value_takes_its_default(phr: &Phr) {
    for name in ["A", "B", "C"] {
        register(phr, &json!({"lastName": name}));
    }
    let deleted = register(phr, &json!({"lastName": "D"}));
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": deleted}));
    let query = "query($d: Deleted, $p: Int, $n: Int, $dir: Direction, $s: String, $f: PatientRegisterFilter) {
        patientRegisters(deleted: $d, page: {page: $p, perPage: $n}, order: [{field: LAST_NAME, direction: $dir}],
            filter: {lastName: {equal: $s}, not: $f}) { nodes { lastName } pageInfo { page perPage } } }";
    let names = |variables: &Value| {
        let mut found = phr.ask(query, variables)["patientRegisters"].take();
        let names = found["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["lastName"].as_str().unwrap())
            .collect::<String>();
        (names, found["pageInfo"].take())
    };
    assert_eq!(names(&json!({})), ("ABC".to_owned(), json!({"page": 1, "perPage": 10})));
    assert_eq!(names(&json!({"n": 2, "dir": "DESC"})), ("CB".to_owned(), json!({"page": 1, "perPage": 2})));
    assert_eq!(names(&json!({"s": "B"})).0, "B");
    assert_eq!(names(&json!({"d": "INCLUDED", "f": {"lastName": {"equal": "A"}}})).0, "BCD");
    // Null is a value, where none may stand.
    for variables in [json!({"n": null}), json!({"d": null}), json!({"dir": null})] {
        let response = phr.response(query, &variables);
        assert_eq!(response["data"], json!({"patientRegisters": null}), "{variables}: {response}");
        assert_eq!(response["errors"][0]["path"], json!(["patientRegisters"]));
    }
}

fn directives_take_the_defaults_of_variables(phr: &Phr) {
    let query = "query($yes: Boolean = true, $no: Boolean! = false) {
        a: __typename @include(if: $yes) b: __typename @include(if: $no) ...F @skip(if: $yes) ... @skip(if: $no) { d: __typename } }
        fragment F on Query { c: __typename }";
    for _ in 0..2 {
        assert_eq!(phr.ask(query, &json!({})), json!({"a": "Query", "d": "Query"}));
        assert_eq!(phr.ask(query, &json!({"yes": false, "no": true})), json!({"b": "Query", "c": "Query"}));
    }
    // Null is a value, by which nothing can be decided.
    let response = phr.response(query, &json!({"yes": null}));
    assert_eq!(response["errors"][0]["message"], "$yes: must not be null", "{response}");
    assert_eq!(response["data"], json!(null));
}

const CHANGED: &str = "subscription($s: String, $after: String, $name: Boolean = true, $first: Int, $dir: Direction) {
    patientRegisterChanged(filter: {lastName: {equal: $s}}, after: $after) { __typename ... on PatientRegisterChange {
        patientRegister { lastName @include(if: $name)
            medications(first: $first, order: [{field: DISPLAY, direction: $dir}]) { totalCount } } } } }";

fn subscriptions_take_them_alike(phr: &Phr) {
    let authorization = format!("Bearer {}", phr.token());
    let body = json!({ "query": CHANGED }).to_string();
    let mut events = Events::open(phr.address, "POST", "/graphql", &[("authorization", &authorization)], &body);
    let mut socket = Socket::of(phr.address, phr.token());
    socket.subscribe("1", CHANGED, &json!({"s": "Jones"}));
    assert_eq!(socket.event("1")["patientRegisterChanged"]["__typename"], "ChangeGap");
    assert_eq!(events.told().unwrap().1["data"]["patientRegisterChanged"]["__typename"], "ChangeGap");
    let expected = |name: &str| {
        let shown = json!({"lastName": name, "medications": {"totalCount": 0}});
        json!({"patientRegisterChanged": {"__typename": "PatientRegisterChange", "patientRegister": shown}})
    };
    register(phr, &json!({"lastName": "Smith"}));
    register(phr, &json!({"lastName": "Jones"}));
    assert_eq!(socket.event("1"), expected("Jones"));
    for name in ["Smith", "Jones"] {
        assert_eq!(events.told().unwrap().1["data"], expected(name));
    }
}

#[test]
fn documents_that_are_sent_by_their_hash_take_them_alike() {
    let hash = format!("{:x}", Sha256::digest(UPDATE));
    let database = Database::new(Backend::Sqlite);
    let file = database.folder().join("documents.json");
    std::fs::write(&file, json!({ &hash: UPDATE }).to_string()).unwrap();
    let trusting = || {
        let database = std::sync::Arc::new(database);
        Phr::serve(database, &[("PHR_TRUSTED_DOCUMENTS", &file.display().to_string())], &[])
    };
    let persisted = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
    let unknown = json!({"u": NOBODY, "address": "1 Oak Road"});
    let phr = Phr::start(Backend::Sqlite);
    let uuid = patient(&phr);
    let variables = with(unknown.clone(), &json!({"u": uuid}));
    phr.post(&json!({"query": UPDATE, "extensions": persisted, "variables": variables}).to_string());
    let again = phr.post(&json!({"extensions": persisted, "variables": variables}).to_string());
    assert_eq!(again.json()["data"]["updatePatientRegister"]["userErrors"], json!([]), "{}", again.body);
    assert_eq!(read(&phr, &uuid)["allergies"], json!(["latex"]));
    let reply = trusting().post(&json!({"documentId": hash, "variables": unknown}).to_string());
    assert_eq!(reply.json()["data"]["updatePatientRegister"]["userErrors"][0]["code"], "NOT_FOUND", "{}", reply.body);
}

#[test]
fn a_document_is_judged_whatever_its_variables_are() {
    let phr = Phr::start(Backend::Sqlite);
    let uuid = register(&phr, &json!({"allergies": ["latex"]}));
    let refused = |query: &str, variables: &Value, what: &str| {
        // Nothing of it is kept, so that it is refused again.
        for _ in 0..2 {
            let response = phr.response(query, variables);
            let message = response["errors"][0]["message"].as_str().unwrap_or_default();
            assert!(response.get("data").is_none() && message.contains(what), "{query}: {response}");
        }
    };
    let misspelt =
        "mutation($u: UUID!, $a: String) { updatePatientRegister(input: {uuid: $u, address: $a, adress: \"x\"}) {
        userErrors { code } } }";
    refused(misspelt, &json!({"u": uuid}), "adress");
    let needed = "mutation($u: UUID, $a: String) { updatePatientRegister(input: {uuid: $u, address: $a}) { userErrors { code } } }";
    refused(needed, &json!({"u": uuid}), "$u");
    let item = "mutation($u: UUID!, $a: String) { updatePatientRegister(input: {uuid: $u, allergies: [\"x\", $a]}) {
        userErrors { code } } }";
    refused(item, &json!({"u": uuid}), "\"$a\" may be null");
    refused(&item.replace("[\"x\", $a]", "[$b]"), &json!({"u": uuid}), "b");
    refused("query($n: String) { patientRegisters(page: {perPage: $n}) { totalCount } }", &json!({}), "Int");
    let required = "query($n: Int!) { patientRegisters(first: $n) { totalCount } }";
    refused(required, &json!({}), "$n: is required");
    let created = done(&phr, "createPatientRegister", EVERY_FIELD, &jane());
    assert_eq!(created["allergies"], json!([]));
    assert_eq!(read(&phr, &uuid)["allergies"], json!(["latex"]));
}
