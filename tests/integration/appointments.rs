//! Appointments: a patient with a doctor, who sees one patient at a time.

use phr::scope::{Boundary, InstitutionId, Scope};
use serde_json::{Value, json};
use support::{Backend, Phr, on_both_databases};

use crate::audit::{Entry, ask, of_request};
use crate::library::{Library, codes, operator};
use crate::patients::{HOME, NOBODY, done, fault, faults, register, with};

on_both_databases! {
    an_appointment_is_made_changed_and_seen_from_the_patient,
    a_doctor_sees_one_patient_at_a_time,
    what_is_no_appointment_is_refused_with_its_path,
    both_databases_keep_the_rules_by_themselves,
    who_may_make_and_see_appointments,
    an_appointment_goes_with_the_patient,
    registers_are_found_by_their_appointments,
    only_who_is_shown_is_put_on_record,
    the_reason_is_for_who_may_see_clinical_fields,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn doctor(phr: &Phr, more: &Value) -> String {
    text(&done(phr, "createDoctor", "uuid", &with(json!({"firstName": "Ada", "lastName": "Lee"}), more))["uuid"])
}

/// From one full hour to another, of one day.
fn hours(from: &str, to: &str) -> Value {
    json!({"startsAt": format!("2030-05-06T{from}:00Z"), "endsAt": format!("2030-05-06T{to}:00Z")})
}

fn input(patient: &str, doctor: &str, more: &Value) -> Value {
    with(with(json!({"patientId": patient, "doctorId": doctor}), &hours("09:00", "09:30")), more)
}

fn book(phr: &Phr, patient: &str, doctor: &str, more: &Value) -> String {
    text(&done(phr, "createAppointment", "uuid", &input(patient, doctor, more))["uuid"])
}

fn an_appointment_is_made_changed_and_seen_from_the_patient(phr: &Phr) {
    let (patient, doctor) = (register(phr, &json!({})), doctor(phr, &json!({})));
    let fields = "id uuid startsAt endsAt status reason version patientRegister { uuid } doctor { lastName }";
    let made = done(phr, "createAppointment", fields, &input(&patient, &doctor, &json!({"reason": " a cough "})));
    let expected = json!({
        "id": made["id"], "uuid": made["uuid"], "startsAt": "2030-05-06T09:00:00.000000+00:00",
        "endsAt": "2030-05-06T09:30:00.000000+00:00", "status": "BOOKED", "reason": "a cough", "version": 1,
        "patientRegister": {"uuid": patient}, "doctor": {"lastName": "Lee"},
    });
    assert_eq!(made, expected);
    let later = book(phr, &patient, &doctor, &hours("11:00", "12:00"));
    book(phr, &register(phr, &json!({})), &doctor, &hours("10:00", "10:15"));
    let query = "query($uuid: UUID!, $filter: AppointmentFilter) { patientRegister(uuid: $uuid) {
        appointments(filter: $filter, first: 5) { totalCount nodes { uuid doctor { uuid } } } } }";
    let of = |filter: Value| {
        let data = phr.ask(query, &json!({"uuid": patient, "filter": filter}));
        data["patientRegister"]["appointments"].clone()
    };
    let node = |uuid: &str| json!({"uuid": uuid, "doctor": {"uuid": doctor}});
    let both = json!({"totalCount": 2, "nodes": [node(&text(&made["uuid"])), node(&later)]});
    assert_eq!(of(Value::Null), both);
    assert_eq!(of(json!({"status": {"equal": "CANCELLED"}}))["totalCount"], 0);
    assert_eq!(of(json!({"startsAt": {"greaterThan": "2030-05-06T10:00:00Z"}}))["nodes"], json!([node(&later)]));
    let change = json!({"uuid": made["uuid"], "expectedVersion": 1, "status": "ARRIVED", "reason": null});
    let changed = done(phr, "updateAppointment", "status reason version", &change);
    assert_eq!(changed, json!({"status": "ARRIVED", "reason": null, "version": 2}));
    assert_eq!(faults(phr, "updateAppointment", &change), [fault("VERSION_CONFLICT", "input.expectedVersion")]);
    let list = "{ appointments(filter: {doctor: {lastName: {equal: \"Lee\"}}, patientRegister: {lastName: {equal: \"Smith\"}}}) {
        totalCount nodes { id } } }";
    let data = phr.ask(list, &json!({}));
    assert_eq!(data["appointments"]["totalCount"], 3);
    let id = &data["appointments"]["nodes"][0]["id"];
    assert_eq!(phr.ask("query($id: ID!) { node(id: $id) { id } }", &json!({ "id": id }))["node"]["id"], *id);
    let log = "SELECT count(*) FROM change_log WHERE entity = 'Appointment'";
    assert_eq!(phr.database.sql().value(log), "4");
}

fn a_doctor_sees_one_patient_at_a_time(phr: &Phr) {
    let (patient, ada) = (register(phr, &json!({})), doctor(phr, &json!({})));
    let first = book(phr, &patient, &ada, &json!({}));
    let taken = [fault("NOT_UNIQUE", "input.startsAt")];
    for (from, to) in
        [("09:00", "09:30"), ("08:00", "09:01"), ("09:29", "12:00"), ("08:00", "12:00"), ("09:10", "09:20")]
    {
        assert_eq!(faults(phr, "createAppointment", &input(&patient, &ada, &hours(from, to))), taken, "{from} {to}");
    }
    let before = book(phr, &patient, &ada, &hours("08:00", "09:00"));
    book(phr, &patient, &ada, &hours("09:30", "10:00"));
    let other = doctor(phr, &json!({"firstName": "Eve"}));
    let elsewhere = book(phr, &patient, &other, &json!({}));
    let moves = |uuid: &str, changes: Value| with(changes, &json!({ "uuid": uuid }));
    assert_eq!(faults(phr, "updateAppointment", &moves(&before, json!({"endsAt": "2030-05-06T09:15:00Z"}))), taken);
    assert_eq!(faults(phr, "updateAppointment", &moves(&elsewhere, json!({"doctorId": ada}))), taken);
    done(phr, "updateAppointment", "uuid", &moves(&first, json!({"startsAt": "2030-05-06T09:05:00Z"})));
    // Who does not come leaves the time to others, and cannot have it back.
    for status in ["CANCELLED", "NO_SHOW"] {
        done(phr, "updateAppointment", "uuid", &moves(&first, json!({ "status": status })));
        let second = book(phr, &patient, &ada, &hours("09:10", "09:20"));
        assert_eq!(faults(phr, "updateAppointment", &moves(&first, json!({"status": "BOOKED"}))), taken);
        done(phr, "updateAppointment", "uuid", &moves(&second, json!({"status": "CANCELLED"})));
        done(phr, "updateAppointment", "uuid", &moves(&first, json!({"status": "BOOKED"})));
    }
}

fn what_is_no_appointment_is_refused_with_its_path(phr: &Phr) {
    let (patient, ada) = (register(phr, &json!({})), doctor(phr, &json!({})));
    let institution = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}));
    let stranger = doctor(phr, &json!({"institutionId": institution["uuid"]}));
    let gone = register(phr, &json!({}));
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": gone }));
    for (changes, expected) in [
        (hours("09:00", "09:00"), vec![fault("OUT_OF_RANGE", "input.endsAt")]),
        (hours("09:00", "08:00"), vec![fault("OUT_OF_RANGE", "input.endsAt")]),
        (json!({"endsAt": "2030-05-07T09:00:00.000001Z"}), vec![fault("OUT_OF_RANGE", "input.endsAt")]),
        (
            json!({"startsAt": "1812-05-06T09:00:00Z", "endsAt": "1812-05-06T10:00:00Z"}),
            vec![fault("OUT_OF_RANGE", "input.startsAt"), fault("OUT_OF_RANGE", "input.endsAt")],
        ),
        (json!({"patientId": NOBODY}), vec![fault("REFERENCE_MISSING", "input.patientId")]),
        (json!({"patientId": gone}), vec![fault("REFERENCE_MISSING", "input.patientId")]),
        (json!({"doctorId": NOBODY}), vec![fault("REFERENCE_MISSING", "input.doctorId")]),
        (json!({"doctorId": stranger}), vec![fault("REFERENCE_MISSING", "input.doctorId")]),
        (
            json!({"reason": "x".repeat(501), "doctorId": NOBODY}),
            vec![fault("TOO_LONG", "input.reason"), fault("REFERENCE_MISSING", "input.doctorId")],
        ),
    ] {
        let input = input(&patient, &ada, &changes);
        assert_eq!(faults(phr, "createAppointment", &input), expected, "{changes}");
    }
    let longest = book(phr, &patient, &ada, &json!({"endsAt": "2030-05-07T09:00:00Z"}));
    for (changes, expected) in [
        (json!({"startsAt": "2030-05-08T09:00:00Z"}), fault("OUT_OF_RANGE", "input.startsAt")),
        (json!({"startsAt": null}), fault("REQUIRED", "input.startsAt")),
        (json!({"status": null}), fault("REQUIRED", "input.status")),
        (json!({"doctorId": null}), fault("REQUIRED", "input.doctorId")),
        (json!({"doctorId": stranger}), fault("REFERENCE_MISSING", "input.doctorId")),
    ] {
        let input = with(changes, &json!({ "uuid": longest }));
        assert_eq!(faults(phr, "updateAppointment", &input), [expected], "{input}");
    }
    let missing = json!({"uuid": NOBODY, "reason": "x"});
    assert_eq!(faults(phr, "updateAppointment", &missing), [fault("NOT_FOUND", "input.uuid")]);
    assert_eq!(phr.ask("{ appointments { totalCount } }", &json!({}))["appointments"]["totalCount"], 1);
}

fn both_databases_keep_the_rules_by_themselves(phr: &Phr) {
    let (patient, ada) = (register(phr, &json!({})), doctor(phr, &json!({})));
    let (patient, ada, home) = (phr.database.key(&patient), phr.database.key(&ada), phr.database.key(HOME));
    let mut sql = phr.database.sql_as_server();
    let instant = |time: &str| format!("'2030-05-{time}.000000+00:00'");
    let mut insert = |from: &str, to: &str, status: &str| {
        let (from, to) = (instant(from), instant(to));
        let columns = "patient_id, institution_id, doctor_id, starts_at, ends_at, status";
        let values = format!("{patient}, {home}, {ada}, {from}, {to}, '{status}'");
        sql.attempt(&format!("INSERT INTO appointments ({columns}) VALUES ({values})")).is_ok()
    };
    assert!(insert("06T09:00:00", "06T10:00:00", "BOOKED"));
    assert!(!insert("06T09:30:00", "06T10:30:00", "BOOKED"), "two at a time");
    assert!(insert("06T09:30:00", "06T10:30:00", "CANCELLED"));
    assert!(insert("06T10:00:00", "07T10:00:00", "FULFILLED"));
    assert!(!insert("08T10:00:00", "09T10:00:01", "BOOKED"), "longer than a day");
    assert!(!insert("08T10:00:00", "08T10:00:00", "BOOKED"), "no time at all");
    assert!(!insert("08T10:00:00", "08T11:00:00", "DREAMT"));
    let uncancelled = "UPDATE appointments SET status = 'BOOKED' WHERE status = 'CANCELLED'";
    assert!(phr.database.sql_as_server().attempt(uncancelled).is_err());
    if phr.backend() == Backend::Postgres {
        assert!(phr.database.sql_as_server().attempt("DELETE FROM appointments").is_err());
    }
}

fn who_may_make_and_see_appointments(phr: &Phr) {
    let (patient, neighbour, ada) = (register(phr, &json!({})), register(phr, &json!({})), doctor(phr, &json!({})));
    let (own, others) = (book(phr, &patient, &ada, &json!({})), book(phr, &neighbour, &ada, &hours("10:00", "11:00")));
    let library = Library::of(&phr.database);
    let staff = Scope { boundary: Boundary::One(InstitutionId(HOME.parse().unwrap())), ..operator() };
    let elsewhere = Scope { boundary: Boundary::One(InstitutionId(NOBODY.parse().unwrap())), ..staff.clone() };
    let alone = Scope { patient: patient.parse().ok(), ..staff.clone() };
    let query = "query($uuid: UUID!) { appointment(uuid: $uuid) { uuid } }";
    let sees = |scope: &Scope, uuid: &str| {
        library.ask(scope.clone(), query, &json!({ "uuid": uuid }))["data"]["appointment"].is_object()
    };
    for (scope, expected) in [(&staff, [true, true]), (&elsewhere, [false, false]), (&alone, [true, false])] {
        assert_eq!([sees(scope, &own), sees(scope, &others)], expected);
    }
    let make = "mutation($input: CreateAppointmentInput!) { createAppointment(input: $input) {
        appointment { uuid } userErrors { code path } } }";
    let making = |scope: &Scope| {
        let input = json!({"input": input(&patient, &ada, &hours("12:00", "13:00"))});
        library.ask(scope.clone(), make, &input)
    };
    assert_eq!(codes(&making(&alone)), ["FORBIDDEN"]);
    let unseen = making(&elsewhere)["data"]["createAppointment"]["userErrors"].take();
    let codes_of =
        |errors: &Value| errors.as_array().unwrap().iter().map(|error| text(&error["code"])).collect::<Vec<_>>();
    assert_eq!(codes_of(&unseen), ["REFERENCE_MISSING", "REFERENCE_MISSING"]);
    assert!(making(&staff)["data"]["createAppointment"]["appointment"].is_object());
    let cancel =
        "mutation($uuid: UUID!) { updateAppointment(input: {uuid: $uuid, status: CANCELLED}) { userErrors { code } } }";
    assert_eq!(codes(&library.ask(alone, cancel, &json!({ "uuid": own }))), ["FORBIDDEN"]);
}

fn the_reason_is_for_who_may_see_clinical_fields(phr: &Phr) {
    let (patient, ada) = (register(phr, &json!({})), doctor(phr, &json!({})));
    let own = book(phr, &patient, &ada, &json!({"reason": "a cough"}));
    let [staff, nurse] = ["staff", "nurse"].map(|role| phr.token_for(&["--role", role]));
    let ask = |token: &str, query: &str| phr.response_to(token, query, &json!({ "uuid": own }));
    let shown = "query($uuid: UUID!) { appointment(uuid: $uuid) { status reason } }";
    let unseen = ask(&staff, shown);
    assert_eq!(
        (codes(&unseen), &unseen["data"]["appointment"]["reason"]),
        (vec!["FORBIDDEN"], &Value::Null),
        "{unseen}"
    );
    assert_eq!(unseen["data"]["appointment"]["status"], "BOOKED");
    assert_eq!(ask(&nurse, shown)["data"]["appointment"]["reason"], "a cough");
    for hidden in [
        "query { appointments(filter: {reason: {startsWith: \"a\"}}) { totalCount } }",
        "query { appointments(order: [{field: REASON, direction: ASC}]) { nodes { uuid } } }",
        "query { patientRegisters(filter: {appointments: {some: {reason: {contains: \"co\"}}}}) { totalCount } }",
        "mutation($uuid: UUID!) { updateAppointment(input: {uuid: $uuid, reason: \"b\"}) { userErrors { code } } }",
    ] {
        assert_eq!(codes(&ask(&staff, hidden)), ["FORBIDDEN"], "{hidden}");
    }
    let moved =
        "mutation($uuid: UUID!) { updateAppointment(input: {uuid: $uuid, status: ARRIVED}) { userErrors { code } } }";
    assert_eq!(codes(&ask(&staff, moved)), Vec::<&str>::new());
}

fn an_appointment_goes_with_the_patient(phr: &Phr) {
    let (patient, ada) = (register(phr, &json!({})), doctor(phr, &json!({})));
    let own = book(phr, &patient, &ada, &json!({}));
    let other = text(&done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"]);
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": patient, "institutionId": other}));
    let whose = format!("SELECT count(*) FROM appointments WHERE institution_id = {}", phr.database.key(&other));
    assert_eq!(phr.database.sql().value(&whose), "1");
    // The doctor stays, and is still taken.
    done(phr, "updateAppointment", "uuid", &json!({"uuid": own, "endsAt": "2030-05-06T09:45:00Z"}));
    let stays = register(phr, &json!({}));
    let taken = input(&stays, &ada, &hours("09:40", "10:00"));
    assert_eq!(faults(phr, "createAppointment", &taken), [fault("NOT_UNIQUE", "input.startsAt")]);
}

fn registers_are_found_by_their_appointments(phr: &Phr) {
    let doctor = doctor(phr, &json!({}));
    let (busy, booked_once, idle) = (register(phr, &json!({})), register(phr, &json!({})), register(phr, &json!({})));
    book(phr, &busy, &doctor, &hours("09:00", "10:00"));
    let cancelled = book(phr, &busy, &doctor, &hours("10:00", "11:00"));
    done(phr, "updateAppointment", "uuid", &json!({"uuid": cancelled, "status": "CANCELLED"}));
    book(phr, &booked_once, &doctor, &hours("11:00", "12:00"));
    let found = |filter: &Value| -> Vec<String> {
        let query = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { nodes { uuid } } }";
        let data = phr.ask(query, &json!({"filter": {"appointments": filter}}));
        let mut keys: Vec<String> =
            data["patientRegisters"]["nodes"].as_array().unwrap().iter().map(|node| text(&node["uuid"])).collect();
        keys.sort();
        keys
    };
    let sorted = |keys: &[&String]| -> Vec<String> {
        let mut keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        keys.sort();
        keys
    };
    let booked = json!({"status": {"equal": "BOOKED"}});
    assert_eq!(found(&json!({ "some": booked })), sorted(&[&busy, &booked_once]));
    assert_eq!(found(&json!({ "none": booked })), std::slice::from_ref(&idle));
    assert_eq!(found(&json!({ "every": booked })), sorted(&[&booked_once, &idle]));
    let late = json!({"some": {"startsAt": {"greaterThan": "2030-05-06T10:30:00Z"}}});
    assert_eq!(found(&late), [booked_once]);
    let of_doctor = json!({"some": {"doctor": {"lastName": {"equal": "Lee"}}, "status": {"equal": "CANCELLED"}}});
    assert_eq!(found(&of_doctor), [busy]);
}

/// Of what is read along with a page, and of the page of each doctor, too.
fn only_who_is_shown_is_put_on_record(phr: &Phr) {
    let doctor = doctor(phr, &json!({}));
    let patients = ["09", "10", "11"].map(|hour| {
        let patient = register(phr, &json!({}));
        book(phr, &patient, &doctor, &hours(&format!("{hour}:00"), &format!("{hour}:30")));
        patient
    });
    let page = "appointments(first: 2) { nodes { startsAt patientRegister { lastName } } }";
    for query in [format!("{{ {page} }}"), format!("{{ doctors {{ nodes {{ {page} }} }} }}")] {
        let (response, id) = ask(phr, &query, &json!({}));
        assert!(response.get("errors").is_none(), "{response}");
        let mut found = of_request(phr, &id, 2);
        found.retain(|entry| !crate::audit::patients(std::slice::from_ref(entry)).is_empty());
        let is_both =
            |entry: &Entry| ["appointments.starts_at", "last_name"].iter().all(|name| entry["fields"].contains(name));
        assert!(found.len() == 1 && found.iter().all(is_both), "{query}: {found:?}");
        let shown = crate::audit::patients(&found);
        assert!(shown.len() == 2 && !shown.contains(&patients[2].as_str()), "{query}: {found:?}");
    }
}
