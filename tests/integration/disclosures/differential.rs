//! Two states of one database that differ in one patient: where the answers to a question differ, that patient is listed in
//! the request's deeds, or a question is on record that names what differs.

use phr::deed::Deed;
use phr::scope::{Actor, Boundary, InstitutionId, Permission, Permissions, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};
use uuid::Uuid;

use super::generator::Generator;
use super::scene::{key, nurse, patients};
use super::{Recorded, names};
use crate::library::operator;
use crate::patients::{done, register, with};

on_both_databases! {
    where_two_answers_differ_the_patient_or_the_field_is_on_record,
}

/// Questions for each difference.
fn questions() -> usize {
    if std::env::var_os("PHR_SOAK").is_some() { 2000 } else { 25 }
}

/// Change of the patient: the mutation with its input, and the columns that differ afterwards, with their tables; of a table
/// alone all do.
struct Difference {
    mutation: &'static str,
    input: Value,
    columns: &'static [&'static str],
    /// True where the patient is there no longer: then the answers tell nothing of anybody there is.
    is_gone: bool,
}

fn difference(mutation: &'static str, input: Value, columns: &'static [&'static str]) -> Difference {
    Difference { mutation, input, columns, is_gone: false }
}

fn differences(victim: &str, doctor: &str) -> Vec<Difference> {
    let own = |input: Value| with(input, &json!({ "uuid": victim }));
    let of = |input: Value| with(input, &json!({ "patientId": victim }));
    vec![
        difference("updatePatientRegister", own(json!({"lastName": "Irons"})), &["patientregister.last_name"]),
        difference("updatePatientRegister", own(json!({"email": "irons@mail.example"})), &["patientregister.email"]),
        difference(
            "updatePatientRegister",
            own(json!({"dateOfBirth": "1999-09-09"})),
            &["patientregister.date_of_birth"],
        ),
        difference("updatePatientRegister", own(json!({"allergies": ["Latex"]})), &["patientregister.allergies"]),
        difference("updatePatientRegister", own(json!({ "doctorId": doctor })), &["patientregister.doctor_id"]),
        difference("addPatientAllergy", of(json!({"display": "Latex"})), &["patient_allergies"]),
        difference(
            "addPatientMedication",
            of(json!({"display": "Ibuprofen", "dose": "200 mg"})),
            &["patient_medications"],
        ),
        difference("addPatientCondition", of(json!({"display": "Asthma"})), &["patient_conditions"]),
        difference("addIdentifier", of(json!({"value": "Irons-17"})), &["identifiers"]),
        difference("addEmail", of(json!({"address": "irons@mail.example", "isPrimary": true})), &["emails"]),
        difference("addHealthProfile", of(json!({"heightCm": 170})), &["health_profiles"]),
        difference(
            "createAppointment",
            of(json!({"doctorId": doctor, "startsAt": "2040-01-01T10:00:00Z", "endsAt": "2040-01-01T11:00:00Z"})),
            &["appointments"],
        ),
        Difference {
            is_gone: true,
            ..difference(
                "deletePatientRegister",
                own(json!({})),
                &[
                    "patientregister",
                    "patient_allergies",
                    "patient_medications",
                    "patient_conditions",
                    "identifiers",
                    "emails",
                    "health_profiles",
                    "appointments",
                ],
            )
        },
    ]
}

/// Fields of the schema that the difference is about.
fn favourites(difference: &Difference) -> Vec<&'static str> {
    let of = |column: &&str| -> &[&'static str] {
        match *column {
            "patientregister.last_name" => &["patientRegisters", "lastName", "LAST_NAME"],
            "patientregister.email" => &["patientRegisters", "email", "EMAIL"],
            "patientregister.date_of_birth" => &["patientRegisters", "dateOfBirth", "DATE_OF_BIRTH"],
            "patientregister.allergies" => &["patientRegisters", "allergies"],
            "patientregister.doctor_id" => &["patientRegisters", "doctors", "doctorId", "doctor", "DOCTOR_LAST_NAME"],
            "patient_allergies" => &["patientAllergies", "patientRegisters", "allergyIntolerances", "display"],
            "patient_medications" => &["patientMedications", "patientRegisters", "medications", "dose", "display"],
            "patient_conditions" => &["patientConditions", "patientRegisters", "conditions", "display"],
            "identifiers" => &["identifiers", "patientRegisters", "value"],
            "emails" => &["emails", "patientRegisters", "address"],
            "health_profiles" => &["healthProfiles", "patientRegisters", "healthProfile", "heightCm"],
            "appointments" => &["appointments", "patientRegisters", "doctors", "startsAt"],
            _ => &["patientRegisters", "medicalInstitutions", "doctors"],
        }
    };
    difference.columns.iter().flat_map(of).copied().collect()
}

/// The table of a kind of record that tells of patients.
fn table(resource: &str) -> &'static str {
    match resource {
        "PatientRegister" => "patientregister",
        "PatientAllergy" => "patient_allergies",
        "PatientMedication" => "patient_medications",
        "PatientCondition" => "patient_conditions",
        "Identifier" => "identifiers",
        "Email" => "emails",
        "HealthProfile" => "health_profiles",
        "Appointment" => "appointments",
        _ => "",
    }
}

/// Tells whether a question names a column that differs.
fn tells(deed: &Deed, difference: &Difference) -> bool {
    let own = table(&deed.resource);
    let mut fields = deed.fields.iter().map(|field| field.rsplit_once('.').unwrap_or((own, field)));
    deed.query.is_some()
        && fields.any(|(table, column)| {
            difference.columns.iter().any(|differs| match differs.split_once('.') {
                None => table == *differs,
                // Every change counts the version, and says when it was.
                Some((other, differs)) => table == other && [differs, "version", "updated_at"].contains(&column),
            })
        })
}

/// Part of a response that depends on the records.
fn answer(response: &Value) -> Value {
    let errors = response["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    json!([response["data"], errors.iter().map(|error| &error["message"]).collect::<Vec<_>>()])
}

fn roles(phr: &Phr, victim: &str, other: &Value) -> Vec<Scope> {
    let clerk = Permissions::NONE.with(Permission::ReadPatients).with(Permission::ReadDirectory);
    let elsewhere = Boundary::One(InstitutionId(key(other).parse().unwrap()));
    let actor = |number| Actor(Uuid::from_u128(number));
    let _ = phr;
    vec![
        nurse(),
        Scope { actor: actor(0xB), permissions: clerk, ..nurse() },
        operator(),
        Scope { actor: actor(0xC), boundary: elsewhere, ..nurse() },
        Scope { actor: actor(0xD), patient: Some(victim.parse().unwrap()), ..nurse() },
    ]
}

fn where_two_answers_differ_the_patient_or_the_field_is_on_record(phr: &Phr) {
    let patients = patients(phr);
    let victim = patients[8].as_str();
    let other = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    let foreign = register(phr, &json!({"institutionId": other, "lastName": "Irwin"}));
    let doctor =
        |name: &str| key(&done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": name}))["uuid"]);
    let doctors = [doctor("Lee"), doctor("Moss")];
    for patient in &patients[..4] {
        let of = |input: Value| with(input, &json!({ "patientId": patient }));
        done(phr, "addPatientAllergy", "uuid", &of(json!({"display": "Nuts"})));
        done(phr, "addPatientMedication", "uuid", &of(json!({"display": "Ibuprofen", "dose": "400 mg"})));
        done(phr, "addEmail", "uuid", &of(json!({"address": "a@mail.example"})));
        done(phr, "updatePatientRegister", "uuid", &json!({"uuid": patient, "doctorId": doctors[1]}));
    }
    let recorded = Recorded::of(&phr.database);
    let mut generator = Generator::new(&recorded, 0xA5CED);
    generator.texts = [
        "Irwin",
        "Irons",
        "Adams",
        "Latex",
        "Nuts",
        "Ibuprofen",
        "200 mg",
        "Asthma",
        "Jane",
        "irons@mail.example",
        "jane.smith@mail.example",
        "Irons-17",
        "Lee",
        "Moss",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    generator.dates = ["1958-09-18", "1999-09-09", "1955-01-01", "1990-01-01"].map(ToOwned::to_owned).to_vec();
    generator.keys = [victim, victim, victim, &patients[0], &foreign, &doctors[0]].map(ToOwned::to_owned).to_vec();
    let roles = roles(phr, victim, &other);
    let (mut answers, mut different) = (0, 0);
    for difference in differences(victim, &doctors[0]) {
        generator.favourites = favourites(&difference);
        let asked: Vec<(usize, String)> =
            (0..questions()).map(|index| (index % roles.len(), generator.question(&recorded))).collect();
        let ask = || -> Vec<(Value, Vec<Deed>)> {
            let ask = |(role, query): &(usize, String)| recorded.ask(&roles[*role], query, &json!({}));
            asked.iter().map(ask).map(|(response, deeds)| (answer(&response), deeds)).collect()
        };
        let before = ask();
        let changed = done(phr, difference.mutation, "uuid", &difference.input);
        generator.keys.push(key(&changed["uuid"]));
        let after = ask();
        for ((before, after), (role, query)) in before.iter().zip(&after).zip(&asked) {
            answers += 1;
            if before.0 == after.0 {
                continue;
            }
            different += 1;
            let states = [("before", before), ("after", after)];
            for (when, (answer, deeds)) in
                states.into_iter().filter(|(when, _)| *when == "before" || !difference.is_gone)
            {
                let is_told = deeds.iter().any(|deed| names(deed, victim) || tells(deed, &difference));
                assert!(
                    is_told,
                    "{when} {} {}: role {role} asked\n{query}\nand was answered\n{answer}\nfor\n{}\nOn record is {deeds:#?}",
                    difference.mutation,
                    difference.input,
                    if when == "before" { &after.0 } else { &before.0 },
                );
            }
        }
    }
    assert!(different * 12 > answers, "of {answers} answers only {different} differ: the questions ask for nothing");
}
