//! How the database nodes do, told as it happens.

use serde_json::json;
use support::{Cluster, Socket};

const STATUS: &str = "subscription { replicationStatusChanged { nodes { address role reachable eligible } } }";

#[test]
fn a_node_that_dies_and_returns_is_told_of_at_once() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    let mut sockets: Vec<Socket> = (0..3).map(|_| Socket::of(server.address, server.token())).collect();
    let replica = &cluster.replicas()[0];
    for socket in &mut sockets {
        socket.subscribe("1", STATUS, &json!({}));
    }
    let mut sees = |reachable: bool| {
        for socket in &mut sockets {
            loop {
                let event = socket.event("1");
                let nodes = event["replicationStatusChanged"]["nodes"].as_array().unwrap().clone();
                let node = nodes.iter().find(|node| node["address"] == replica.address()).unwrap();
                if node["reachable"] == reachable && node["eligible"] == reachable {
                    break;
                }
            }
        }
    };
    sees(true);
    replica.kill();
    sees(false);
    cluster.restart(replica);
    sees(true);
}
