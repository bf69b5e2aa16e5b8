//! What reads put on record.

use serde_json::json;
use support::{Phr, on_both_databases};

use super::{ask, entries, of_request, shipped, values};
use crate::patients::{HOME, done, register};

on_both_databases! {
    patients_of_a_list_stand_in_one_entry,
    patients_of_two_institutions_stand_in_two_entries,
    one_patient_shown_twice_is_one_entry,
    what_is_shown_of_a_patient_is_one_entry,
    a_record_that_is_shown_alone_is_told_as_itself,
    a_global_id_is_no_way_around,
    a_total_is_on_record_too,
    what_is_only_asked_by_is_on_record_too,
    what_is_not_a_patients_is_not_on_record,
    no_value_ever_enters_the_trail,
}

fn patients_of_a_list_stand_in_one_entry(phr: &Phr) {
    let mut patients: Vec<String> = (0..3).map(|_| register(phr, &json!({}))).collect();
    let query = "{ patientRegisters(first: 10, order: [{field: LAST_NAME}]) {
        nodes { firstName } edges { node { dateOfBirth institution { name } } } } }";
    let (_, id) = ask(phr, query, &json!({}));
    let found = of_request(phr, &id, 1);
    assert_eq!(found.len(), 1, "{found:?}");
    patients.sort_unstable();
    assert_eq!(super::patients(&found), patients);
    for entry in &found {
        assert_eq!((entry["action"].as_str(), entry["outcome"].as_str()), ("READ", "SUCCEEDED"));
        assert_eq!(entry["resource"], "PatientRegister");
        assert_eq!(entry["resource_id"], "", "it is about no single record");
        assert_eq!(entry["fields"], "uuid first_name date_of_birth institution_id last_name", "what orders shows too");
        assert_eq!(entry["resource_institution_id"], HOME);
        assert_eq!((entry["institution_id"].as_str(), entry["role"].as_str()), ("", "administrator"));
    }
}

fn patients_of_two_institutions_stand_in_two_entries(phr: &Phr) {
    let other = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    let [mine, another, theirs] =
        [json!({}), json!({}), json!({ "institutionId": other })].map(|given| register(phr, &given));
    let (_, id) = ask(phr, "{ patientRegisters { nodes { firstName } } }", &json!({}));
    let found = of_request(phr, &id, 2);
    assert_eq!(found.len(), 2, "{found:?}");
    let of = |institution: &str| {
        let own = found.iter().find(|entry| entry["resource_institution_id"] == institution).expect("an entry");
        (own["resource_id"].as_str(), super::patients(std::slice::from_ref(own)))
    };
    let mut both = vec![mine.as_str(), &another];
    both.sort_unstable();
    assert_eq!(of(HOME), ("", both));
    assert_eq!(of(other.as_str().unwrap()), (theirs.as_str(), vec![theirs.as_str()]), "a single record has its key");
}

fn one_patient_shown_twice_is_one_entry(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let query = "query($uuid: UUID!) { a: patientRegister(uuid: $uuid) { firstName }
        b: patientRegister(uuid: $uuid) { email } patientRegisters { nodes { firstName allergies } } }";
    let (_, id) = ask(phr, query, &json!({ "uuid": uuid }));
    let found = of_request(phr, &id, 1);
    assert_eq!(found.len(), 1, "{found:?}");
    let mut fields: Vec<&str> = found[0]["fields"].split(' ').collect();
    fields.sort_unstable();
    assert_eq!(fields, ["allergies", "created_at", "email", "first_name", "uuid"]);
}

/// Two patients, of whom the first takes something twice; the key of the first and of what it takes.
fn patients_of_whom_one_takes_something(phr: &Phr) -> (String, Vec<String>) {
    let taking = register(phr, &json!({"lastName": "Adams"}));
    register(phr, &json!({"lastName": "Baker"}));
    let add = |dose: &str| {
        let medication = json!({"patientId": taking, "display": "Ibuprofen", "dose": dose});
        done(phr, "addPatientMedication", "uuid", &medication)["uuid"].as_str().unwrap().to_owned()
    };
    (taking.clone(), vec![add("200 mg"), add("400 mg")])
}

fn what_is_shown_of_a_patient_is_one_entry(phr: &Phr) {
    let (taking, _) = patients_of_whom_one_takes_something(phr);
    let query = "{ patientRegisters(order: [{field: LAST_NAME}]) {
        nodes { firstName medications { nodes { dose } } conditions { nodes { display } } } } }";
    let (_, id) = ask(phr, query, &json!({}));
    // Besides, it is on record of whom nothing is known.
    let mut found = of_request(phr, &id, 4);
    found.retain(|entry| entry["resource"] == "PatientRegister");
    found.sort_by_key(|entry| entry["patient_id"] != taking);
    assert_eq!(found.len(), 2, "{found:?}");
    for entry in &found {
        assert_eq!((entry["resource"].as_str(), &entry["resource_id"]), ("PatientRegister", &entry["patient_id"]));
        assert_eq!(entry["resource_institution_id"], HOME);
    }
    let of_register = "uuid first_name last_name";
    let of_medications = ["uuid", "dose", "start_date"].map(|column| format!("patient_medications.{column}")).join(" ");
    assert_eq!(values(&found, "fields"), [format!("{of_register} {of_medications}").as_str(), of_register]);
    let query = "query($id: UUID!) { auditEvents(filter: {requestId: {equal: $id},
        fields: {contains: \"patient_medications.dose\"}}) { nodes { patientIds } } }";
    let told = phr.ask(query, &json!({ "id": id }));
    assert_eq!(
        told["auditEvents"]["nodes"],
        json!([{ "patientIds": [taking] }]),
        "auditors find it by its table's name"
    );
}

fn a_record_that_is_shown_alone_is_told_as_itself(phr: &Phr) {
    let (taking, taken) = patients_of_whom_one_takes_something(phr);
    let one = "query($uuid: UUID!) { patientMedication(uuid: $uuid) { dose } }";
    let (_, id) = ask(phr, one, &json!({ "uuid": taken[0] }));
    let found = of_request(phr, &id, 1);
    let told = ["resource", "resource_id", "patient_id", "fields"].map(|column| found[0][column].as_str());
    assert_eq!((found.len(), told), (1, ["PatientMedication", &taken[0], &taking, "uuid dose"]));
    let (_, id) = ask(phr, "{ patientMedications { nodes { dose } } }", &json!({}));
    let mut found = of_request(phr, &id, 2);
    found.retain(|entry| !entry["patient_id"].is_empty());
    let told = ["resource", "resource_id", "patient_id"].map(|column| found[0][column].as_str());
    assert_eq!((found.len(), told), (1, ["PatientRegister", &taking, &taking]), "several of them: {found:?}");
}

fn a_global_id_is_no_way_around(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { id } }";
    let global = phr.ask(query, &json!({ "uuid": uuid }))["patientRegister"]["id"].take();
    let fragment = "... on PatientRegister { medicalHistory }";
    for query in [
        format!("query($id: ID!) {{ node(id: $id) {{ {fragment} }} }}"),
        format!("query($id: ID!) {{ nodes(ids: [$id, \"AAAA\"]) {{ {fragment} }} }}"),
    ] {
        let (response, id) = ask(phr, &query, &json!({ "id": global }));
        assert!(response.get("errors").is_none(), "{response}");
        let found = of_request(phr, &id, 1);
        assert_eq!(
            (values(&found, "patient_id"), values(&found, "fields")),
            (vec![uuid.as_str()], vec!["uuid medical_history"])
        );
    }
}

fn a_total_is_on_record_too(phr: &Phr) {
    register(phr, &json!({}));
    let query = "{ patientRegisters(filter: {allergies: {contains: \"latex\"}}) { totalCount } }";
    let (_, id) = ask(phr, query, &json!({}));
    let found = of_request(phr, &id, 1);
    assert_eq!((values(&found, "fields"), values(&found, "patient_id")), (vec!["total_count allergies"], vec![""]));
}

fn what_is_only_asked_by_is_on_record_too(phr: &Phr) {
    let uuid = register(phr, &json!({"allergies": ["Quetzalcoatl"], "lastName": "Quetzal"}));
    let query = "{ patientRegisters(order: [{field: DATE_OF_BIRTH}], filter: {
        or: [{not: {email: {equal: \"Quetzalcoatl\"}}}, {and: [{phoneNumber: {isNull: true}}]}],
        lastName: {startsWith: \"Quetzal\"}, allergies: {contains: \"Quetzalcoatl\"}, firstName: {isNull: false},
        institution: {name: {notEqual: \"Quetzalcoatl\"}}}) { nodes { firstName } } }";
    let (response, id) = ask(phr, query, &json!({}));
    assert!(response.get("errors").is_none(), "{response}");
    // What was shown, and what was asked.
    let found = of_request(phr, &id, 2);
    assert_eq!(values(&found, "patient_id"), [uuid.as_str(); 2]);
    let mut fields: Vec<&str> = found[0]["fields"].split(' ').collect();
    assert_eq!(fields[..3], ["uuid", "first_name", "date_of_birth"], "what is shown comes first");
    fields.sort_unstable();
    let expected = [
        "allergies",
        "date_of_birth",
        "email",
        "first_name",
        "institution_id",
        "last_name",
        "medical_institutions.name",
        "phone_number",
        "uuid",
    ];
    assert_eq!(fields, expected, "each once, and no value");
    let by = |field: &str| {
        let query = "query($id: UUID!, $field: String!) { auditEvents(filter: {requestId: {equal: $id},
            fields: {contains: $field}}) { nodes { fields patientIds } } }";
        phr.ask(query, &json!({ "id": id, "field": field }))["auditEvents"]["nodes"].take()
    };
    for asked in ["email", "phone_number", "date_of_birth", "medical_institutions.name"] {
        let events = by(asked);
        assert_eq!(events[0]["patientIds"], json!([uuid]), "auditors are told of {asked}: {events}");
        assert_eq!(events[0]["fields"].as_array().unwrap().len(), expected.len(), "{events}");
    }
    assert_eq!(by("address"), json!([]));
}

fn what_is_not_a_patients_is_not_on_record(phr: &Phr) {
    let (_, id) =
        ask(phr, "{ medicalInstitutions { nodes { name } } doctors { totalCount } health { status } }", &json!({}));
    register(phr, &json!({}));
    shipped(&phr.database, "outcome = 'SUCCEEDED' AND action = 'CREATE'", 1);
    assert_eq!(entries(&phr.database, &format!("request_id = {}", phr.database.key(&id))), []);
}

fn no_value_ever_enters_the_trail(phr: &Phr) {
    let marker = "Quetzalcoatl";
    let changes = json!({
        "firstName": marker, "lastName": marker, "address": marker, "email": format!("{marker}@mail.example"),
        "emergencyContact": marker, "allergies": [marker], "medicalHistory": [marker], "currentMedications": [marker],
    });
    let uuid = register(phr, &changes);
    let update = "mutation($uuid: UUID!) { Quetzalcoatl: updatePatientRegister(input:
        {uuid: $uuid, lastName: \"Quetzalcoatlus\"}) { patientRegister { lastName allergies } } }";
    phr.ask(update, &json!({ "uuid": uuid }));
    let search = "{ patientRegisters(filter: {lastName: {startsWith: \"Quetzalcoatl\"}}, order: [{field: LAST_NAME}]) {
        Quetzalcoatl: totalCount nodes { Quetzalcoatl: allergies } edges { cursor } } }";
    let (response, id) = ask(phr, search, &json!({}));
    assert!(response.to_string().contains(marker), "{response}");
    of_request(phr, &id, 2);
    let refused = "{ Quetzalcoatl: patientRegister(uuid: \"Quetzalcoatl\") { uuid } }";
    ask(phr, refused, &json!({}));
    let table = super::row::read(phr.backend(), &mut phr.database.sql());
    assert!(table.len() >= 5);
    assert!(!format!("{table:?}").contains(marker), "{table:?}");
    for folder in super::spools(&phr.database) {
        for file in std::fs::read_dir(folder).unwrap() {
            assert!(!std::fs::read_to_string(file.unwrap().path()).unwrap().contains(marker));
        }
    }
    assert!(!std::fs::read_to_string(super::anchors(&phr.database)).unwrap().contains(marker));
    assert!(!phr.log().contains(marker));
}
