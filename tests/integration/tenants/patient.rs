//! A patient's own session: the own record, by whatever path, and nothing else.

use phr::scope::{Boundary, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};
use uuid::Uuid;

use super::{OTHER, OWN, as_server, database, identifier, keys, person, register, within};
use crate::library::{Library, codes, operator};
use crate::patients::{done, jane, read, with};

on_both_databases! {
    a_patient_reads_the_own_record_by_any_path,
    a_patient_changes_the_own_record_alone,
    a_patient_registers_nobody,
    what_is_logged_of_a_patients_user_belongs_where_the_register_does,
}

/// The patients of one institution, the first of whom asks; and one of another.
struct Patients {
    own: String,
    neighbour: String,
    stranger: String,
    scope: Scope,
}

fn patients(phr: &Phr) -> Patients {
    let institution = |name: &str| {
        let made = done(phr, "createMedicalInstitution", "uuid", &json!({ "name": name }));
        made["uuid"].as_str().unwrap().to_owned()
    };
    let (home, elsewhere) = (institution("Own"), institution("Other"));
    let patient = |institution: &str| crate::patients::register(phr, &json!({ "institutionId": institution }));
    let (own, neighbour, stranger) = (patient(&home), patient(&home), patient(&elsewhere));
    let scope = Scope { patient: own.parse().ok(), ..within(home.parse().unwrap()) };
    Patients { own, neighbour, stranger, scope }
}

fn a_patient_reads_the_own_record_by_any_path(phr: &Phr) {
    let Patients { own, neighbour, stranger, scope } = patients(phr);
    let library = Library::of(&phr.database);
    let everywhere = Scope { boundary: Boundary::All, ..scope.clone() };
    for scope in [scope, everywhere] {
        let ask = |query: &str, variables: &Value| {
            let response = library.ask(scope.clone(), query, variables);
            assert_eq!(codes(&response), Vec::<&str>::new(), "{response}");
            response["data"].clone()
        };
        let id = |uuid: &str| read(phr, uuid)["id"].clone();
        for (uuid, seen) in [(&own, true), (&neighbour, false), (&stranger, false)] {
            let by_key = ask("query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid } }", &json!({ "uuid": uuid }));
            assert_eq!(by_key["patientRegister"].is_object(), seen);
            let by_id = ask("query($id: ID!) { node(id: $id) { id } }", &json!({ "id": id(uuid) }));
            assert_eq!(by_id["node"].is_object(), seen);
        }
        let ids = json!({ "ids": [id(&stranger), id(&own), id(&neighbour)] });
        let nodes = ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", &ids);
        assert_eq!(nodes["nodes"], json!([null, {"id": id(&own)}, null]));
        let list = "query($filter: PatientRegisterFilter) {
            patientRegisters(filter: $filter, first: 100) { totalCount nodes { uuid } } }";
        for filter in [
            json!(null),
            json!({"lastName": {"equal": "Smith"}}),
            json!({"uuid": {"in": [own, neighbour, stranger]}}),
            json!({"or": [{"uuid": {"equal": neighbour}}, {"lastName": {"startsWith": "S"}}]}),
            json!({"not": {"lastName": {"equal": "Nobody"}}}),
        ] {
            let found = ask(list, &json!({ "filter": filter }));
            assert_eq!(found["patientRegisters"], json!({"totalCount": 1, "nodes": [{"uuid": own}]}), "{filter}");
        }
        let others = json!({"filter": {"uuid": {"in": [neighbour, stranger]}}});
        assert_eq!(ask(list, &others)["patientRegisters"]["totalCount"], 0);
        let all = "{ patientRegisters(deleted: INCLUDED, page: {perPage: 100}) { nodes { uuid } } }";
        assert_eq!(ask(all, &json!({}))["patientRegisters"]["nodes"], json!([{"uuid": own}]));
    }
}

fn a_patient_changes_the_own_record_alone(phr: &Phr) {
    let Patients { own, neighbour, stranger, scope } = patients(phr);
    let library = Library::of(&phr.database);
    let change = |mutation: &str, uuid: &str, more: &str| {
        let query = format!(
            "mutation {{ {mutation}PatientRegister(input: {{uuid: \"{uuid}\"{more}}}) {{ userErrors {{ code }} }} }}"
        );
        library.ask(scope.clone(), &query, &json!({}))["data"][format!("{mutation}PatientRegister")].take()
    };
    for uuid in [&neighbour, &stranger] {
        let before = read(phr, uuid);
        for (mutation, more) in [("update", ", address: \"x\""), ("delete", ""), ("restore", "")] {
            assert_eq!(change(mutation, uuid, more), json!({"userErrors": [{"code": "NOT_FOUND"}]}), "{mutation}");
        }
        assert_eq!(read(phr, uuid), before);
    }
    assert_eq!(change("update", &own, ", address: \"2 Quay\""), json!({"userErrors": []}));
    assert_eq!(read(phr, &own)["address"], "2 Quay");
}

fn a_patient_registers_nobody(phr: &Phr) {
    let Patients { scope, .. } = patients(phr);
    let library = Library::of(&phr.database);
    for (mutation, input) in [
        ("createPatientRegister", jane()),
        ("createPatientRegister", with(jane(), &json!({"uuid": scope.patient}))),
        ("createPatientRegisters", json!({"items": [jane()]})),
    ] {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
        let response = library.ask(scope.clone(), &query, &json!({ "input": input }));
        assert_eq!(codes(&response), ["FORBIDDEN"], "{response}");
    }
    let import = "mutation { importFhir(input: {ndjson: \"\"}) { failed } }";
    let everywhere = Scope { patient: Some(Uuid::new_v4()), ..operator() };
    assert_eq!(codes(&library.ask(everywhere, import, &json!({}))), ["FORBIDDEN"]);
    assert_eq!(crate::patients::count(phr), 3);
}

fn what_is_logged_of_a_patients_user_belongs_where_the_register_does(phr: &Phr) {
    let Patients { own, .. } = patients(phr);
    let register = phr.database.key(&own);
    let role = "00000000-0000-4000-8001-000000000007";
    let input = json!({"kind": "PATIENT", "username": "jane", "roleId": role, "patientId": own});
    let made = phr.ask(
        "mutation($input: CreateUserInput!) { createUser(input: $input) { user { uuid } userErrors { code } } }",
        &json!({ "input": input }),
    );
    let user = made["createUser"]["user"]["uuid"].as_str().unwrap().to_owned();
    let update = "mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { version } } }";
    let updated = phr.ask(update, &json!({"input": {"uuid": user, "displayName": "Jane"}}));
    assert_eq!(updated["updateUser"]["user"]["version"], 2);
    let key = phr.database.key(&user);
    phr.database.sql().run(&format!("DELETE FROM users WHERE uuid = {key}"));
    let logged = format!(
        "SELECT operation FROM change_log
          WHERE key = {key} AND institution_id = (SELECT institution_id FROM patientregister WHERE uuid = {register})
          ORDER BY sequence"
    );
    assert_eq!(phr.database.sql().column(&logged), ["CREATED", "UPDATED", "DELETED"]);
}

#[test]
fn the_database_shows_a_patient_the_own_record_by_itself() {
    let database = database();
    let mut sql = as_server(&database, OWN);
    let own = person(OWN, 1);
    sql.run(&format!("SET phr.patient = '{own}'"));
    assert_eq!(keys(&mut sql, "patientregister", "uuid", "true"), [own.to_string()]);
    assert_eq!(sql.column("SELECT patient_id FROM identifiers WHERE patient_id IS NOT NULL"), [own.to_string()]);
    let told = "SELECT DISTINCT key FROM change_log WHERE institution_id IS NOT NULL";
    assert_eq!(sql.column(told), [own.to_string()]);
    let touched = "WITH touched AS (UPDATE patientregister SET address = 'x' RETURNING uuid) SELECT uuid FROM touched";
    assert_eq!(sql.column(touched), [own.to_string()]);
    for refused in [register(person(OWN, 99), OWN), identifier(person(OWN, 2), OWN).replace("'17'", "'18'")] {
        assert!(sql.attempt(&refused).unwrap_err().contains("row-level security"), "{refused}");
    }
    // Not even the own register, where there is none.
    sql.run(&format!("SET phr.patient = '{}'", person(OWN, 98)));
    assert!(sql.attempt(&register(person(OWN, 98), OWN)).unwrap_err().contains("row-level security"));
    sql.run(&format!("SET phr.patient = '{own}'"));
    // The record of another institution that a leave opens is no door to others of that one, nor is the own key there.
    sql.run(&format!("SET phr.institution = '{OTHER}'"));
    assert_eq!(sql.value("SELECT count(*) FROM patientregister"), "0");
}
