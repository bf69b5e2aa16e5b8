//! Nodes that do not belong where they stand: each is named with the reason, in the status, in the log and by
//! `phr doctor`, and the others serve.

use std::fs::remove_file;

use serde_json::json;
use support::{Cluster, Node, Server, eventually, phr};

use super::{CREATE, create, error_code, pause, resume, sees};
use crate::patients::{NOBODY, jane};

/// The status, the log and the doctor give this reason for not using the node at `address`; reads never go there.
pub(super) fn told(cluster: &Cluster, server: &Server, environment: &[(&str, &str)], address: &str, reason: &str) {
    eventually("the status says why", || {
        let status = server.replication();
        let nodes = status["nodes"].as_array()?;
        let node = nodes.iter().find(|node| node["address"] == *address)?;
        (node["eligible"] == false && node["reason"].as_str()?.contains(reason)).then_some(())
    });
    eventually("the log says why", || {
        server.log().lines().any(|line| line.contains(address) && line.contains(reason)).then_some(())
    });
    let urls = cluster.urls();
    let mut all: Vec<(&str, &str)> = urls.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.extend(environment);
    // It looks once; on a busy machine a node may not answer in time.
    eventually("the doctor says why", || {
        let doctor = phr(cluster.folder(), &["doctor"], &all);
        let is_told = doctor.stdout.lines().any(|line| line.contains(address) && line.contains(reason));
        (is_told && !doctor.succeeded()).then_some(())
    });
    assert!((0..6).all(|_| sees(server, "eventual", NOBODY).1 != address));
    assert_eq!(server.http("GET", "/healthz/ready", &[], b"").status, 200);
}

fn urls(nodes: &[&Node]) -> String {
    nodes.iter().map(|node| Cluster::url(node)).collect::<Vec<_>>().join(",")
}

#[test]
fn a_node_of_another_cluster_is_not_used() {
    let (cluster, stranger) = (Cluster::start(), Cluster::stranger());
    let replicas = cluster.replicas();
    let list = urls(&[stranger.main(), &replicas[0], &replicas[1]]);
    let environment = [("READ_REPLICA_URLS", list.as_str())];
    let server = cluster.serve(&environment);
    server.wait_until_eligible(&cluster.nodes);
    let address = stranger.main().address();
    told(&cluster, &server, &environment, &address, "belongs to another cluster");
    create(&server, &json!({}));
    drop(server);
    // Also when the node named first cannot tell whose cluster this is.
    cluster.main().kill();
    let server = cluster.serve(&[environment[0], ("DB_PRIMARY_TIMEOUT", "1")]);
    server.wait_until_eligible(replicas);
    told(&cluster, &server, &environment, &address, "belongs to another cluster");
    assert_eq!(error_code(&server.response(CREATE, &json!({"input": jane()}))), "UNAVAILABLE");
    cluster.restart(cluster.main());
    server.wait_until_eligible(&cluster.nodes);
    create(&server, &json!({}));
}

#[test]
fn what_was_taken_for_the_cluster_gives_way_to_the_node_named_first() {
    let (cluster, stranger) = (Cluster::start(), Cluster::stranger());
    let token = cluster.serve(&[]).token().to_owned();
    cluster.nodes.iter().for_each(Node::kill);
    let list = urls(&[stranger.main(), &cluster.replicas()[0]]);
    let server = cluster.serve(&[("READ_REPLICA_URLS", list.as_str())]);
    server.bear(&token);
    // Whoever asks the server is told that nobody is known yet: there is no key that it could read.
    eventually("the stranger is reached", || server.log().contains("lacks the migration").then_some(()));
    cluster.restart(cluster.main());
    cluster.restart(&cluster.replicas()[0]);
    server.wait_until_eligible(&cluster.nodes[..2]);
    let status = server.replication();
    assert!(status["nodes"][1]["reason"].as_str().unwrap().contains("another cluster"), "{status}");
    create(&server, &json!({}));
}

#[test]
fn a_server_that_is_listed_twice_counts_once() {
    let cluster = Cluster::start();
    let replicas = cluster.replicas();
    let direct = cluster.direct_url(&replicas[0]);
    let list = format!("{},{},{direct}", Cluster::url(&replicas[0]), Cluster::url(&replicas[1]));
    let environment = [("READ_REPLICA_URLS", list.as_str())];
    let server = cluster.serve(&environment);
    server.wait_until_eligible(&cluster.nodes);
    let reason = format!("is the same server as {}", replicas[0].address());
    told(&cluster, &server, &environment, &cluster.direct_address(&replicas[0]), &reason);
    // The second way to it is used when the first is cut.
    replicas[0].proxy.set(support::Way::Broken);
    eventually("it is used by the other way", || {
        (sees(&server, "eventual", NOBODY).1 == cluster.direct_address(&replicas[0])).then_some(())
    });
}

#[test]
fn a_node_that_lacks_a_migration_is_not_used_until_it_has_it() {
    let cluster = Cluster::start();
    let replica = &cluster.replicas()[1];
    let mut sql = cluster.main().sql();
    let last = sql.value("SELECT max(version) FROM seaql_migrations");
    sql.run(&format!("DELETE FROM seaql_migrations WHERE version = '{last}'"));
    cluster.wait_until_caught_up();
    pause(replica);
    sql.run(&format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{last}', 0)"));
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes[..2]);
    told(&cluster, &server, &[], &replica.address(), &format!("lacks the migration {last}"));
    resume(replica);
    server.wait_until_eligible([replica]);
}

#[test]
fn a_replica_named_first_that_lacks_a_migration_keeps_nobody_from_starting() {
    let cluster = Cluster::start();
    let mut sql = cluster.main().sql();
    let last = sql.value("SELECT max(version) FROM migration_history WHERE direction = 'up'");
    sql.run("CREATE TABLE kept AS SELECT * FROM seaql_migrations");
    sql.run(&format!("DELETE FROM seaql_migrations WHERE version = '{last}'"));
    cluster.wait_until_caught_up();
    let [first, second] = cluster.replicas() else { panic!("there are two replicas") };
    pause(first);
    sql.run(&format!("INSERT INTO seaql_migrations SELECT * FROM kept WHERE version = '{last}'"));
    let (main, others) = (Cluster::url(first), urls(&[cluster.main(), second]));
    let server = cluster.serve(&[("DATABASE_URL", &main), ("READ_REPLICA_URLS", &others)]);
    server.wait_until_eligible([cluster.main(), second]);
    assert!(server.reason(first).contains("lacks the migration"));
    create(&server, &json!({}));
}

#[test]
fn a_node_with_another_password_is_not_used_and_fails_no_request() {
    let cluster = Cluster::start();
    let [wrong, right] = cluster.replicas() else { panic!("there are two replicas") };
    let url = Cluster::url(wrong).replace("phr:", "phr:no");
    let list = format!("{url},{}", Cluster::url(right));
    let environment = [("READ_REPLICA_URLS", list.as_str())];
    let server = cluster.serve(&[environment[0], ("DB_POOL_TIMEOUT", "2")]);
    server.wait_until_eligible([cluster.main(), right]);
    told(&cluster, &server, &environment, &wrong.address(), "password authentication failed");
    right.kill();
    cluster.main().kill();
    server.reason(right);
    server.reason(cluster.main());
    let response = server.response_as("eventual", "{ patientRegisters { totalCount } }", &json!({}));
    assert_eq!(error_code(&response), "UNAVAILABLE", "{response}");
}

#[test]
fn of_two_primaries_on_one_timeline_only_the_first_is_written_to() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[("DB_PRIMARY_TIMEOUT", "1")]);
    server.wait_until_eligible(&cluster.nodes);
    // Somebody starts a copy as if it were no copy.
    let copy = &cluster.replicas()[1];
    copy.kill();
    remove_file(cluster.data(copy).join("standby.signal")).unwrap();
    cluster.restart_as_primary(copy);
    let reason = format!("claims to be primary, as {} does", cluster.main().address());
    told(&cluster, &server, &[], &copy.address(), &reason);
    cluster.main().kill();
    server.reason(cluster.main());
    assert_eq!(error_code(&server.response(CREATE, &json!({"input": jane()}))), "UNAVAILABLE");
    // Its own scripts would keep it from starting beside the other.
    cluster.restart_as_primary(cluster.main());
    server.wait_until_eligible([cluster.main()]);
    create(&server, &json!({}));
}
