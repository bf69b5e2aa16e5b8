use serde_json::{Value, json};

use super::build::{bundle, patient, uuid};
use super::*;

fn reachable() -> Value {
    let mut patient = patient(1);
    patient["gender"] = json!("male");
    patient["extension"] = json!([
        { "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F" },
        {
            "url": "http://hl7.org/fhir/StructureDefinition/patient-genderIdentity",
            "valueCodeableConcept": { "coding": [{ "code": "transgender-male" }] },
        },
    ]);
    patient["telecom"] = json!([
        { "system": "phone", "value": "555-000-0001", "use": "home", "rank": 2 },
        { "system": "phone", "value": "555-000-0002", "use": "mobile", "rank": 1 },
        { "system": "email", "value": "ana@mail.example", "use": "work" },
    ]);
    patient["address"] = json!([{
        "use": "home", "line": ["141 Gate", "Unit 24"], "city": "Worcester", "state": "Massachusetts",
        "postalCode": "01545", "country": "US",
        "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/geolocation", "extension": [
            { "url": "latitude", "valueDecimal": 42.25 }, { "url": "longitude", "valueDecimal": -71.5 } ] }],
    }]);
    patient
}

const ADMINISTRATIVE: &str =
    "was left out: is neither the sex recorded at birth nor the own gender, but what administration uses";

#[tokio::test]
async fn what_administration_uses_is_no_sex_at_birth() {
    let database = Database::new().await;
    let mut told = patient(1);
    told["gender"] = json!("female");
    let imported = database.import(document(&bundle(&[told.clone()]))).await;
    let outcome = &imported.outcomes[0];
    assert_eq!((outcome.path.as_deref(), outcome.reason.as_deref()), (Some("Patient.gender"), Some(ADMINISTRATIVE)));
    assert_eq!(database.number("SELECT count(*) FROM health_profiles").await, 0);
    let at_birth = |code: &str| {
        let url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex";
        json!([{ "url": url, "valueCode": code }])
    };
    told["extension"] = at_birth("X");
    let imported = database.import(document(&bundle(&[told.clone()]))).await;
    assert_eq!(imported.outcomes[0].path.as_deref(), Some("Patient.extension"));
    assert_eq!(database.number("SELECT count(*) FROM health_profiles").await, 0);
    told["extension"] = at_birth("F");
    let imported = database.import(document(&bundle(&[told]))).await;
    assert_eq!((imported.outcomes[0].status, &imported.outcomes[0].reason), (Status::Updated, &None));
    let own = "SELECT count(*) FROM health_profiles JOIN sexes ON sexes.uuid = sex_id
        WHERE code = 'female' AND gender_id IS NULL";
    assert_eq!(database.number(own).await, 1);
}

async fn lines(database: &Database, sql: &str) -> Vec<String> {
    database.rows(sql).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

const PHONES: &str = "SELECT concat_ws('|', number, code, is_primary) FROM phones
    LEFT JOIN phone_types ON phone_types.uuid = phone_type_id WHERE deleted_at IS NULL ORDER BY number";

#[tokio::test]
async fn who_a_patient_is_and_how_to_reach_them_has_its_tables() {
    let database = Database::new().await;
    let imported = database.import(document(&bundle(&[reachable()]))).await;
    let told = (imported.outcomes[0].path.as_deref(), imported.outcomes[0].reason.as_deref());
    assert_eq!(told, (Some("Patient.gender"), Some(ADMINISTRATIVE)));
    assert_eq!(lines(&database, PHONES).await, ["555-000-0001|home|0", "555-000-0002|mobile|1"]);
    let emails = "SELECT concat_ws('|', address, code, is_primary) FROM emails
        JOIN email_types ON email_types.uuid = email_type_id";
    assert_eq!(lines(&database, emails).await, ["ana@mail.example|work|1"]);
    let addresses = "SELECT concat_ws('|', street, city, postal_code, regions.code, alpha2, latitude, longitude, purpose, is_primary)
        FROM addresses JOIN regions ON regions.uuid = region_id JOIN countries ON countries.uuid = addresses.country_id";
    let expected = "141 Gate, Unit 24|Worcester|01545|US-MA|US|42.25|-71.5|HOME|1";
    assert_eq!(lines(&database, addresses).await, [expected]);
    let profile = "SELECT concat_ws('|', sexes.code, genders.code) FROM health_profiles
        JOIN sexes ON sexes.uuid = sex_id JOIN genders ON genders.uuid = gender_id";
    assert_eq!(lines(&database, profile).await, ["female|transgender-male"]);
    let again = database.import(document(&bundle(&[reachable()]))).await;
    assert_eq!(again.outcomes[0].status, Status::Unchanged);
}

#[tokio::test]
async fn a_contact_alone_makes_a_patient_updated() {
    let database = Database::new().await;
    database.import(document(&bundle(&[reachable()]))).await;
    let mut moved = reachable();
    moved["telecom"][0]["use"] = json!("work");
    let imported = database.import(document(&bundle(&[moved]))).await;
    assert_eq!(imported.outcomes[0].status, Status::Updated);
    assert_eq!(lines(&database, PHONES).await, ["555-000-0001|work|0", "555-000-0002|mobile|1"]);
    assert_eq!(database.registers().await[0].version, 1);
}

#[tokio::test]
async fn the_first_choice_of_an_import_gives_way_and_that_of_a_person_stays() {
    let database = Database::new().await;
    database.import(document(&bundle(&[reachable()]))).await;
    let mut moved = reachable();
    moved["telecom"][1]["value"] = json!("555-000-0003");
    database.import(document(&bundle(std::slice::from_ref(&moved)))).await;
    let expected = ["555-000-0001|home|0", "555-000-0002|mobile|0", "555-000-0003|mobile|1"];
    assert_eq!(lines(&database, PHONES).await, expected);
    let key = |number| format!("x'{}'", uuid(number).replace('-', ""));
    database.execute("UPDATE phones SET is_primary = false").await;
    database
        .execute(&format!(
            "INSERT INTO phones (uuid, patient_id, institution_id, number, is_primary)
             SELECT {}, uuid, institution_id, '555-000-0009', true FROM patientregister",
            key(77)
        ))
        .await;
    database.import(document(&bundle(&[moved]))).await;
    let first = "SELECT number FROM phones WHERE is_primary";
    assert_eq!(lines(&database, first).await, ["555-000-0009"]);
}

#[tokio::test]
async fn what_was_told_by_a_person_already_is_not_told_twice() {
    let database = Database::new().await;
    database.import(document(&bundle(&[patient(1)]))).await;
    for sql in [
        "UPDATE phones SET number = '555-000-0001'",
        "UPDATE addresses SET street = '141 Gate, Unit 24', city = 'Worcester', postal_code = '01545'",
    ] {
        database.execute(sql).await;
    }
    database.import(document(&bundle(&[reachable()]))).await;
    assert_eq!(lines(&database, PHONES).await.len(), 2);
    assert_eq!(database.number("SELECT count(*) FROM addresses").await, 1);
}

#[tokio::test]
async fn what_does_not_fit_is_left_out_and_the_patient_is_not() {
    let database = Database::new().await;
    let mut odd = reachable();
    odd["telecom"][0]["value"] = json!("7");
    odd["telecom"].as_array_mut().unwrap().push(json!({ "system": "fax", "value": "555-000-0009" }));
    odd["address"][0]["country"] = json!("Atlantis");
    odd["address"].as_array_mut().unwrap().push(json!({ "text": "somewhere" }));
    let imported = database.import(document(&bundle(&[odd]))).await;
    let outcome = &imported.outcomes[0];
    assert_eq!((outcome.status, outcome.path.as_deref()), (Status::Created, Some("Patient.telecom[3]")));
    let reason = outcome.reason.as_deref().unwrap();
    for part in [
        "was left out: only phone numbers and email addresses are kept",
        "Patient.telecom[0]: was left out: must have at least 10 digits",
        "Patient.address[0].country: was left out: is no name and no code of ISO 3166-1",
        "Patient.address[0].state: was left out",
        "Patient.address[1]: was left out: must not be empty",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(lines(&database, PHONES).await, ["555-000-0002|mobile|1"]);
}

#[tokio::test]
async fn an_identifier_that_a_person_told_is_found_by_what_it_says() {
    let database = Database::new().await;
    database.import(document(&bundle(&[patient(1)]))).await;
    let key = format!("x'{}'", uuid(88).replace('-', ""));
    for sql in [
        "UPDATE identifiers SET deleted_at = '2026-01-01T00:00:00.000000+00:00'".to_owned(),
        format!(
            "INSERT INTO identifiers (uuid, patient_id, institution_id, system, value)
             SELECT {key}, patient_id, institution_id, system, value FROM identifiers"
        ),
    ] {
        database.execute(&sql).await;
    }
    let imported = database.import(document(&bundle(&[patient(1)]))).await;
    assert_eq!(imported.outcomes[0].status, Status::Updated, "{:#?}", imported.outcomes);
    let own = format!("SELECT count(*) FROM identifiers WHERE uuid = {key} AND type_code = 'MR'");
    assert_eq!(database.number(&own).await, 1);
}

#[tokio::test]
async fn addresses_that_differ_in_their_country_alone_stay_two() {
    let database = Database::new().await;
    let mut both = reachable();
    let mut abroad = both["address"][0].clone();
    abroad["country"] = json!("CA");
    abroad["use"] = json!("work");
    abroad.as_object_mut().unwrap().remove("state");
    both["address"].as_array_mut().unwrap().push(abroad);
    for status in [Status::Created, Status::Unchanged] {
        let imported = database.import(document(&bundle(std::slice::from_ref(&both)))).await;
        assert_eq!(imported.outcomes[0].status, status, "{:#?}", imported.outcomes);
    }
    assert_eq!(database.number("SELECT count(*) FROM addresses").await, 2);
}

const ADDRESSES: &str = "SELECT concat_ws('|', street, postal_code, latitude, purpose, is_primary) FROM addresses
    WHERE deleted_at IS NULL ORDER BY street";

#[tokio::test]
async fn a_corrected_address_takes_the_place_of_the_one_before() {
    let database = Database::new().await;
    database.import(document(&bundle(&[reachable()]))).await;
    let mut moved = reachable();
    moved["address"] = json!([{ "use": "home", "line": ["7 Mill Lane"], "city": "Worcester" }]);
    for (status, version) in [(Status::Updated, 2), (Status::Unchanged, 2)] {
        let imported = database.import(document(&bundle(std::slice::from_ref(&moved)))).await;
        assert_eq!(imported.outcomes[0].status, status, "{:#?}", imported.outcomes);
        assert_eq!(lines(&database, ADDRESSES).await, ["7 Mill Lane|HOME|1"], "nothing is left of the other");
        assert_eq!(database.number("SELECT version FROM addresses").await, version);
    }
    // Back again, and now both.
    database.import(document(&bundle(&[reachable()]))).await;
    assert_eq!(lines(&database, ADDRESSES).await, ["141 Gate, Unit 24|01545|42.25|HOME|1"]);
    moved["address"].as_array_mut().unwrap().push(reachable()["address"][0].clone());
    moved["address"][1]["use"] = json!("old");
    for status in [Status::Updated, Status::Unchanged] {
        let imported = database.import(document(&bundle(std::slice::from_ref(&moved)))).await;
        assert_eq!(imported.outcomes[0].status, status, "{:#?}", imported.outcomes);
    }
    assert_eq!(lines(&database, ADDRESSES).await, ["141 Gate, Unit 24|01545|42.25|OLD|0", "7 Mill Lane|HOME|1"]);
}

#[tokio::test]
async fn an_address_takes_no_place_where_it_is_not_plain_whose() {
    let database = Database::new().await;
    let told = |streets: &[&str]| {
        let mut patient = patient(1);
        let address = |street: &&str| json!({ "line": [street], "city": "Worcester" });
        patient["address"] = streets.iter().map(address).collect();
        patient
    };
    database.import(document(&bundle(&[told(&["1 Mill Lane", "2 Mill Lane"])]))).await;
    database.import(document(&bundle(&[told(&["3 Mill Lane"])]))).await;
    let streets = "SELECT street FROM addresses WHERE deleted_at IS NULL ORDER BY street";
    assert_eq!(
        lines(&database, streets).await,
        ["1 Mill Lane", "2 Mill Lane", "3 Mill Lane"],
        "of two it may be either"
    );
    // What a person told, and what a person removed, stay.
    let database = Database::new().await;
    database.import(document(&bundle(&[told(&["1 Mill Lane"])]))).await;
    let key = format!("x'{}'", uuid(99).replace('-', ""));
    database
        .execute(&format!(
            "INSERT INTO addresses (uuid, patient_id, institution_id, street, is_primary)
             SELECT {key}, uuid, institution_id, '2 Mill Lane', false FROM patientregister"
        ))
        .await;
    let now = "2026-01-01T00:00:00.000000+00:00";
    database.execute(&format!("UPDATE addresses SET deleted_at = '{now}' WHERE street = '1 Mill Lane'")).await;
    database.import(document(&bundle(&[told(&["1 Mill Lane"])]))).await;
    database.import(document(&bundle(&[told(&["4 Mill Lane"])]))).await;
    database.import(document(&bundle(&[told(&["1 Mill Lane"])]))).await;
    assert_eq!(lines(&database, streets).await, ["2 Mill Lane", "4 Mill Lane"]);
}

#[tokio::test]
async fn what_was_removed_takes_no_first_choice() {
    let database = Database::new().await;
    database.import(document(&bundle(&[reachable()]))).await;
    database
        .execute("UPDATE phones SET is_primary = false, deleted_at = '2026-01-01T00:00:00.000000+00:00' WHERE number = '555-000-0002'")
        .await;
    database.execute("UPDATE phones SET is_primary = true WHERE number = '555-000-0001'").await;
    database.import(document(&bundle(&[reachable()]))).await;
    assert_eq!(lines(&database, PHONES).await, ["555-000-0001|home|1"]);
}

#[tokio::test]
async fn a_death_without_a_day_is_told_to_be_left_out() {
    for (field, value) in [("deceasedDateTime", json!("2019-05")), ("deceasedBoolean", json!(true))] {
        let database = Database::new().await;
        let mut dead = patient(1);
        dead[field] = value;
        let imported = database.import(document(&bundle(&[dead]))).await;
        let path = imported.outcomes[0].path.clone();
        assert_eq!((imported.outcomes[0].status, path), (Status::Created, Some(format!("Patient.{field}"))));
    }
}
