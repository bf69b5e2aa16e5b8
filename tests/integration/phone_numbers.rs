//! Phone numbers: kept as written, shown in international form, and compared however they are written.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{HOME, done, fault, faults, jane, register, with};

on_both_databases! {
    a_number_is_kept_as_written_beside_e164,
    a_number_without_plus_is_one_of_the_institutions_country,
    filters_find_a_number_however_it_is_written,
    a_patients_numbers_differ_however_they_are_written,
    registers_of_one_number_are_likely_duplicates,
    who_writes_sql_needs_no_e164,
    doctors_and_institutions_have_them_too,
}

/// The register's number, as written and in international form.
fn numbers(phr: &Phr, uuid: &str) -> Value {
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { phoneNumber phoneNumberE164 } }";
    phr.ask(query, &json!({ "uuid": uuid }))["patientRegister"].take()
}

/// Tells the home institution's country.
fn settle_home(phr: &Phr, country: &str) {
    let query = "query($code: String!) { countries(filter: {alpha2: {equal: $code}}) { nodes { uuid } } }";
    let country = phr.ask(query, &json!({ "code": country }))["countries"]["nodes"][0]["uuid"].take();
    done(phr, "updateMedicalInstitution", "uuid", &json!({"uuid": HOME, "countryId": country}));
}

fn a_number_is_kept_as_written_beside_e164(phr: &Phr) {
    for (written, e164) in [
        ("+44 20 7946 0000", json!("+442079460000")),
        ("tel:+44-20-7946-0000", json!("+442079460000")),
        ("+44 (0)20 7946 0000 ext. 12", json!("+442079460000")),
        ("＋４４ ２０ ７９４６ ００００", json!("+442079460000")),
        ("555-267-5674", Value::Null),
        ("+1 555-267-5674", Value::Null),
    ] {
        let uuid = register(phr, &json!({"phoneNumber": written}));
        assert_eq!(numbers(phr, &uuid), json!({"phoneNumber": written, "phoneNumberE164": e164}));
    }
}

/// No number of Britain begins with 4.
fn a_number_without_plus_is_one_of_the_institutions_country(phr: &Phr) {
    let before = register(phr, &json!({"phoneNumber": "020 7946 0000"}));
    assert_eq!(numbers(phr, &before)["phoneNumberE164"], Value::Null);
    settle_home(phr, "GB");
    let after = register(phr, &json!({"phoneNumber": "020 7946 0000"}));
    assert_eq!(numbers(phr, &after)["phoneNumberE164"], "+442079460000");
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": before, "phoneNumber": "(020) 7946 0000"}));
    let expected = json!({"phoneNumber": "(020) 7946 0000", "phoneNumberE164": "+442079460000"});
    assert_eq!(numbers(phr, &before), expected);
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": before, "phoneNumber": "455-267-5674"}));
    assert_eq!(numbers(phr, &before), json!({"phoneNumber": "455-267-5674", "phoneNumberE164": null}));
    // A number of a patient may tell its own country.
    let phone = json!({"patientId": before, "number": "06 12 34 56 78", "countryCode": "+33"});
    let added = done(phr, "addPhone", "uuid numberE164", &phone);
    assert_eq!(added["numberE164"], "+33612345678");
    let moved = done(phr, "updatePhone", "numberE164", &json!({"uuid": added["uuid"], "countryCode": null}));
    assert_eq!(moved, json!({"numberE164": null}));
}

fn filters_find_a_number_however_it_is_written(phr: &Phr) {
    settle_home(phr, "GB");
    let british = register(phr, &json!({"phoneNumber": "020 7946 0000"}));
    let unknown = register(phr, &json!({"phoneNumber": "455-267-5674"}));
    let none =
        done(phr, "createPatientRegister", "uuid", &with(jane(), &json!({"phoneNumber": null, "incomplete": true})));
    let none = none["uuid"].as_str().unwrap().to_owned();
    let found = |filter: &Value| {
        let query = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { nodes { uuid } } }";
        let list = phr.ask(query, &json!({"filter": {"phoneNumber": filter}}))["patientRegisters"]["nodes"].take();
        let mut keys: Vec<String> =
            list.as_array().unwrap().iter().map(|node| node["uuid"].as_str().unwrap().to_owned()).collect();
        keys.sort();
        keys
    };
    for same in ["+44 20 7946 0000", "+442079460000", "020-7946-0000", "02079460000", "tel:+44.20.7946.0000"] {
        assert_eq!(found(&json!({"equal": same})), [british.as_str()], "{same}");
        assert_eq!(found(&json!({"in": ["+49 30 123456", same]})), [british.as_str()], "{same}");
        assert_eq!(found(&json!({"notEqual": same})), [unknown.as_str()], "{same}");
        assert_eq!(found(&json!({"notIn": [same]})), [unknown.as_str()], "{same}");
    }
    for same in ["455-267-5674", "(455) 267.5674", "４５５ ２６７ ５６７４"] {
        assert_eq!(found(&json!({"equal": same})), [unknown.as_str()], "{same}");
    }
    for other in ["7946 0000", "+44 20 7946 0001", "", "nonsense", "0000"] {
        assert!(found(&json!({"equal": other})).is_empty(), "{other}");
    }
    assert_eq!(found(&json!({"startsWith": "+44 20"})), [british.as_str()]);
    assert_eq!(found(&json!({"startsWith": "020 79"})), [british.as_str()]);
    assert_eq!(found(&json!({"startsWith": "(455)"})), [unknown.as_str()]);
    assert_eq!(found(&json!({"contains": "79-46"})), [british.as_str()]);
    assert_eq!(found(&json!({"isNull": true})), [none.as_str()]);
    assert_eq!(found(&json!({"in": []})), Vec::<String>::new());
}

fn a_patients_numbers_differ_however_they_are_written(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let add = |number: &str| json!({"patientId": patient, "number": number});
    done(phr, "addPhone", "uuid", &add("+44 20 7946 0000"));
    done(phr, "addPhone", "uuid", &add("555-267-5674"));
    for same in ["+44-20-7946-0000", "+44 (0)20 7946 0000", "(555) 267 5674"] {
        assert_eq!(faults(phr, "addPhone", &add(same)), [fault("NOT_UNIQUE", "input.number")], "{same}");
    }
    let query = "mutation($input: RegisterPatientWithProfileInput!) { registerPatientWithProfile(input: $input) {
        patientRegister { uuid } userErrors { code path } } }";
    let input = json!({"patient": jane(), "phones": [{"number": "+44 20 7946 0000"}, {"number": "+442079460000"}]});
    let payload = phr.ask(query, &json!({ "input": input }))["registerPatientWithProfile"].take();
    let expected = json!([{"code": "NOT_UNIQUE", "path": ["input", "phones", "1", "number"]}]);
    assert_eq!(payload["userErrors"], expected);
}

fn registers_of_one_number_are_likely_duplicates(phr: &Phr) {
    settle_home(phr, "GB");
    let first = register(phr, &json!({"phoneNumber": "+44 20 7946 0000"}));
    let others = json!({"phoneNumber": "020 7946 0000 ext. 7", "dateOfBirth": "1985-12-04"});
    let second = register(phr, &others);
    let query = "query($of: UUID!) { likelyDuplicates(of: $of) { reasons patientRegister { uuid } } }";
    let found = phr.ask(query, &json!({ "of": second }))["likelyDuplicates"].take();
    assert_eq!(found[0]["patientRegister"]["uuid"], first, "{found}");
    assert!(found[0]["reasons"].as_array().unwrap().contains(&json!("PHONE_NUMBER")), "{found}");
}

fn who_writes_sql_needs_no_e164(phr: &Phr) {
    let uuid = register(phr, &json!({"phoneNumber": "+44 20 7946 0000"}));
    let key = phr.database.key(&uuid);
    let mut sql = phr.database.sql_as_server();
    sql.run(&format!("UPDATE patientregister SET phone_number = '555-267-5674' WHERE uuid = {key}"));
    assert_eq!(numbers(phr, &uuid), json!({"phoneNumber": "555-267-5674", "phoneNumberE164": null}));
    let folded = format!("SELECT phone_number_folded FROM patientregister WHERE uuid = {key}");
    assert_eq!(sql.value(&folded), "5552675674");
    assert_eq!(sql.value(&format!("SELECT version FROM patientregister WHERE uuid = {key}")), "2");
    sql.run(
        "INSERT INTO doctors (first_name, last_name, phone_number, institution_id)
             SELECT 'Ada', 'Lee', '(555) 267-5674', uuid FROM medical_institutions",
    );
    assert_eq!(sql.value("SELECT phone_number_folded FROM doctors"), "5552675674");
}

fn doctors_and_institutions_have_them_too(phr: &Phr) {
    settle_home(phr, "US");
    let fields = "phoneNumber phoneNumberE164";
    let doctor = json!({"firstName": "Ada", "lastName": "Lee", "phoneNumber": "(202) 456-1414"});
    let expected = json!({"phoneNumber": "(202) 456-1414", "phoneNumberE164": "+12024561414"});
    assert_eq!(done(phr, "createDoctor", fields, &doctor), expected);
    let home = json!({"uuid": HOME, "phoneNumber": "(202) 456-1414"});
    assert_eq!(done(phr, "updateMedicalInstitution", fields, &home), expected);
    for (list, kind) in [("doctors", "DoctorFilter"), ("medicalInstitutions", "MedicalInstitutionFilter")] {
        let query = format!("query($filter: {kind}) {{ {list}(filter: $filter) {{ nodes {{ phoneNumber }} }} }}");
        let found = phr.ask(&query, &json!({"filter": {"phoneNumber": {"equal": "+1 202.456.1414"}}}))[list].take();
        assert_eq!(found["nodes"], json!([{"phoneNumber": "(202) 456-1414"}]), "{list}");
    }
}
