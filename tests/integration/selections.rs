//! Whatever form a selection has, what it says is shown, in its order.

use phr::scope::{Permission, Scope};
use serde_json::json;
use support::{Phr, on_both_databases};

use crate::library::{Library, codes, operator};
use crate::patients::{done, register};

on_both_databases! {
    fragments_and_repetitions_show_what_any_of_them_selects,
    fields_that_are_asked_for_twice_at_the_root_are_one,
    a_fragment_on_another_type_shows_nothing,
    types_tell_their_names,
    what_cannot_be_shown_is_null_at_its_path,
    texts_stand_as_they_were_written,
}

/// A patient with two medications; the patient's key.
fn patient(phr: &Phr) -> String {
    let uuid = register(phr, &json!({"firstName": "Jane", "lastName": "Smith"}));
    for display in ["Aspirin", "Ibuprofen"] {
        done(phr, "addPatientMedication", "uuid", &json!({"patientId": uuid, "display": display}));
    }
    uuid
}

/// The text of a response's data.
fn data(phr: &Phr, query: &str) -> String {
    let text = phr.begin(query, &json!({})).finish().body;
    let data = text.strip_prefix("{\"data\":").unwrap_or_else(|| panic!("{text}"));
    data.split(",\"extensions\":").next().unwrap().to_owned()
}

fn fragments_and_repetitions_show_what_any_of_them_selects(phr: &Phr) {
    patient(phr);
    let medications = "medications(order: [{field: DISPLAY}])";
    let query = format!(
        "{{ patientRegisters {{ nodes {{ lastName ...A {medications} {{ nodes {{ display }} }} ... {{ lastName }}
            ... on PatientRegister {{ first: firstName }} }} }} }}
        fragment A on PatientRegister {{ dateOfBirth lastName {medications} {{ totalCount nodes {{ status }} }} ...B }}
        fragment B on PatientRegister {{ {medications} {{ nodes {{ code }} edges {{ node {{ code }} }} }} }}"
    );
    let node = |display: &str| format!(r#"{{"status":"ACTIVE","code":null,"display":"{display}"}}"#);
    let medications = format!(
        r#"{{"totalCount":2,"nodes":[{},{}],"edges":[{{"node":{{"code":null}}}},{{"node":{{"code":null}}}}]}}"#,
        node("Aspirin"),
        node("Ibuprofen")
    );
    let register =
        format!(r#"{{"lastName":"Smith","dateOfBirth":"1985-04-12","medications":{medications},"first":"Jane"}}"#);
    assert_eq!(data(phr, &query), format!(r#"{{"patientRegisters":{{"nodes":[{register}]}}}}"#));
}

fn fields_that_are_asked_for_twice_at_the_root_are_one(phr: &Phr) {
    let uuid = patient(phr);
    let query = format!(
        "{{ patientRegister(uuid: \"{uuid}\") {{ firstName }} ...A ...B other: patientRegister(uuid: \"{uuid}\") {{ uuid }} }}
        fragment A on Query {{ patientRegister(uuid: \"{uuid}\") {{ lastName }} patientRegisters {{ nodes {{ lastName }} }} }}
        fragment B on Query {{ patientRegisters {{ nodes {{ firstName medications {{ totalCount }} }} totalCount }} }}"
    );
    let list = r#"{"nodes":[{"lastName":"Smith","firstName":"Jane","medications":{"totalCount":2}}],"totalCount":1}"#;
    let expected = format!(
        r#"{{"patientRegister":{{"firstName":"Jane","lastName":"Smith"}},"patientRegisters":{list},"other":{{"uuid":"{uuid}"}}}}"#
    );
    assert_eq!(data(phr, &query), expected);
}

fn a_fragment_on_another_type_shows_nothing(phr: &Phr) {
    let uuid = patient(phr);
    let id = phr.ask(&format!("{{ patientRegister(uuid: \"{uuid}\") {{ id }} }}"), &json!({}))["patientRegister"]["id"]
        .take();
    let query = format!(
        "{{ node(id: {id}) {{ ... on Doctor {{ lastName }} ... on Node {{ ... on PatientRegister {{ firstName }} }} }}
        nodes(ids: [{id}]) {{ __typename ... on PatientRegister {{ firstName medications(first: 1) {{ totalCount }} }} id }} }}"
    );
    let expected = format!(
        r#"{{"node":{{"firstName":"Jane"}},"nodes":[{{"__typename":"PatientRegister","firstName":"Jane","medications":{{"totalCount":2}},"id":{id}}}]}}"#
    );
    assert_eq!(data(phr, &query), expected);
}

fn types_tell_their_names(phr: &Phr) {
    patient(phr);
    let query = "{ patientRegisters { __typename pageInfo { __typename } edges { __typename node { kind: __typename
        institution { __typename } } } } }";
    let edge = r#"{"__typename":"PatientRegisterEdge","node":{"kind":"PatientRegister","institution":{"__typename":"MedicalInstitution"}}}"#;
    let expected = format!(
        r#"{{"patientRegisters":{{"__typename":"PatientRegisterConnection","pageInfo":{{"__typename":"PageInfo"}},"edges":[{edge}]}}}}"#
    );
    assert_eq!(data(phr, query), expected);
}

fn what_cannot_be_shown_is_null_at_its_path(phr: &Phr) {
    patient(phr);
    let own = operator();
    let staff = Scope { permissions: own.permissions.without(Permission::ReadClinical), ..own };
    let query = "{ patientRegisters { nodes { firstName allergies } edges { node { told: medicalHistory lastName
        medications { nodes { display } } } } } }";
    let library = Library::of(&phr.database);
    for query in
        [query.to_owned(), format!("{} patientRegisters {{ nodes {{ lastName }} }} }}", &query[..query.len() - 2])]
    {
        let response = library.ask(staff.clone(), &query, &json!({}));
        let mut paths: Vec<String> =
            response["errors"].as_array().unwrap().iter().map(|error| error["path"].to_string()).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(
            paths,
            [
                r#"["patientRegisters","edges",0,"node","medications"]"#,
                r#"["patientRegisters","edges",0,"node","told"]"#,
                r#"["patientRegisters","nodes",0,"allergies"]"#,
            ]
        );
        assert!(codes(&response).iter().all(|code| *code == "FORBIDDEN"), "{response}");
        let list = &response["data"]["patientRegisters"];
        assert_eq!((&list["nodes"][0]["firstName"], &list["nodes"][0]["allergies"]), (&json!("Jane"), &json!(null)));
        let node = json!({"told": null, "lastName": "Smith", "medications": null});
        assert_eq!(list["edges"], json!([{ "node": node }]), "what can be shown is: {response}");
    }
}

fn texts_stand_as_they_were_written(phr: &Phr) {
    let address = "1 \"Mill\" Lane\\ caf\u{e9} \u{1f3e5} \u{2028}</script>";
    let uuid = register(phr, &json!({"address": address, "allergies": ["a \"b\" \\c"]}));
    let fields = "address allergies medicalHistory";
    let one = format!("{{ patientRegister(uuid: \"{uuid}\") {{ {fields} }} }}");
    let twice = format!(
        "{{ patientRegister(uuid: \"{uuid}\") {{ {fields} }} ...A }}
        fragment A on Query {{ patientRegister(uuid: \"{uuid}\") {{ {fields} }} }}"
    );
    let expected = json!({"address": address, "allergies": ["a \"b\" \\c"], "medicalHistory": []});
    for query in [one, twice] {
        assert_eq!(phr.ask(&query, &json!({}))["patientRegister"], expected, "{query}");
    }
}
