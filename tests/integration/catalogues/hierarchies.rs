//! What is part of what: no circles, and nothing across countries; by the server and by the database.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::entry;
use crate::patients::{NOBODY, done, fault, faults};

on_both_databases! {
    nothing_becomes_part_of_itself,
    moves_that_meet_close_no_circle,
    a_region_and_its_parent_are_in_one_country,
    a_parent_exists_and_is_active,
}

/// Three categories, each part of the one before.
fn chain(phr: &Phr) -> Vec<Value> {
    let mut chain: Vec<Value> = Vec::new();
    for code in ["a", "b", "c"] {
        let input = json!({"code": code, "name": code, "parentId": chain.last()});
        chain.push(done(phr, "createSpecialtyCategory", "uuid", &input)["uuid"].take());
    }
    chain
}

fn nothing_becomes_part_of_itself(phr: &Phr) {
    let chain = chain(phr);
    let circle = [fault("INVALID_STATE", "input.parentId")];
    for part in &chain {
        let input = json!({"uuid": chain[0], "parentId": part});
        assert_eq!(faults(phr, "updateSpecialtyCategory", &input), circle);
    }
    let own = json!({"uuid": NOBODY, "code": "d", "name": "d", "parentId": NOBODY});
    assert_eq!(faults(phr, "createSpecialtyCategory", &own), circle);
    let key = |index: usize| phr.database.key(chain[index].as_str().unwrap());
    let mut sql = phr.database.sql_as_server();
    for part in 0..3 {
        let update = format!("UPDATE specialty_categories SET parent_id = {} WHERE uuid = {}", key(part), key(0));
        let refused = sql.attempt(&update).expect_err(&update);
        let says = ["specialty_categories_parent_id_check", "an entry cannot be part of itself"];
        assert!(says.iter().any(|words| refused.contains(words)), "{refused}");
    }
    done(phr, "updateSpecialtyCategory", "uuid", &json!({"uuid": chain[1], "parentId": null}));
    done(phr, "updateSpecialtyCategory", "uuid", &json!({"uuid": chain[0], "parentId": chain[2]}));
    let deepest = json!({"uuid": chain[1], "parentId": chain[0]});
    assert_eq!(faults(phr, "updateSpecialtyCategory", &deepest), circle);
}

fn moves_that_meet_close_no_circle(phr: &Phr) {
    let chain = chain(phr);
    for part in &chain[1..] {
        done(phr, "updateSpecialtyCategory", "uuid", &json!({"uuid": part, "parentId": null}));
    }
    let moves = [(0, 1), (1, 2), (2, 0)];
    let refused: usize = std::thread::scope(|scope| {
        let moving: Vec<_> = moves
            .map(|(from, to)| {
                let input = json!({"uuid": chain[from], "parentId": chain[to]});
                scope.spawn(move || {
                    let payload = crate::patients::mutate(phr, "updateSpecialtyCategory", "uuid", &input);
                    usize::from(payload["userErrors"] != json!([]))
                })
            })
            .into_iter()
            .collect();
        moving.into_iter().map(|moved| moved.join().unwrap()).sum()
    });
    assert_eq!(refused, 1, "two of three moves can be made");
}

fn a_region_and_its_parent_are_in_one_country(phr: &Phr) {
    let (germany, bavaria) = (entry(phr, "countries", "DE"), entry(phr, "regions", "DE-BY"));
    let texas = entry(phr, "regions", "US-TX");
    let part = json!({"code": "DE-X1", "name": "Oberbayern", "countryId": germany, "parentId": bavaria});
    let part = done(phr, "createRegion", "uuid parent { code } country { alpha2 }", &part);
    assert_eq!((&part["parent"]["code"], &part["country"]["alpha2"]), (&json!("DE-BY"), &json!("DE")));
    let elsewhere = [fault("INVALID_STATE", "input.parentId")];
    let wrong = json!({"code": "DE-X2", "name": "Austin", "countryId": germany, "parentId": texas});
    assert_eq!(faults(phr, "createRegion", &wrong), elsewhere);
    assert_eq!(faults(phr, "updateRegion", &json!({"uuid": part["uuid"], "parentId": texas})), elsewhere);
    let key = |value: &Value| phr.database.key(value.as_str().unwrap());
    let mut sql = phr.database.sql_as_server();
    for (column, value, of) in
        [("parent_id", &texas, &part["uuid"]), ("country_id", &entry(phr, "countries", "US"), &bavaria)]
    {
        let update = format!("UPDATE regions SET {column} = {} WHERE uuid = {}", key(value), key(of));
        sql.attempt(&update).expect_err(&update);
    }
}

fn a_parent_exists_and_is_active(phr: &Phr) {
    let chain = chain(phr);
    let missing = json!({"uuid": chain[0], "parentId": NOBODY});
    assert_eq!(faults(phr, "updateSpecialtyCategory", &missing), [fault("REFERENCE_MISSING", "input.parentId")]);
    done(phr, "updateSpecialtyCategory", "uuid", &json!({"uuid": chain[2], "isActive": false}));
    let other = json!({"code": "d", "name": "d", "parentId": chain[2]});
    assert_eq!(faults(phr, "createSpecialtyCategory", &other), [fault("INVALID_STATE", "input.parentId")]);
}
