//! Asking again with the same key.

use serde_json::{Value, json};
use support::{Backend, Phr, on_both_databases};

use crate::patients::{EVERY_FIELD, count, done, fault, faults, jane, mutate, with};

on_both_databases! {
    the_same_key_with_the_same_input_returns_the_first_result,
    the_same_key_with_another_input_is_refused,
    a_batch_has_its_key_too,
    the_other_records_have_keys_too,
    a_refused_input_does_not_use_its_key_up,
    a_key_is_forgotten_after_a_day,
    requests_at_the_same_time_create_one_record,
    a_key_of_nonsense_is_refused,
}

fn keyed(key: &str) -> Value {
    with(jane(), &json!({"idempotencyKey": key}))
}

fn the_same_key_with_the_same_input_returns_the_first_result(phr: &Phr) {
    let first = done(phr, "createPatientRegister", EVERY_FIELD, &keyed("one"));
    assert_eq!(done(phr, "createPatientRegister", EVERY_FIELD, &keyed("one")), first);
    // Whatever happened to the record since.
    let changed = json!({"uuid": first["uuid"], "lastName": "Lee"});
    let changed = done(phr, "updatePatientRegister", EVERY_FIELD, &changed);
    assert_eq!(done(phr, "createPatientRegister", EVERY_FIELD, &keyed("one")), changed);
    assert_ne!(done(phr, "createPatientRegister", "uuid", &keyed("two"))["uuid"], first["uuid"]);
    assert_eq!(count(phr), 2);
}

fn the_same_key_with_another_input_is_refused(phr: &Phr) {
    done(phr, "createPatientRegister", "uuid", &keyed("one"));
    let other = with(keyed("one"), &json!({"allergies": ["latex"]}));
    let mismatch = [fault("IDEMPOTENCY_MISMATCH", "input.idempotencyKey")];
    assert_eq!(faults(phr, "createPatientRegister", &other), mismatch);
    assert_eq!(count(phr), 1);
}

fn a_batch_has_its_key_too(phr: &Phr) {
    let batch = json!({"items": [jane(), jane(), jane()], "idempotencyKey": "one"});
    let first = done(phr, "createPatientRegisters", "uuid", &batch);
    assert_eq!(done(phr, "createPatientRegisters", "uuid", &batch), first);
    let shorter = json!({"items": [jane(), jane()], "idempotencyKey": "one"});
    let mismatch = [fault("IDEMPOTENCY_MISMATCH", "input.idempotencyKey")];
    assert_eq!(faults(phr, "createPatientRegisters", &shorter), mismatch);
    // Another operation's key is another key.
    done(phr, "createPatientRegister", "uuid", &keyed("one"));
    assert_eq!(count(phr), 4);
}

fn the_other_records_have_keys_too(phr: &Phr) {
    for (mutation, input) in [
        ("createDoctor", json!({"firstName": "Ada", "lastName": "Lee", "licenseNumber": "L-1", "idempotencyKey": "k"})),
        ("createDoctorSpecialty", json!({"name": "Cardiology", "idempotencyKey": "k"})),
        ("createMedicalInstitution", json!({"name": "Harbour Clinic", "idempotencyKey": "k"})),
    ] {
        let first = done(phr, mutation, "uuid", &input);
        assert_eq!(done(phr, mutation, "uuid", &input), first, "{mutation}");
        let other = with(input, &json!({"uuid": "9a3f7f16-9a3f-4b62-8a59-3f2b7f5a0b04"}));
        assert_eq!(faults(phr, mutation, &other), [fault("IDEMPOTENCY_MISMATCH", "input.idempotencyKey")]);
    }
}

fn a_refused_input_does_not_use_its_key_up(phr: &Phr) {
    let bad = with(keyed("one"), &json!({"email": "nobody"}));
    assert_eq!(faults(phr, "createPatientRegister", &bad), [fault("INVALID_FORMAT", "input.email")]);
    done(phr, "createPatientRegister", "uuid", &keyed("one"));
}

fn a_key_is_forgotten_after_a_day(phr: &Phr) {
    let first = done(phr, "createPatientRegister", "uuid", &keyed("one"));
    let age = match phr.backend() {
        Backend::Postgres => "UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'",
        Backend::Sqlite => {
            "UPDATE idempotency_keys SET created_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now', '-25 hours')"
        }
    };
    phr.database.sql().run(age);
    assert_ne!(done(phr, "createPatientRegister", "uuid", &keyed("one")), first);
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM idempotency_keys"), "1");
}

fn requests_at_the_same_time_create_one_record(phr: &Phr) {
    for round in 0..5 {
        let input = keyed(&format!("round {round}"));
        let payloads: Vec<Value> = std::thread::scope(|scope| {
            let sent: Vec<_> =
                (0..4).map(|_| scope.spawn(|| mutate(phr, "createPatientRegister", "uuid", &input))).collect();
            sent.into_iter().map(|answer| answer.join().unwrap()).collect()
        });
        assert!(payloads.iter().all(|payload| *payload == payloads[0]), "{payloads:?}");
        assert!(payloads[0]["patientRegister"]["uuid"].is_string(), "{payloads:?}");
        assert_eq!(count(phr), round + 1);
    }
}

fn a_key_of_nonsense_is_refused(phr: &Phr) {
    for key in [String::new(), "x".repeat(201), "a\u{0}b".to_owned()] {
        let found = faults(phr, "createPatientRegister", &keyed(&key));
        assert_eq!(found, [fault("INVALID_FORMAT", "input.idempotencyKey")], "{key:?}");
    }
    done(phr, "createPatientRegister", "uuid", &keyed(&"é".repeat(200)));
    assert_eq!(count(phr), 1);
}
