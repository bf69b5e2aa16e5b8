//! What each role may do, and no more.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{ROLES, answer, faults, institution, member, role};
use crate::patients::{HOME, NOBODY, jane, register, with};

on_both_databases! {
    every_role_does_what_it_may_and_no_more,
    who_may_not_see_clinical_fields_learns_nothing_of_them,
    a_patient_sees_exactly_the_own_record,
}

/// A request, and the first letters of the roles that may make it.
const REQUESTS: &[(&str, &str)] = &[
    (
        "{ patientRegisters { nodes { uuid } } }",
        "administrator institution_administrator doctor nurse staff patient service",
    ),
    ("{ patientRegisters { nodes { allergies } } }", "administrator doctor nurse patient service"),
    (
        "mutation { deletePatientRegister(input: {uuid: \"KEY\"}) { userErrors { code } } }",
        "administrator institution_administrator doctor nurse staff service",
    ),
    (
        "mutation { updatePatientRegister(input: {uuid: \"KEY\", allergies: []}) { userErrors { code } } }",
        "administrator doctor nurse service",
    ),
    (
        "{ doctors { nodes { uuid } } medicalInstitutions { nodes { uuid } } doctorSpecialties { nodes { uuid } } }",
        "administrator editor institution_administrator doctor nurse staff patient auditor service",
    ),
    (
        "mutation { updateDoctor(input: {uuid: \"KEY\"}) { userErrors { code } } }",
        "administrator editor institution_administrator service",
    ),
    ("{ replicationStatus { nodes { address } } }", "administrator"),
    ("mutation { importFhir(input: {ndjson: \"\"}) { failed } }", "administrator service"),
    ("{ users { nodes { uuid } } }", "administrator institution_administrator"),
    ("{ roles { nodes { name } } }", "administrator institution_administrator"),
    (
        "mutation { createOneTimeToken(input: {userUuid: \"KEY\"}) { userErrors { code } } }",
        "administrator institution_administrator",
    ),
    ("mutation { updateRole(input: {uuid: \"KEY\"}) { userErrors { code } } }", "administrator"),
    ("{ breakGlassGrants { nodes { uuid } } }", "administrator institution_administrator auditor"),
    (
        "mutation { reviewBreakGlassGrant(input: {uuid: \"KEY\"}) { userErrors { code } } }",
        "administrator institution_administrator auditor",
    ),
    (
        "{ viewer { role } health { status } }",
        "administrator editor institution_administrator doctor nurse staff patient auditor service",
    ),
];

fn every_role_does_what_it_may_and_no_more(phr: &Phr) {
    let patient = register(phr, &json!({"allergies": ["latex"]}));
    for role in ROLES {
        let own: &[&str] = if role == "patient" { &["--patient", &patient] } else { &[] };
        let token = phr.token_for(&[&["--role", role], own].concat());
        for (request, allowed) in REQUESTS {
            let response = phr.response_to(&token, &request.replace("KEY", NOBODY), &json!({}));
            let is_allowed = allowed.split(' ').any(|name| name == role);
            let faults = faults(&response);
            let is_refused = faults.iter().any(|fault| fault == "FORBIDDEN");
            assert_eq!(is_refused, !is_allowed, "{role}: {request}: {response}");
            assert!(
                is_refused || faults.iter().all(|fault| fault.starts_with("NOT_FOUND")),
                "{role}: {request}: {response}"
            );
        }
        let viewer = phr.response_to(&token, "{ viewer { role permissions { resource action } } }", &json!({}));
        assert_eq!(viewer["data"]["viewer"]["role"], role);
    }
}

fn who_may_not_see_clinical_fields_learns_nothing_of_them(phr: &Phr) {
    let uuid = register(phr, &json!({"allergies": ["latex"], "medicalHistory": ["asthma"]}));
    let token = phr.token_for(&["--role", "staff"]);
    let ask = |query: &str| phr.response_to(&token, query, &json!({ "uuid": uuid }));
    let response = ask(
        "query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName allergies medicalHistory currentMedications } }",
    );
    let shown = &response["data"]["patientRegister"];
    let expected = json!({"lastName": "Smith", "allergies": null, "medicalHistory": null, "currentMedications": null});
    assert_eq!(*shown, expected, "{response}");
    let paths: Vec<&Value> = response["errors"].as_array().unwrap().iter().map(|error| &error["path"][1]).collect();
    assert_eq!(paths, ["allergies", "medicalHistory", "currentMedications"]);
    for query in [
        "{ patientRegisters(filter: {allergies: {contains: \"latex\"}}) { totalCount } }",
        "{ patientRegisters(filter: {allergies: {contains: \"latex\"}}) { nodes { uuid } } }",
        "{ patientRegisters(filter: {not: {medicalHistory: {isEmpty: true}}}) { totalCount } }",
        "{ patientRegisters(filter: {or: [{lastName: {equal: \"Smith\"}}, {currentMedications: {isEmpty: false}}]}) { totalCount } }",
        "mutation($uuid: UUID!) { updatePatientRegister(input: {uuid: $uuid, allergies: null}) { userErrors { code } } }",
        "mutation($uuid: UUID!) { updatePatientRegister(input: {uuid: $uuid, medicalHistory: []}) { userErrors { code } } }",
    ] {
        let response = ask(query);
        assert_eq!(faults(&response), ["FORBIDDEN"], "{query}: {response}");
        assert!(!response.to_string().contains("latex") && !response.to_string().contains("totalCount"), "{response}");
    }
    for field in ["ALLERGIES", "MEDICAL_HISTORY", "CURRENT_MEDICATIONS"] {
        let response = ask(&format!("{{ patientRegisters(order: [{{field: {field}}}]) {{ nodes {{ uuid }} }} }}"));
        assert!(response["errors"][0].is_object(), "{response}");
    }
    let unseen = with(jane(), &json!({"allergies": ["nuts"]}));
    let create =
        |input: &Value| faults(&answer(phr, &token, "createPatientRegister", "patientRegister { uuid }", input));
    assert_eq!(create(&unseen), ["FORBIDDEN"]);
    assert_eq!(create(&jane()), Vec::<String>::new());
    assert_eq!(crate::patients::read(phr, &uuid)["allergies"], json!(["latex"]));
    assert_eq!(crate::patients::count(phr), 2);
}

fn a_patient_sees_exactly_the_own_record(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let own = register(phr, &json!({"institutionId": elsewhere, "allergies": ["latex"]}));
    let others = [register(phr, &json!({"institutionId": elsewhere})), register(phr, &json!({"institutionId": HOME}))];
    let patient = json!({"kind": "PATIENT", "patientId": own});
    let (_, session) = member(phr, "jane", "patient", &patient);
    let ask = |query: &str, uuid: &str| phr.response_to(&session.access, query, &json!({ "uuid": uuid }));
    let one = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid id allergies } }";
    let found = ask(one, &own);
    assert_eq!(found["data"]["patientRegister"]["allergies"], json!(["latex"]), "{found}");
    let list = "{ patientRegisters(deleted: INCLUDED) { totalCount nodes { uuid } } }";
    let listed = &ask(list, &own)["data"]["patientRegisters"];
    assert_eq!(*listed, json!({"totalCount": 1, "nodes": [{ "uuid": own }]}));
    for other in &others {
        let operator = phr.ask(one, &json!({ "uuid": other }));
        let id = operator["patientRegister"]["id"].as_str().unwrap();
        for query in [
            one.to_owned(),
            format!("{{ patientRegister: node(id: \"{id}\") {{ id }} }}"),
            format!("{{ patientRegister: nodes(ids: [\"{id}\"]) {{ id }} }}"),
        ] {
            let response = ask(&query, other);
            let shown = &response["data"]["patientRegister"];
            assert!(shown.is_null() || *shown == json!([null]), "{query}: {response}");
        }
        let filtered = format!("{{ patientRegisters(filter: {{uuid: {{equal: \"{other}\"}}}}) {{ totalCount }} }}");
        assert_eq!(ask(&filtered, other)["data"]["patientRegisters"]["totalCount"], 0);
    }
    for mutation in ["update", "delete", "restore"] {
        let query = format!(
            "mutation($uuid: UUID!) {{ {mutation}PatientRegister(input: {{uuid: $uuid}}) {{ userErrors {{ code }} }} }}"
        );
        assert_eq!(faults(&ask(&query, &own)), ["FORBIDDEN"]);
    }
    let viewer = "{ viewer { kind role patientUuid institution { uuid } } }";
    let expected =
        json!({"kind": "PATIENT", "role": "patient", "patientUuid": own, "institution": {"uuid": elsewhere}});
    assert_eq!(ask(viewer, &own)["data"]["viewer"], expected);
    // With a role that may write, it is still the own record alone.
    let user = phr.ask("{ users(filter: {username: {equal: \"jane\"}}) { nodes { uuid } } }", &json!({}));
    let change = json!({"uuid": user["users"]["nodes"][0]["uuid"], "roleId": role("doctor")});
    super::done(phr, phr.token(), "updateUser", "user { uuid }", &change);
    let session = super::sign_in(phr, "jane");
    let write = |uuid: &str| {
        let input = json!({"uuid": uuid, "lastName": "Jones"});
        faults(&answer(phr, &session.access, "updatePatientRegister", "patientRegister { uuid }", &input))
    };
    assert_eq!(write(&own), Vec::<String>::new());
    assert!(others.iter().all(|other| write(other) == ["NOT_FOUND input.uuid"]));
    let created = answer(phr, &session.access, "createPatientRegister", "patientRegister { uuid }", &jane());
    assert!(created["data"]["createPatientRegister"]["patientRegister"].is_null(), "{created}");
    assert_eq!(crate::patients::count(phr), 3);
}
