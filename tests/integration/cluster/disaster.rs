//! A replica that is kept elsewhere for disaster recovery is watched like the others, and left in peace as long as there
//! is any other.

use serde_json::json;
use support::{Cluster, Node, Server, eventually, phr};

use super::misconfigured::told;
use super::{CREATE, create, error_code, sees};
use crate::patients::{NOBODY, jane};

/// The nodes that serve a few reads.
fn serving(server: &Server) -> Vec<String> {
    let mut seen: Vec<String> = (0..12).map(|_| sees(server, "eventual", NOBODY).1).collect();
    seen.sort();
    seen.dedup();
    seen
}

/// A server to which the second replica is one for disaster recovery.
fn serve(cluster: &Cluster, settings: &[(&str, &str)]) -> Server {
    let [replica, disaster] = cluster.replicas() else { panic!("there are two replicas") };
    let (replica, disaster) = (Cluster::url(replica), Cluster::url(disaster));
    let urls = [("READ_REPLICA_URLS", replica.as_str()), ("DR_REPLICA_URLS", disaster.as_str())];
    cluster.serve(&[&urls, settings].concat())
}

#[test]
fn a_replica_for_disaster_recovery_is_watched_and_serves_reads_only_when_nothing_else_can() {
    let cluster = Cluster::start();
    let [replica, disaster] = cluster.replicas() else { panic!("there are two replicas") };
    let server = serve(&cluster, &[("DB_PRIMARY_TIMEOUT", "1")]);
    server.wait_until_eligible(&cluster.nodes);
    let uuid = create(&server, &json!({}));
    cluster.wait_until_caught_up();
    let status = server.node(disaster);
    assert_eq!((&status["purpose"], &status["role"]), (&json!("DISASTER_RECOVERY"), &json!("REPLICA")), "{status}");
    eventually("it is seen to have caught up", || (server.node(disaster)["lagBytes"] == 0.0).then_some(()));
    assert_eq!(server.node(replica)["purpose"], "ORDINARY");
    assert_eq!(serving(&server), [replica.address()]);
    replica.kill();
    assert_eq!(serving(&server), [cluster.main().address()], "the primary can, so it does");
    cluster.main().kill();
    // At once, before anybody can have found out that nothing else is left.
    assert_eq!(sees(&server, "eventual", &uuid), (true, disaster.address()));
    assert_eq!(sees(&server, "session", &uuid), (true, disaster.address()));
    assert_eq!(serving(&server), [disaster.address()]);
    server.reason(cluster.main());
    assert_eq!(server.http("GET", "/healthz/ready", &[], b"").status, 200);
    assert_eq!(error_code(&server.response(CREATE, &json!({"input": jane()}))), "UNAVAILABLE");
    cluster.restart(replica);
    server.wait_until_eligible([replica]);
    assert_eq!(serving(&server), [replica.address()], "it is relieved");
    cluster.restart(cluster.main());
    server.wait_until_eligible(&cluster.nodes);
    create(&server, &json!({}));
    assert_eq!(serving(&server), [replica.address()]);
}

#[test]
fn a_replica_for_disaster_recovery_that_is_promoted_is_written_to() {
    let cluster = Cluster::start();
    let [replica, disaster] = cluster.replicas() else { panic!("there are two replicas") };
    let server = serve(&cluster, &[]);
    server.wait_until_eligible(&cluster.nodes);
    // So that it has received nothing that the promoted one has not, and can follow it.
    replica.kill();
    cluster.main().kill();
    cluster.promote(disaster, false);
    cluster.restart(replica);
    server.wait_until_eligible([disaster, replica]);
    eventually("it is known as primary", || (server.node(disaster)["role"] == "PRIMARY").then_some(()));
    let uuid = create(&server, &json!({}));
    assert_eq!(sees(&server, "strong", &uuid), (true, disaster.address()));
}

#[test]
fn a_wrong_url_of_a_replica_for_disaster_recovery_is_named() {
    let (cluster, stranger) = (Cluster::start(), Cluster::stranger());
    let replicas = cluster.replicas();
    let wrong_password = Cluster::url(&replicas[1]).replace("phr:", "phr:no");
    let nobody = "postgres://phr:none@127.0.0.1:1/none".to_owned();
    let direct = cluster.direct_url(&replicas[0]);
    let list = [Cluster::url(stranger.main()), wrong_password, nobody, direct].join(",");
    let replica = Cluster::url(&replicas[0]);
    let environment = [("READ_REPLICA_URLS", replica.as_str()), ("DR_REPLICA_URLS", list.as_str())];
    let server = cluster.serve(&environment);
    server.wait_until_eligible(&cluster.nodes[..2]);
    let told = |address: &str, reason: &str| told(&cluster, &server, &environment, address, reason);
    told(&stranger.main().address(), "belongs to another cluster");
    told(&replicas[1].address(), "password authentication failed");
    told("127.0.0.1:1", "onnection refused");
    told(&cluster.direct_address(&replicas[0]), &format!("is the same server as {}", replicas[0].address()));
    create(&server, &json!({}));
    // With nothing else left, what is wrong still serves nothing.
    cluster.nodes.iter().for_each(Node::kill);
    let reading = "{ patientRegisters { totalCount } }";
    let token = server.token().to_owned();
    drop(server);
    let server = cluster.serve(&[&environment[..], &[("DB_POOL_TIMEOUT", "2")]].concat());
    server.bear(&token);
    assert_eq!(error_code(&server.response_as("eventual", reading, &json!({}))), "UNAVAILABLE");
}

#[test]
fn what_cannot_be_a_replica_for_disaster_recovery_is_refused_at_the_start() {
    let folder = std::env::temp_dir();
    let postgres = "postgres://phr:none@127.0.0.1:1/none";
    for (main, disaster, complaint) in [
        (postgres, "postgres://phr:none@[/none", "the PostgreSQL URL is malformed"),
        (postgres, "sqlite:elsewhere.sqlite", "a replica is a PostgreSQL server"),
        ("sqlite:here.sqlite", postgres, "an SQLite file has no replicas"),
    ] {
        let ended = phr(&folder, &["doctor"], &[("DATABASE_URL", main), ("DR_REPLICA_URLS", disaster)]);
        assert!(!ended.succeeded() && ended.stdout.contains(&format!("DR_REPLICA_URLS: {complaint}")), "{ended:?}");
    }
}
