//! That changes of every kind of record are told, and to a patient those of the own record.

use serde_json::{Value, json};
use support::{Phr, Socket, on_both_databases};

use crate::identity::institution;
use crate::patients::{HOME, done, jane, register, with};

on_both_databases! {
    what_belongs_to_a_patient_is_told_of,
    catalogues_and_settings_are_told_of,
    a_patient_is_told_of_the_own_record_alone,
    what_moves_with_a_patient_leaves_with_them,
    what_goes_to_another_patient_leaves_the_first,
    every_kind_of_record_can_be_followed,
    what_is_no_institutions_is_told_to_nobody_within_one,
}

const CHANGES: &str = "subscription($entities: [ChangedEntity!]) { changes(entities: $entities) {
    ... on RecordChange { entity operation uuid record { __typename id } }
    ... on ChangeGap { reason } } }";

fn following(phr: &Phr, token: &str, variables: &Value) -> Socket {
    let mut socket = Socket::of(phr.address, token);
    socket.subscribe("1", CHANGES, variables);
    assert_eq!(socket.event("1")["changes"]["reason"], "BEGINNING");
    socket
}

/// The next event's kind, operation and key; the record itself is shown, unless it is gone.
fn next(socket: &mut Socket) -> (String, String, String) {
    let event = socket.event("1")["changes"].take();
    let text = |name: &str| event[name].as_str().unwrap_or_else(|| panic!("{name}: {event}")).to_owned();
    if ["DELETED", "LEFT"].contains(&text("operation").as_str()) {
        assert_eq!(event["record"], Value::Null);
    } else {
        let shown = event["record"]["__typename"].as_str().unwrap_or_else(|| panic!("{event}")).to_uppercase();
        assert_eq!(text("entity").replace('_', ""), shown);
    }
    (text("entity"), text("operation"), text("uuid"))
}

/// The kinds of the next events, in their alphabetical order: of one transaction none is the first.
fn kinds(socket: &mut Socket, count: usize) -> Vec<String> {
    let mut kinds: Vec<String> = (0..count).map(|_| next(socket).0).collect();
    kinds.sort();
    kinds
}

/// All that belongs to a patient from the start.
const BELONGING: [&str; 9] = [
    "ADDRESS",
    "EMAIL",
    "HEALTH_PROFILE",
    "IDENTIFIER",
    "PATIENT_ALLERGY",
    "PATIENT_CONDITION",
    "PATIENT_MEDICATION",
    "PATIENT_REGISTER",
    "PHONE",
];

/// Registers a patient with one record of each kind.
fn registered(phr: &Phr, patient: &Value) -> String {
    let input = json!({
        "patient": with(jane(), patient),
        "healthProfile": {"heightCm": 170},
        "emails": [{"address": "a@b.de"}],
        "phones": [{"number": "555-267-5674"}],
        "addresses": [{"street": "S"}],
        "identifiers": [{"value": "17"}],
        "conditions": [{"display": "Asthma"}],
        "medications": [{"display": "Ibuprofen"}],
        "allergies": [{"display": "Latex"}],
    });
    let query = "mutation($input: RegisterPatientWithProfileInput!) { registerPatientWithProfile(input: $input) {
        patientRegister { uuid } } }";
    let made = phr.ask(query, &json!({ "input": input }));
    made["registerPatientWithProfile"]["patientRegister"]["uuid"].as_str().expect("a key").to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn doctor(phr: &Phr) -> String {
    text(&done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"])
}

/// Makes an appointment of a patient's; its key.
fn appointment(phr: &Phr, patient: &str, doctor: &str, day: u32) -> String {
    let day = format!("2030-05-{day:02}");
    let input = json!({"patientId": patient, "doctorId": doctor, "startsAt": format!("{day}T09:00:00Z"),
        "endsAt": format!("{day}T10:00:00Z")});
    text(&done(phr, "createAppointment", "uuid", &input)["uuid"])
}

fn what_belongs_to_a_patient_is_told_of(phr: &Phr) {
    let mut all = following(phr, phr.token(), &json!({}));
    let mut phones = following(phr, phr.token(), &json!({"entities": ["PHONE"]}));
    let patient = registered(phr, &json!({}));
    assert_eq!(kinds(&mut all, 9), BELONGING);
    let (kind, operation, phone) = next(&mut phones);
    assert_eq!((kind.as_str(), operation.as_str()), ("PHONE", "CREATED"));
    done(phr, "removePhone", "uuid", &json!({ "uuid": phone }));
    for socket in [&mut all, &mut phones] {
        assert_eq!(next(socket), ("PHONE".to_owned(), "DELETED".to_owned(), phone.clone()));
    }
    let doctor = doctor(phr);
    assert_eq!(next(&mut all).0, "DOCTOR");
    let appointment = appointment(phr, &patient, &doctor, 6);
    assert_eq!(next(&mut all), ("APPOINTMENT".to_owned(), "CREATED".to_owned(), appointment));
    let confirm = json!({"uuid": patient, "as": "INSTITUTION"});
    done(phr, "validatePatientRegister", "uuid", &confirm);
    assert_eq!(kinds(&mut all, 2), ["PATIENT_REGISTER", "PATIENT_VALIDATION"]);
    let other = register(phr, &json!({}));
    assert_eq!(next(&mut all).2, other);
    let merge = "mutation($keep: UUID!, $merge: UUID!) { mergePatientRegisters(input: {keep: $keep, merge: $merge}) {
        userErrors { code } } }";
    phr.ask(merge, &json!({"keep": patient, "merge": other}));
    // Both registers, the merger, and that the kept one has to be confirmed anew.
    let expected = ["PATIENT_MERGE", "PATIENT_REGISTER", "PATIENT_REGISTER", "PATIENT_VALIDATION"];
    assert_eq!(kinds(&mut all, 4), expected);
}

fn catalogues_and_settings_are_told_of(phr: &Phr) {
    let mut all = following(phr, phr.token(), &json!({}));
    for (kind, mutation, entry) in [
        ("COUNTRY", "createCountry", json!({"alpha2": "XX", "alpha3": "XXX", "numericCode": "999", "name": "N"})),
        ("INSTITUTION_TYPE", "createInstitutionType", json!({"code": "c", "name": "N"})),
        ("SPECIALTY_CATEGORY", "createSpecialtyCategory", json!({"code": "c", "name": "N"})),
        ("SEX", "createSex", json!({"code": "c", "name": "N"})),
        ("GENDER", "createGender", json!({"code": "c", "name": "N"})),
        ("BLOOD_TYPE", "createBloodType", json!({"code": "c", "name": "N"})),
        ("EMAIL_TYPE", "createEmailType", json!({"code": "c", "name": "N"})),
        ("PHONE_TYPE", "createPhoneType", json!({"code": "c", "name": "N"})),
        ("MEDICAL_CONDITION", "createMedicalCondition", json!({"system": "s", "code": "c", "name": "N"})),
        ("MEDICATION", "createMedication", json!({"system": "s", "code": "c", "name": "N"})),
        ("SYSTEM_SETTING", "createSystemSetting", json!({"key": "a", "value": 1})),
    ] {
        let uuid = text(&done(phr, mutation, "uuid", &entry)["uuid"]);
        assert_eq!(next(&mut all), (kind.to_owned(), "CREATED".to_owned(), uuid.clone()));
        if kind == "COUNTRY" {
            let region = json!({"countryId": uuid, "code": "XX-X", "name": "N"});
            let region = text(&done(phr, "createRegion", "uuid", &region)["uuid"]);
            assert_eq!(next(&mut all), ("REGION".to_owned(), "CREATED".to_owned(), region));
        }
    }
}

fn a_patient_is_told_of_the_own_record_alone(phr: &Phr) {
    let doctor = doctor(phr);
    let (own, neighbour) = (register(phr, &json!({})), register(phr, &json!({})));
    let token = phr.token_for(&["--role", "patient", "--patient", &own]);
    let mut socket = following(phr, &token, &json!({}));
    registered(phr, &json!({}));
    for (verb, input) in [
        ("Phone", json!({"number": "555-267-5674"})),
        ("PatientCondition", json!({"display": "Asthma"})),
        ("Identifier", json!({"value": "17"})),
    ] {
        let add = |patient: &str| {
            let input = with(input.clone(), &json!({ "patientId": patient }));
            text(&done(phr, &format!("add{verb}"), "uuid", &input)["uuid"])
        };
        add(&neighbour);
        let uuid = add(&own);
        let (_, operation, told) = next(&mut socket);
        assert_eq!((operation.as_str(), told), ("CREATED", uuid), "{verb}");
    }
    appointment(phr, &neighbour, &doctor, 7);
    let made = appointment(phr, &own, &doctor, 8);
    assert_eq!(next(&mut socket), ("APPOINTMENT".to_owned(), "CREATED".to_owned(), made.clone()));
    let cancel = json!({"uuid": made, "status": "CANCELLED"});
    done(phr, "updateAppointment", "uuid", &cancel);
    assert_eq!(next(&mut socket), ("APPOINTMENT".to_owned(), "UPDATED".to_owned(), made));
    for patient in [&neighbour, &own] {
        done(phr, "rejectPatientRegister", "uuid", &json!({"uuid": patient, "reason": "no proof of identity"}));
    }
    assert_eq!(kinds(&mut socket, 2), ["PATIENT_REGISTER", "PATIENT_VALIDATION"]);
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": neighbour }));
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": own }));
    assert_eq!(next(&mut socket), ("PATIENT_REGISTER".to_owned(), "DELETED".to_owned(), own), "nothing in between");
}

fn what_moves_with_a_patient_leaves_with_them(phr: &Phr) {
    let elsewhere = institution(phr, "Elsewhere");
    let patient = registered(phr, &json!({}));
    let of = |institution: &str| phr.token_for(&["--role", "doctor", "--institution", institution]);
    let (mut home, mut away) = (following(phr, &of(HOME), &json!({})), following(phr, &of(&elsewhere), &json!({})));
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": patient, "institutionId": elsewhere}));
    for (socket, operation) in [(&mut home, "LEFT"), (&mut away, "UPDATED")] {
        let mut told: Vec<(String, String, String)> = (0..9).map(|_| next(socket)).collect();
        told.sort();
        assert_eq!(told.iter().map(|(kind, ..)| kind.as_str()).collect::<Vec<_>>(), BELONGING);
        assert!(told.iter().all(|(_, told, _)| told == operation), "{operation}: {told:?}");
    }
}

/// What has a log of its changes and cannot be followed was forgotten.
fn every_kind_of_record_can_be_followed(phr: &Phr) {
    let listed = phr.ask("{ __type(name: \"ChangedEntity\") { enumValues { name } } }", &json!({}));
    let listed = listed["__type"]["enumValues"].as_array().unwrap();
    let listed: Vec<String> = listed.iter().map(|value| text(&value["name"]).replace('_', "")).collect();
    let query = match phr.backend() {
        support::Backend::Postgres => {
            "SELECT DISTINCT split_part(encode(tgargs, 'escape'), '\\000', 1) FROM pg_trigger
             WHERE tgfoid = 'append_change'::regproc"
        }
        support::Backend::Sqlite => {
            "SELECT DISTINCT substr(rest, 1, instr(rest, '''') - 1) FROM (
                 SELECT substr(sql, instr(sql, 'VALUES (''') + 9) AS rest FROM sqlite_master
                 WHERE type = 'trigger' AND name LIKE '%\\_inserted' ESCAPE '\\' AND sql LIKE '%INTO change_log%')"
        }
    };
    let logged = phr.database.sql().column(query);
    assert!(logged.len() >= 29, "{logged:?}");
    for kind in logged {
        assert!(listed.contains(&kind.to_uppercase()), "{kind} is not followed: {listed:?}");
    }
}

/// Identifiers of doctors, such as an import brings: no institution has them, and no patient.
fn what_is_no_institutions_is_told_to_nobody_within_one(phr: &Phr) {
    let (doctor, own) = (doctor(phr), register(phr, &json!({})));
    let patient = phr.token_for(&["--role", "patient", "--patient", &own]);
    let staff = phr.token_for(&["--role", "doctor", "--institution", HOME]);
    let mut bounded = [&patient, &staff].map(|token| following(phr, token, &json!({})));
    let mut everywhere = following(phr, phr.token(), &json!({}));
    let number = format!("INSERT INTO identifiers (doctor_id, value) VALUES ({}, '17')", phr.database.key(&doctor));
    phr.database.sql().run(&number);
    let phone = json!({"number": "555-267-5674", "patientId": own});
    let phone = text(&done(phr, "addPhone", "uuid", &phone)["uuid"]);
    assert_eq!(everywhere.event("1")["changes"]["entity"], "IDENTIFIER");
    for socket in [&mut everywhere].into_iter().chain(&mut bounded) {
        assert_eq!(next(socket), ("PHONE".to_owned(), "CREATED".to_owned(), phone.clone()));
    }
}

/// The key of a merge that was made, or undone.
fn merged(phr: &Phr, mutation: &str, input: &Value) -> String {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ patientMerge {{ uuid }} userErrors {{ message }} }} }}"
    );
    text(&phr.ask(&query, &json!({ "input": input }))[mutation]["patientMerge"]["uuid"])
}

fn what_goes_to_another_patient_leaves_the_first(phr: &Phr) {
    let doctor = doctor(phr);
    let (kept, lost) = (register(phr, &json!({})), registered(phr, &json!({})));
    appointment(phr, &lost, &doctor, 9);
    let mut moving = [&["APPOINTMENT"], &BELONGING[..7], &BELONGING[8..]].concat();
    moving.sort_unstable();
    let follow = |patient: &str| {
        let token = phr.token_for(&["--role", "patient", "--patient", patient]);
        following(phr, &token, &json!({ "entities": moving }))
    };
    let mut sockets = [follow(&lost), follow(&kept)];
    let mut told = |operations: [&str; 2]| {
        for (socket, operation) in sockets.iter_mut().zip(operations) {
            let mut events: Vec<(String, String)> =
                moving.iter().map(|_| next(socket)).map(|told| (told.0, told.1)).collect();
            events.sort();
            assert!(events.iter().map(|(kind, _)| kind.as_str()).eq(moving.iter().copied()), "{events:?}");
            assert!(events.iter().all(|(_, done)| done == operation), "{events:?}");
        }
    };
    let merge = merged(phr, "mergePatientRegisters", &json!({"keep": kept, "merge": lost}));
    told(["LEFT", "UPDATED"]);
    merged(phr, "undoPatientMerge", &json!({ "uuid": merge }));
    told(["UPDATED", "LEFT"]);
}
