//! Lists that belong to records: filtered, ordered and paged for each record by itself.

use phr::scope::{Boundary, InstitutionId, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{entry, texts};
use crate::library::{Library, codes, operator};
use crate::patients::done;

on_both_databases! {
    each_record_has_a_page_of_its_own,
    cursors_lead_through_the_lists_of_all_records,
    categories_have_children_and_specialties,
    institutions_are_found_by_where_and_what_they_are,
    institutions_of_others_are_in_no_list,
    what_no_list_can_be_asked_is_refused_in_nested_ones_too,
}

fn each_record_has_a_page_of_its_own(phr: &Phr) {
    let query = "{ countries(filter: {alpha2: {in: [\"US\", \"DE\", \"FR\"]}}, order: [{field: ALPHA_2}]) { nodes { alpha2
        regions(filter: {name: {startsWith: \"M\"}}, order: [{field: CODE, direction: DESC}], page: {page: 2, perPage: 3}) {
            totalCount pageInfo { page perPage totalPages hasNextPage hasPreviousPage } nodes { code } } } } }";
    let data = phr.ask(query, &json!({}));
    let countries = data["countries"]["nodes"].as_array().unwrap();
    let shown = |index: usize| (&countries[index]["alpha2"], &countries[index]["regions"]);
    let (alpha2, germany) = shown(0);
    assert_eq!(*alpha2, "DE");
    assert_eq!(
        (germany["totalCount"].clone(), texts(germany, "code")),
        (json!(1), vec![]),
        "a second page of one record"
    );
    assert_eq!(shown(1).1["totalCount"], 0, "a country without regions");
    let (alpha2, states) = shown(2);
    assert_eq!(*alpha2, "US");
    // Maine .. Montana, and the Northern Mariana Islands are no M.
    assert_eq!(texts(states, "code"), ["US-MN", "US-MI", "US-ME"]);
    let info = json!({"page": 2, "perPage": 3, "totalPages": 3, "hasNextPage": true, "hasPreviousPage": true});
    assert_eq!((&states["totalCount"], &states["pageInfo"]), (&json!(8), &info));
}

fn cursors_lead_through_the_lists_of_all_records(phr: &Phr) {
    let query = "query($after: String, $before: String, $first: Int, $last: Int) {
        countries(filter: {alpha2: {in: [\"US\", \"DE\"]}}, order: [{field: ALPHA_2}]) { nodes {
            regions(order: [{field: CODE}], after: $after, before: $before, first: $first, last: $last) {
                edges { cursor node { code } } pageInfo { hasNextPage endCursor } nodes { code } } } } }";
    let us = |variables: Value| phr.ask(query, &variables)["countries"]["nodes"][1]["regions"].take();
    let (mut after, mut seen) = (Value::Null, Vec::new());
    loop {
        let page = us(json!({"first": 20, "after": after}));
        seen.extend(texts(&page, "code"));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen.len(), 57);
    assert!(seen.is_sorted());
    let last = us(json!({"last": 2, "before": after}));
    assert_eq!(texts(&last, "code"), seen[54..56]);
}

fn categories_have_children_and_specialties(phr: &Phr) {
    let parent = entry(phr, "specialtyCategories", "2212");
    let medicine = json!({"code": "MED", "name": "Internal medicine", "parentId": parent});
    let medicine = done(phr, "createSpecialtyCategory", "uuid", &medicine)["uuid"].take();
    let specialty = json!({"name": "Cardiology", "categoryId": medicine});
    done(phr, "createDoctorSpecialty", "uuid", &specialty);
    let query = "{ specialtyCategory(uuid: KEY) { children { totalCount nodes { name parent { code parent { code } }
        specialties { nodes { name category { name } } } } } } }";
    let shown = phr.ask(&query.replace("KEY", &parent.to_string()), &json!({}))["specialtyCategory"].take();
    let expected = json!({"children": {"totalCount": 1, "nodes": [{
        "name": "Internal medicine", "parent": {"code": "2212", "parent": {"code": "221"}},
        "specialties": {"nodes": [{"name": "Cardiology", "category": {"name": "Internal medicine"}}]},
    }]}});
    assert_eq!(shown, expected);
    let query = "{ doctorSpecialties(filter: {category: {parent: {code: {equal: \"2212\"}}}}) { nodes { name } } }";
    assert_eq!(texts(&phr.ask(query, &json!({}))["doctorSpecialties"], "name"), ["Cardiology"]);
}

fn a_clinic(phr: &Phr, name: &str) -> Value {
    let input = json!({
        "name": name, "institutionTypeId": entry(phr, "institutionTypes", "PC"),
        "countryId": entry(phr, "countries", "US"), "regionId": entry(phr, "regions", "US-MA"),
    });
    done(phr, "createMedicalInstitution", "uuid", &input)["uuid"].take()
}

fn institutions_are_found_by_where_and_what_they_are(phr: &Phr) {
    a_clinic(phr, "Harbour Clinic");
    let query = "{ medicalInstitutions(filter: {region: {code: {equal: \"US-MA\"}}, country: {alpha2: {equal: \"US\"}},
        institutionType: {code: {equal: \"PC\"}}}) { nodes { name institutionType { name } country { alpha3 } region { name } } } }";
    let found = phr.ask(query, &json!({}))["medicalInstitutions"]["nodes"].take();
    let expected = json!({"name": "Harbour Clinic", "institutionType": {"name": "Primary care clinic"},
        "country": {"alpha3": "USA"}, "region": {"name": "Massachusetts"}});
    assert_eq!(found, json!([expected]));
    let lists = "{ countries(filter: {alpha2: {equal: \"US\"}}) { nodes { institutions { nodes { name } }
        regions(filter: {code: {equal: \"US-MA\"}}) { nodes { institutions { nodes { name } } } } } }
        institutionTypes(filter: {code: {in: [\"PC\", \"HOSP\"]}}) { nodes { institutions { nodes { name } } } } }";
    let data = phr.ask(lists, &json!({}));
    let one = json!({"nodes": [{"name": "Harbour Clinic"}]});
    assert_eq!(data["countries"]["nodes"][0]["institutions"], one);
    assert_eq!(data["countries"]["nodes"][0]["regions"]["nodes"][0]["institutions"], one);
    let kinds = json!([{"institutions": {"nodes": []}}, {"institutions": one}]);
    assert_eq!(data["institutionTypes"]["nodes"], kinds, "hospital, primary care clinic");
}

fn institutions_of_others_are_in_no_list(phr: &Phr) {
    let own = a_clinic(phr, "Own");
    a_clinic(phr, "Other");
    let library = Library::of(&phr.database);
    let own: uuid::Uuid = own.as_str().unwrap().parse().unwrap();
    let query =
        "{ countries(filter: {alpha2: {equal: \"US\"}}) { nodes { institutions { totalCount nodes { name } } } } }";
    for (boundary, names) in [(Boundary::One(InstitutionId(own)), vec!["Own"]), (Boundary::All, vec!["Other", "Own"])] {
        let response = library.ask(Scope { boundary, ..operator() }, query, &json!({}));
        let list = &response["data"]["countries"]["nodes"][0]["institutions"];
        assert_eq!(texts(list, "name"), names, "{response}");
        assert_eq!(list["totalCount"], names.len(), "{response}");
    }
}

fn what_no_list_can_be_asked_is_refused_in_nested_ones_too(phr: &Phr) {
    let library = Library::of(&phr.database);
    for (arguments, code) in [
        ("first: 1001", "LIMIT_EXCEEDED"),
        ("page: {perPage: 1001}", "LIMIT_EXCEEDED"),
        ("first: 2, page: {page: 1}", "BAD_REQUEST"),
        ("first: 1, after: \"x\"", "BAD_REQUEST"),
        ("first: -1", "BAD_REQUEST"),
    ] {
        let query = format!("{{ countries(first: 1) {{ nodes {{ regions({arguments}) {{ nodes {{ code }} }} }} }} }}");
        let response = library.ask(operator(), &query, &json!({}));
        assert_eq!(codes(&response), [code], "{arguments}: {response}");
    }
    let much = "{ countries(first: 249) { nodes { regions(first: 1000) { nodes { children(first: 1000) { nodes { code } } } } } } }";
    assert_eq!(codes(&library.ask(operator(), much, &json!({}))), ["LIMIT_EXCEEDED"]);
}
