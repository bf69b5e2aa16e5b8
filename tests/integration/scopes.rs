//! What a caller may not see or touch: hidden fields, and the records of another institution.

use phr::scope::{Boundary, InstitutionId, Permission, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};
use uuid::Uuid;

use crate::library::{Library, codes, operator};
use crate::patients::{HOME, done, read, register};

on_both_databases! {
    a_hidden_field_is_null_with_an_error_at_its_path,
    a_hidden_field_cannot_be_asked_for_in_a_roundabout_way,
    records_of_another_institution_are_out_of_reach,
    a_caller_of_one_institution_writes_there,
}

fn without_clinical() -> Scope {
    let own = operator();
    Scope { permissions: own.permissions.without(Permission::ReadClinical), ..own }
}

fn within(institution: &Value) -> Scope {
    let key: Uuid = institution.as_str().unwrap().parse().unwrap();
    Scope { boundary: Boundary::One(InstitutionId(key)), ..operator() }
}

fn a_hidden_field_is_null_with_an_error_at_its_path(phr: &Phr) {
    let uuid = register(phr, &json!({"allergies": ["latex"]}));
    let library = Library::of(&phr.database);
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName allergies medicalHistory } }";
    let response = library.ask(without_clinical(), query, &json!({"uuid": uuid}));
    let shown = &response["data"]["patientRegister"];
    assert_eq!(*shown, json!({"lastName": "Smith", "allergies": null, "medicalHistory": null}), "{response}");
    assert_eq!(codes(&response), ["FORBIDDEN", "FORBIDDEN"]);
    assert_eq!(response["errors"][0]["path"][0], "patientRegister");
    assert!(!response.to_string().contains("latex"));
}

fn a_hidden_field_cannot_be_asked_for_in_a_roundabout_way(phr: &Phr) {
    register(phr, &json!({"allergies": ["latex"]}));
    let library = Library::of(&phr.database);
    let query =
        "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { totalCount nodes { uuid } } }";
    for filter in [
        json!({"allergies": {"contains": "latex"}}),
        json!({"not": {"medicalHistory": {"isEmpty": true}}}),
        json!({"or": [{"lastName": {"equal": "Smith"}}, {"and": [{"currentMedications": {"isEmpty": false}}]}]}),
    ] {
        let response = library.ask(without_clinical(), query, &json!({ "filter": filter }));
        assert_eq!(codes(&response), ["FORBIDDEN"], "{response}");
        let response = library.ask(operator(), query, &json!({ "filter": filter }));
        assert_eq!(codes(&response), Vec::<&str>::new(), "{response}");
    }
}

fn records_of_another_institution_are_out_of_reach(phr: &Phr) {
    let institution = |name: &str| done(phr, "createMedicalInstitution", "uuid", &json!({"name": name}))["uuid"].take();
    let (own, other) = (institution("Own"), institution("Other"));
    let doctor = json!({"firstName": "Ada", "lastName": "Lee", "institutionId": other});
    let doctor = done(phr, "createDoctor", "uuid", &doctor)["uuid"].take();
    let mine = register(phr, &json!({"institutionId": own, "doctorId": doctor}));
    let theirs = register(phr, &json!({"institutionId": other}));
    let id = read(phr, &theirs)["id"].take();
    let library = Library::of(&phr.database);
    let ask = |query: &str| {
        let variables = json!({"uuid": theirs, "id": id});
        let declared = if query.contains("$id") { "$id: ID!" } else { "$uuid: UUID!" };
        library.ask(within(&own), &query.replacen("()", &format!("({declared})"), 1), &variables)
    };
    assert_eq!(ask("query() { patientRegister(uuid: $uuid) { uuid } }")["data"]["patientRegister"], Value::Null);
    assert_eq!(ask("query() { node(id: $id) { id } }")["data"]["node"], Value::Null);
    let list = "{ patientRegisters { totalCount nodes { uuid doctor { lastName } } } doctors { nodes { uuid } } }";
    let response = library.ask(within(&own), list, &json!({}));
    let expected = json!({
        "patientRegisters": {"totalCount": 1, "nodes": [{"uuid": mine, "doctor": null}]}, "doctors": {"nodes": []},
    });
    assert_eq!(response["data"], expected, "{response}");
    let before = read(phr, &theirs);
    for (mutation, change) in [("update", ", lastName: \"Lee\""), ("delete", ""), ("restore", "")] {
        let query = format!(
            "mutation() {{ {mutation}PatientRegister(input: {{uuid: $uuid{change}}}) {{ patientRegister {{ uuid }} userErrors {{ code }} }} }}"
        );
        let response = ask(&query);
        let payload = &response["data"][format!("{mutation}PatientRegister")];
        assert_eq!(*payload, json!({"patientRegister": null, "userErrors": [{"code": "NOT_FOUND"}]}), "{response}");
    }
    assert_eq!(read(phr, &theirs), before);
}

fn a_caller_of_one_institution_writes_there(phr: &Phr) {
    let own = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Own"}))["uuid"].take();
    let library = Library::of(&phr.database);
    let create = |more: &Value| {
        let query = "mutation($input: CreatePatientRegisterInput!) { createPatientRegister(input: $input) {
            patientRegister { institution { uuid } } userErrors { code path } } }";
        let input = crate::patients::with(crate::patients::jane(), more);
        library.ask(within(&own), query, &json!({ "input": input }))["data"]["createPatientRegister"].take()
    };
    assert_eq!(create(&json!({}))["patientRegister"]["institution"]["uuid"], own);
    let elsewhere = create(&json!({"institutionId": HOME}));
    let expected = json!([{"code": "REFERENCE_MISSING", "path": ["input", "institutionId"]}]);
    assert_eq!(elsewhere["userErrors"], expected);
    assert_eq!(crate::patients::count(phr), 1);
}
