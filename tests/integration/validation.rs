//! The way to a register that can be relied on: who may confirm or refuse it, what leads where, and its history.

use std::fmt::Write as _;

use phr::scope::{Actor, Boundary, InstitutionId, Scope};
use serde_json::{Value, json};
use support::{Backend, Phr, on_both_databases};
use uuid::Uuid;

use crate::library::{Library, codes, operator};
use crate::patients::{HOME, done, fault, faults, read, register};

on_both_databases! {
    a_register_is_validated_by_its_doctor_and_its_institution,
    who_speaks_for_nobody_is_refused,
    what_leads_nowhere_is_said_with_its_path,
    a_refused_register_says_why,
    a_change_of_what_was_confirmed_takes_it_back,
    a_step_for_a_version_that_is_gone_is_not_taken,
    the_history_is_only_ever_appended_to,
    the_history_goes_with_the_patient,
}

/// A register with its doctor, and who may judge it.
struct Scene {
    library: Library,
    register: String,
    doctor: Scope,
    staff: Scope,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Somebody of the home institution with every permission: what they may do follows from what they are.
fn user(phr: &Phr, kind: &str, more: &Value) -> Scope {
    let role = "00000000-0000-4000-8001-000000000004";
    let mut input = json!({"kind": kind, "username": Uuid::new_v4(), "roleId": role});
    if kind != "PATIENT" {
        input["institutionId"] = json!(HOME);
    }
    let made = done(phr, "createUser", "uuid", &crate::patients::with(input, more));
    let actor = Actor(text(&made["uuid"]).parse().unwrap());
    Scope { actor, boundary: Boundary::One(InstitutionId(HOME.parse().unwrap())), ..operator() }
}

fn doctor(phr: &Phr) -> String {
    text(&done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"])
}

fn scene(phr: &Phr) -> Scene {
    let key = doctor(phr);
    Scene {
        library: Library::of(&phr.database),
        register: register(phr, &json!({ "doctorId": key })),
        doctor: user(phr, "DOCTOR", &json!({ "doctorId": key })),
        staff: user(phr, "STAFF", &json!({})),
    }
}

impl Scene {
    /// What a mutation of the register answers to somebody: its status, or what is wrong.
    fn take(&self, who: &Scope, mutation: &str, more: &str) -> String {
        let query = format!(
            "mutation {{ {mutation}PatientRegister(input: {{uuid: \"{}\"{more}}}) {{
                patientRegister {{ status rejectionReason }} userErrors {{ code path }} }} }}",
            self.register
        );
        let mut response = self.library.ask(who.clone(), &query, &json!({}));
        if let [code] = codes(&response)[..] {
            return code.to_owned();
        }
        let payload = response["data"][format!("{mutation}PatientRegister")].take();
        let mut told = String::new();
        for error in payload["userErrors"].as_array().unwrap_or_else(|| panic!("{response}")) {
            write!(told, "{} {}", text(&error["code"]), text(&error["path"][1])).unwrap();
        }
        if told.is_empty() { text(&payload["patientRegister"]["status"]) } else { told }
    }

    fn confirm(&self, who: &Scope, role: &str) -> String {
        self.take(who, "validate", &format!(", as: {role}"))
    }

    fn validate(&self) {
        assert_eq!(self.confirm(&self.doctor, "DOCTOR"), "DOCTOR_VALIDATED");
        assert_eq!(self.confirm(&self.staff, "INSTITUTION"), "VALIDATED");
    }

    /// The steps so far, the first one first.
    fn history(&self, phr: &Phr) -> Vec<Value> {
        let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) {
            validationHistory(first: 100, order: [{field: REGISTER_VERSION}]) {
                nodes { registerVersion fromStatus toStatus role actorUuid reason } } } }";
        let mut data = phr.ask(query, &json!({ "uuid": self.register }));
        data["patientRegister"]["validationHistory"]["nodes"].as_array_mut().map(std::mem::take).unwrap()
    }
}

fn a_register_is_validated_by_its_doctor_and_its_institution(phr: &Phr) {
    let scene = scene(phr);
    scene.validate();
    let step = |version: i32, from: &str, to: &str, role: &str, who: &Scope| {
        json!({"registerVersion": version, "fromStatus": from, "toStatus": to, "role": role,
               "actorUuid": who.actor.0, "reason": null})
    };
    let expected = [
        step(2, "PENDING", "DOCTOR_VALIDATED", "DOCTOR", &scene.doctor),
        step(3, "DOCTOR_VALIDATED", "VALIDATED", "INSTITUTION", &scene.staff),
    ];
    assert_eq!(scene.history(phr), expected);
    assert_eq!(scene.take(&scene.staff, "reopen", ", reason: \"moved\""), "PENDING");
    assert_eq!(scene.confirm(&scene.staff, "INSTITUTION"), "INSTITUTION_VALIDATED");
    assert_eq!(scene.confirm(&scene.doctor, "DOCTOR"), "VALIDATED");
    let history = scene.history(phr);
    assert_eq!(history.len(), 5);
    assert_eq!((&history[2]["reason"], &history[2]["role"]), (&json!("moved"), &json!("INSTITUTION")));
    let node = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { validationHistory(first: 2) {
        totalCount pageInfo { hasNextPage } nodes { id toStatus } } } }";
    let data = phr.ask(node, &json!({"uuid": scene.register}));
    let page = &data["patientRegister"]["validationHistory"];
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(5), &json!(true)));
    let found = phr.ask("query($id: ID!) { node(id: $id) { id } }", &json!({"id": page["nodes"][0]["id"]}));
    assert_eq!(found["node"]["id"], page["nodes"][0]["id"]);
}

fn who_speaks_for_nobody_is_refused(phr: &Phr) {
    let scene = scene(phr);
    let other = user(phr, "DOCTOR", &json!({"doctorId": doctor(phr)}));
    let service = user(phr, "SERVICE", &json!({}));
    let patient = user(phr, "PATIENT", &json!({"patientId": scene.register}));
    let patient = Scope { patient: scene.register.parse().ok(), ..patient };
    let opened = Scope { grant: Some(Uuid::new_v4()), ..scene.staff.clone() };
    let reader = Scope {
        permissions: scene.staff.permissions.without(phr::scope::Permission::WritePatients),
        ..scene.staff.clone()
    };
    for (who, role) in [
        (&other, "DOCTOR"),
        (&other, "INSTITUTION"),
        (&scene.doctor, "INSTITUTION"),
        (&scene.staff, "DOCTOR"),
        (&service, "INSTITUTION"),
        (&patient, "INSTITUTION"),
        (&opened, "INSTITUTION"),
        (&reader, "INSTITUTION"),
        (&operator(), "DOCTOR"),
    ] {
        assert_eq!(scene.confirm(who, role), "FORBIDDEN", "{role}");
    }
    for who in [&other, &service, &patient, &opened, &reader] {
        assert_eq!(scene.take(who, "reject", ", reason: \"no\""), "FORBIDDEN");
        assert_eq!(scene.take(who, "reopen", ""), "FORBIDDEN");
    }
    let elsewhere = Scope { boundary: Boundary::One(InstitutionId(Uuid::new_v4())), ..scene.staff.clone() };
    assert_eq!(scene.confirm(&elsewhere, "INSTITUTION"), "NOT_FOUND uuid");
    assert_eq!(read(phr, &scene.register)["version"], 1);
    assert_eq!(scene.history(phr), [] as [Value; 0]);
}

fn what_leads_nowhere_is_said_with_its_path(phr: &Phr) {
    let scene = scene(phr);
    assert_eq!(scene.take(&scene.doctor, "reopen", ""), "INVALID_STATE uuid");
    assert_eq!(scene.confirm(&scene.doctor, "DOCTOR"), "DOCTOR_VALIDATED");
    assert_eq!(scene.confirm(&scene.doctor, "DOCTOR"), "INVALID_STATE as");
    assert_eq!(scene.confirm(&scene.staff, "INSTITUTION"), "VALIDATED");
    assert_eq!(scene.confirm(&scene.doctor, "DOCTOR"), "INVALID_STATE uuid");
    assert_eq!(scene.take(&scene.doctor, "reject", ", reason: \"no\""), "REJECTED");
    assert_eq!(scene.take(&scene.staff, "reject", ", reason: \"no\""), "INVALID_STATE uuid");
    assert_eq!(scene.confirm(&scene.staff, "INSTITUTION"), "INVALID_STATE uuid");
    let incomplete = format!(
        "UPDATE patientregister SET status = 'INCOMPLETE', rejection_reason = NULL WHERE uuid = {}",
        phr.database.key(&scene.register)
    );
    phr.database.sql().run(&incomplete);
    assert_eq!(scene.confirm(&scene.staff, "INSTITUTION"), "INVALID_STATE uuid");
    assert_eq!(scene.take(&scene.staff, "reject", ", reason: \"no\""), "INVALID_STATE uuid");
    assert_eq!(scene.take(&scene.staff, "reopen", ""), "INVALID_STATE uuid");
    let missing = json!({"uuid": Uuid::new_v4(), "reason": "no"});
    assert_eq!(faults(phr, "rejectPatientRegister", &missing), [fault("NOT_FOUND", "input.uuid")]);
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": scene.register}));
    assert_eq!(scene.confirm(&scene.staff, "INSTITUTION"), "NOT_FOUND uuid");
}

fn a_refused_register_says_why(phr: &Phr) {
    let scene = scene(phr);
    for (reason, code) in
        [("", "REQUIRED"), ("  ", "REQUIRED"), ("a\u{7}", "INVALID_FORMAT"), (&*"x".repeat(501), "TOO_LONG")]
    {
        let input = json!({"uuid": scene.register, "reason": reason});
        assert_eq!(faults(phr, "rejectPatientRegister", &input), [fault(code, "input.reason")]);
    }
    let longest = "é".repeat(500);
    let input = json!({"uuid": scene.register, "reason": longest});
    let refused = done(phr, "rejectPatientRegister", "status rejectionReason", &input);
    assert_eq!(refused, json!({"status": "REJECTED", "rejectionReason": longest}));
    assert_eq!(scene.history(phr)[0]["reason"], longest);
    let reopened = done(phr, "reopenPatientRegister", "status rejectionReason", &json!({"uuid": scene.register}));
    assert_eq!(reopened, json!({"status": "PENDING", "rejectionReason": null}));
    let mut sql = phr.database.sql();
    for wrong in ["status = 'REJECTED'", "rejection_reason = 'x'", "status = 'REJECTED', rejection_reason = ' '"] {
        assert!(sql.attempt(&format!("UPDATE patientregister SET {wrong}")).is_err(), "{wrong}");
    }
}

fn a_change_of_what_was_confirmed_takes_it_back(phr: &Phr) {
    let scene = scene(phr);
    let change = |changes: Value| {
        let input = crate::patients::with(changes, &json!({"uuid": scene.register}));
        text(&done(phr, "updatePatientRegister", "status", &input)["status"])
    };
    scene.validate();
    let reached = json!({"email": "b@c.de", "phoneNumber": "0123456789", "address": "x", "emergencyContact": "y"});
    assert_eq!(change(reached), "VALIDATED");
    for changes in [
        json!({"firstName": "Joan"}),
        json!({"lastName": "Li"}),
        json!({"dateOfBirth": "1985-04-13"}),
        json!({"dateOfDeath": "2020-01-01"}),
        json!({"allergies": ["latex"]}),
        json!({"medicalHistory": ["asthma"]}),
        json!({"currentMedications": ["salbutamol"]}),
    ] {
        assert_eq!(change(changes.clone()), "PENDING", "{changes}");
        scene.validate();
        assert_eq!(change(changes.clone()), "VALIDATED", "{changes} again changes nothing");
    }
    assert_eq!(change(json!({"firstName": "Jo", "address": "z"})), "PENDING");
    assert_eq!(scene.confirm(&scene.staff, "INSTITUTION"), "INSTITUTION_VALIDATED");
    assert_eq!(change(json!({"lastName": "Lo"})), "PENDING", "what only one of them confirmed too");
    scene.validate();
    // Whoever changes it.
    let key = phr.database.key(&scene.register);
    phr.database.sql().run(&format!("UPDATE patientregister SET last_name = 'La' WHERE uuid = {key}"));
    assert_eq!(read(phr, &scene.register)["status"], "PENDING");
    let last = scene.history(phr).pop().unwrap();
    assert_eq!((&last["fromStatus"], &last["role"]), (&json!("VALIDATED"), &Value::Null));
    assert_eq!(last["registerVersion"], read(phr, &scene.register)["version"]);
    let entry = format!("SELECT changed_fields FROM change_log WHERE key = {key} ORDER BY sequence DESC LIMIT 1");
    assert!(phr.database.sql().value(&entry).contains("status"));
    // Another doctor has confirmed nothing.
    scene.validate();
    assert_eq!(change(json!({"doctorId": doctor(phr)})), "PENDING");
    assert_eq!(scene.confirm(&scene.doctor, "DOCTOR"), "FORBIDDEN");
}

fn a_step_for_a_version_that_is_gone_is_not_taken(phr: &Phr) {
    let scene = scene(phr);
    let stale = ", as: DOCTOR, expectedVersion: 7";
    assert_eq!(scene.take(&scene.doctor, "validate", stale), "VERSION_CONFLICT expectedVersion");
    assert_eq!(scene.take(&scene.doctor, "validate", ", as: DOCTOR, expectedVersion: 1"), "DOCTOR_VALIDATED");
    assert_eq!(scene.history(phr).len(), 1);
}

fn the_history_is_only_ever_appended_to(phr: &Phr) {
    let scene = scene(phr);
    scene.validate();
    let before = scene.history(phr);
    for mut sql in [phr.database.sql(), phr.database.sql_as_server()] {
        for change in [
            "UPDATE patient_validations SET to_status = 'REJECTED'",
            "UPDATE patient_validations SET reason = 'x'",
            "UPDATE patient_validations SET actor_id = NULL",
            "DELETE FROM patient_validations",
        ] {
            assert!(sql.attempt(change).is_err(), "{change}");
        }
        if phr.backend() == Backend::Postgres {
            assert!(sql.attempt("TRUNCATE patient_validations").is_err());
        }
    }
    assert_eq!(scene.history(phr), before);
    // It ends with the register itself.
    let key = phr.database.key(&scene.register);
    phr.database.sql().run(&format!("DELETE FROM patientregister WHERE uuid = {key}"));
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patient_validations"), "0");
}

fn the_history_goes_with_the_patient(phr: &Phr) {
    let scene = scene(phr);
    scene.validate();
    let other = text(&done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"]);
    let moved = json!({"uuid": scene.register, "institutionId": other});
    assert_eq!(done(phr, "updatePatientRegister", "status", &moved), json!({"status": "PENDING"}));
    assert_eq!(scene.history(phr).len(), 3);
    let whose = format!("SELECT count(*) FROM patient_validations WHERE institution_id = {}", phr.database.key(&other));
    assert_eq!(phr.database.sql().value(&whose), "3");
    assert_eq!(scene.confirm(&scene.staff, "INSTITUTION"), "NOT_FOUND uuid");
    let query = format!(
        "{{ patientRegister(uuid: \"{}\") {{ validationHistory {{ totalCount nodes {{ reason }} }} }} }}",
        scene.register
    );
    let response = scene.library.ask(scene.staff.clone(), &query, &json!({}));
    assert_eq!(response["data"]["patientRegister"], Value::Null, "{response}");
}
