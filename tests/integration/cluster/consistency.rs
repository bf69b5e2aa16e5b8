//! What a caller has written, the caller sees.

use phr::config::Config;
use phr::database::{self, Consistency};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use support::{Cluster, Way, eventually};

use crate::library::operator;

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
    eventually("replicas serve the caller again", || {
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

#[test]
fn strong_reads_of_one_request_leave_a_primary_that_was_replaced() {
    let cluster = Cluster::start();
    let (old, new) = (cluster.main(), &cluster.replicas()[0]);
    let urls = cluster.urls();
    let given = |name: &str| urls.iter().find(|(given, _)| *given == name).map(|(_, value)| value.clone());
    let config = Config::load(None, given).expect("the settings make sense");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let nodes = runtime.block_on(async {
        let settings = config.cluster_settings(phr::app::known().migrations);
        let nodes = database::Cluster::new(config.nodes().expect("the nodes make sense"), settings);
        nodes.first_look().await;
        nodes
    });
    let reader = nodes.read(&operator(), Consistency::Strong);
    let read = || {
        let statement = Statement::from_string(DbBackend::Postgres, "SELECT 1");
        runtime.block_on(reader.query_all_raw(statement)).expect("the primary answers");
        reader.served_by().expect("a node has served it").to_owned()
    };
    assert_eq!(read(), old.address());
    cluster.promote(new, true);
    let is_primary = |address: &str| {
        let status = nodes.status().nodes;
        status
            .iter()
            .any(|node| node.address == address && node.role == Some(database::Role::Primary) && node.reason.is_none())
    };
    eventually("the other is primary", || (is_primary(&new.address()) && !is_primary(&old.address())).then_some(()));
    assert_eq!(read(), new.address(), "although the old one still takes itself for it");
}
