//! Names, numbers, addresses and identifiers: the present ones, and those that can be used.

use serde_json::json;
use support::{Phr, on_both_databases};

use super::{bundle_of, clinic, doctor, encounter, import, patient, reference, register, statuses, with, without};

on_both_databases!(
    the_present_name_is_taken_and_not_a_former_one,
    a_number_that_cannot_be_used_costs_that_number,
    an_organisation_with_two_numbers_in_one_field_comes_in,
    an_identifier_without_a_value_is_left_out,
    line_breaks_become_spaces,
    who_lacks_a_part_comes_in_incomplete,
    names_and_addresses_as_long_as_real_ones_come_in_whole,
    what_is_longer_still_is_told_whole,
    a_doctor_with_a_single_name_comes_in_with_it,
    a_country_may_have_its_common_name
);

fn the_present_name_is_taken_and_not_a_former_one(phr: &Phr) {
    let former =
        json!({ "use": "official", "family": "Formerly", "given": ["Lena"], "period": { "end": "2015-06-30" } });
    let present =
        json!({ "use": "official", "family": "Nowadays", "given": ["Lena"], "period": { "start": "2015-07" } });
    let married = with(patient(1), "name", json!([former, present]));
    let moved = with(
        patient(2),
        "address",
        json!([
            { "use": "home", "line": ["1 Old Road"], "period": { "end": "2001" } }, { "use": "work", "line": ["2 New Road"] },
        ]),
    );
    let text_first = json!([{ "use": "official", "text": "Lena Moreau" }, { "use": "usual", "family": "Moreau", "given": ["Lena"] }]);
    let whole = with(patient(3), "name", text_first);
    let reached = with(
        patient(4),
        "telecom",
        json!([
            { "system": "phone", "value": "555-010-0001", "period": { "end": "2001-01-01" } },
            { "system": "phone", "value": "555-010-0002" },
        ]),
    );
    let called = with(
        doctor(5),
        "name",
        json!([
            { "family": "Before", "given": ["Kim"], "period": { "end": "2001" } }, { "family": "After", "given": ["Kim"] },
        ]),
    );
    let contacts = with(
        patient(6),
        "contact",
        json!([
            { "name": { "text": "Gone" }, "period": { "end": "2001" } }, { "name": { "text": "Still" } },
        ]),
    );
    let outcomes = import(phr, &[married, moved, whole, reached, called, contacts]);
    assert_eq!(statuses(&outcomes), ["CREATED"; 6], "{outcomes:?}");
    assert_eq!(register(phr, 1)["lastName"], "Nowadays");
    assert_eq!(register(phr, 2)["address"], "2 New Road");
    let addresses = register(phr, 2)["addresses"]["nodes"].as_array().unwrap().clone();
    let purposes: Vec<_> = addresses.iter().map(|address| (&address["street"], &address["purpose"])).collect();
    assert!(purposes.contains(&(&json!("1 Old Road"), &json!("OLD"))), "{purposes:?}");
    assert_eq!((&register(phr, 3)["firstName"], &register(phr, 3)["lastName"]), (&json!("Lena"), &json!("Moreau")));
    assert_eq!(register(phr, 4)["phoneNumber"], "555-010-0002");
    assert_eq!(phr.database.sql().value("SELECT last_name FROM doctors"), "After");
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patientregister WHERE emergency_contact = 'Still'"), "1");
}

fn a_number_that_cannot_be_used_costs_that_number(phr: &Phr) {
    let odd = with(
        patient(1),
        "telecom",
        json!([
            { "system": "phone", "value": "ask the ward" }, { "system": "phone", "value": "555-010-2222" },
            { "system": "email", "value": "none" }, { "system": "email", "value": "lena@mail.example" },
        ]),
    );
    let outcomes = import(phr, &[odd]);
    assert_eq!(outcomes[0].status, "CREATED", "{outcomes:?}");
    for place in ["Patient.telecom[0]", "Patient.telecom[2]"] {
        let told = &outcomes[0];
        assert!(told.path == place || told.reason.contains(place), "{outcomes:?}");
    }
    let register = register(phr, 1);
    assert_eq!((&register["phoneNumber"], &register["email"]), (&json!("555-010-2222"), &json!("lena@mail.example")));
}

fn an_organisation_with_two_numbers_in_one_field_comes_in(phr: &Phr) {
    let odd = with(clinic(7), "telecom", json!([{ "system": "phone", "value": "508-555-0100 or 508-555-0101" }]));
    let lee = with(doctor(8), "telecom", json!([{ "system": "email", "value": "nobody" }]));
    let visit = encounter(9, &reference("Patient", 1), &reference("Organization", 7), &reference("Practitioner", 8));
    let outcomes = import(phr, &[odd, lee, patient(1), visit]);
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED", "CREATED", "SKIPPED"], "{outcomes:?}");
    assert!(outcomes[0].is("CREATED", "Organization.telecom[0].value", "was left out: "), "{outcomes:?}");
    assert!(outcomes[1].is("CREATED", "Practitioner.telecom[0].value", "was left out: "), "{outcomes:?}");
    let register = register(phr, 1);
    assert_eq!(
        (&register["institution"]["name"], &register["doctor"]["lastName"]),
        (&json!("Clinic 7"), &json!("Lee8"))
    );
}

fn an_identifier_without_a_value_is_left_out(phr: &Phr) {
    let masked = json!({ "system": "urn:oid:1.2.3", "extension": [{ "url": "x", "valueString": "xxx-0001" }] });
    let long = json!({ "system": "https://a.example/long", "value": "9".repeat(201) });
    let other = json!({ "system": "https://a.example/mrn", "value": "M-1", "type": { "coding": [{ "system": "https://a.example/kinds", "code": "SS" }] } });
    let outcomes = import(phr, &[with(patient(1), "identifier", json!([masked, long, other]))]);
    assert!(outcomes[0].is("CREATED", "Patient.identifier[0]", "was left out: it has no value"), "{outcomes:?}");
    assert!(outcomes[0].reason.contains("Patient.identifier[1].value: was left out"), "{outcomes:?}");
    let kept = register(phr, 1)["identifiers"]["nodes"].clone();
    assert_eq!(kept, json!([{ "system": "https://a.example/mrn", "value": "M-1" }]));
    let kinds = phr.database.sql().value("SELECT count(*) FROM identifiers WHERE type_code IS NULL");
    assert_eq!(kinds, "1", "a code of another table is no kind");
}

fn line_breaks_become_spaces(phr: &Phr) {
    let broken = with(clinic(7), "name", json!("Mill\r\nLane  Clinic"));
    let address = json!([{ "text": "1 Mill Lane\nWorcester" }]);
    let lena = with(with(patient(1), "address", address), "managingOrganization", reference("Organization", 7));
    let lena = with(lena, "name", json!([{ "family": "Mo\treau", "given": ["Le\u{0}na"] }]));
    let outcomes = super::import_bundle(phr, &bundle_of("collection", &[broken, lena]));
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED"], "{outcomes:?}");
    let register = register(phr, 1);
    assert_eq!(register["institution"]["name"], "Mill Lane Clinic");
    assert_eq!(register["address"], "1 Mill Lane Worcester");
    assert_eq!((&register["firstName"], &register["lastName"]), (&json!("Le na"), &json!("Mo reau")));
}

fn who_lacks_a_part_comes_in_incomplete(phr: &Phr) {
    let (long, wide) = ("Maximiliana ".repeat(20), "Long Winding Lane ".repeat(27));
    let people = [
        without(patient(1), "telecom"),
        without(patient(2), "address"),
        without(patient(3), "birthDate"),
        with(patient(4), "birthDate", json!("1980-02")),
        with(patient(5), "birthDate", json!("1880-01-01")),
        with(patient(6), "name", json!([{ "family": "Suharto" }])),
        with(patient(7), "name", json!([{ "text": "Lena Moreau" }])),
        with(patient(8), "name", json!([{ "family": "Moreau", "given": [long] }])),
        with(patient(9), "address", json!([{ "line": [wide], "city": "Worcester upon the Winding River" }])),
        without(patient(10), "name"),
        with(patient(11), "deceasedDateTime", json!("1970-01-01")),
    ];
    let outcomes = import(phr, &people);
    assert_eq!(statuses(&outcomes), ["CREATED"; 11], "{outcomes:?}");
    let expected = [
        (3, "Patient.birthDate", "is no whole date"),
        (4, "Patient.birthDate", "must be from 1900-01-01"),
        (7, "Patient.name[0].given", "was shortened"),
        (8, "Patient.address[0]", "was shortened"),
        (10, "Patient.deceasedDateTime", "is before the birth"),
    ];
    for (number, path, reason) in expected {
        assert!(outcomes[number].is("CREATED", path, reason), "{outcomes:?}");
    }
    for number in [1, 2, 3, 4, 5, 10] {
        assert_eq!(register(phr, number)["status"], "INCOMPLETE", "{number}");
    }
    for number in [6, 7, 8, 9, 11] {
        assert_eq!(register(phr, number)["status"], "PENDING", "{number}");
    }
    let only = register(phr, 6);
    assert_eq!((&only["firstName"], &only["lastName"]), (&json!(null), &json!("Suharto")));
    assert_eq!(register(phr, 7)["lastName"], "Lena Moreau", "a text is not divided");
    let kept = register(phr, 9)["addresses"]["nodes"][0]["street"].as_str().unwrap().len();
    assert_eq!(kept, "Long Winding Lane ".len() * 27 - 1, "it stands whole among the addresses");
    assert_eq!(statuses(&import(phr, &people)), ["UNCHANGED"; 11]);
}

fn names_and_addresses_as_long_as_real_ones_come_in_whole(phr: &Phr) {
    let given = ["Anastasia"; 14].join(" ");
    let (street, whom) = ("Long Winding Lane, ".repeat(12), "Kim Moreau (grandmother's neighbour) ".repeat(4));
    let lena = with(patient(1), "name", json!([{ "family": "Moreau", "given": [given] }]));
    let lena = with(lena, "address", json!([{ "text": street.trim() }]));
    let lena = with(lena, "contact", json!([{ "name": { "text": whom.trim() } }]));
    let kim = with(doctor(2), "name", json!([{ "family": "Lee", "given": [given] }]));
    let place = with(clinic(3), "address", json!([{ "text": street.trim() }]));
    let outcomes = import(phr, &[lena, kim, place]);
    assert_eq!(statuses(&outcomes), ["CREATED"; 3]);
    assert!(outcomes.iter().all(|told| !told.reason.contains("shortened")), "{outcomes:?}");
    let register = register(phr, 1);
    assert_eq!((&register["firstName"], &register["address"]), (&json!(given), &json!(street.trim())));
    let mut sql = phr.database.sql();
    assert_eq!(sql.value("SELECT emergency_contact FROM patientregister"), whom.trim());
    assert_eq!(sql.value("SELECT first_name FROM doctors"), given);
    assert_eq!(sql.value("SELECT max(length(address)) FROM medical_institutions"), street.trim().len().to_string());
}

fn what_is_longer_still_is_told_whole(phr: &Phr) {
    let family = "Wolfeschlegelsteinhausen".repeat(10);
    let lena = with(patient(1), "name", json!([{ "family": family, "given": ["Lena"] }]));
    let bundle = bundle_of("collection", &[lena]);
    let query = "mutation($input: ImportFhirInput!) { importFhir(input: $input) {
        outcomes { status reason shortened { path text } } } }";
    for status in ["CREATED", "UNCHANGED"] {
        let outcome = phr.ask(query, &json!({ "input": { "bundle": bundle } }))["importFhir"]["outcomes"][0].take();
        assert_eq!(outcome["status"], status);
        assert_eq!(outcome["shortened"], json!([{ "path": "Patient.name[0].family", "text": family }]));
        let reason = outcome["reason"].as_str().unwrap();
        assert!(reason.starts_with("was shortened") && !reason.contains("Wolfe"), "{reason}");
    }
    let kept = register(phr, 1)["lastName"].as_str().unwrap().to_owned();
    assert_eq!((kept.chars().count(), &kept[..199]), (200, &family[..199]));
}

fn a_doctor_with_a_single_name_comes_in_with_it(phr: &Phr) {
    let named = |number: u32, name: serde_json::Value| with(doctor(number), "name", json!([name]));
    let doctors = [
        named(20, json!({ "family": "Sukarno" })),
        named(21, json!({ "given": ["Teller"] })),
        named(22, json!({ "text": "Dr. Kim Lee" })),
        without(doctor(23), "name"),
    ];
    let lena = |number: u32, doctor: u32| {
        with(patient(number), "generalPractitioner", json!([reference("Practitioner", doctor)]))
    };
    let all = [&doctors[..], &[lena(1, 20), lena(2, 21), lena(3, 22), lena(4, 23)]].concat();
    let outcomes = import(phr, &all);
    let expected = ["CREATED", "CREATED", "CREATED", "FAILED", "CREATED", "CREATED", "CREATED", "CREATED"];
    assert_eq!(statuses(&outcomes), expected, "{outcomes:?}");
    assert!(outcomes[3].is("FAILED", "Practitioner.name[0].family", "a first name or a last name"), "{outcomes:?}");
    assert!(outcomes[7].is("CREATED", "Patient.generalPractitioner[0]", "was left out"), "{outcomes:?}");
    let rows = "SELECT coalesce(first_name, '-') || '|' || coalesce(last_name, '-') FROM doctors ORDER BY 1";
    assert_eq!(phr.database.sql().column(rows), ["-|Dr. Kim Lee", "-|Sukarno", "Teller|-"]);
    assert_eq!(register(phr, 1)["doctor"]["lastName"], "Sukarno");
    let again = import(phr, &all);
    assert_eq!(statuses(&again)[..3], ["UNCHANGED"; 3], "{again:?}");
}

fn a_country_may_have_its_common_name(phr: &Phr) {
    let living_in = |number: u32, country: &str| {
        with(patient(number), "address", json!([{ "line": ["1 Mill Lane"], "country": country }]))
    };
    let told = [
        living_in(1, "United States of America"),
        living_in(2, "uk"),
        living_in(3, "Viet Nam"),
        living_in(4, "Atlantis"),
    ];
    let outcomes = import(phr, &told);
    assert!(outcomes[3].is("CREATED", "Patient.address[0].country", "was left out"), "{outcomes:?}");
    let codes = "SELECT alpha2 FROM addresses JOIN countries ON countries.uuid = country_id ORDER BY alpha2";
    assert_eq!(phr.database.sql().column(codes), ["GB", "US", "VN"]);
}
