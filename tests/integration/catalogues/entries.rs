//! What the catalogues hold from the start.

use std::collections::BTreeSet;

use serde_json::json;
use support::{Phr, on_both_databases};

use super::texts;

on_both_databases! {
    there_are_249_countries_whose_codes_are_their_own,
    the_countries_of_the_sample_data_have_their_regions,
    red_cells_go_to_whoever_has_every_antigen,
    the_smaller_lists_are_there,
}

fn there_are_249_countries_whose_codes_are_their_own(phr: &Phr) {
    let query = "{ countries(first: 1000) { totalCount nodes { alpha2 alpha3 numericCode name isActive version } } }";
    let countries = phr.ask(query, &json!({}))["countries"].take();
    assert_eq!(countries["totalCount"], 249);
    for (field, length) in [("alpha2", 2), ("alpha3", 3), ("numericCode", 3)] {
        let codes = texts(&countries, field);
        assert!(codes.iter().all(|code| code.len() == length), "{field}");
        assert_eq!(codes.into_iter().collect::<BTreeSet<_>>().len(), 249, "{field}");
    }
    let one =
        |alpha2: &str| countries["nodes"].as_array().unwrap().iter().find(|node| node["alpha2"] == alpha2).cloned();
    let expected = json!({"alpha2": "AF", "alpha3": "AFG", "numericCode": "004", "name": "Afghanistan", "isActive": true, "version": 1});
    assert_eq!(one("AF"), Some(expected));
    assert_eq!(one("CI").unwrap()["name"], "Côte d'Ivoire");
    assert_eq!(one("XK"), None, "not in ISO 3166-1");
}

fn the_countries_of_the_sample_data_have_their_regions(phr: &Phr) {
    let query = "{ countries(first: 1000) { nodes { alpha2 regions { totalCount } } }
        regions(first: 1000) { nodes { code name parent { code } country { alpha2 } } } }";
    let data = phr.ask(query, &json!({}));
    let with_regions: Vec<(&str, i64)> = data["countries"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|country| (country["alpha2"].as_str().unwrap(), country["regions"]["totalCount"].as_i64().unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(with_regions.len(), 17, "{with_regions:?}");
    assert!(with_regions.contains(&("US", 57)) && with_regions.contains(&("DE", 16)), "{with_regions:?}");
    let regions = data["regions"]["nodes"].as_array().unwrap();
    assert_eq!(regions.len(), 410);
    for region in regions {
        assert_eq!(region["country"]["alpha2"].as_str().unwrap(), &region["code"].as_str().unwrap()[..2]);
        assert!(region["parent"].is_null(), "of the first level: {region}");
    }
    assert!(regions.iter().any(|region| region["code"] == "US-MA" && region["name"] == "Massachusetts"));
}

fn red_cells_go_to_whoever_has_every_antigen(phr: &Phr) {
    let query = "{ bloodTypes { nodes { code canGiveTo { code } canReceiveFrom { code } } } }";
    let types = phr.ask(query, &json!({}))["bloodTypes"]["nodes"].take();
    let types = types.as_array().unwrap();
    assert_eq!(types.len(), 8);
    let antigens = |code: &str| code.chars().filter(|letter| "AB+".contains(*letter)).collect::<BTreeSet<_>>();
    let (mut given, mut received) = (BTreeSet::new(), BTreeSet::new());
    for of in types {
        let code = of["code"].as_str().unwrap();
        let codes = |field: &str| {
            let others = of[field].as_array().unwrap().iter();
            others.map(|other| other["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        given.extend(codes("canGiveTo").into_iter().map(|other| (code.to_owned(), other)));
        received.extend(codes("canReceiveFrom").into_iter().map(|other| (other, code.to_owned())));
    }
    let mut expected = BTreeSet::new();
    for donor in types.iter().map(|of| of["code"].as_str().unwrap()) {
        for recipient in types.iter().map(|of| of["code"].as_str().unwrap()) {
            if antigens(donor).is_subset(&antigens(recipient)) {
                expected.insert((donor.to_owned(), recipient.to_owned()));
            }
        }
    }
    assert_eq!(expected.len(), 27);
    assert_eq!(given, expected);
    assert_eq!(received, expected);
}

fn the_smaller_lists_are_there(phr: &Phr) {
    for (catalogue, count, some) in [
        ("institutionTypes", 20, "HOSP"),
        ("specialtyCategories", 20, "2212"),
        ("sexes", 4, "female"),
        ("genders", 7, "non-binary"),
        ("emailTypes", 4, "work"),
        ("phoneTypes", 5, "mobile"),
    ] {
        let query = format!("{{ {catalogue}(first: 100) {{ totalCount nodes {{ code name }} }} }}");
        let entries = phr.ask(&query, &json!({}))[catalogue].take();
        assert_eq!(entries["totalCount"], count, "{catalogue}");
        assert!(texts(&entries, "code").contains(&some.to_owned()), "{catalogue}: {entries}");
    }
    for catalogue in ["medicalConditions", "medications"] {
        let query = format!("{{ {catalogue} {{ totalCount }} }}");
        assert_eq!(phr.ask(&query, &json!({}))[catalogue]["totalCount"], 0, "{catalogue} are what imports bring");
    }
}
