//! Questions, and the entries that they leave.

use phr::deed::Deed;
use phr::scope::Scope;
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::scene::{allergy, nurse, patients};
use super::{Recorded, matched, names};
use crate::library::operator;
use crate::patients::{HOME, done, register};

on_both_databases! {
    a_question_names_its_fields_operators_and_arguments,
    few_that_match_are_listed_and_many_are_not,
    whoever_is_named_is_listed_matched_or_not,
    rows_that_nobody_sees_are_not_shown,
    a_list_that_is_shown_whole_asks_nothing,
    lists_below_records_tell_of_whose_they_are,
    a_key_that_leads_to_nothing_is_on_record,
    a_question_across_institutions_is_one_deed_for_each,
    catalogues_ask_nothing,
    a_merger_names_both_patients,
    likely_duplicates_tell_of_whom_they_compare,
    a_subscription_asks_once,
    a_subscription_to_a_patients_changes_asks_once,
}

/// The only question of a request.
fn one(mut asked: Vec<Deed>) -> Deed {
    assert_eq!(asked.len(), 1, "{asked:#?}");
    asked.remove(0)
}

fn ask(recorded: &Recorded, query: &str) -> Vec<Deed> {
    recorded.asked(&nurse(), query, &json!({}))
}

fn a_question_names_its_fields_operators_and_arguments(phr: &Phr) {
    patients(phr);
    let recorded = Recorded::of(&phr.database);
    let query = "{ patientRegisters(filter: {lastName: {startsWith: \"Quetzal\", in: []},
        not: {conditions: {some: {display: {equal: \"Gout\"}}}}}, order: [{field: DATE_OF_BIRTH, direction: DESC}], first: 0)
        { totalCount pageInfo { hasNextPage } } }";
    let deed = one(ask(&recorded, query));
    assert_eq!((deed.resource.as_ref(), deed.institution), ("PatientRegister", Some(HOME.parse().unwrap())));
    let fields = [
        "total_count",
        "patient_conditions.patient_id",
        "patient_conditions.display",
        "last_name",
        "date_of_birth",
        "uuid",
    ];
    assert_eq!(deed.fields.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), fields);
    let query = deed.query.as_ref().unwrap();
    let operators = [
        "patient_conditions.patient_id.some",
        "patient_conditions.display.equal",
        "last_name.in",
        "last_name.startsWith",
        "date_of_birth.desc",
        "uuid.desc",
    ];
    assert_eq!(query.operators.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), operators);
    assert_eq!((query.matched, deed.patients.len()), (Some(0), 0));
    let arguments: Value = serde_json::from_str(&query.arguments).unwrap();
    let expected = json!({
        "filter": {"lastName": {"startsWith": "Quetzal", "in": []}, "not": {"conditions": {"some": {"display": {"equal": "Gout"}}}}},
        "order": [{"field": "DATE_OF_BIRTH", "direction": "DESC"}],
        "first": 0,
    });
    assert_eq!(arguments, expected);
}

fn few_that_match_are_listed_and_many_are_not(phr: &Phr) {
    let patients = patients(phr);
    let recorded = Recorded::of(&phr.database);
    for (most, expected) in [(10, 10), (11, 0), (12, 0)] {
        let filter = json!({"uuid": {"isNull": false}, "dateOfBirth": {"lessThan": format!("19{}-01-01", 50 + most)}});
        for what in [
            "totalCount",
            "pageInfo { hasNextPage }",
            "nodes { uuid }",
            "totalCount nodes { uuid } pageInfo { endCursor }",
        ] {
            for page in ["first: 0", "first: 1", "first: 20", "last: 2", "page: {page: 2, perPage: 3}"] {
                let query = format!(
                    "query($filter: PatientRegisterFilter) {{ patientRegisters({page}, filter: $filter) {{ {what} }} }}"
                );
                let deed = one(recorded.asked(&nurse(), &query, &json!({ "filter": filter })));
                assert_eq!(deed.patients.len(), expected, "{most} {page} {what}: {deed:?}");
                assert!(expected == 0 || names(&deed, &patients[0]), "{deed:?}");
                let is_known = what.contains("total") || expected > 0 || page == "first: 20";
                assert_eq!(matched(&deed), is_known.then_some(most), "{page} {what}");
            }
        }
    }
}

fn whoever_is_named_is_listed_matched_or_not(phr: &Phr) {
    let patients = patients(phr);
    let victim = patients[7].as_str();
    let number = done(phr, "addIdentifier", "uuid", &json!({"patientId": victim, "value": "MRN-7"}))["uuid"].take();
    let latex = allergy(phr, victim, "Latex");
    let recorded = Recorded::of(&phr.database);
    let nothing = json!({"lastName": {"equal": "Nobody"}});
    for filter in [
        json!({"uuid": {"equal": victim}}),
        json!({"uuid": {"in": [patients[1], victim]}}),
        json!({"or": [{"not": {"uuid": {"notIn": [victim]}}}]}),
        json!({"not": {"uuid": {"notEqual": victim}}}),
        json!({"mergedInto": {"equal": victim}}),
        json!({"identifiers": {"some": {"value": {"equal": "MRN-7"}}}}),
        json!({"not": {"identifiers": {"none": {"value": {"in": ["MRN-7"]}}}}}),
        json!({"identifiers": {"every": {"uuid": {"equal": number}}}}),
        json!({"allergyIntolerances": {"none": {"uuid": {"notEqual": latex}}}}),
        json!({"emails": {"some": {"patientId": {"equal": victim}}}}),
        json!({"appointments": {"some": {"patientRegister": {"uuid": {"equal": victim}}}}}),
    ] {
        let filter = json!({"and": [nothing, filter]});
        let query = "query($filter: PatientRegisterFilter) {
            patientRegisters(first: 0, filter: $filter) { pageInfo { hasNextPage } } }";
        for scope in [nurse(), operator()] {
            let deeds = recorded.asked(&scope, query, &json!({ "filter": filter }));
            let found = deeds.iter().find(|deed| names(deed, victim)).unwrap_or_else(|| panic!("{filter}: {deeds:?}"));
            assert_eq!((found.institution, matched(found)), (Some(HOME.parse().unwrap()), Some(0)), "{filter}");
        }
    }
    let cursor = "{ patientRegisters(first: 100) { edges { cursor node { uuid } } } }";
    let (page, _) = recorded.ask(&nurse(), cursor, &json!({}));
    let edges = page["data"]["patientRegisters"]["edges"].as_array().unwrap().clone();
    let place = edges.iter().find(|edge| edge["node"]["uuid"] == victim).unwrap()["cursor"].clone();
    let query = "query($after: String) { patientRegisters(first: 0, after: $after) { pageInfo { hasNextPage } } }";
    let deed = one(recorded.asked(&nurse(), query, &json!({ "after": place })));
    assert!(names(&deed, victim), "{deed:?}");
}

fn rows_that_nobody_sees_are_not_shown(phr: &Phr) {
    patients(phr);
    let recorded = Recorded::of(&phr.database);
    let shown = |what: &str| {
        let query = format!("{{ patientRegisters(order: [{{field: LAST_NAME}}], first: 3) {{ {what} }} }}");
        let (response, deeds) = recorded.ask(&nurse(), &query, &json!({}));
        assert!(response.get("errors").is_none(), "{response}");
        let shown: usize = deeds.iter().filter(|deed| deed.query.is_none()).map(|deed| deed.patients.len()).sum();
        let asked: Vec<Deed> = deeds.into_iter().filter(|deed| deed.query.is_some()).collect();
        assert!(asked.iter().all(|deed| deed.fields.iter().any(|field| field == "last_name")), "{asked:?}");
        (shown, asked.len())
    };
    assert_eq!(shown("nodes { uuid }"), (3, 1));
    assert_eq!(shown("edges { cursor }"), (3, 1));
    assert_eq!(shown("pageInfo { hasNextPage }"), (0, 1));
    assert_eq!(shown("pageInfo { startCursor endCursor }"), (2, 1));
    let counted = one(ask(&recorded, "{ patientRegisters(order: [{field: LAST_NAME}]) { totalCount } }"));
    assert_eq!(counted.fields.join(" "), "total_count", "an order decides nothing there");
}

fn a_list_that_is_shown_whole_asks_nothing(phr: &Phr) {
    let patients = patients(phr);
    let recorded = Recorded::of(&phr.database);
    assert_eq!(ask(&recorded, "{ patientRegisters(first: 12) { nodes { uuid } } }"), []);
    assert_eq!(one(ask(&recorded, "{ patientRegisters(first: 11) { nodes { uuid } } }")).patients.len(), 0);
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName } }";
    assert_eq!(recorded.asked(&nurse(), query, &json!({"uuid": patients[0]})), []);
}

fn lists_below_records_tell_of_whose_they_are(phr: &Phr) {
    let patients = patients(phr);
    let latex = allergy(phr, &patients[0], "Latex");
    let doctor = done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
    let treated = register(phr, &json!({"doctorId": doctor, "lastName": "Moss"}));
    let recorded = Recorded::of(&phr.database);
    let lists = |list: &str| {
        let query = format!("{{ patientRegisters(first: 100) {{ nodes {{ allergyIntolerances{list} }} }} }}");
        let asked = ask(&recorded, &query);
        assert!(asked.iter().all(|deed| deed.resource == "PatientAllergy"), "{asked:?}");
        asked
    };
    let deed = one(lists(" { nodes { display } }"));
    assert_eq!((deed.patients.len(), names(&deed, &patients[0])), (12, false), "of whom nothing is known: {deed:?}");
    for list in [
        "(first: 0) { pageInfo { hasNextPage } }",
        " { totalCount }",
        "(filter: {display: {equal: \"Nothing\"}}) { nodes { uuid } }",
        "(filter: {not: {display: {equal: \"Latex\"}}}) { totalCount }",
    ] {
        let deed = one(lists(list));
        assert!(deed.patients.len() >= 12 && deed.institution.is_some(), "{list}: {deed:?}");
    }
    let empty = "{ patientRegisters(first: 100) { nodes { healthProfile { heightCm } } } }";
    assert_eq!(one(ask(&recorded, empty)).patients.len(), 13);
    let of_doctor = |list: &str| {
        let query = format!("{{ doctors {{ nodes {{ patientRegisters{list} }} }} }}");
        one(ask(&recorded, &query))
    };
    for list in ["(first: 0, filter: {lastName: {equal: \"Moss\"}}) { pageInfo { hasNextPage } }", " { totalCount }"] {
        assert!(names(&of_doctor(list), &treated), "{list}");
    }
    let named =
        format!("(filter: {{allergyIntolerances: {{some: {{uuid: {{equal: \"{latex}\"}}}}}}}}) {{ nodes {{ uuid }} }}");
    assert!(names(&of_doctor(&named), &patients[0]), "whose it is, and not whose doctor it is");
    // Who may touch all institutions is told of the same by the institution that the register's own entry names.
    let query = "{ patientRegisters(first: 100) { nodes { uuid emails { totalCount } } } }";
    let deed = one(recorded.asked(&operator(), query, &json!({})));
    assert_eq!((deed.patients.len(), deed.institution), (13, Some(HOME.parse().unwrap())), "{deed:?}");
}

fn a_key_that_leads_to_nothing_is_on_record(phr: &Phr) {
    let other = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    let foreign = register(phr, &json!({ "institutionId": other }));
    let own = register(phr, &json!({}));
    let global = phr.ask("query($uuid: UUID!) { patientRegister(uuid: $uuid) { id } }", &json!({ "uuid": foreign }));
    let global = global["patientRegister"]["id"].clone();
    let removed = allergy(phr, &own, "Latex");
    done(phr, "removePatientAllergy", "uuid", &json!({ "uuid": removed }));
    let recorded = Recorded::of(&phr.database);
    let miss = |query: &str, variables: &Value| one(recorded.asked(&nurse(), query, variables));
    for (query, variables) in [
        ("query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName } }", json!({ "uuid": foreign })),
        ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": global })),
        ("query($id: ID!) { nodes(ids: [$id]) { id } }", json!({ "id": global })),
        ("query($uuid: UUID!) { exportPatientRegister(uuid: $uuid) }", json!({ "uuid": foreign })),
        ("query($uuid: UUID!) { likelyDuplicates(of: $uuid) { score } }", json!({ "uuid": foreign })),
    ] {
        let deed = miss(query, &variables);
        assert!(names(&deed, &foreign), "{query}: {deed:?}");
        assert_eq!(deed.institution, Some(HOME.parse().unwrap()), "where it was asked: {query}");
    }
    let deed = miss("query($uuid: UUID!) { patientAllergy(uuid: $uuid) { display } }", &json!({ "uuid": removed }));
    assert_eq!((deed.resource.as_ref(), matched(&deed)), ("PatientAllergy", Some(0)));
}

fn a_question_across_institutions_is_one_deed_for_each(phr: &Phr) {
    let other = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    let theirs = register(phr, &json!({"institutionId": other, "lastName": "Moss"}));
    let ours = [register(phr, &json!({"lastName": "Moss"})), register(phr, &json!({"lastName": "Moss"}))];
    let recorded = Recorded::of(&phr.database);
    let query = "{ patientRegisters(filter: {lastName: {equal: \"Moss\"}}) { totalCount } }";
    let deeds = recorded.asked(&operator(), query, &json!({}));
    assert_eq!(deeds.len(), 2, "{deeds:?}");
    for deed in &deeds {
        let is_theirs = deed.institution.map(|key| json!(key)) == Some(other.clone());
        let expected: Vec<&str> = if is_theirs { vec![&theirs] } else { ours.iter().map(String::as_str).collect() };
        assert!(expected.iter().all(|patient| names(deed, patient)), "{deed:?}");
        assert_eq!(matched(deed), Some(expected.len() as u64), "{deed:?}");
    }
}

fn catalogues_ask_nothing(phr: &Phr) {
    patients(phr);
    let recorded = Recorded::of(&phr.database);
    let query = "{ countries(filter: {name: {startsWith: \"G\"}}) { totalCount }
        doctors(filter: {lastName: {startsWith: \"G\"}}, order: [{field: FIRST_NAME}], first: 0) { pageInfo { hasNextPage } }
        medicalInstitutions(filter: {doctors: {none: {}}}) { nodes { name } } }";
    assert_eq!(ask(&recorded, query), []);
    let across =
        "{ medicalInstitutions(filter: {patientRegisters: {some: {lastName: {startsWith: \"G\"}}}}) { totalCount } }";
    let deed = one(ask(&recorded, across));
    assert_eq!(deed.resource, "PatientRegister");
    assert!(deed.fields.iter().any(|field| field == "last_name"), "{deed:?}");
}

fn a_merger_names_both_patients(phr: &Phr) {
    let [keep, merge] = [register(phr, &json!({})), register(phr, &json!({}))];
    let recorded = Recorded::of(&phr.database);
    let mutation = "mutation($keep: UUID!, $merge: UUID!) {
        mergePatientRegisters(input: {keep: $keep, merge: $merge}) { patientMerge { uuid } userErrors { code } } }";
    let (_, deeds) = recorded.ask(&operator(), mutation, &json!({ "keep": keep, "merge": merge }));
    let merger = deeds.iter().find(|deed| deed.resource == "PatientMerge").unwrap();
    assert!(names(merger, &keep) && names(merger, &merge), "{merger:?}");
    let (_, shown) = recorded.ask(&nurse(), "{ patientMerges { nodes { reason } } }", &json!({}));
    for patient in [&keep, &merge] {
        assert!(shown.iter().any(|deed| deed.query.is_none() && names(deed, patient)), "{shown:?}");
    }
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { mergedIntoUuid } }";
    let (response, shown) = recorded.ask(&nurse(), query, &json!({ "uuid": merge }));
    assert!(response.to_string().contains(&keep), "{response}");
    assert!(shown.iter().any(|deed| names(deed, &keep)), "a key in the answer: {shown:?}");
}

fn likely_duplicates_tell_of_whom_they_compare(phr: &Phr) {
    let [one_of_two, other] = [register(phr, &json!({})), register(phr, &json!({}))];
    let alone = register(
        phr,
        &json!({"lastName": "Quetzal", "firstName": "Ixchel", "dateOfBirth": "1931-02-03",
        "phoneNumber": "+1 555-999-1234", "email": "x@y.example"}),
    );
    let recorded = Recorded::of(&phr.database);
    let query = "query($of: UUID!) { likelyDuplicates(of: $of) { score } }";
    let deed = one(recorded.asked(&nurse(), query, &json!({ "of": one_of_two })));
    assert!(names(&deed, &one_of_two) && names(&deed, &other), "{deed:?}");
    let deed = one(recorded.asked(&nurse(), query, &json!({ "of": alone })));
    assert!(names(&deed, &alone) && matched(&deed) == Some(0), "{deed:?}");
}

fn a_subscription_asks_once(phr: &Phr) {
    let patients = patients(phr);
    let recorded = Recorded::of(&phr.database);
    let query = "subscription($uuid: UUID!) { patientRegisterChanged(filter: {uuid: {equal: $uuid},
        lastName: {startsWith: \"A\"}}) { ... on ChangeGap { reason } } }";
    let scope: Scope = nurse();
    let deed = one(recorded.asked(&scope, query, &json!({"uuid": patients[3]})));
    assert!(names(&deed, &patients[3]), "{deed:?}");
    assert_eq!(
        deed.query.unwrap().operators.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        ["uuid.equal", "last_name.startsWith"]
    );
}

fn a_subscription_to_a_patients_changes_asks_once(phr: &Phr) {
    let patients = patients(phr);
    let recorded = Recorded::of(&phr.database);
    let query = "subscription($uuid: UUID!) { changes(patientId: $uuid) { ... on ChangeGap { reason } } }";
    let deed = one(recorded.asked(&nurse(), query, &json!({"uuid": patients[3]})));
    assert!(names(&deed, &patients[3]), "{deed:?}");
    let operators = deed.query.unwrap();
    assert_eq!(operators.operators.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["uuid.equal"]);
}
