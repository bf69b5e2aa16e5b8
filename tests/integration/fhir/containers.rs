//! Bundles of all types, whatever the order of their members, and bundles in bundles.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{bundle_of, condition, import_bundle, patient, reference, statuses};

on_both_databases!(
    documents_and_responses_are_read_like_collections,
    a_history_is_not_imported_wherever_it_says_so,
    bundles_stand_in_bundles
);

/// The members of a bundle in this order, as lines do not sort them.
fn ordered(kind: &str, entries: &[Value], order: &[&str]) -> String {
    let member = |name: &&str| match *name {
        "type" => format!("\"type\":\"{kind}\""),
        "resourceType" => "\"resourceType\":\"Bundle\"".to_owned(),
        _ => format!("\"entry\":{}", Value::from(entries)),
    };
    format!("{{{}}}", order.iter().map(member).collect::<Vec<_>>().join(","))
}

const ORDERS: [[&str; 3]; 4] = [
    ["resourceType", "type", "entry"],
    ["entry", "resourceType", "type"],
    ["type", "resourceType", "entry"],
    ["resourceType", "entry", "type"],
];

fn import_line(phr: &Phr, line: &str) -> Vec<super::Told> {
    super::ask(phr, &json!({ "ndjson": line }))
}

fn documents_and_responses_are_read_like_collections(phr: &Phr) {
    let summary = json!({ "resourceType": "Composition", "id": "s", "status": "final" });
    let mut number = 0;
    for kind in ["document", "collection", "searchset", "batch", "transaction"] {
        for order in ORDERS {
            number += 1;
            let entries = [json!({ "resource": summary }), json!({ "resource": patient(number) })];
            let told = import_line(phr, &ordered(kind, &entries, &order));
            assert_eq!(statuses(&told), ["SKIPPED", "CREATED"], "{kind} {order:?}: {told:?}");
        }
    }
    let answer = |status: &str, resource: Value| json!({ "resource": resource, "response": { "status": status } });
    let entries = [answer("200 OK", patient(100)), answer("404", json!({ "resourceType": "OperationOutcome" }))];
    let told = import_line(phr, &ordered("batch-response", &entries, &ORDERS[1]));
    assert_eq!(statuses(&told), ["CREATED", "SKIPPED"], "{told:?}");
    assert_eq!(told[1].reason, "the server answered with an error here");
}

fn a_history_is_not_imported_wherever_it_says_so(phr: &Phr) {
    for order in ORDERS {
        for (kind, reason) in [("history", "is a history"), ("message", "another type")] {
            let told = import_line(phr, &ordered(kind, &[json!({ "resource": patient(1) })], &order));
            assert_eq!((told.len(), told[0].reason.contains(reason)), (1, true), "{order:?}: {told:?}");
        }
    }
    // What never comes to say of which type it is.
    let cut = ordered("collection", &[json!({ "resource": patient(1) })], &ORDERS[1]);
    let told = import_line(phr, &cut[..cut.len() - 20]);
    assert!(told.iter().all(|told| told.status == "FAILED"), "{told:?}");
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patientregister"), "0");
}

fn bundles_stand_in_bundles(phr: &Phr) {
    let inner = bundle_of("searchset", &[patient(1), condition(2, &reference("Patient", 1))]);
    let past = bundle_of("history", &[patient(3)]);
    let outer = json!({ "resourceType": "Bundle", "type": "batch-response", "entry": [
        { "response": { "status": "200" }, "resource": inner }, { "response": { "status": "200" }, "resource": past },
        { "response": { "status": "200" }, "resource": patient(4) },
    ] });
    let told = import_bundle(phr, &outer);
    assert_eq!(statuses(&told), ["CREATED", "CREATED", "FAILED", "CREATED"], "{told:?}");
    let mut deep = patient(5);
    for _ in 0..6 {
        deep = json!({ "resourceType": "Bundle", "type": "collection", "entry": [{ "resource": deep }] });
    }
    let told = import_bundle(phr, &deep);
    assert!(told[0].is("FAILED", "", "within too many others"), "{told:?}");
}
