//! Starting, and going on, with some nodes or all of them down.

use std::time::Instant;

use serde_json::json;
use support::{Cluster, Node, Server, Setup, eventually};

use super::{CREATE, create, error_code, sees};
use crate::patients::{NOBODY, jane};

fn readiness(server: &Server) -> u16 {
    server.http("GET", "/healthz/ready", &[], b"").status
}

#[test]
fn it_starts_without_replicas_which_come_back_by_themselves() {
    let cluster = Cluster::stopped(Setup::default());
    cluster.restart(cluster.main());
    drop(cluster.main().sql());
    let server = cluster.serve(&[]);
    server.wait_until_eligible([cluster.main()]);
    assert_eq!(sees(&server, "eventual", NOBODY), (false, cluster.main().address()));
    assert!(server.replication()["readsOnPrimary"].as_f64() >= Some(1.0));
    for node in cluster.replicas() {
        assert!(server.reason(node).starts_with("not reachable"));
        cluster.restart(node);
    }
    server.wait_until_eligible(cluster.replicas());
    let uuid = create(&server, &json!({}));
    cluster.wait_until_caught_up();
    let mut seen: Vec<String> = (0..4).map(|_| sees(&server, "eventual", &uuid).1).collect();
    seen.sort();
    seen.dedup();
    let mut replicas: Vec<String> = cluster.replicas().iter().map(Node::address).collect();
    replicas.sort();
    assert_eq!(seen, replicas);
}

#[test]
fn it_starts_without_the_primary_and_serves_reads() {
    let cluster = Cluster::start();
    cluster.main().kill();
    let server = cluster.serve(&[("DB_PRIMARY_TIMEOUT", "2")]);
    server.wait_until_eligible(cluster.replicas());
    assert_eq!(readiness(&server), 200);
    let (_, served_by) = sees(&server, "session", NOBODY);
    assert!(cluster.replicas().iter().any(|node| node.address() == served_by));
    let began = Instant::now();
    assert_eq!(error_code(&server.response(CREATE, &json!({"input": jane()}))), "UNAVAILABLE");
    assert!(began.elapsed().as_secs() < 20, "two seconds, and as long again for a busy machine");
    cluster.restart(cluster.main());
    server.wait_until_eligible(&cluster.nodes);
    create(&server, &json!({}));
}

#[test]
fn without_any_node_it_starts_and_is_not_ready_until_one_serves() {
    let cluster = Cluster::stopped(Setup::default());
    cluster.restart(cluster.main());
    drop(cluster.main().sql());
    let token = cluster.serve(&[]).token_for(&["--ttl", "4h"]);
    cluster.main().kill();
    let server = cluster.serve(&[("DB_POOL_TIMEOUT", "2"), ("DB_PRIMARY_TIMEOUT", "1")]);
    server.bear(&token);
    assert_eq!(readiness(&server), 503);
    let response = server.response_as("eventual", "{ patientRegisters { totalCount } }", &json!({}));
    assert_eq!(error_code(&response), "UNAVAILABLE", "{response}");
    // It has read no key yet: nobody who has a session is told that they have none, and whoever asks learns what to do.
    let reply = server.post(r#"{"query": "{ viewer { role } }"}"#);
    let error = &reply.json()["errors"][0];
    assert_eq!((reply.status, &error["extensions"]["retryable"]), (503, &json!(true)), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("try again in a few seconds") && message.contains("`phr doctor`"), "{message}");
    cluster.restart(&cluster.replicas()[0]);
    eventually("a replica alone suffices", || (readiness(&server) == 200).then_some(()));
    cluster.restart(cluster.main());
    server.wait_until_eligible([cluster.main()]);
    create(&server, &json!({}));
    cluster.main().kill();
    cluster.replicas()[0].kill();
    eventually("nothing serves any more", || (readiness(&server) == 503).then_some(()));
    assert_eq!(server.http("GET", "/healthz/live", &[], b"").status, 200);
    cluster.restart(cluster.main());
    eventually("the primary alone suffices", || (readiness(&server) == 200).then_some(()));
}
