//! The audit trail outlives the primary that it was written to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Cluster, Node, Server, eventually, phr};

use super::CREATE;
use super::forks::{catch_up, redirect};
use crate::patients::jane;

/// Registers that each list shows.
const REGISTERS: usize = 500;
/// Lists that fill more than a segment of the spool.
const LISTS: usize = 60;
/// Nobody is refused for asking too often.
const UNMETERED: &[(&str, &str)] =
    &[("PHR_RATE_REQUESTS", "4000000000"), ("PHR_RATE_COST", "4000000000"), ("PHR_BUDGET_DISCLOSURES", "0")];

/// Registers, in as few requests as may be.
fn fill(server: &Server) {
    let create = "mutation($input: CreatePatientRegistersInput!) { createPatientRegisters(input: $input) {
        patientRegisters { uuid } userErrors { code } } }";
    for _ in 0..REGISTERS / 50 {
        server.ask(create, &json!({"input": {"items": vec![jane(); 50]}}));
    }
}

fn list(server: &Server) {
    for _ in 0..LISTS {
        server.ask(
            "query($first: Int) { patientRegisters(first: $first) { nodes { lastName } } }",
            &json!({"first": REGISTERS}),
        );
    }
}

/// Patients that entries of lists name.
fn count(node: &Node) -> usize {
    let count = "SELECT coalesce(sum(cardinality(patient_ids)), 0) FROM audit_events WHERE action = 'READ' AND 'last_name' = ANY (fields)";
    node.sql().value(count).parse().expect("a number")
}

fn segments(cluster: &Cluster) -> Vec<String> {
    let spool = std::fs::read_dir(cluster.folder().join("data/audit")).expect("the spool can be listed");
    let folders: Vec<PathBuf> =
        spool.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    assert_eq!(folders.len(), 1, "of the one server");
    let files = std::fs::read_dir(&folders[0]).expect("the spool can be listed");
    let mut names: Vec<String> =
        files.map(|file| file.expect("a file").file_name().into_string().expect("a text")).collect();
    names.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "jsonl"));
    names.sort_unstable();
    names
}

#[test]
fn entries_that_a_lost_primary_alone_had_are_shipped_to_the_next_one() {
    let cluster = Cluster::start();
    let server = cluster.serve(UNMETERED);
    server.wait_until_eligible(&cluster.nodes);
    let (old, [new, other]) = (cluster.main(), cluster.replicas()) else { panic!("there are two replicas") };
    fill(&server);
    list(&server);
    eventually("all of it is shipped", || (count(old) == REGISTERS * LISTS).then_some(()));
    list(&server);
    eventually("what every node has is not kept", || {
        (!segments(&cluster).contains(&"0000000001.jsonl".to_owned())).then_some(())
    });
    eventually("all of it is shipped", || (count(old) == 2 * REGISTERS * LISTS).then_some(()));
    for node in [new, other] {
        catch_up(node, old);
    }
    let source = redirect(other, "host=127.0.0.1 port=1");
    redirect(new, "host=127.0.0.1 port=1");
    eventually("nobody receives", || {
        (old.sql().value("SELECT count(*) FROM pg_stat_replication") == "0").then_some(())
    });
    let kept = segments(&cluster);
    list(&server);
    eventually("the primary has all of it", || (count(old) == 3 * REGISTERS * LISTS).then_some(()));
    assert_eq!(segments(&cluster)[..kept.len()], kept, "what one node has alone is kept");
    old.kill();
    // Before it is promoted: from then on the server ships to it, and how fast is the machine's affair.
    assert_eq!(count(new), 2 * REGISTERS * LISTS, "the rest was lost");
    cluster.promote(new, false);
    redirect(other, &source);
    eventually("it is there again", || (count(new) == 3 * REGISTERS * LISTS).then_some(()));
    eventually("writes go on", || {
        server.response(CREATE, &json!({"input": jane()})).get("errors").is_none().then_some(())
    });
    let url = Cluster::url(new);
    let verified = phr(cluster.folder(), &["audit", "verify", "--json"], &[("DATABASE_URL", &url)]);
    assert!(verified.succeeded(), "{verified:?}");
    // What was anchored before is not anchored anew: the first word counts.
    let anchors =
        std::fs::read_to_string(cluster.folder().join("data/audit-anchors.jsonl")).expect("there are anchors");
    let anchors = anchors.lines().map(|line| serde_json::from_str::<Value>(line).expect("an anchor"));
    let mut last: HashMap<String, i64> = HashMap::new();
    for anchor in anchors {
        let number = anchor["sequence"].as_i64().expect("a number");
        let before = last.insert(anchor["instance"].to_string(), number).unwrap_or(0);
        assert!(number > before || anchor["closed"] == true, "{before} and then {anchor}");
    }
}
