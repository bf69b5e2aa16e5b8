//! Nulls of what failed: at their place where null may stand there, and around it where it must not.

use phr::scope::{Permission, Scope};
use serde_json::{Value, json};
use support::{Backend, Phr, on_both_databases};

use crate::library::{Library, codes, operator};
use crate::patients::{jane, register, with};

on_both_databases! {
    a_refused_field_takes_no_other_with_it,
    a_refused_mutation_takes_no_other_with_it,
}

fn without(permission: Permission) -> Scope {
    let own = operator();
    Scope { permissions: own.permissions.without(permission), ..own }
}

fn a_refused_field_takes_no_other_with_it(phr: &Phr) {
    register(phr, &json!({}));
    let library = Library::of(&phr.database);
    let query = "{ patientRegisters { totalCount } all: patientRegisters { nodes { uuid } } doctors { totalCount } }";
    let response = library.ask(without(Permission::ReadPatients), query, &json!({}));
    let expected = json!({"patientRegisters": null, "all": null, "doctors": {"totalCount": 0}});
    assert_eq!(response["data"], expected, "{response}");
    assert_eq!(codes(&response), ["FORBIDDEN", "FORBIDDEN"]);
    assert_eq!(response["errors"][1]["path"].as_array().map(Vec::len), Some(1), "{response}");
}

fn a_refused_mutation_takes_no_other_with_it(phr: &Phr) {
    let library = Library::of(&phr.database);
    let query = "mutation($input: CreatePatientRegisterInput!) {
        createDoctor(input: {firstName: \"Ada\", lastName: \"Lee\"}) { doctor { lastName } }
        createPatientRegister(input: $input) { userErrors { code } } }";
    let response = library.ask(without(Permission::WritePatients), query, &json!({"input": jane()}));
    let expected = json!({"createDoctor": {"doctor": {"lastName": "Lee"}}, "createPatientRegister": null});
    assert_eq!((&response["data"], codes(&response)), (&expected, vec!["FORBIDDEN"]), "{response}");
    // What was done is told, though who did it may not look for what is like it.
    let query = "mutation($input: CreatePatientRegisterInput!) {
        createPatientRegister(input: $input) { userErrors { code } likelyDuplicates { score } } }";
    let input = with(jane(), &json!({"lastName": "Jones"}));
    let response = library.ask(without(Permission::ReadPatients), query, &json!({ "input": input }));
    let expected = json!({"createPatientRegister": {"userErrors": [], "likelyDuplicates": null}});
    assert_eq!((&response["data"], codes(&response)), (&expected, vec!["FORBIDDEN"]), "{response}");
}

#[test]
fn every_root_field_that_can_be_refused_may_be_null() {
    let query =
        "{ __schema { queryType { fields { name type { kind } } } mutationType { fields { name type { kind } } } } }";
    let schema = Phr::start(Backend::Sqlite).ask(query, &json!({}));
    for root in ["queryType", "mutationType"] {
        for field in schema["__schema"][root]["fields"].as_array().unwrap() {
            let Value::Object(field) = field else { panic!("{field}") };
            // How the server does is for anybody to know.
            assert_eq!(field["type"]["kind"] == "NON_NULL", field["name"] == "health", "{field:?}");
        }
    }
}
