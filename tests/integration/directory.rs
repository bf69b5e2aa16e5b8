//! What registers refer to: institutions, doctors, specialties.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{NOBODY, done, fault, faults, record_field, with};

on_both_databases! {
    records_are_created_read_and_changed,
    optional_texts_can_be_cleared_and_required_ones_cannot,
    a_doctor_has_one_name_at_least,
    a_licence_belongs_to_one_doctor,
    a_specialty_has_a_name_of_its_own,
    a_doctor_refers_to_what_exists,
    a_doctor_has_an_institution,
    a_stale_version_changes_nothing,
    nested_records_are_read_through_relations,
    a_field_of_a_mutation_shows_what_an_earlier_one_changed,
}

/// Of each kind: the noun, an input with every field, and the required texts.
fn kinds() -> [(&'static str, Value, &'static [&'static str]); 3] {
    let contact = json!({"email": "office@clinic.example", "phoneNumber": "555-010-0001"});
    [
        ("MedicalInstitution", with(json!({"name": "Harbour Clinic", "address": "1 Quay"}), &contact), &["name"]),
        ("DoctorSpecialty", json!({"name": "Cardiology", "description": "Heart and vessels"}), &["name"]),
        (
            "Doctor",
            with(json!({"firstName": "Ada", "lastName": "Lee", "licenseNumber": "L-1"}), &contact),
            &["lastName"],
        ),
    ]
}

fn fields(input: &Value) -> String {
    let names: Vec<&str> = input.as_object().unwrap().keys().map(String::as_str).collect();
    format!("id uuid version createdAt updatedAt {}", names.join(" "))
}

fn read(phr: &Phr, noun: &str, fields: &str, uuid: &Value) -> Value {
    let field = record_field(&format!("x{noun}"));
    phr.ask(&format!("query($uuid: UUID!) {{ {field}(uuid: $uuid) {{ {fields} }} }}"), &json!({"uuid": uuid}))[&field]
        .take()
}

fn records_are_created_read_and_changed(phr: &Phr) {
    for (noun, input, required) in kinds() {
        let fields = fields(&input);
        let created = done(phr, &format!("create{noun}"), &fields, &input);
        assert_eq!(with(created.clone(), &input), created, "what was asked for is there");
        assert_eq!(created["version"], 1);
        assert_eq!(read(phr, noun, &fields, &created["uuid"]), created);
        let node = phr.ask("query($id: ID!) { node(id: $id) { __typename id } }", &json!({"id": created["id"]}));
        assert_eq!(node["node"]["__typename"], noun);

        let change = json!({"uuid": created["uuid"], required[0]: "Zoë"});
        let changed = done(phr, &format!("update{noun}"), &fields, &change);
        let expected = json!({required[0]: "Zoë", "version": 2, "updatedAt": changed["updatedAt"]});
        assert_eq!(changed, with(created.clone(), &expected));
        assert_eq!(read(phr, noun, &fields, &created["uuid"]), changed);
        assert_eq!(read(phr, noun, "uuid", &json!(NOBODY)), Value::Null);
        let nobody = json!({"uuid": NOBODY});
        assert_eq!(faults(phr, &format!("update{noun}"), &nobody), [fault("NOT_FOUND", "input.uuid")]);
        let again = with(input, &json!({"uuid": created["uuid"]}));
        let again = faults(phr, &format!("create{noun}"), &again);
        assert!(again.contains(&fault("NOT_UNIQUE", "input.uuid")), "{noun}: {again:?}");
    }
}

fn optional_texts_can_be_cleared_and_required_ones_cannot(phr: &Phr) {
    for (noun, input, required) in kinds() {
        let fields = fields(&input);
        let uuid = done(phr, &format!("create{noun}"), "uuid", &input)["uuid"].take();
        for field in input.as_object().unwrap().keys() {
            let cleared = json!({"uuid": uuid, field: null});
            if required.contains(&field.as_str()) {
                let found = faults(phr, &format!("update{noun}"), &cleared);
                assert_eq!(found, [fault("REQUIRED", &format!("input.{field}"))]);
                let empty = with(input.clone(), &json!({field: "\t"}));
                let found = faults(phr, &format!("create{noun}"), &empty);
                assert!(found.contains(&fault("REQUIRED", &format!("input.{field}"))), "{noun}: {found:?}");
            } else {
                assert_eq!(done(phr, &format!("update{noun}"), &fields, &cleared)[field], Value::Null);
            }
        }
    }
}

fn a_doctor_has_one_name_at_least(phr: &Phr) {
    for (only, other) in [("firstName", "lastName"), ("lastName", "firstName")] {
        let made = done(phr, "createDoctor", "uuid firstName lastName", &json!({ only: "Sukarno" }));
        assert_eq!((&made[only], &made[other]), (&json!("Sukarno"), &Value::Null));
        let nameless = json!({"uuid": made["uuid"], only: null});
        assert_eq!(faults(phr, "updateDoctor", &nameless), [fault("REQUIRED", "input.lastName")]);
        let renamed = json!({"uuid": made["uuid"], only: null, other: "Kusno"});
        assert_eq!(done(phr, "updateDoctor", other, &renamed)[other], "Kusno");
    }
    assert_eq!(faults(phr, "createDoctor", &json!({"licenseNumber": "L-9"})), [fault("REQUIRED", "input.lastName")]);
    let list = phr.ask("{ doctors { nodes { lastName } } }", &json!({}))["doctors"]["nodes"].take();
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    let nameless = phr.database.sql().attempt("UPDATE doctors SET first_name = NULL, last_name = NULL");
    assert!(nameless.unwrap_err().contains("doctors_name_check"));
}

fn a_licence_belongs_to_one_doctor(phr: &Phr) {
    let doctor = |licence: Value| json!({"firstName": "Ada", "lastName": "Lee", "licenseNumber": licence});
    done(phr, "createDoctor", "uuid", &doctor(json!("L-1")));
    let other = done(phr, "createDoctor", "uuid", &doctor(json!("L-2")))["uuid"].take();
    let taken = [fault("NOT_UNIQUE", "input.licenseNumber")];
    assert_eq!(faults(phr, "createDoctor", &doctor(json!("L-1"))), taken);
    assert_eq!(faults(phr, "updateDoctor", &json!({"uuid": other, "licenseNumber": "L-1"})), taken);
    // Its own licence is no conflict, and any number of doctors may have none.
    done(phr, "updateDoctor", "uuid", &json!({"uuid": other, "licenseNumber": "L-2", "firstName": "Eve"}));
    done(phr, "createDoctor", "uuid", &doctor(Value::Null));
    done(phr, "createDoctor", "uuid", &doctor(json!("")));
}

fn a_specialty_has_a_name_of_its_own(phr: &Phr) {
    done(phr, "createDoctorSpecialty", "uuid", &json!({"name": "Cardiology"}));
    let other = done(phr, "createDoctorSpecialty", "uuid", &json!({"name": "Neurology"}))["uuid"].take();
    let taken = [fault("NOT_UNIQUE", "input.name")];
    assert_eq!(faults(phr, "createDoctorSpecialty", &json!({"name": "Cardiology"})), taken);
    assert_eq!(faults(phr, "updateDoctorSpecialty", &json!({"uuid": other, "name": " Cardiology "})), taken);
}

fn a_doctor_refers_to_what_exists(phr: &Phr) {
    for field in ["institutionId", "specialtyId"] {
        let input = json!({"firstName": "Ada", "lastName": "Lee", field: NOBODY});
        let missing = [fault("REFERENCE_MISSING", &format!("input.{field}"))];
        assert_eq!(faults(phr, "createDoctor", &input), missing);
        let uuid = done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
        assert_eq!(faults(phr, "updateDoctor", &json!({"uuid": uuid, field: NOBODY})), missing);
    }
}

fn a_doctor_has_an_institution(phr: &Phr) {
    let name = json!({"firstName": "Ada", "lastName": "Lee"});
    let made = done(phr, "createDoctor", "uuid institution { uuid }", &name);
    assert_eq!(made["institution"]["uuid"], crate::patients::HOME, "the caller's own, when none is named");
    let without = json!({"uuid": made["uuid"], "institutionId": null});
    assert_eq!(faults(phr, "updateDoctor", &without), [fault("REQUIRED", "input.institutionId")]);
    let mut sql = phr.database.sql();
    for statement in [
        "UPDATE doctors SET institution_id = NULL",
        "INSERT INTO doctors (uuid, first_name, last_name, institution_id)
         SELECT institution_id, 'A', 'B', NULL FROM doctors",
    ] {
        assert!(sql.attempt(statement).is_err(), "{statement}");
    }
}

fn a_stale_version_changes_nothing(phr: &Phr) {
    for (noun, input, required) in kinds() {
        let uuid = done(phr, &format!("create{noun}"), "uuid", &input)["uuid"].take();
        let stale = json!({"uuid": uuid, "expectedVersion": 2, required[0]: "Zoë"});
        let found = faults(phr, &format!("update{noun}"), &stale);
        assert_eq!(found, [fault("VERSION_CONFLICT", "input.expectedVersion")], "{noun}");
        assert_eq!(read(phr, noun, "version", &uuid)["version"], 1);
    }
}

fn nested_records_are_read_through_relations(phr: &Phr) {
    let institution = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Harbour Clinic"}))["uuid"].take();
    let specialty = done(phr, "createDoctorSpecialty", "uuid", &json!({"name": "Cardiology"}))["uuid"].take();
    let doctor = json!({
        "firstName": "Ada", "lastName": "Lee", "institutionId": institution, "specialtyId": specialty,
    });
    let doctor = done(phr, "createDoctor", "uuid", &doctor)["uuid"].take();
    crate::patients::register(phr, &json!({"doctorId": doctor, "institutionId": institution}));
    let data = phr.ask(
        "{ patientRegisters { nodes { institution { name } doctor { lastName specialty { name } institution { name } } } } }",
        &json!({}),
    );
    let expected = json!({
        "institution": {"name": "Harbour Clinic"},
        "doctor": {
            "lastName": "Lee", "specialty": {"name": "Cardiology"}, "institution": {"name": "Harbour Clinic"},
        },
    });
    assert_eq!(data["patientRegisters"]["nodes"], json!([expected]));
}

fn a_field_of_a_mutation_shows_what_an_earlier_one_changed(phr: &Phr) {
    let institution = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Harbour Clinic"}))["uuid"].take();
    let doctor = json!({"firstName": "Ada", "lastName": "Lee", "institutionId": institution});
    let doctor = done(phr, "createDoctor", "uuid", &doctor)["uuid"].take();
    let shown = "{ doctor { institution { name } } }";
    let query = format!(
        "mutation($doctor: UUID!, $institution: UUID!) {{
            before: updateDoctor(input: {{uuid: $doctor, lastName: \"Ray\"}}) {shown}
            updateMedicalInstitution(input: {{uuid: $institution, name: \"Hill Clinic\"}}) {{ userErrors {{ code }} }}
            after: updateDoctor(input: {{uuid: $doctor, lastName: \"Day\"}}) {shown}
        }}"
    );
    let data = phr.ask(&query, &json!({"doctor": doctor, "institution": institution}));
    let name = |field: &str| data[field]["doctor"]["institution"]["name"].clone();
    assert_eq!((name("before"), name("after")), (json!("Harbour Clinic"), json!("Hill Clinic")), "{data}");
}
