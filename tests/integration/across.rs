//! Filters on what records refer to, and on what refers to them.

use phr::scope::{Boundary, InstitutionId, Permission, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::audit::{ask, of_request, values};
use crate::library::{Library, codes, operator};
use crate::patients::{done, register};

on_both_databases! {
    records_are_found_by_what_belongs_to_them,
    a_filter_and_its_negation_make_up_the_whole,
    filters_reach_across_several_relations,
    what_is_out_of_reach_or_deleted_belongs_to_nobody,
    what_a_caller_may_not_see_is_not_found_out_across_relations,
    a_filter_without_a_meaning_is_refused,
    lists_are_ordered_by_what_their_records_refer_to,
    what_is_out_of_reach_orders_nothing,
    patients_by_whom_others_are_asked_for_are_on_record,
}

/// Adams has no patient, Brown has Kim, Clark has Kim and Lee, Davis has Lee.
fn practice(phr: &Phr) {
    let specialty = |name: &str| done(phr, "createDoctorSpecialty", "uuid", &json!({"name": name}))["uuid"].take();
    let specialties = [specialty("Cardiology"), specialty("Neurology")];
    let doctors: [(&str, usize, &[&str]); 4] =
        [("Adams", 0, &[]), ("Brown", 0, &["Kim"]), ("Clark", 1, &["Kim", "Lee"]), ("Davis", 1, &["Lee"])];
    for (name, specialty, patients) in doctors {
        let doctor = json!({"firstName": "Ada", "lastName": name, "specialtyId": specialties[specialty]});
        let doctor = done(phr, "createDoctor", "uuid", &doctor)["uuid"].take();
        for patient in patients {
            register(phr, &json!({"lastName": patient, "doctorId": doctor}));
        }
    }
}

const DOCTORS: &str = "query($filter: DoctorFilter) { doctors(filter: $filter) { totalCount nodes { lastName } } }";

fn doctors(phr: &Phr, filter: &Value) -> Vec<String> {
    let found = phr.ask(DOCTORS, &json!({ "filter": filter }))["doctors"].take();
    let names: Vec<String> =
        found["nodes"].as_array().unwrap().iter().map(|node| node["lastName"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found["totalCount"], names.len());
    names
}

fn records_are_found_by_what_belongs_to_them(phr: &Phr) {
    practice(phr);
    let kim = json!({"lastName": {"equal": "Kim"}});
    for (filter, expected) in [
        (json!({"some": kim}), vec!["Brown", "Clark"]),
        (json!({"none": kim}), vec!["Adams", "Davis"]),
        (json!({"every": kim}), vec!["Adams", "Brown"]),
        (json!({"some": {}}), vec!["Brown", "Clark", "Davis"]),
        (json!({"none": {}}), vec!["Adams"]),
        (json!({"some": kim, "every": kim}), vec!["Brown"]),
        (json!({"some": kim, "none": {"lastName": {"equal": "Lee"}}}), vec!["Brown"]),
        (json!({}), vec!["Adams", "Brown", "Clark", "Davis"]),
    ] {
        assert_eq!(doctors(phr, &json!({"patientRegisters": filter})), expected, "{filter}");
    }
}

fn a_filter_and_its_negation_make_up_the_whole(phr: &Phr) {
    practice(phr);
    let unknown = json!({"emergencyContact": {"equal": "nobody"}});
    for filter in [json!({"some": unknown}), json!({"none": unknown}), json!({"every": unknown})] {
        let filter = json!({ "patientRegisters": filter });
        let (met, failed) = (doctors(phr, &filter), doctors(phr, &json!({ "not": filter })));
        assert_eq!(met.len() + failed.len(), 4, "{filter}");
    }
}

fn filters_reach_across_several_relations(phr: &Phr) {
    practice(phr);
    let lee = json!({"patientRegisters": {"some": {"lastName": {"equal": "Lee"}}}});
    // Around in a circle: who has a patient whose doctor has one who is called Lee.
    let around = json!({"patientRegisters": {"some": {"doctor": lee}}});
    assert_eq!(doctors(phr, &around), ["Clark", "Davis"]);
    let colleagues = json!({"specialty": {"doctors": {"every": around}}});
    assert_eq!(doctors(phr, &colleagues), ["Clark", "Davis"]);
    let query = "query($filter: DoctorSpecialtyFilter) { doctorSpecialties(filter: $filter) { nodes { name } } }";
    let filter = json!({"doctors": {"some": {"patientRegisters": {"none": {}}}}});
    let found = phr.ask(query, &json!({ "filter": filter }));
    assert_eq!(found["doctorSpecialties"]["nodes"], json!([{"name": "Cardiology"}]));
    let query = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { totalCount } }";
    let filter = json!({"doctor": {"specialty": {"name": {"equal": "Neurology"}}}, "lastName": {"equal": "Lee"}});
    assert_eq!(phr.ask(query, &json!({ "filter": filter }))["patientRegisters"]["totalCount"], 2);
}

fn what_is_out_of_reach_or_deleted_belongs_to_nobody(phr: &Phr) {
    let institution = |name: &str| done(phr, "createMedicalInstitution", "uuid", &json!({"name": name}))["uuid"].take();
    let (own, other) = (institution("Own"), institution("Other"));
    let doctor = json!({"firstName": "Ada", "lastName": "Lee", "institutionId": own});
    let doctor = done(phr, "createDoctor", "uuid", &doctor)["uuid"].take();
    register(phr, &json!({"institutionId": other, "doctorId": doctor}));
    let deleted = register(phr, &json!({"institutionId": own, "doctorId": doctor}));
    assert_eq!(doctors(phr, &json!({"patientRegisters": {"some": {}}})), ["Lee"]);
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": deleted}));
    let key = own.as_str().unwrap().parse().unwrap();
    let scope = || Scope { boundary: Boundary::One(InstitutionId(key)), ..operator() };
    let library = Library::of(&phr.database);
    for (filter, count) in
        [(json!({"some": {}}), 0), (json!({"none": {}}), 1), (json!({"every": {"uuid": {"in": []}}}), 1)]
    {
        let response = library.ask(scope(), DOCTORS, &json!({"filter": {"patientRegisters": filter}}));
        assert_eq!(response["data"]["doctors"]["totalCount"], count, "{filter}: {response}");
    }
}

fn what_a_caller_may_not_see_is_not_found_out_across_relations(phr: &Phr) {
    practice(phr);
    let library = Library::of(&phr.database);
    let patients = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { totalCount } }";
    let allergic = json!({"allergies": {"contains": "latex"}});
    for (hidden, query, filter) in [
        (Permission::ReadPatients, DOCTORS, json!({"patientRegisters": {"none": {}}})),
        (
            Permission::ReadPatients,
            DOCTORS,
            json!({"specialty": {"doctors": {"some": {"patientRegisters": {"some": {}}}}}}),
        ),
        (Permission::ReadClinical, DOCTORS, json!({"patientRegisters": {"some": allergic}})),
        (Permission::ReadClinical, DOCTORS, json!({"not": {"patientRegisters": {"every": allergic}}})),
        (Permission::ReadDirectory, patients, json!({"doctor": {"lastName": {"equal": "Adams"}}})),
        (Permission::ReadDirectory, patients, json!({"institution": {}})),
    ] {
        let own = operator();
        let blind = Scope { permissions: own.permissions.without(hidden), ..own };
        let response = library.ask(blind, query, &json!({ "filter": filter }));
        assert_eq!(codes(&response), ["FORBIDDEN"], "{filter}: {response}");
        let response = library.ask(operator(), query, &json!({ "filter": filter }));
        assert_eq!(codes(&response), Vec::<&str>::new(), "{filter}: {response}");
    }
}

fn a_filter_without_a_meaning_is_refused(phr: &Phr) {
    for filter in ["some: null", "every: null", "some: {lastName: {equal: null}}"] {
        let query = format!("{{ doctors(filter: {{patientRegisters: {{{filter}}}}}) {{ totalCount }} }}");
        assert_eq!(codes(&phr.response(&query, &json!({}))), ["BAD_REQUEST"], "{filter}");
        let query = "query($f: PatientRegisterListFilter) { doctors(filter: {patientRegisters: $f}) { totalCount } }";
        let unknown = phr.response(query, &json!({"f": {"any": {}}}));
        assert_eq!(codes(&unknown), ["BAD_REQUEST"], "{unknown}");
    }
    let mut deep = json!({});
    for level in 0..9 {
        deep = if level % 2 == 0 { json!({"doctor": deep}) } else { json!({"patientRegisters": {"some": deep}}) };
    }
    let query = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { totalCount } }";
    let response = phr.response(query, &json!({ "filter": deep }));
    assert_eq!(codes(&response), ["LIMIT_EXCEEDED"], "{response}");
}

fn lists_are_ordered_by_what_their_records_refer_to(phr: &Phr) {
    practice(phr);
    done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Evans"}));
    register(phr, &json!({"lastName": "Moe"}));
    let names = |order: &str, direction: &str| {
        let query = format!(
            "query($after: String) {{ list: {order}, direction: {direction}}}, {{field: LAST_NAME}}], first: 2, after: $after) {{
                pageInfo {{ hasNextPage endCursor }} nodes {{ lastName }} }} }}"
        );
        let (mut names, mut after) = (Vec::new(), Value::Null);
        loop {
            let mut page = phr.ask(&query, &json!({ "after": after }))["list"].take();
            names.extend(
                page["nodes"].as_array().unwrap().iter().map(|node| node["lastName"].as_str().unwrap().to_owned()),
            );
            if page["pageInfo"]["hasNextPage"] == false {
                return names;
            }
            after = page["pageInfo"]["endCursor"].take();
        }
    };
    // Unknown values count as the greatest.
    let doctors = "doctors(order: [{field: SPECIALTY_NAME";
    assert_eq!(names(doctors, "ASC"), ["Adams", "Brown", "Clark", "Davis", "Evans"]);
    assert_eq!(names(doctors, "DESC"), ["Evans", "Clark", "Davis", "Adams", "Brown"]);
    let patients = "patientRegisters(order: [{field: DOCTOR_LAST_NAME";
    assert_eq!(names(patients, "ASC"), ["Kim", "Kim", "Lee", "Lee", "Moe"]);
    assert_eq!(names(patients, "DESC"), ["Moe", "Lee", "Kim", "Lee", "Kim"]);
    let query = "{ medicalInstitutions { nodes { doctors(order: [{field: SPECIALTY_NAME, direction: DESC}, {field: LAST_NAME}], first: 3) {
        nodes { lastName } pageInfo { endCursor } } } } }";
    let nested = phr.ask(query, &json!({}))["medicalInstitutions"]["nodes"][0]["doctors"].take();
    assert_eq!(nested["nodes"], json!([{"lastName": "Evans"}, {"lastName": "Clark"}, {"lastName": "Davis"}]));
    let query = "query($after: String) { medicalInstitutions { nodes { doctors(after: $after, order: [
        {field: SPECIALTY_NAME, direction: DESC}, {field: LAST_NAME}]) { nodes { lastName } } } } }";
    let rest = phr.ask(query, &json!({"after": nested["pageInfo"]["endCursor"]}));
    let rest = &rest["medicalInstitutions"]["nodes"][0]["doctors"]["nodes"];
    assert_eq!(*rest, json!([{"lastName": "Adams"}, {"lastName": "Brown"}]));
}

fn what_is_out_of_reach_orders_nothing(phr: &Phr) {
    let institution = |name: &str| done(phr, "createMedicalInstitution", "uuid", &json!({"name": name}))["uuid"].take();
    let (own, other) = (institution("Own"), institution("Other"));
    for (institution, name) in [(&own, "Adams"), (&other, "Brown"), (&own, "Clark")] {
        let doctor = json!({"firstName": "Ada", "lastName": name, "institutionId": institution});
        let doctor = done(phr, "createDoctor", "uuid", &doctor)["uuid"].take();
        register(phr, &json!({"lastName": name, "institutionId": own, "doctorId": doctor}));
    }
    let key = own.as_str().unwrap().parse().unwrap();
    let scope = || Scope { boundary: Boundary::One(InstitutionId(key)), ..operator() };
    let query =
        "{ patientRegisters(order: [{field: DOCTOR_LAST_NAME}]) { nodes { lastName } pageInfo { endCursor } } }";
    let library = Library::of(&phr.database);
    let response = library.ask(scope(), query, &json!({}));
    let expected = json!([{"lastName": "Adams"}, {"lastName": "Clark"}, {"lastName": "Brown"}]);
    assert_eq!(response["data"]["patientRegisters"]["nodes"], expected, "a doctor out of reach is unknown: {response}");
    let blind = Scope { permissions: operator().permissions.without(Permission::ReadDirectory), ..operator() };
    assert_eq!(codes(&library.ask(blind, query, &json!({}))), ["FORBIDDEN"]);
}

fn patients_by_whom_others_are_asked_for_are_on_record(phr: &Phr) {
    practice(phr);
    let latex = json!({"patientRegisters": {"some": {"allergies": {"contains": "latex"}}}});
    let (_, id) = ask(phr, DOCTORS, &json!({"filter": {"specialty": {"doctors": {"none": latex}}}}));
    let found = of_request(phr, &id, 1);
    assert_eq!((values(&found, "resource"), values(&found, "patient_id")), (vec!["PatientRegister"], vec![""]));
    assert_eq!(values(&found, "fields"), ["doctor_id allergies"]);
}
