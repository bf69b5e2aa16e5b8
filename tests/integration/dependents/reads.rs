//! Reading what belongs to patients: with them, and by itself.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{SNOMED, add, code, kinds};
use crate::catalogues::texts;
use crate::patients::{done, register};

on_both_databases! {
    each_patient_has_the_own_ones,
    lists_are_filtered_ordered_and_paged_for_each_patient,
    what_belongs_to_deleted_registers_is_not_found,
    records_are_found_by_what_their_patients_are,
}

fn each_patient_has_the_own_ones(phr: &Phr) {
    let patients: Vec<String> = (0..3).map(|_| register(phr, &json!({}))).collect();
    for (kind, _, _, what) in kinds() {
        for patient in &patients[..2] {
            add(phr, kind, patient, "uuid", &what);
        }
    }
    let lists: Vec<String> = kinds()
        .iter()
        .filter(|(kind, ..)| *kind != "HealthProfile")
        .map(|(_, _, field, _)| format!("{field} {{ totalCount nodes {{ patientRegister {{ uuid }} }} }}"))
        .collect();
    let lists = lists.join(" ");
    let query = format!(
        "query($uuids: [UUID!]) {{ patientRegisters(filter: {{uuid: {{in: $uuids}}}}) {{ nodes {{ uuid
            healthProfile {{ heightCm patientRegister {{ uuid }} }} {lists} }} }} }}"
    );
    let found = phr.ask(&query, &json!({ "uuids": patients }));
    for register in found["patientRegisters"]["nodes"].as_array().unwrap() {
        let has = register["uuid"] != json!(patients[2]);
        let own = json!({ "uuid": register["uuid"] });
        let profile = if has { json!({"heightCm": 170, "patientRegister": own}) } else { Value::Null };
        assert_eq!(register["healthProfile"], profile);
        for (kind, _, field, _) in kinds().iter().skip(1) {
            let nodes = if has { json!([{ "patientRegister": own }]) } else { json!([]) };
            assert_eq!(register[field], json!({"totalCount": i32::from(has), "nodes": nodes}), "{kind}");
        }
    }
}

fn lists_are_filtered_ordered_and_paged_for_each_patient(phr: &Phr) {
    let patients: Vec<String> = (0..2).map(|_| register(phr, &json!({}))).collect();
    for patient in &patients {
        for (day, status) in [("2001-01-01", "RESOLVED"), ("2003-01-01", "ACTIVE"), ("2002-01-01", "ACTIVE")] {
            let condition = json!({"display": format!("since {day}"), "onsetDate": day, "status": status});
            add(phr, "PatientCondition", patient, "uuid", &condition);
        }
    }
    let query = "query($uuids: [UUID!]) { patientRegisters(filter: {uuid: {in: $uuids}}) { nodes {
        all: conditions { nodes { display } }
        active: conditions(filter: {status: {equal: ACTIVE}}, order: [{field: ONSET_DATE}], first: 1) {
            totalCount nodes { display } pageInfo { hasNextPage } }
        second: conditions(page: {page: 2, perPage: 2}) { nodes { display } } } } }";
    let found = phr.ask(query, &json!({ "uuids": patients }));
    for register in found["patientRegisters"]["nodes"].as_array().unwrap() {
        assert_eq!(texts(&register["all"], "display"), ["since 2003-01-01", "since 2002-01-01", "since 2001-01-01"]);
        assert_eq!(texts(&register["active"], "display"), ["since 2002-01-01"]);
        assert_eq!(
            (&register["active"]["totalCount"], &register["active"]["pageInfo"]["hasNextPage"]),
            (&json!(2), &json!(true))
        );
        assert_eq!(texts(&register["second"], "display"), ["since 2001-01-01"]);
    }
}

fn what_belongs_to_deleted_registers_is_not_found(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let added: Vec<Value> =
        kinds().iter().map(|(kind, _, _, what)| add(phr, kind, &patient, "uuid id", what)).collect();
    let total = |phr: &Phr, list: &str| {
        phr.ask(&format!("{{ {list} {{ totalCount nodes {{ uuid }} }} }}"), &json!({}))[list].take()
    };
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": patient }));
    for ((kind, list, ..), record) in kinds().iter().zip(&added) {
        assert_eq!(total(phr, list), json!({"totalCount": 0, "nodes": []}), "{kind}");
        let node = phr.ask("query($id: ID!) { node(id: $id) { id } }", &json!({ "id": record["id"] }));
        assert_eq!(node["node"], Value::Null, "{kind}");
        let refused = crate::patients::faults(phr, &format!("remove{kind}"), &json!({ "uuid": record["uuid"] }));
        assert_eq!(refused, [crate::patients::fault("NOT_FOUND", "input.uuid")], "{kind}");
    }
    done(phr, "restorePatientRegister", "uuid", &json!({ "uuid": patient }));
    for ((kind, list, ..), record) in kinds().iter().zip(&added) {
        assert_eq!(total(phr, list), json!({"totalCount": 1, "nodes": [{"uuid": record["uuid"]}]}), "{kind}");
    }
}

fn records_are_found_by_what_their_patients_are(phr: &Phr) {
    let asthma = code(phr, "MedicalCondition", SNOMED, "195967001", "Asthma");
    for last_name in ["Lee", "Torres"] {
        let patient = register(phr, &json!({ "lastName": last_name }));
        add(phr, "PatientCondition", &patient, "uuid", &json!({"medicalConditionId": asthma, "severity": "MILD"}));
        add(phr, "PatientCondition", &patient, "uuid", &json!({"display": "Something", "severity": "SEVERE"}));
        add(phr, "Address", &patient, "uuid", &json!({"street": "S", "latitude": 42.5, "longitude": -71.5}));
    }
    for (filter, expected) in [
        (json!({"patientRegister": {"lastName": {"equal": "Lee"}}}), 2),
        (json!({"code": {"equal": "195967001"}}), 2),
        (json!({"medicalCondition": {"name": {"startsWith": "Ast"}}}), 2),
        (json!({"and": [{"severity": {"in": ["SEVERE"]}}, {"patientRegister": {"lastName": {"equal": "Lee"}}}]}), 1),
        (json!({"onsetDate": {"isNull": false}}), 0),
        (json!({"not": {"code": {"equal": "195967001"}}}), 2),
    ] {
        let query = "query($filter: PatientConditionFilter) { patientConditions(filter: $filter) { totalCount } }";
        let found = phr.ask(query, &json!({ "filter": filter }));
        assert_eq!(found["patientConditions"]["totalCount"], expected, "{filter}");
    }
    let query = "query($after: String) { addresses(filter: {latitude: {greaterThan: 42.4}},
        order: [{field: LATITUDE}, {field: IS_PRIMARY}], first: 1, after: $after) {
        nodes { latitude } pageInfo { endCursor hasNextPage } } }";
    let first = phr.ask(query, &json!({}));
    let after = &first["addresses"]["pageInfo"]["endCursor"];
    let second = phr.ask(query, &json!({ "after": after }));
    assert_eq!(second["addresses"]["nodes"], json!([{"latitude": 42.5}]), "a place in an order of numbers");
    assert_eq!(second["addresses"]["pageInfo"]["hasNextPage"], false);
}
