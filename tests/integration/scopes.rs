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
    what_is_out_of_reach_is_not_found_out_by_what_is_related_to_it,
    nothing_out_of_reach_is_referred_to,
    the_result_of_a_key_is_shown_within_the_boundary_only,
    an_institution_is_made_by_who_works_for_all,
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

fn an_institution(phr: &Phr, name: &str) -> Value {
    done(phr, "createMedicalInstitution", "uuid", &json!({ "name": name }))["uuid"].take()
}

fn a_doctor(phr: &Phr, institution: &Value) -> Value {
    let doctor = json!({"firstName": "Ada", "lastName": "Lee", "institutionId": institution});
    done(phr, "createDoctor", "uuid", &doctor)["uuid"].take()
}

/// Of a mutation by a caller of one institution, what its user errors say.
fn refusals(library: &Library, institution: &Value, mutation: &str, input: &Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code path }} }} }}");
    library.ask(within(institution), &query, &json!({ "input": input }))["data"][mutation]["userErrors"].take()
}

fn what_is_out_of_reach_is_not_found_out_by_what_is_related_to_it(phr: &Phr) {
    let (own, other) = (an_institution(phr, "Own"), an_institution(phr, "Other"));
    let theirs = a_doctor(phr, &other);
    register(phr, &json!({"institutionId": own, "doctorId": theirs}));
    let library = Library::of(&phr.database);
    let query = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { totalCount } }";
    for (filter, seen, by_all) in [
        (json!({"doctor": {"lastName": {"equal": "Lee"}}}), 0, 1),
        (json!({"doctor": {"institution": {"name": {"equal": "Other"}}}}), 0, 1),
        (json!({"or": [{"doctor": {"licenseNumber": {"isNull": true}}}]}), 0, 1),
        (json!({"not": {"doctor": {"lastName": {"equal": "Lee"}}}}), 1, 0),
        (json!({"institution": {"name": {"equal": "Own"}}}), 1, 1),
    ] {
        for (scope, count) in [(within(&own), seen), (operator(), by_all)] {
            let response = library.ask(scope, query, &json!({ "filter": filter }));
            assert_eq!(response["data"]["patientRegisters"]["totalCount"], count, "{filter}: {response}");
        }
    }
}

fn nothing_out_of_reach_is_referred_to(phr: &Phr) {
    let (own, other) = (an_institution(phr, "Own"), an_institution(phr, "Other"));
    let (mine, theirs) = (a_doctor(phr, &own), a_doctor(phr, &other));
    let patient = register(phr, &json!({ "institutionId": own }));
    let taken = register(phr, &json!({ "institutionId": other }));
    let library = Library::of(&phr.database);
    let jane = |more: &Value| crate::patients::with(crate::patients::jane(), more);
    let ada = json!({"firstName": "Ada", "lastName": "Lee", "institutionId": other});
    for (mutation, input, code, field) in [
        ("createPatientRegister", jane(&json!({"doctorId": theirs})), "REFERENCE_MISSING", "doctorId"),
        ("createPatientRegister", jane(&json!({"uuid": taken})), "NOT_UNIQUE", "uuid"),
        ("updatePatientRegister", json!({"uuid": patient, "doctorId": theirs}), "REFERENCE_MISSING", "doctorId"),
        (
            "updatePatientRegister",
            json!({"uuid": patient, "institutionId": other}),
            "REFERENCE_MISSING",
            "institutionId",
        ),
        ("createDoctor", ada, "REFERENCE_MISSING", "institutionId"),
        ("updateDoctor", json!({"uuid": mine, "institutionId": other}), "REFERENCE_MISSING", "institutionId"),
        ("updateDoctor", json!({"uuid": theirs, "lastName": "Li"}), "NOT_FOUND", "uuid"),
        ("updateMedicalInstitution", json!({"uuid": other, "name": "Mine"}), "NOT_FOUND", "uuid"),
    ] {
        let expected = json!([{"code": code, "path": ["input", field]}]);
        assert_eq!(refusals(&library, &own, mutation, &input), expected, "{mutation} {input}");
    }
    assert_eq!(refusals(&library, &own, "createPatientRegister", &jane(&json!({"doctorId": mine}))), json!([]));
}

fn the_result_of_a_key_is_shown_within_the_boundary_only(phr: &Phr) {
    let (own, other) = (an_institution(phr, "Own"), an_institution(phr, "Other"));
    let library = Library::of(&phr.database);
    let input = crate::patients::with(crate::patients::jane(), &json!({"idempotencyKey": "one"}));
    for _ in 0..2 {
        assert_eq!(refusals(&library, &own, "createPatientRegister", &input), json!([]));
    }
    let data = phr.ask("{ patientRegisters { nodes { uuid } } }", &json!({}));
    let moved = json!({"uuid": data["patientRegisters"]["nodes"][0]["uuid"], "institutionId": other});
    done(phr, "updatePatientRegister", "uuid", &moved);
    let refused = json!([{"code": "NOT_FOUND", "path": ["input", "idempotencyKey"]}]);
    assert_eq!(refusals(&library, &own, "createPatientRegister", &input), refused);
    assert_eq!(crate::patients::count(phr), 1);
}

fn an_institution_is_made_by_who_works_for_all(phr: &Phr) {
    let own = an_institution(phr, "Own");
    let library = Library::of(&phr.database);
    let query = "mutation { createMedicalInstitution(input: {name: \"Mine\"}) { userErrors { code } } }";
    assert_eq!(codes(&library.ask(within(&own), query, &json!({}))), ["FORBIDDEN"]);
    assert_eq!(codes(&library.ask(operator(), query, &json!({}))), Vec::<&str>::new());
}
