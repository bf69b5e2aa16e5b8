//! Creating, changing and deactivating entries.

use phr::scope::{Boundary, HOME_INSTITUTION, Permission, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::entry;
use crate::library::{Library, codes, operator};
use crate::patients::{done, fault, faults, with};

on_both_databases! {
    an_entry_of_each_catalogue_is_created_changed_and_deactivated,
    a_code_belongs_to_one_entry,
    codes_have_their_forms_on_the_server_and_in_the_database,
    a_repeated_creation_creates_once,
    every_change_is_in_the_log,
    only_who_acts_in_all_institutions_changes_what_all_share,
    what_is_named_is_found_by_its_name,
    changes_are_on_record,
}

/// Each catalogue, with an entry to create.
fn catalogues(phr: &Phr) -> Vec<(&'static str, Value)> {
    let coded = json!({"system": "http://snomed.info/sct", "code": "38341003"});
    let simple = json!({"code": "x-1"});
    vec![
        ("Country", json!({"alpha2": "XX", "alpha3": "XXX", "numericCode": "999"})),
        ("Region", json!({"code": "FR-IDF", "countryId": entry(phr, "countries", "FR")})),
        ("InstitutionType", simple.clone()),
        ("SpecialtyCategory", simple.clone()),
        ("Sex", simple.clone()),
        ("Gender", simple.clone()),
        ("BloodType", simple.clone()),
        ("EmailType", simple.clone()),
        ("PhoneType", simple),
        ("MedicalCondition", coded.clone()),
        ("Medication", coded),
    ]
}

fn an_entry_of_each_catalogue_is_created_changed_and_deactivated(phr: &Phr) {
    for (noun, keys) in catalogues(phr) {
        let fields = "id uuid name isActive version createdAt updatedAt";
        let input = with(keys, &json!({"name": " Naïve name "}));
        let created = done(phr, &format!("create{noun}"), fields, &input);
        assert_eq!(
            (&created["name"], &created["isActive"], &created["version"]),
            (&json!("Naïve name"), &json!(true), &json!(1))
        );
        let uuid = &created["uuid"];
        let update = format!("update{noun}");
        let changed = done(phr, &update, fields, &json!({"uuid": uuid, "name": "New", "expectedVersion": 1}));
        assert_eq!(
            (&changed["name"], &changed["isActive"], &changed["version"]),
            (&json!("New"), &json!(true), &json!(2))
        );
        let stale = json!({"uuid": uuid, "isActive": false, "expectedVersion": 1});
        assert_eq!(faults(phr, &update, &stale), [fault("VERSION_CONFLICT", "input.expectedVersion")]);
        let ended = done(phr, &update, fields, &json!({"uuid": uuid, "isActive": false}));
        assert_eq!((&ended["name"], &ended["isActive"], &ended["version"]), (&json!("New"), &json!(false), &json!(3)));
        let nobody = json!({"uuid": crate::patients::NOBODY, "name": ""});
        assert_eq!(faults(phr, &update, &nobody), [fault("REQUIRED", "input.name"), fault("NOT_FOUND", "input.uuid")]);
        let node = phr.ask("query($id: ID!) { node(id: $id) { __typename id } }", &json!({"id": created["id"]}));
        assert_eq!(node["node"], json!({"__typename": noun, "id": created["id"]}));
    }
}

fn a_code_belongs_to_one_entry(phr: &Phr) {
    for (noun, keys) in catalogues(phr) {
        let create = format!("create{noun}");
        done(phr, &create, "uuid", &with(keys.clone(), &json!({"name": "First"})));
        let expected: Vec<_> = match noun {
            "Country" => {
                ["alpha2", "alpha3", "numericCode"].map(|key| fault("NOT_UNIQUE", &format!("input.{key}"))).into()
            }
            _ => vec![fault("NOT_UNIQUE", "input.code")],
        };
        assert_eq!(faults(phr, &create, &with(keys, &json!({"name": "Second"}))), expected, "{noun}");
    }
    let other = json!({"system": "http://hl7.org/fhir/sid/icd-10", "code": "38341003", "name": "Of another system"});
    done(phr, "createMedicalCondition", "uuid", &other);
}

fn codes_have_their_forms_on_the_server_and_in_the_database(phr: &Phr) {
    let country = phr.database.key(entry(phr, "countries", "FR").as_str().unwrap());
    for (noun, table, field, column, wrong) in [
        ("Country", "countries", "alpha2", "alpha2", ["xx", "X", "XXX", "ÄÖ", "X1"].as_slice()),
        ("Country", "countries", "alpha3", "alpha3", &["xxx", "XX", "XXXX"]),
        ("Country", "countries", "numericCode", "numeric_code", &["99", "9999", "99x", "٩٩٩"]),
        ("Region", "regions", "code", "code", &["FR", "FR-", "FR-ABCD", "fr-A", "FR_A", "FRA-1", "FR-a"]),
        ("Sex", "sexes", "code", "code", &["a b", "é", "xxxxxxxxxxxxxxxxxxxxx"]),
    ] {
        let (_, keys) = catalogues(phr).into_iter().find(|(name, _)| *name == noun).unwrap();
        for code in wrong {
            let input = with(keys.clone(), &json!({field: code, "name": "N"}));
            let found = faults(phr, &format!("create{noun}"), &input);
            assert!(found.len() == 1 && found[0].1 == format!("input.{field}"), "{noun} {code}: {found:?}");
            let (columns, values) = match noun {
                "Country" => {
                    let own =
                        |name: &str, value: &str| if name == column { (*code).to_owned() } else { value.to_owned() };
                    let texts = [own("alpha2", "XX"), own("alpha3", "XXX"), own("numeric_code", "999")];
                    ("alpha2, alpha3, numeric_code, name".to_owned(), format!("'{}', 'N'", texts.join("', '")))
                }
                "Region" => ("country_id, code, name".to_owned(), format!("{country}, '{code}', 'N'")),
                _ => ("code, name".to_owned(), format!("'{code}', 'N'")),
            };
            let insert = format!("INSERT INTO {table} ({columns}) VALUES ({values})");
            phr.database.sql_as_server().attempt(&insert).expect_err(&insert);
        }
    }
}

fn a_repeated_creation_creates_once(phr: &Phr) {
    let input = json!({"code": "clinic", "name": "Clinic", "idempotencyKey": "one"});
    let first = done(phr, "createInstitutionType", "uuid", &input);
    assert_eq!(done(phr, "createInstitutionType", "uuid", &input), first);
    let other = with(input, &json!({"name": "Another"}));
    let mismatch = [fault("IDEMPOTENCY_MISMATCH", "input.idempotencyKey")];
    assert_eq!(faults(phr, "createInstitutionType", &other), mismatch);
}

fn every_change_is_in_the_log(phr: &Phr) {
    let mut sql = phr.database.sql();
    let seeded = "SELECT count(*) FROM change_log WHERE entity = 'Country' AND operation = 'CREATED'";
    assert_eq!(sql.value(seeded), "249");
    let france = entry(phr, "countries", "FR");
    done(phr, "updateCountry", "uuid", &json!({"uuid": france, "name": "La France", "isActive": false}));
    let key = phr.database.key(france.as_str().unwrap());
    let log = format!("SELECT operation, version, changed_fields FROM change_log WHERE key = {key} ORDER BY sequence");
    let rows = sql.rows(&log);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1][..2], [Some("UPDATED".to_owned()), Some("2".to_owned())]);
    let fields = rows[1][2].as_deref().unwrap();
    assert!(fields.contains("is_active") && fields.contains("name") && !fields.contains("folded"), "{fields}");
}

fn only_who_acts_in_all_institutions_changes_what_all_share(phr: &Phr) {
    let library = Library::of(&phr.database);
    let bound = || Scope { boundary: Boundary::One(HOME_INSTITUTION), ..operator() };
    let reader = || Scope { permissions: operator().permissions.without(Permission::WriteDirectory), ..operator() };
    let before = phr.database.sql().value("SELECT count(*) FROM change_log");
    for query in [
        "mutation { createSex(input: {code: \"c\", name: \"N\"}) { userErrors { code } } }",
        "mutation { updateSex(input: {uuid: \"6c1f7d1e-0000-4000-8000-00000000dead\"}) { userErrors { code } } }",
    ] {
        for scope in [bound(), reader()] {
            assert_eq!(codes(&library.ask(scope, query, &json!({}))), ["FORBIDDEN"], "{query}");
        }
    }
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM change_log"), before);
    let response = library.ask(bound(), "{ sexes { totalCount } }", &json!({}));
    assert_eq!(response["data"]["sexes"]["totalCount"], 4, "all read them: {response}");
}

fn what_is_named_is_found_by_its_name(phr: &Phr) {
    for (code, name) in
        [("38341003", "Hypertensive disorder"), ("195967001", "Asthma"), ("22298006", "Myocardial infarction")]
    {
        let input = json!({"system": "http://snomed.info/sct", "code": code, "name": name});
        done(phr, "createMedicalCondition", "uuid", &input);
    }
    let query = "{ medicalConditions(filter: {name: {containsIgnoreCase: \"INF\"}, isActive: {equal: true}}) { nodes { code } } }";
    assert_eq!(phr.ask(query, &json!({}))["medicalConditions"]["nodes"], json!([{"code": "22298006"}]));
}

fn changes_are_on_record(phr: &Phr) {
    let made = done(phr, "createGender", "uuid", &json!({"code": "two-spirit", "name": "Two-Spirit"}));
    let uuid = made["uuid"].as_str().unwrap();
    done(phr, "updateGender", "uuid", &json!({"uuid": uuid, "isActive": false}));
    let own = format!("resource = 'Gender' AND resource_id = {}", phr.database.key(uuid));
    let entries = crate::audit::shipped(&phr.database, &own, 4);
    let told = |entry: &crate::audit::Entry| format!("{} {} {}", entry["action"], entry["outcome"], entry["fields"]);
    let expected = [
        "CREATE INTENDED uuid code name is_active",
        "CREATE SUCCEEDED uuid code name is_active",
        "UPDATE INTENDED is_active",
        "UPDATE SUCCEEDED is_active",
    ];
    assert_eq!(entries.iter().map(told).collect::<Vec<_>>(), expected);
}
