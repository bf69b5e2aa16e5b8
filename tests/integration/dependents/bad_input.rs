//! What is refused, with the rule and the path of each fault.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{RXNORM, SNOMED, add, code, kinds};
use crate::catalogues::entry;
use crate::patients::{NOBODY, done, fault, faults, register, with};

on_both_databases! {
    values_out_of_their_ranges_are_refused,
    periods_and_states_must_agree,
    codes_must_be_known,
    what_is_one_is_not_told_twice,
    places_must_fit_together,
    nobody_unknown_has_anything,
    lists_that_multiply_into_a_million_are_not_begun,
}

/// What is wrong with a record to add, as code and path below the input.
fn wrong(phr: &Phr, kind: &str, patient: &str, what: &Value, expected: &[(&str, &str)]) {
    let input = with(what.clone(), &json!({ "patientId": patient }));
    let expected: Vec<_> = expected.iter().map(|(code, field)| fault(code, &format!("input.{field}"))).collect();
    assert_eq!(faults(phr, &format!("add{kind}"), &input), expected, "{kind} {what}");
}

fn values_out_of_their_ranges_are_refused(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let long = "x".repeat(501);
    for (kind, what, expected) in [
        (
            "HealthProfile",
            json!({"heightCm": 19, "weightKg": 700.5}),
            vec![("OUT_OF_RANGE", "heightCm"), ("OUT_OF_RANGE", "weightKg")],
        ),
        (
            "HealthProfile",
            json!({"smoking": "CURRENT", "cigarettesPerDay": 201}),
            vec![("OUT_OF_RANGE", "cigarettesPerDay")],
        ),
        ("Email", json!({"address": "nonsense"}), vec![("INVALID_FORMAT", "address")]),
        ("Email", json!({"address": " "}), vec![("REQUIRED", "address")]),
        ("Phone", json!({"number": "12"}), vec![("TOO_SHORT", "number")]),
        (
            "Phone",
            json!({"number": "555-267-5674", "countryCode": "1", "areaCode": "1234567"}),
            vec![("INVALID_FORMAT", "countryCode"), ("INVALID_FORMAT", "areaCode")],
        ),
        (
            "Address",
            json!({"street": "S", "latitude": 90.5, "longitude": 181}),
            vec![("OUT_OF_RANGE", "latitude"), ("OUT_OF_RANGE", "longitude")],
        ),
        ("Identifier", json!({"value": ""}), vec![("REQUIRED", "value")]),
        (
            "PatientCondition",
            json!({"display": long, "onsetDate": "1899-12-31"}),
            vec![("TOO_LONG", "display"), ("OUT_OF_RANGE", "onsetDate")],
        ),
        (
            "PatientCondition",
            json!({"display": "Asthma", "onsetDate": "2999-01-01"}),
            vec![("OUT_OF_RANGE", "onsetDate")],
        ),
        (
            "PatientMedication",
            json!({"display": "Ibuprofen", "startDate": "2200-01-01", "dose": "a\u{7}"}),
            vec![("INVALID_FORMAT", "dose"), ("OUT_OF_RANGE", "startDate")],
        ),
        ("PatientAllergy", json!({"display": "Latex", "reaction": long}), vec![("TOO_LONG", "reaction")]),
    ] {
        wrong(phr, kind, &patient, &what, &expected);
    }
}

fn periods_and_states_must_agree(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let period = json!({"onsetDate": "2001-02-03", "endDate": "2001-02-02", "status": "RESOLVED"});
    for kind in ["PatientCondition", "PatientAllergy"] {
        wrong(phr, kind, &patient, &with(period.clone(), &json!({"display": "x"})), &[("OUT_OF_RANGE", "endDate")]);
        wrong(phr, kind, &patient, &json!({"display": "x", "endDate": "2001-02-02"}), &[("INVALID_STATE", "status")]);
        let fine = json!({"display": "x", "onsetDate": "2001-02-03"});
        let uuid = add(phr, kind, &patient, "uuid", &fine)["uuid"].take();
        // A change is judged together with what stays.
        let change =
            |changes: &Value| faults(phr, &format!("update{kind}"), &with(changes.clone(), &json!({ "uuid": uuid })));
        let early = json!({"endDate": "2001-02-02", "status": "INACTIVE"});
        assert_eq!(change(&early), [fault("OUT_OF_RANGE", "input.endDate")]);
        assert_eq!(change(&json!({"endDate": "2001-02-04"})), [fault("INVALID_STATE", "input.status")]);
        done(
            phr,
            &format!("update{kind}"),
            "uuid",
            &json!({"uuid": uuid, "endDate": "2001-02-04", "status": "RESOLVED"}),
        );
        assert_eq!(change(&json!({"onsetDate": "2001-02-05"})), [fault("OUT_OF_RANGE", "input.endDate")]);
        assert_eq!(change(&json!({"status": "ACTIVE"})), [fault("INVALID_STATE", "input.status")]);
    }
    let period = json!({"display": "x", "startDate": "2031-02-03", "endDate": "2031-02-02"});
    wrong(phr, "PatientMedication", &patient, &period, &[("OUT_OF_RANGE", "endDate")]);
    for (habits, field) in [
        (json!({"cigarettesPerDay": 1}), "cigarettesPerDay"),
        (json!({"smoking": "FORMER", "cigarettesPerDay": 1}), "cigarettesPerDay"),
        (json!({"smoking": "CURRENT", "smokingEndDate": "2001-01-01"}), "smokingEndDate"),
        (json!({"alcohol": "NEVER", "alcoholUnitsPerWeek": 1}), "alcoholUnitsPerWeek"),
    ] {
        wrong(phr, "HealthProfile", &patient, &habits, &[("INVALID_STATE", field)]);
    }
}

fn codes_must_be_known(phr: &Phr) {
    let patient = register(phr, &json!({}));
    for (kind, catalogue, field, system) in [
        ("PatientCondition", "MedicalCondition", "medicalConditionId", SNOMED),
        ("PatientMedication", "Medication", "medicationId", RXNORM),
    ] {
        let key = code(phr, catalogue, system, "1", "One");
        let gone = code(phr, catalogue, system, "2", "Two");
        done(phr, &format!("update{catalogue}"), "uuid", &json!({"uuid": gone, "isActive": false}));
        for (what, expected) in [
            (json!({"system": system, "code": "3"}), ("REFERENCE_MISSING", "code")),
            (json!({"system": "http://elsewhere", "code": "1"}), ("REFERENCE_MISSING", "code")),
            (json!({"system": system}), ("REQUIRED", "code")),
            (json!({"code": "1"}), ("REQUIRED", "system")),
            (json!({}), ("REQUIRED", "display")),
            (json!({"display": "  "}), ("REQUIRED", "display")),
            (json!({field: NOBODY}), ("REFERENCE_MISSING", field)),
            (json!({field: key, "system": system, "code": "2"}), ("INVALID_STATE", "code")),
            (json!({field: gone}), ("INVALID_STATE", field)),
            (json!({"system": system, "code": "2"}), ("INVALID_STATE", field)),
        ] {
            wrong(phr, kind, &patient, &what, &[expected]);
        }
    }
    let refused = json!({"emailTypeId": NOBODY, "address": "a@b.de"});
    wrong(phr, "Email", &patient, &refused, &[("REFERENCE_MISSING", "emailTypeId")]);
}

fn what_is_one_is_not_told_twice(phr: &Phr) {
    let patient = register(phr, &json!({}));
    for (kind, field) in
        [("HealthProfile", "patientId"), ("Email", "address"), ("Phone", "number"), ("Identifier", "value")]
    {
        let (.., what) = kinds().into_iter().find(|(name, ..)| *name == kind).unwrap();
        add(phr, kind, &patient, "uuid", &what);
        wrong(phr, kind, &patient, &what, &[("NOT_UNIQUE", field)]);
        // Another patient's may be the same.
        add(phr, kind, &register(phr, &json!({})), "uuid", &what);
    }
    for (kind, first, second) in [
        ("Email", json!({"address": "c@d.de"}), json!({"address": "e@f.de"})),
        ("Phone", json!({"number": "555-267-0001"}), json!({"number": "555-267-0002"})),
        ("Address", json!({"street": "1 Oak Avenue"}), json!({"street": "2 Oak Avenue"})),
    ] {
        let primary = json!({"isPrimary": true});
        add(phr, kind, &patient, "uuid", &with(first, &primary));
        wrong(phr, kind, &patient, &with(second.clone(), &primary), &[("NOT_UNIQUE", "isPrimary")]);
        let uuid = add(phr, kind, &patient, "uuid", &second)["uuid"].take();
        let changed = with(primary, &json!({ "uuid": uuid }));
        assert_eq!(faults(phr, &format!("update{kind}"), &changed), [fault("NOT_UNIQUE", "input.isPrimary")], "{kind}");
    }
}

fn places_must_fit_together(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let (us, france) = (entry(phr, "countries", "US"), entry(phr, "countries", "FR"));
    let massachusetts = entry(phr, "regions", "US-MA");
    for (what, expected) in [
        (json!({"latitude": 1.0}), ("REQUIRED", "longitude")),
        (json!({"longitude": 1}), ("REQUIRED", "latitude")),
        (json!({"regionId": massachusetts}), ("REQUIRED", "countryId")),
        (json!({"regionId": massachusetts, "countryId": france}), ("INVALID_STATE", "regionId")),
        (json!({"countryId": NOBODY}), ("REFERENCE_MISSING", "countryId")),
    ] {
        wrong(phr, "Address", &patient, &with(what, &json!({"street": "1 Oak Avenue"})), &[expected]);
    }
    let fields = "uuid street city postalCode latitude longitude purpose isPrimary country { alpha2 } region { code }";
    let told = json!({"street": "1 Oak Avenue", "city": "Boston", "postalCode": "02108", "latitude": 42.3601,
        "longitude": -71.0589, "purpose": "HOME", "isPrimary": true});
    let place = with(told.clone(), &json!({"countryId": us, "regionId": massachusetts}));
    let mut added = add(phr, "Address", &patient, fields, &place);
    let uuid = added.as_object_mut().unwrap().remove("uuid").unwrap();
    assert_eq!(added, with(told, &json!({"country": {"alpha2": "US"}, "region": {"code": "US-MA"}})));
    let away = faults(phr, "updateAddress", &json!({"uuid": uuid, "countryId": france}));
    assert_eq!(away, [fault("INVALID_STATE", "input.regionId")], "the region stays where it is");
}

fn nobody_unknown_has_anything(phr: &Phr) {
    let gone = register(phr, &json!({}));
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": gone }));
    for (kind, _, _, what) in kinds() {
        for patient in [NOBODY, &gone] {
            wrong(phr, kind, patient, &what, &[("REFERENCE_MISSING", "patientId")]);
        }
    }
    let wrong_twice = json!({"address": "nonsense", "emailTypeId": NOBODY});
    let all = [("INVALID_FORMAT", "address"), ("REFERENCE_MISSING", "patientId"), ("REFERENCE_MISSING", "emailTypeId")];
    wrong(phr, "Email", NOBODY, &wrong_twice, &all);
}

fn lists_that_multiply_into_a_million_are_not_begun(phr: &Phr) {
    for (kind, _, field, _) in kinds().into_iter().filter(|(kind, ..)| *kind != "HealthProfile") {
        let query = format!(
            "{{ patientRegisters(first: 1000) {{ nodes {{ {field}(first: 1000) {{ nodes {{ uuid }} }} }} }} }}"
        );
        let response = phr.response(&query, &json!({}));
        assert_eq!(response["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{kind}: {response}");
        assert!(response["extensions"]["consistency"]["servedBy"].is_null(), "no statement ran: {response}");
    }
}
