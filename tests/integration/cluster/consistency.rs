//! What a caller has written, the caller sees.

use serde_json::json;
use support::{Cluster, Way};

use super::{create, pause, resume, sees};

#[test]
fn a_read_right_after_a_write_sees_it_although_replicas_do_not_follow() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    cluster.replicas().iter().for_each(pause);
    let uuid = create(&server, &json!({}));
    for _ in 0..10 {
        assert_eq!(sees(&server, "session", &uuid), (true, cluster.main().address()));
        assert_eq!(sees(&server, "strong", &uuid), (true, cluster.main().address()));
        let (is_seen, served_by) = sees(&server, "eventual", &uuid);
        assert!(!is_seen && served_by != cluster.main().address(), "replicas serve whom they suffice");
    }
    cluster.replicas().iter().for_each(resume);
    cluster.wait_until_caught_up();
    support::eventually("replicas serve the caller again", || {
        let (is_seen, served_by) = sees(&server, "session", &uuid);
        assert!(is_seen);
        (served_by != cluster.main().address()).then_some(())
    });
}

#[test]
fn replicas_that_were_away_during_a_write_do_not_hide_it_when_they_are_back() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    cluster.replicas().iter().for_each(pause);
    for node in cluster.replicas() {
        node.proxy.set(Way::Broken);
        server.reason(node);
    }
    let uuid = create(&server, &json!({}));
    assert_eq!(sees(&server, "session", &uuid), (true, cluster.main().address()));
    for node in cluster.replicas() {
        node.proxy.set(Way::Open);
    }
    server.wait_until_eligible(cluster.replicas());
    for _ in 0..20 {
        assert_eq!(sees(&server, "session", &uuid), (true, cluster.main().address()));
    }
    assert!(!sees(&server, "eventual", &uuid).0, "they were indeed behind");
}
