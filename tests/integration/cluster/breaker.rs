//! A node that answers probes and fails requests is left alone, until somebody says that it works again.

use serde_json::json;
use support::{Cluster, eventually};

use super::sees;
use crate::patients::NOBODY;

#[test]
fn a_breaker_opens_and_is_closed_by_a_mutation() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[("CIRCUIT_BREAKER_TIMEOUT", "3600")]);
    server.wait_until_eligible(&cluster.nodes);
    let replica = &cluster.replicas()[0];
    // The connection of the probes remains; no other can be made.
    cluster.main().sql().run("ALTER ROLE phr CONNECTION LIMIT 1");
    cluster.wait_until_caught_up();
    let mut sql = replica.sql();
    eventually("the breaker opens", || {
        sql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'phr'");
        sees(&server, "eventual", NOBODY);
        (server.node(replica)["circuitBreaker"] == "OPEN").then_some(())
    });
    let node = server.node(replica);
    assert_eq!((&node["reachable"], &node["eligible"]), (&json!(true), &json!(false)));
    assert_eq!(node["reason"], "its circuit breaker is open");
    server.logs("circuit breaker opened");
    cluster.main().sql().run("ALTER ROLE phr CONNECTION LIMIT -1");
    cluster.wait_until_caught_up();
    assert!((0..4).all(|_| sees(&server, "eventual", NOBODY).1 != replica.address()));
    let reset = "mutation($input: ResetCircuitBreakerInput!) { resetCircuitBreaker(input: $input) \
        { userErrors { code } } }";
    let refused = server.ask(reset, &json!({"input": {"address": "nowhere:1"}}));
    assert_eq!(refused["resetCircuitBreaker"]["userErrors"][0]["code"], "NOT_FOUND");
    let _ = server.ask(reset, &json!({"input": {"address": replica.address()}}));
    assert_eq!(server.node(replica)["circuitBreaker"], "CLOSED");
    eventually("it serves again", || (sees(&server, "eventual", NOBODY).1 == replica.address()).then_some(()));
}
