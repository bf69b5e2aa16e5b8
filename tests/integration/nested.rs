//! Lists of what belongs to a record.

use phr::scope::{Boundary, InstitutionId, Permission, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::audit::{ask, of_request, patients, values};
use crate::library::{Library, codes, operator};
use crate::patients::{done, register};

on_both_databases! {
    each_records_list_is_what_the_whole_list_has_of_it,
    a_page_of_each_list_continues_where_its_cursor_says,
    lists_nest_and_are_asked_for_under_any_name,
    a_list_that_cannot_be_asked_for_is_null_with_the_reason,
    records_of_another_institution_are_in_no_list,
    who_may_not_see_patients_sees_no_list_of_them,
    each_patient_of_a_nested_list_is_on_record_once,
    what_multiplies_is_refused_by_what_it_multiplies_to,
}

/// Doctors with none, one, two, .. patients. Every other doctor has an email address.
fn practice(phr: &Phr, doctors: usize) -> Vec<Value> {
    let names = ["Adams", "Brown", "Clark", "Davis", "Evans"];
    let specialty = done(phr, "createDoctorSpecialty", "uuid", &json!({"name": "Cardiology"}))["uuid"].take();
    let doctor = |number: usize| {
        let email = (number % 2 == 1).then_some("ada@clinic.example");
        let doctor =
            json!({"firstName": "Ada", "lastName": names[number % 5], "email": email, "specialtyId": specialty});
        let doctor = done(phr, "createDoctor", "uuid", &doctor)["uuid"].take();
        for patient in 0..number {
            register(phr, &json!({"lastName": names[(number + patient * 3) % 5], "doctorId": doctor}));
        }
        doctor
    };
    (0..doctors).map(doctor).collect()
}

const PAGE: &str = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor page perPage totalPages }
    edges { cursor node { lastName } } nodes { uuid email }";

/// What a list of each of these records has, against what the whole list has of it.
fn compare(phr: &Phr, parents: &str, list: &str, key: &str, arguments: &[&str]) {
    for arguments in arguments {
        let query = format!("{{ {parents}(first: 10) {{ nodes {{ uuid {list}{arguments} {{ {PAGE} }} }} }} }}");
        let records = phr.ask(&query, &json!({}))[parents]["nodes"].take();
        assert!(!records.as_array().unwrap().is_empty());
        for record in records.as_array().unwrap() {
            let own = format!("{key}: {{equal: {}}}", record["uuid"]);
            let arguments = match arguments.strip_prefix("(filter: {") {
                Some(rest) => format!("(filter: {{{own}, {rest}"),
                None => format!("(filter: {{{own}}}, {}", arguments.strip_prefix('(').unwrap_or(")")),
            };
            let whole = phr.ask(&format!("{{ {list}{arguments} {{ {PAGE} }} }}"), &json!({}));
            assert_eq!(record[list], whole[list], "{arguments}");
        }
    }
}

fn each_records_list_is_what_the_whole_list_has_of_it(phr: &Phr) {
    practice(phr, 6);
    let pages = ["", "(first: 2)", "(last: 2)", "(first: 0)", "(page: {page: 2, perPage: 2})"];
    compare(phr, "doctors", "patientRegisters", "doctorId", &pages);
    let asked = [
        "(order: [{field: LAST_NAME, direction: DESC}, {field: STATUS}], first: 3)",
        "(filter: {lastName: {in: [\"Adams\", \"Clark\"]}}, order: [{field: LAST_NAME}])",
        "(filter: {not: {lastName: {equal: \"Adams\"}}}, page: {page: 1, perPage: 1})",
        "(filter: {doctor: {lastName: {equal: \"Davis\"}}})",
    ];
    compare(phr, "doctors", "patientRegisters", "doctorId", &asked);
    let unknown = ["(order: [{field: EMAIL}], first: 4)", "(order: [{field: EMAIL, direction: DESC}], last: 4)"];
    compare(phr, "medicalInstitutions", "doctors", "institutionId", &unknown);
    compare(phr, "doctorSpecialties", "doctors", "specialtyId", &unknown);
    compare(phr, "medicalInstitutions", "patientRegisters", "institutionId", &pages);
}

fn a_page_of_each_list_continues_where_its_cursor_says(phr: &Phr) {
    let doctor = practice(phr, 6).pop();
    let query = "query($uuid: UUID!, $after: String) { doctor(uuid: $uuid) {
        patientRegisters(first: 2, after: $after, order: [{field: LAST_NAME}]) {
            pageInfo { hasNextPage endCursor } nodes { uuid lastName } } } }";
    let (mut after, mut seen) = (Value::Null, Vec::new());
    for pages in 1.. {
        let mut page = phr.ask(query, &json!({"uuid": doctor, "after": after}))["doctor"]["patientRegisters"].take();
        seen.extend(
            page["nodes"].as_array().unwrap().iter().map(|node| (node["lastName"].clone(), node["uuid"].clone())),
        );
        after = page["pageInfo"]["endCursor"].take();
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(pages, 3);
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a.0.as_str() <= b.0.as_str() && a != b), "{seen:?}");
}

fn lists_nest_and_are_asked_for_under_any_name(phr: &Phr) {
    practice(phr, 4);
    let query = "query($first: Int) {
        doctorSpecialties { nodes { name
            two: doctors(first: $first) { nodes { ...D } }
            all: doctors(order: [{field: LAST_NAME, direction: DESC}]) { totalCount nodes { lastName ...D } } } }
        medicalInstitutions { nodes { patientRegisters(first: 3) { nodes { doctor { patientRegisters { totalCount } } } } } } }
        fragment D on Doctor { patientRegisters { totalCount } ...N }
        fragment N on Doctor { firstName patientRegisters { nodes { lastName } } newest: patientRegisters(first: 1) { nodes { uuid } } }";
    let data = phr.ask(query, &json!({"first": 2}));
    let specialty = &data["doctorSpecialties"]["nodes"][0];
    assert_eq!(specialty["two"]["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(specialty["all"]["totalCount"], 4);
    let doctors = specialty["all"]["nodes"].as_array().unwrap();
    let lasts: Vec<_> = doctors.iter().map(|doctor| doctor["lastName"].as_str().unwrap()).collect();
    assert_eq!(lasts, ["Davis", "Clark", "Brown", "Adams"]);
    for (doctor, patients) in doctors.iter().zip([3, 2, 1, 0]) {
        assert_eq!(doctor["patientRegisters"]["totalCount"], patients);
        assert_eq!(doctor["patientRegisters"]["nodes"].as_array().unwrap().len(), patients);
        assert_eq!(doctor["newest"]["nodes"].as_array().unwrap().len(), patients.min(1));
    }
    let registers = data["medicalInstitutions"]["nodes"][0]["patientRegisters"]["nodes"].as_array().unwrap();
    for register in registers {
        assert_eq!(register["doctor"]["patientRegisters"]["totalCount"], 3, "the newest are the last doctor's");
    }
    let id = phr.ask("{ doctors(filter: {lastName: {equal: \"Davis\"}}) { nodes { id } } }", &json!({}));
    let query =
        "query($id: ID!) { node(id: $id) { ... on Doctor { patients: patientRegisters(first: 2) { totalCount } }
        ... on MedicalInstitution { patients: patientRegisters(first: 1) { totalCount } } } }";
    let node = phr.ask(query, &json!({"id": id["doctors"]["nodes"][0]["id"]}));
    assert_eq!(node["node"]["patients"]["totalCount"], 3);
}

fn a_list_that_cannot_be_asked_for_is_null_with_the_reason(phr: &Phr) {
    practice(phr, 2);
    for (arguments, code) in [
        ("first: 1001", "LIMIT_EXCEEDED"),
        ("page: {perPage: 1001}", "LIMIT_EXCEEDED"),
        ("first: 1, last: 1", "BAD_REQUEST"),
        ("first: -1", "BAD_REQUEST"),
        ("after: \"nothing\"", "BAD_REQUEST"),
        ("filter: {lastName: {equal: null}}", "BAD_REQUEST"),
    ] {
        let query = format!(
            "{{ doctors(first: 1) {{ nodes {{ lastName patientRegisters({arguments}) {{ nodes {{ uuid }} }} }} }} }}"
        );
        let response = phr.response(&query, &json!({}));
        let path = json!(["doctors", "nodes", 0, "patientRegisters"]);
        assert_eq!((codes(&response), &response["errors"][0]["path"]), (vec![code], &path), "{response}");
        let expected = json!({"lastName": "Adams", "patientRegisters": null});
        assert_eq!(response["data"]["doctors"]["nodes"][0], expected, "{response}");
    }
    let query = "query($first: Int) { doctors { nodes { patientRegisters(first: $first) { nodes { uuid } } } } }";
    let response = phr.response(query, &json!({"first": "many"}));
    assert_eq!(codes(&response).first(), Some(&"BAD_REQUEST"), "{response}");
}

fn within(institution: &Value) -> Scope {
    let key = institution.as_str().unwrap().parse().unwrap();
    Scope { boundary: Boundary::One(InstitutionId(key)), ..operator() }
}

fn records_of_another_institution_are_in_no_list(phr: &Phr) {
    let institution = |name: &str| done(phr, "createMedicalInstitution", "uuid", &json!({"name": name}))["uuid"].take();
    let (own, other) = (institution("Own"), institution("Other"));
    let specialty = done(phr, "createDoctorSpecialty", "uuid", &json!({"name": "Cardiology"}))["uuid"].take();
    let doctor = |institution: &Value| {
        let doctor = json!({"firstName": "A", "lastName": "B", "institutionId": institution, "specialtyId": specialty});
        done(phr, "createDoctor", "uuid", &doctor)["uuid"].take()
    };
    let (mine, theirs) = (doctor(&own), doctor(&other));
    let patient = register(phr, &json!({"institutionId": own, "doctorId": mine}));
    register(phr, &json!({"institutionId": other, "doctorId": mine}));
    register(phr, &json!({"institutionId": other, "doctorId": theirs}));
    let deleted = register(phr, &json!({"institutionId": own, "doctorId": mine}));
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": deleted}));
    let query = "{ doctorSpecialties { nodes { doctors { totalCount nodes { uuid patientRegisters { totalCount nodes { uuid } } } } } } }";
    let response = Library::of(&phr.database).ask(within(&own), query, &json!({}));
    let patients = json!({"totalCount": 1, "nodes": [{"uuid": patient}]});
    let doctors = json!({"totalCount": 1, "nodes": [{"uuid": mine, "patientRegisters": patients}]});
    assert_eq!(response["data"]["doctorSpecialties"]["nodes"], json!([{"doctors": doctors}]), "{response}");
}

fn who_may_not_see_patients_sees_no_list_of_them(phr: &Phr) {
    practice(phr, 2);
    let own = operator();
    let blind = Scope { permissions: own.permissions.without(Permission::ReadPatients), ..own };
    let query = "{ doctors(first: 1) { nodes { lastName patientRegisters { totalCount } } } }";
    let response = Library::of(&phr.database).ask(blind, query, &json!({}));
    assert_eq!(codes(&response), ["FORBIDDEN"]);
    assert_eq!(response["data"]["doctors"]["nodes"], json!([{"lastName": "Adams", "patientRegisters": null}]));
}

fn each_patient_of_a_nested_list_is_on_record_once(phr: &Phr) {
    practice(phr, 4);
    let query = "{ doctors { nodes { patientRegisters(first: 2) { nodes { firstName doctor {
        patientRegisters(first: 1) { nodes { email } } } } } } } }";
    let (response, id) = ask(phr, query, &json!({}));
    assert!(response.get("errors").is_none(), "{response}");
    // Besides, each level's lists are asked for.
    let mut found = of_request(phr, &id, 4);
    found.retain(|entry| !entry["patient_id"].is_empty());
    let mut shown = patients(&found);
    let all = shown.len();
    shown.dedup();
    assert_eq!((all, shown.len()), (5, 5), "none, one, two, and two of three: {found:?}");
    let newest = found.iter().find(|entry| entry["fields"].contains("email")).expect("an entry");
    assert_eq!((found.len(), patients(std::slice::from_ref(newest)).len()), (2, 3), "the newest of each: {found:?}");
    assert!(values(&found, "fields").iter().all(|fields| fields.contains("first_name")), "{found:?}");
}

fn what_multiplies_is_refused_by_what_it_multiplies_to(phr: &Phr) {
    let library = Library::of(&phr.database);
    let refused = |query: &str| {
        let response = library.ask(operator(), query, &json!({}));
        assert_eq!(codes(&response), ["LIMIT_EXCEEDED"], "{response}");
        assert!(response["data"].is_null() && response["errors"][0].get("path").is_none(), "{response}");
        assert!(response["extensions"]["consistency"]["servedBy"].is_null(), "no statement ran: {response}");
    };
    let nested = |list: &str| {
        format!(
            "{{ medicalInstitutions(first: 100) {{ nodes {{ doctors(first: 100) {{ nodes {{
                patientRegisters(first: 100) {{ {list} }} }} }} }} }} }}"
        )
    };
    for list in ["nodes { uuid }", "edges { node { uuid } }", "pageInfo { hasNextPage }", "...F"] {
        let fragment = if list == "...F" { "fragment F on PatientRegisterConnection { nodes { uuid } }" } else { "" };
        refused(&format!("{} {fragment}", nested(list)));
    }
    let sizes = "query($n: Int = 1000) { doctors(first: $n) { nodes { patientRegisters(page: {perPage: $n}) { nodes { uuid } } } } }";
    refused(sizes);
}
