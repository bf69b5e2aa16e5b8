//! Promotions that lose writes: what was lost is never taken for present, however far the new timeline has come.

use serde_json::{Value, json};
use support::{Cluster, Node, Server, eventually};

use super::own_writes::read_after;
use super::{CREATE, error_code};
use crate::patients::jane;

fn rounds() -> usize {
    if std::env::var_os("PHR_SOAK").is_some() { 10 } else { 2 }
}

/// A write: the register's key, and the token.
fn write(server: &Server) -> (String, String) {
    let response = server.response(CREATE, &json!({"input": jane()}));
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{response}")).to_owned();
    let uuid = text(&response["data"]["createPatientRegister"]["patientRegister"]["uuid"]);
    (uuid, text(&response["extensions"]["consistency"]["token"]))
}

/// Waits until a node shows all that another one has.
pub(super) fn catch_up(node: &Node, primary: &Node) {
    let position = primary.sql().value("SELECT pg_current_wal_flush_lsn()");
    let mut sql = node.sql();
    eventually(&format!("{} catches up", node.name), || {
        (sql.value(&format!("SELECT pg_last_wal_replay_lsn() >= '{position}'")) == "t").then_some(())
    });
}

/// Where a replica receives from; from now on it is elsewhere.
pub(super) fn redirect(node: &Node, to: &str) -> String {
    let mut sql = node.sql();
    let before = sql.value("SHOW primary_conninfo");
    sql.run(&format!("ALTER SYSTEM SET primary_conninfo = '{}'", to.replace('\'', "''")));
    sql.run("SELECT pg_reload_conf()");
    before
}

fn outcome(response: &Value) -> (&str, bool) {
    (error_code(response), response["data"]["patientRegister"].is_object())
}

/// A primary that wrote what no replica received, and the replica that was promoted in its place.
struct Fork {
    kept: (String, String),
    lost: (String, String),
    old: usize,
    new: usize,
    other: usize,
}

/// Loses a write by promoting a replica that never received it, and lets the new timeline go beyond that write's place.
fn fork(cluster: &Cluster, server: &Server, old: usize) -> Fork {
    let (new, other) = ((old + 1) % 3, (old + 2) % 3);
    let nodes = &cluster.nodes;
    let kept = write(server);
    for replica in [new, other] {
        catch_up(&nodes[replica], &nodes[old]);
    }
    let source = redirect(&nodes[other], "host=127.0.0.1 port=1");
    redirect(&nodes[new], "host=127.0.0.1 port=1");
    eventually("nobody receives", || {
        (nodes[old].sql().value("SELECT count(*) FROM pg_stat_replication") == "0").then_some(())
    });
    let lost = write(server);
    let place = nodes[old].sql().value("SELECT pg_current_wal_flush_lsn()");
    assert_eq!(outcome(&read_after(server, &lost.1, &lost.0)), ("", true), "as long as it lives");
    nodes[old].kill();
    cluster.promote(&nodes[new], false);
    redirect(&nodes[other], &source);
    nodes[new].sql().run("SELECT pg_switch_wal()");
    eventually("writes go on", || {
        server.response(CREATE, &json!({"input": jane()})).get("errors").is_none().then_some(())
    });
    catch_up(&nodes[other], &nodes[new]);
    let is_beyond = |node: &Node, position: &str| node.sql().value(&format!("SELECT {position} > '{place}'")) == "t";
    assert!(
        is_beyond(&nodes[new], "pg_current_wal_flush_lsn()") && is_beyond(&nodes[other], "pg_last_wal_replay_lsn()")
    );
    Fork { kept, lost, old, new, other }
}

/// What was lost is an error that says so; what was kept is shown, by replicas too where the promotion was witnessed.
fn check(cluster: &Cluster, server: &Server, fork: &Fork, has_witnessed: bool) {
    let (new, other) = (&cluster.nodes[fork.new], &cluster.nodes[fork.other]);
    server.wait_until_eligible([new, other]);
    for _ in 0..5 {
        let response = read_after(server, &fork.lost.1, &fork.lost.0);
        assert_eq!(outcome(&response), ("CONSISTENCY_UNAVAILABLE", false), "{response}");
        assert_eq!(response["errors"][0]["extensions"]["retryable"], false);
        let response = read_after(server, &fork.kept.1, &fork.kept.0);
        assert_eq!(outcome(&response), ("", true), "{response}");
        let served_by = &response["extensions"]["consistency"]["servedBy"];
        assert!(has_witnessed || *served_by == new.address(), "{response}");
    }
    if has_witnessed {
        eventually("a replica serves what was kept", || {
            let response = read_after(server, &fork.kept.1, &fork.kept.0);
            (response["extensions"]["consistency"]["servedBy"] == other.address()).then_some(())
        });
    }
}

#[test]
fn no_token_is_honoured_wrongly_across_promotions_that_lose_writes() {
    let cluster = Cluster::start();
    let servers = [cluster.serve(&[]), cluster.serve(&[])];
    for server in &servers {
        server.wait_until_eligible(&cluster.nodes);
    }
    let mut forks = Vec::new();
    for round in 0..rounds() {
        let fork = fork(&cluster, &servers[0], round % 3);
        for server in &servers {
            check(&cluster, server, &fork, true);
        }
        let late = cluster.serve(&[]);
        check(&cluster, &late, &fork, false);
        cluster.rebuild(&cluster.nodes[fork.old]);
        for server in &servers {
            server.wait_until_eligible(&cluster.nodes);
        }
        forks.push(fork);
        // Also what was lost promotions ago.
        for fork in &forks {
            let response = read_after(&servers[1], &fork.lost.1, &fork.lost.0);
            assert_eq!(outcome(&response), ("CONSISTENCY_UNAVAILABLE", false), "{response}");
            assert_eq!(outcome(&read_after(&servers[1], &fork.kept.1, &fork.kept.0)), ("", true));
        }
    }
    let Some(last) = forks.last() else { return };
    let primary = &cluster.nodes[last.new];
    primary.kill();
    cluster.restart(primary);
    drop(primary.sql());
    // Nobody tells a server that starts now where the timeline began: it asks who knows the most.
    let late = cluster.serve(&[]);
    late.wait_until_eligible(&cluster.nodes);
    for _ in 0..5 {
        let response = read_after(&late, &last.lost.1, &last.lost.0);
        let is_told = error_code(&response) == "CONSISTENCY_UNAVAILABLE";
        let is_shown_by_primary = response["data"]["patientRegister"].is_null()
            && response["extensions"]["consistency"]["servedBy"] == primary.address();
        assert!(is_told || is_shown_by_primary, "{response}");
        let kept = read_after(&late, &last.kept.1, &last.kept.0);
        assert_eq!(
            (outcome(&kept), &kept["extensions"]["consistency"]["servedBy"]),
            (("", true), &json!(primary.address()))
        );
    }
    let response = read_after(&servers[0], &last.lost.1, &last.lost.0);
    assert_eq!(outcome(&response), ("CONSISTENCY_UNAVAILABLE", false), "who has witnessed it still knows");
}

#[test]
fn a_write_that_survived_is_not_called_lost_for_what_others_wrote_behind_it() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    let (old, [new, other]) = (cluster.main(), cluster.replicas()) else { panic!("there are two replicas") };
    // No commit is answered as long as it is to be on a node that does not exist.
    let mut sql = old.sql();
    sql.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    sql.run("SELECT pg_reload_conf()");
    eventually("it holds", || (old.sql().value("SHOW synchronous_standby_names") == "nobody").then_some(()));
    let writing = server.begin(CREATE, &json!({"input": jane()}));
    // Its own, and one that ships what was put on record of it.
    let held_up = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    eventually("the commit waits for its answer", || (sql.value(held_up) == "2").then_some(()));
    for node in [new, other] {
        catch_up(node, old);
        redirect(node, "host=127.0.0.1 port=1");
    }
    eventually("nobody receives", || (sql.value("SELECT count(*) FROM pg_stat_replication") == "0").then_some(()));
    old.sql().run("SET synchronous_commit = local; SELECT pg_logical_emit_message(true, 'other', repeat('x', 100000))");
    sql.run("ALTER SYSTEM RESET synchronous_standby_names");
    sql.run("SELECT pg_reload_conf()");
    let response = writing.finish().json();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{response}")).to_owned();
    let uuid = text(&response["data"]["createPatientRegister"]["patientRegister"]["uuid"]);
    let token = text(&response["extensions"]["consistency"]["token"]);
    old.kill();
    cluster.promote(new, false);
    let shown = eventually("the promoted one is read", || {
        let response = read_after(&server, &token, &uuid);
        (response["errors"][0]["extensions"]["retryable"] != true).then_some(response)
    });
    assert_eq!(outcome(&shown), ("", true), "{shown}");
    assert_eq!(shown["extensions"]["consistency"]["servedBy"], new.address());
}
