//! Filters: what they mean, against an independent notion of it, the same for both databases.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::seeded::{Random, fill, keys, meets, registers, sorted};

on_both_databases! {
    every_operator_means_what_it_says_on_every_field,
    combinations_mean_what_they_say,
    conditions_side_by_side_are_joined_by_and,
    empty_combinations_have_a_meaning,
    a_filter_and_its_negation_cover_everything,
    prefixes_end_where_they_should,
    case_is_ignored_for_letters_with_accents_too,
    relations_are_filtered_through_two_levels,
    instants_are_compared_whatever_their_time_zone,
    other_collections_have_criteria_too,
}

const QUERY: &str = "query($filter: PatientRegisterFilter, $first: Int) {
    patientRegisters(filter: $filter, order: [{field: UUID}], first: $first, deleted: INCLUDED) { nodes { uuid } }
}";

/// What the server finds.
fn found(phr: &Phr, filter: &Value) -> Vec<String> {
    let data = phr.ask(QUERY, &json!({"filter": filter, "first": 1000}));
    keys(data["patientRegisters"]["nodes"].as_array().unwrap())
}

/// What it should find.
fn meant(records: &[Value], filter: &Value) -> Vec<String> {
    let met = records.iter().filter(|record| meets(record, filter)).cloned().collect();
    keys(&sorted(met, &[("uuid", true)]))
}

fn check(phr: &Phr, records: &[Value], filter: &Value) -> usize {
    let meant = meant(records, filter);
    assert_eq!(found(phr, filter), meant, "{filter}");
    meant.len()
}

const TEXTS: &[&str] = &["firstName", "lastName", "email", "address", "emergencyContact"];
const ORDERED: &[&str] =
    &["uuid", "dateOfBirth", "institutionId", "doctorId", "version", "createdAt", "updatedAt", "deletedAt"];
const LISTS: &[&str] = &["allergies", "medicalHistory", "currentMedications"];
const COMPARISONS: &[&str] = &["equal", "notEqual", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"];
const SEARCHES: &[&str] = &["startsWith", "contains", "equalIgnoreCase", "startsWithIgnoreCase", "containsIgnoreCase"];

/// A value that some record has.
fn known(records: &[Value], random: &mut Random, field: &str) -> Value {
    loop {
        let value = &records[random.below(records.len())][field];
        if !value.is_null() {
            return value.clone();
        }
    }
}

/// Operators that a field has.
fn operators(field: &str) -> Vec<&'static str> {
    if LISTS.contains(&field) {
        return vec!["contains", "containsAll", "containsAny", "isEmpty"];
    }
    if field == "status" {
        return vec!["equal", "notEqual", "in", "notIn"];
    }
    let mut all = [COMPARISONS, &["in", "notIn", "isNull"]].concat();
    if TEXTS.contains(&field) {
        all.extend(SEARCHES);
    }
    all
}

fn operand(records: &[Value], random: &mut Random, field: &str, operator: &str) -> Value {
    let list = LISTS.contains(&field);
    let one = |random: &mut Random| {
        let value = known(records, random, field);
        let entries = value.as_array().cloned();
        entries.map_or(value, |entries| entries.first().cloned().unwrap_or_else(|| json!("nothing")))
    };
    match operator {
        "isNull" | "isEmpty" => json!(random.chance(50)),
        "in" | "notIn" | "containsAll" | "containsAny" => (0..random.below(4)).map(|_| one(random)).collect(),
        "contains" if list => one(random),
        _ if SEARCHES.contains(&operator) => {
            let value = one(random);
            let letters: Vec<char> = value.as_str().unwrap().chars().collect();
            let end = 1 + random.below(letters.len());
            let start = if operator.starts_with("contains") { random.below(end) } else { 0 };
            let part: String = letters[start..end].iter().collect();
            let shouted = operator.ends_with("Case") && random.chance(50);
            json!(if shouted { part.to_uppercase() } else { part })
        }
        _ => one(random),
    }
}

fn every_operator_means_what_it_says_on_every_field(phr: &Phr) {
    let records = fill(phr);
    let mut random = Random::new(1);
    for field in [TEXTS, ORDERED, LISTS, &["status"]].concat() {
        for operator in operators(field) {
            let mut most = 0;
            for _ in 0..4 {
                let operand = operand(&records, &mut random, field, operator);
                most = most.max(check(phr, &records, &json!({field: {operator: operand}})));
            }
            let strict = ["lessThan", "greaterThan", "in", "containsAny", "equalIgnoreCase"].contains(&operator);
            assert!(most > 0 || strict, "{field} {operator}: nothing was ever found");
        }
    }
}

fn a_filter(records: &[Value], random: &mut Random, depth: usize) -> Value {
    let some = |random: &mut Random| -> Vec<Value> {
        (0..random.below(4)).map(|_| a_filter(records, random, depth - 1)).collect()
    };
    match random.below(if depth == 0 { 4 } else { 8 }) {
        5 => json!({ "and": some(random) }),
        6 => json!({ "or": some(random) }),
        7 => json!({ "not": a_filter(records, random, depth - 1) }),
        4 => {
            let name = random.of(&["Smith", "SMI", "ä", "O'"]);
            json!({"doctor": {"lastName": {random.of(&["startsWith", "containsIgnoreCase"]): name}}})
        }
        _ => {
            let field = random.of(&[TEXTS, ORDERED, LISTS, &["status"]].concat());
            let operators = operators(field);
            let operator = operators[random.below(operators.len())];
            json!({field: {operator: operand(records, random, field, operator)}})
        }
    }
}

fn combinations_mean_what_they_say(phr: &Phr) {
    let records = fill(phr);
    let mut random = Random::new(2);
    let rounds = if std::env::var_os("PHR_SOAK").is_some() { 5000 } else { 250 };
    for _ in 0..rounds {
        let filter = a_filter(&records, &mut random, 3);
        check(phr, &records, &filter);
    }
}

fn conditions_side_by_side_are_joined_by_and(phr: &Phr) {
    let records = fill(phr);
    let both = json!({"lastName": {"equal": "Smith"}, "dateOfBirth": {"greaterThanOrEqual": "1980-02-29"}});
    assert!(check(phr, &records, &both) > 0);
    let within =
        json!({"dateOfBirth": {"greaterThan": "1900-01-01", "lessThan": "2000-01-01", "notEqual": "1980-02-29"}});
    assert!(check(phr, &records, &within) > 0);
    // 44: LESS_THAN on one field and EQUAL on another.
    let named = json!({"lastName": {"lessThan": "T"}, "firstName": {"equal": "Zoë"}});
    assert!(check(phr, &records, &named) > 0);
}

fn empty_combinations_have_a_meaning(phr: &Phr) {
    let all = fill(phr).len();
    assert_eq!(found(phr, &json!({})).len(), all);
    assert_eq!(found(phr, &json!({"and": []})).len(), all);
    assert_eq!(found(phr, &json!({"or": []})).len(), 0);
    assert_eq!(found(phr, &json!({"not": {}})).len(), 0);
    assert_eq!(found(phr, &json!({"email": {}})).len(), all);
    assert_eq!(found(phr, &json!({"firstName": {"in": []}})).len(), 0);
    assert_eq!(found(phr, &json!({"firstName": {"notIn": []}})).len(), all);
    assert_eq!(found(phr, &json!({"allergies": {"containsAll": []}})).len(), all);
    assert_eq!(found(phr, &json!({"allergies": {"containsAny": []}})).len(), 0);
}

fn a_filter_and_its_negation_cover_everything(phr: &Phr) {
    let records = fill(phr);
    let mut random = Random::new(3);
    for field in [TEXTS, ORDERED, LISTS, &["status"]].concat() {
        for operator in operators(field) {
            let filter = json!({field: {operator: operand(&records, &mut random, field, operator)}});
            let mut all = [found(phr, &filter), found(phr, &json!({ "not": filter }))].concat();
            all.sort();
            assert_eq!(all, meant(&records, &json!({})), "{filter}");
        }
    }
    let treated = json!({"doctor": {"specialty": {"name": {"equal": "Cardiology"}}}});
    assert!(check(phr, &records, &json!({"not": treated})) > 0, "who has no doctor has no cardiologist");
}

fn prefixes_end_where_they_should(phr: &Phr) {
    let records = fill(phr);
    for prefix in ["", "S", "Smi", "Smith", "Smith\u{d7ff}", "\u{10ffff}", "Sm%", "_", "S_", "😀", "Back\\", "'"] {
        check(phr, &records, &json!({"lastName": {"startsWith": prefix}}));
        check(phr, &records, &json!({"lastName": {"startsWithIgnoreCase": prefix}}));
        check(phr, &records, &json!({"lastName": {"contains": prefix}}));
        check(phr, &records, &json!({"emergencyContact": {"containsIgnoreCase": prefix}}));
    }
    assert!(check(phr, &records, &json!({"lastName": {"startsWith": "Smi"}})) > 0);
}

fn case_is_ignored_for_letters_with_accents_too(phr: &Phr) {
    let records = fill(phr);
    for (text, least) in [("ÄGREN", 2), ("élodie", 2), ("zoË", 2), ("ШЕВЧЕНКО", 2), ("smith", 2), ("agren", 0)]
    {
        let names = |operator: &str| json!({"or": [{"lastName": {operator: text}}, {"firstName": {operator: text}}]});
        for operator in ["equalIgnoreCase", "startsWithIgnoreCase", "containsIgnoreCase"] {
            let count = check(phr, &records, &names(operator));
            assert!(count >= least, "{text}: {count}");
        }
    }
    // A column without a folded twin.
    assert!(check(phr, &records, &json!({"emergencyContact": {"equalIgnoreCase": "Émile"}})) > 1);
}

fn relations_are_filtered_through_two_levels(phr: &Phr) {
    let records = fill(phr);
    for filter in [
        json!({"institution": {"name": {"equal": "Ostküste"}}}),
        json!({"doctor": {"lastName": {"startsWithIgnoreCase": "s"}}}),
        json!({"doctor": {"specialty": {"name": {"equalIgnoreCase": "CARDIOLOGY"}}}}),
        json!({"doctor": {"licenseNumber": {"isNull": true}, "institution": {"name": {"contains": "'"}}}}),
        json!({"doctor": {"not": {"specialty": {"name": {"equal": "Cardiology"}}}}}),
        json!({"doctor": {}}),
    ] {
        assert!(check(phr, &records, &filter) > 0, "{filter}");
    }
}

fn instants_are_compared_whatever_their_time_zone(phr: &Phr) {
    let records = fill(phr);
    let utc = json!({"createdAt": {"greaterThan": "2024-01-01T00:00:00.000000Z"}});
    let elsewhere = json!({"createdAt": {"greaterThan": "2024-01-01T05:30:00+05:30"}});
    assert_eq!(found(phr, &elsewhere), meant(&records, &utc));
    assert!(!found(phr, &elsewhere).is_empty());
}

fn other_collections_have_criteria_too(phr: &Phr) {
    fill(phr);
    let doctors: Vec<Value> = {
        let mut all: Vec<Value> = registers().into_iter().map(|mut record| record["doctor"].take()).collect();
        all.retain(Value::is_object);
        let mut all = sorted(all, &[("uuid", true)]);
        all.dedup();
        all
    };
    for filter in [
        json!({"lastName": {"containsIgnoreCase": "SM"}}),
        json!({"licenseNumber": {"isNull": true}}),
        json!({"specialty": {"name": {"startsWith": "C"}}}),
    ] {
        let query =
            "query($filter: DoctorFilter) { doctors(filter: $filter, order: [{field: UUID}]) { nodes { uuid } } }";
        let data = phr.ask(query, &json!({ "filter": filter }));
        assert_eq!(keys(data["doctors"]["nodes"].as_array().unwrap()), meant(&doctors, &filter), "{filter}");
    }
    let data = phr.ask(
        "{ medicalInstitutions(filter: {name: {startsWith: \"O\"}}) { nodes { name } }
           doctorSpecialties(filter: {name: {equalIgnoreCase: \"CARDIOLOGY\"}}) { nodes { name } } }",
        &json!({}),
    );
    assert_eq!(data["medicalInstitutions"]["nodes"], json!([{"name": "O'Hill"}, {"name": "Ostküste"}]));
    assert_eq!(data["doctorSpecialties"]["nodes"], json!([{"name": "Cardiology"}, {"name": "cardiology"}]));
}
