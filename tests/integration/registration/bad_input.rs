//! What a registration refuses, with the rule and the path of each fault.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{LISTS, answer, everything, faults, registered};
use crate::catalogues::entry;
use crate::patients::{NOBODY, fault, jane, with};

on_both_databases! {
    every_fault_of_every_part_is_reported_at_once,
    what_only_the_database_knows_is_reported_with_the_rest,
    what_a_patient_has_once_is_not_told_twice,
    keys_that_others_have_are_refused,
    what_refers_to_nothing_is_refused,
    a_thousand_records_are_registered_and_no_more,
}

fn every_fault_of_every_part_is_reported_at_once(phr: &Phr) {
    let input = json!({
        "patient": with(jane(), &json!({"lastName": " ", "email": "nonsense", "dateOfBirth": "2999-01-01"})),
        "healthProfile": {"heightCm": 19, "smoking": "NEVER", "cigarettesPerDay": 3},
        "emails": [{"address": "a@b.de"}, {"address": "nonsense"}],
        "phones": [{"number": "12"}],
        "addresses": [{"street": "", "latitude": 91.0}],
        "identifiers": [{"value": "1"}, {"value": "2"}, {"value": " "}],
        "conditions": [{"display": "Asthma", "onsetDate": "2001-02-03", "endDate": "2001-02-02", "status": "RESOLVED"}],
        "medications": [{"display": "x", "dose": "y".repeat(101)}],
        "allergies": [{"display": "Latex"}, {"display": "Latex", "endDate": "2001-02-02"}],
    });
    let expected = [
        ("REQUIRED", "patient.lastName"),
        ("OUT_OF_RANGE", "patient.dateOfBirth"),
        ("INVALID_FORMAT", "patient.email"),
        ("OUT_OF_RANGE", "healthProfile.heightCm"),
        ("INVALID_STATE", "healthProfile.cigarettesPerDay"),
        ("INVALID_FORMAT", "emails.1.address"),
        ("TOO_SHORT", "phones.0.number"),
        ("REQUIRED", "addresses.0.street"),
        ("OUT_OF_RANGE", "addresses.0.latitude"),
        ("REQUIRED", "addresses.0.longitude"),
        ("REQUIRED", "identifiers.2.value"),
        ("OUT_OF_RANGE", "conditions.0.endDate"),
        ("TOO_LONG", "medications.0.dose"),
        ("INVALID_STATE", "allergies.1.status"),
    ];
    assert_eq!(faults(phr, &input), expected.map(|(code, path)| fault(code, &format!("input.{path}"))));
}

fn what_only_the_database_knows_is_reported_with_the_rest(phr: &Phr) {
    let (france, massachusetts) = (entry(phr, "countries", "FR"), entry(phr, "regions", "US-MA"));
    let input = json!({
        "patient": with(jane(), &json!({"doctorId": NOBODY, "institutionId": NOBODY, "firstName": ""})),
        "healthProfile": {"bloodTypeId": NOBODY},
        "emails": [{"address": "a@b.de", "emailTypeId": NOBODY}],
        "addresses": [{"street": "S", "countryId": france, "regionId": massachusetts}],
        "conditions": [{"system": "http://snomed.info/sct", "code": "0"}, {"code": "0"}, {}],
        "medications": [{"medicationId": NOBODY}],
    });
    let expected = [
        ("REQUIRED", "patient.firstName"),
        ("REFERENCE_MISSING", "patient.institutionId"),
        ("REFERENCE_MISSING", "patient.doctorId"),
        ("REFERENCE_MISSING", "healthProfile.bloodTypeId"),
        ("REFERENCE_MISSING", "emails.0.emailTypeId"),
        ("INVALID_STATE", "addresses.0.regionId"),
        ("REFERENCE_MISSING", "conditions.0.code"),
        ("REQUIRED", "conditions.1.system"),
        ("REQUIRED", "conditions.2.display"),
        ("REFERENCE_MISSING", "medications.0.medicationId"),
    ];
    assert_eq!(faults(phr, &input), expected.map(|(code, path)| fault(code, &format!("input.{path}"))));
}

fn what_a_patient_has_once_is_not_told_twice(phr: &Phr) {
    let primary = |field: &str, values: [&str; 3]| -> Value {
        let told = values.iter().map(|value| json!({ field: value, "isPrimary": true }));
        let mut told: Vec<Value> = told.collect();
        told[1]["isPrimary"] = json!(false);
        told.into()
    };
    let input = json!({
        "patient": jane(),
        "emails": primary("address", ["a@b.de", "a@b.de", "c@d.de"]),
        "phones": primary("number", ["555-267-5674", "555-267-5675", "555-267-5674"]),
        "addresses": primary("street", ["S", "S", "S"]),
        "identifiers": [{"value": "1"}, {"value": "1", "system": "urn:x"}, {"value": "1"}],
    });
    let expected = [
        ("NOT_UNIQUE", "emails.1.address"),
        ("NOT_UNIQUE", "emails.2.isPrimary"),
        ("NOT_UNIQUE", "phones.2.number"),
        ("NOT_UNIQUE", "phones.2.isPrimary"),
        ("NOT_UNIQUE", "addresses.2.isPrimary"),
        ("NOT_UNIQUE", "identifiers.2.value"),
    ];
    assert_eq!(faults(phr, &input), expected.map(|(code, path)| fault(code, &format!("input.{path}"))));
}

fn keys_that_others_have_are_refused(phr: &Phr) {
    let patient = registered(phr, &everything());
    let told = phr.ask("{ emails { nodes { uuid } } }", &json!({}));
    let taken = &told["emails"]["nodes"][0]["uuid"];
    let input = json!({
        "patient": with(jane(), &json!({ "uuid": patient })),
        "emails": [{"address": "a@b.de", "uuid": taken}],
        "phones": [{"number": "555-267-5674", "uuid": NOBODY}, {"number": "555-267-5675", "uuid": NOBODY}],
    });
    let expected = [("NOT_UNIQUE", "patient.uuid"), ("NOT_UNIQUE", "emails.0.uuid"), ("NOT_UNIQUE", "phones.1.uuid")];
    assert_eq!(faults(phr, &input), expected.map(|(code, path)| fault(code, &format!("input.{path}"))));
}

fn what_refers_to_nothing_is_refused(phr: &Phr) {
    for (part, path) in [
        (json!({"patient": with(jane(), &json!({"doctorId": NOBODY}))}), "patient.doctorId"),
        (json!({"healthProfile": {"sexId": NOBODY}}), "healthProfile.sexId"),
        (json!({"phones": [{"number": "555-267-5674", "phoneTypeId": NOBODY}]}), "phones.0.phoneTypeId"),
        (json!({"addresses": [{"street": "S", "countryId": NOBODY}]}), "addresses.0.countryId"),
        (json!({"allergies": [{"medicalConditionId": NOBODY}]}), "allergies.0.medicalConditionId"),
    ] {
        let expected = [fault("REFERENCE_MISSING", &format!("input.{path}"))];
        assert_eq!(faults(phr, &with(everything(), &part)), expected, "{part}");
    }
}

/// However they are divided among the kinds.
fn a_thousand_records_are_registered_and_no_more(phr: &Phr) {
    let records = |list: &str, field: &str, count: usize| -> Value {
        let value = |number: usize| match list {
            "emails" => format!("patient{number}@mail.example"),
            "phones" => format!("555-267-{number:04}"),
            _ => format!("{number}"),
        };
        (0..count).map(|number| json!({ field: value(number) })).collect::<Vec<_>>().into()
    };
    let mut input = json!({"patient": jane(), "healthProfile": {"heightCm": 170}});
    for (list, _, _, field) in LISTS {
        input[list] = records(list, field, 142);
    }
    input["allergies"] = records("allergies", "display", 148);
    assert_eq!(faults(phr, &input), [fault("TOO_MANY", "input")], "with the profile, 1001");
    let alone = json!({"patient": jane(), "conditions": records("conditions", "display", 1001)});
    assert_eq!(faults(phr, &alone), [fault("TOO_MANY", "input")]);
    let message = answer(phr, &alone)["userErrors"][0]["message"].take();
    assert!(message.as_str().unwrap().contains("at most 1000 records"), "{message}");
    input["allergies"] = records("allergies", "display", 147);
    registered(phr, &input);
    let found = phr.ask("{ patientAllergies { totalCount } emails { totalCount } }", &json!({}));
    assert_eq!(found, json!({"patientAllergies": {"totalCount": 147}, "emails": {"totalCount": 142}}));
    let thousand = with(alone, &json!({"conditions": records("conditions", "display", 1000)}));
    registered(phr, &thousand);
}
