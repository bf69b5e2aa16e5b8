//! Pages: numbered ones, and cursors that walk a whole list in either direction.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{done, register};
use crate::seeded::{Random, fill, keys, meets, order, sorted};

on_both_databases! {
    a_list_asked_for_nothing_is_the_newest_ten,
    unknown_values_stand_last_upwards_and_first_downwards,
    numbered_pages_make_up_the_list,
    cursors_walk_the_whole_list_forward_and_backward,
    a_page_between_two_cursors_keeps_within_them,
    every_edge_has_the_cursor_of_its_place,
    totals_are_counted_when_asked_for,
    a_cursor_survives_changes_of_the_list,
    cursors_that_do_not_fit_are_refused,
    pages_stay_within_their_limits,
    only_one_way_of_paging_at_a_time,
    filters_and_orders_stay_within_their_limits,
    a_null_operand_is_refused_by_name,
}

const PAGE: &str = "query($filter: PatientRegisterFilter, $order: [PatientRegisterOrder!], $page: PageInput,
        $first: Int, $after: String, $last: Int, $before: String) {
    patientRegisters(filter: $filter, order: $order, page: $page, first: $first, after: $after, last: $last,
        before: $before, deleted: INCLUDED) {
        nodes { uuid }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor page perPage }
    }
}";

fn page(phr: &Phr, variables: &Value) -> Value {
    phr.ask(PAGE, variables)["patientRegisters"].take()
}

fn refused(phr: &Phr, variables: &Value, code: &str, word: &str) {
    let (found, message) = phr.error(PAGE, variables);
    assert_eq!(found, code, "{variables}: {message}");
    assert!(message.contains(word), "{variables}: {message} does not speak of {word}");
}

/// Orders by fields that many records share, and that may be unknown.
fn an_order(random: &mut Random) -> Vec<(&'static str, bool)> {
    let mut steps: Vec<(&str, bool)> = Vec::new();
    for _ in 0..=random.below(3) {
        let field = random.of(&[
            "lastName",
            "firstName",
            "dateOfBirth",
            "email",
            "emergencyContact",
            "doctorId",
            "deletedAt",
            "createdAt",
            "status",
            "version",
        ]);
        if !steps.iter().any(|(other, _)| *other == field) {
            steps.push((field, random.chance(50)));
        }
    }
    steps
}

fn a_list_asked_for_nothing_is_the_newest_ten(phr: &Phr) {
    let records = fill(phr);
    let data = phr.ask("{ patientRegisters { nodes { uuid } pageInfo { page perPage } } }", &json!({}));
    let present = records.into_iter().filter(|record| record["deletedAt"].is_null()).collect();
    let newest = sorted(present, &[("createdAt", false)]);
    assert_eq!(keys(data["patientRegisters"]["nodes"].as_array().unwrap()), keys(&newest[..10]));
    assert_eq!(data["patientRegisters"]["pageInfo"], json!({"page": 1, "perPage": 10}));
}

fn unknown_values_stand_last_upwards_and_first_downwards(phr: &Phr) {
    let records = fill(phr);
    for field in ["email", "emergencyContact", "doctorId", "deletedAt"] {
        for ascending in [true, false] {
            let steps = [(field, ascending)];
            let found = page(phr, &json!({"order": order(&steps), "page": {"perPage": 1000}}));
            let found = keys(found["nodes"].as_array().unwrap());
            assert_eq!(found, keys(&sorted(records.clone(), &steps)), "{field}");
            let edge = if ascending { found.last() } else { found.first() };
            let edge = records.iter().find(|record| record["uuid"].as_str() == edge.map(String::as_str)).unwrap();
            assert_eq!(edge[field], Value::Null);
        }
    }
}

fn numbered_pages_make_up_the_list(phr: &Phr) {
    let records = fill(phr);
    let mut random = Random::new(11);
    for _ in 0..6 {
        let steps = an_order(&mut random);
        let size = 1 + random.below(60);
        let mut found = Vec::new();
        let pages = records.len().div_ceil(size);
        for number in 1..=pages + 1 {
            let got = page(phr, &json!({"order": order(&steps), "page": {"page": number, "perPage": size}}));
            found.extend(keys(got["nodes"].as_array().unwrap()));
            assert_eq!(got["pageInfo"]["hasNextPage"], number < pages, "{steps:?}");
            assert_eq!(got["pageInfo"]["hasPreviousPage"], number > 1);
            assert_eq!(got["pageInfo"]["page"], number);
        }
        assert_eq!(found, keys(&sorted(records.clone(), &steps)), "{steps:?}");
    }
}

fn cursors_walk_the_whole_list_forward_and_backward(phr: &Phr) {
    let records = fill(phr);
    let mut random = Random::new(12);
    let rounds = if std::env::var_os("PHR_SOAK").is_some() { 300 } else { 12 };
    for round in 0..rounds {
        let steps = an_order(&mut random);
        let filter = if round % 3 == 0 { json!({"lastName": {"startsWithIgnoreCase": "s"}}) } else { json!({}) };
        let list = records.iter().filter(|record| meets(record, &filter)).cloned().collect();
        let list = keys(&sorted(list, &steps));
        for (count, cursor, edge, more) in
            [("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage")]
        {
            let mut found: Vec<Vec<String>> = Vec::new();
            let mut at = Value::Null;
            loop {
                let size = 1 + random.below(40);
                let got = page(phr, &json!({"filter": filter, "order": order(&steps), count: size, cursor: at}));
                found.push(keys(got["nodes"].as_array().unwrap()));
                let so_far: usize = found.iter().map(Vec::len).sum();
                assert_eq!(got["pageInfo"][more], so_far < list.len(), "{steps:?} {count}");
                at = got["pageInfo"][edge].clone();
                if so_far >= list.len() || found.last().is_some_and(Vec::is_empty) {
                    break;
                }
            }
            if count == "last" {
                found.reverse();
            }
            assert_eq!(found.concat(), list, "{steps:?} {count}");
        }
    }
}

fn a_page_between_two_cursors_keeps_within_them(phr: &Phr) {
    let records = fill(phr);
    let steps = [("email", true), ("lastName", false)];
    let list = keys(&sorted(records, &steps));
    let at = |index: usize| {
        let got = page(phr, &json!({"order": order(&steps), "first": index + 1}));
        got["pageInfo"]["endCursor"].clone()
    };
    let (from, to) = (at(20), at(90));
    let within = page(phr, &json!({"order": order(&steps), "first": 1000, "after": from, "before": to}));
    assert_eq!(keys(within["nodes"].as_array().unwrap()), list[21..90]);
    let start = page(phr, &json!({"order": order(&steps), "first": 5, "after": from, "before": to}));
    assert_eq!(keys(start["nodes"].as_array().unwrap()), list[21..26]);
    let end = page(phr, &json!({"order": order(&steps), "last": 5, "after": from, "before": to}));
    assert_eq!(keys(end["nodes"].as_array().unwrap()), list[85..90]);
    let none = page(phr, &json!({"order": order(&steps), "first": 5, "after": to, "before": from}));
    assert_eq!(none["nodes"], json!([]));
    assert_eq!(none["pageInfo"]["startCursor"], Value::Null);
}

fn every_edge_has_the_cursor_of_its_place(phr: &Phr) {
    fill(phr);
    let query = "query($first: Int, $after: String) {
        patientRegisters(order: [{field: LAST_NAME}], first: $first, after: $after) {
            edges { cursor node { uuid firstName } } nodes { uuid } pageInfo { startCursor endCursor }
        }
    }";
    let list = phr.ask(query, &json!({"first": 20}))["patientRegisters"].take();
    let edges = list["edges"].as_array().unwrap();
    assert_eq!(list["pageInfo"]["startCursor"], edges[0]["cursor"]);
    assert_eq!(list["pageInfo"]["endCursor"], edges[19]["cursor"]);
    for index in 0..19 {
        let next = phr.ask(query, &json!({"first": 1, "after": edges[index]["cursor"]}));
        assert_eq!(next["patientRegisters"]["nodes"][0]["uuid"], edges[index + 1]["node"]["uuid"]);
    }
}

fn totals_are_counted_when_asked_for(phr: &Phr) {
    let records = fill(phr);
    let filter = json!({"lastName": {"startsWith": "Sm"}});
    let count = records.iter().filter(|record| meets(record, &filter) && record["deletedAt"].is_null()).count();
    let data = phr.ask(
        "query($filter: PatientRegisterFilter) {
            numbered: patientRegisters(filter: $filter, page: {perPage: 3}) { totalCount pageInfo { totalPages } nodes { uuid } }
            cursor: patientRegisters(filter: $filter, first: 2) { totalCount pageInfo { totalPages page perPage } }
            none: patientRegisters(filter: {or: []}) { totalCount pageInfo { totalPages startCursor hasNextPage } nodes { uuid } }
        }",
        &json!({ "filter": filter }),
    );
    assert!(count > 3, "{count}");
    assert_eq!(data["numbered"]["totalCount"], count);
    assert_eq!(data["numbered"]["pageInfo"]["totalPages"], count.div_ceil(3));
    assert_eq!(data["cursor"]["totalCount"], count);
    assert_eq!(data["cursor"]["pageInfo"], json!({"totalPages": null, "page": null, "perPage": null}));
    let nothing = json!({
        "totalCount": 0, "pageInfo": {"totalPages": 0, "startCursor": null, "hasNextPage": false}, "nodes": [],
    });
    assert_eq!(data["none"], nothing);
}

fn a_cursor_survives_changes_of_the_list(phr: &Phr) {
    let named = |name: &str| register(phr, &json!({"lastName": name}));
    let (ash, birch, cedar) = (named("Ash"), named("Birch"), named("Cedar"));
    let steps = order(&[("lastName", true)]);
    let got = page(phr, &json!({"order": steps, "first": 2}));
    assert_eq!(keys(got["nodes"].as_array().unwrap()), [ash, birch.clone()]);
    let alder = named("Alder");
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": birch}));
    let got = page(phr, &json!({"order": steps, "first": 2, "after": got["pageInfo"]["endCursor"]}));
    assert_eq!(keys(got["nodes"].as_array().unwrap()), [cedar]);
    let got = page(phr, &json!({"order": steps, "first": 1}));
    assert_eq!(keys(got["nodes"].as_array().unwrap()), [alder]);
}

fn cursors_that_do_not_fit_are_refused(phr: &Phr) {
    fill(phr);
    let steps = order(&[("lastName", true)]);
    let good = page(phr, &json!({"order": steps, "first": 3}))["pageInfo"]["endCursor"].take();
    for other in [
        order(&[("lastName", false)]),
        order(&[("firstName", true)]),
        json!([]),
        order(&[("lastName", true), ("email", true)]),
    ] {
        refused(phr, &json!({"order": other, "first": 3, "after": good}), "BAD_REQUEST", "another order");
    }
    let text = good.as_str().unwrap();
    for broken in ["", "x", "nonsense", &text[..text.len() - 3], &"A".repeat(9000), "bnVsbA", "W10", "e30"] {
        for (size, cursor) in [("first", "after"), ("last", "before")] {
            refused(phr, &json!({"order": steps, size: 3, cursor: broken}), "BAD_REQUEST", cursor);
        }
    }
    // One of another collection.
    let doctors = phr.ask("{ doctors(first: 1) { pageInfo { endCursor } } }", &json!({}));
    let foreign = &doctors["doctors"]["pageInfo"]["endCursor"];
    refused(phr, &json!({"order": steps, "first": 3, "after": foreign}), "BAD_REQUEST", "after");
}

fn pages_stay_within_their_limits(phr: &Phr) {
    for (page, code, word) in [
        (json!({"page": 0}), "BAD_REQUEST", "page"),
        (json!({"page": -1}), "BAD_REQUEST", "page"),
        (json!({"perPage": 0}), "BAD_REQUEST", "perPage"),
        (json!({"perPage": 1001}), "LIMIT_EXCEEDED", "1000"),
        (json!({"perPage": 100_000}), "LIMIT_EXCEEDED", "1000"),
        (json!({"page": 1002}), "LIMIT_EXCEEDED", "cursors"),
        (json!({"page": 2_147_483_647, "perPage": 1000}), "LIMIT_EXCEEDED", "cursors"),
    ] {
        refused(phr, &json!({ "page": page }), code, word);
    }
    for (variables, code) in [
        (json!({"first": -1}), "BAD_REQUEST"),
        (json!({"last": -1}), "BAD_REQUEST"),
        (json!({"first": 1001}), "LIMIT_EXCEEDED"),
        (json!({"last": 100_000}), "LIMIT_EXCEEDED"),
    ] {
        refused(phr, &variables, code, "");
    }
    // The limits themselves are within.
    assert_eq!(page(phr, &json!({"page": {"page": 1001}}))["nodes"], json!([]));
    assert_eq!(page(phr, &json!({"page": {"page": 11, "perPage": 1000}}))["nodes"], json!([]));
    assert_eq!(page(phr, &json!({"first": 0}))["nodes"], json!([]));
    assert_eq!(page(phr, &json!({"last": 1000}))["nodes"], json!([]));
}

fn only_one_way_of_paging_at_a_time(phr: &Phr) {
    for cursor in [json!({"first": 1}), json!({"last": 1}), json!({"after": "x"}), json!({"before": "x"})] {
        let mut both = cursor.clone();
        both["page"] = json!({"page": 1});
        refused(phr, &both, "BAD_REQUEST", "one way at a time");
    }
    refused(phr, &json!({"first": 1, "last": 1}), "BAD_REQUEST", "first or last");
}

fn filters_and_orders_stay_within_their_limits(phr: &Phr) {
    let values = |count: usize| (0..count).map(|number| format!("name {number}")).collect::<Vec<_>>();
    let filtered = |filter: Value| json!({ "filter": filter });
    page(phr, &filtered(json!({"lastName": {"in": values(1000), "notIn": values(1000)}})));
    for (field, operator) in
        [("lastName", "in"), ("lastName", "notIn"), ("allergies", "containsAll"), ("allergies", "containsAny")]
    {
        let filter = json!({field: {operator: values(1001)}});
        refused(phr, &filtered(filter), "LIMIT_EXCEEDED", field);
    }
    let nested = |depth: usize| (0..depth).fold(json!({"lastName": {"equal": "x"}}), |inner, _| json!({"not": inner}));
    page(phr, &filtered(nested(8)));
    refused(phr, &filtered(nested(9)), "LIMIT_EXCEEDED", "8 levels");
    let conditions = |count: usize| json!({"or": vec![json!({"lastName": {"equal": "x"}}); count]});
    page(phr, &filtered(conditions(200)));
    refused(phr, &filtered(conditions(201)), "LIMIT_EXCEEDED", "200 conditions");
    let text = |length: usize| json!({"lastName": {"contains": "é".repeat(length)}});
    page(phr, &filtered(text(1000)));
    refused(phr, &filtered(text(1001)), "LIMIT_EXCEEDED", "1000 characters");
    refused(phr, &filtered(json!({"lastName": {"equal": "a\u{0}b"}})), "BAD_REQUEST", "U+0000");
    refused(phr, &filtered(json!({"lastName": {"containsIgnoreCase": "\u{0}"}})), "BAD_REQUEST", "U+0000");
    refused(phr, &filtered(json!({"allergies": {"contains": "\u{0}"}})), "BAD_REQUEST", "U+0000");
    let many = order(&["lastName", "firstName", "email", "address", "status", "version"].map(|field| (field, true)));
    refused(phr, &json!({ "order": many }), "LIMIT_EXCEEDED", "5 steps");
    let twice = order(&[("lastName", true), ("lastName", false)]);
    refused(phr, &json!({ "order": twice }), "BAD_REQUEST", "once");
}

fn a_null_operand_is_refused_by_name(phr: &Phr) {
    for (field, operator) in [
        ("lastName", "equal"),
        ("lastName", "isNull"),
        ("lastName", "startsWith"),
        ("dateOfBirth", "greaterThanOrEqual"),
        ("uuid", "in"),
        ("status", "equal"),
        ("allergies", "contains"),
        ("version", "notEqual"),
    ] {
        refused(phr, &json!({"filter": {field: {operator: null}}}), "BAD_REQUEST", operator);
        refused(phr, &json!({"filter": {field: {operator: null}}}), "BAD_REQUEST", field);
    }
}
