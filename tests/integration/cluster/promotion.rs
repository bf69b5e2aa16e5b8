//! After a promotion, what belongs to the time before it serves no more.

use serde_json::json;
use support::{Cluster, eventually, phr};

use super::{create, sees};
use crate::patients::NOBODY;

#[test]
fn of_two_primaries_the_promoted_one_is_written_to_and_the_other_is_fenced_off() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    let (old, new) = (cluster.main(), &cluster.replicas()[0]);
    cluster.promote(new, true);
    eventually("it is fenced off", || {
        let reason = server.reason(old);
        reason.contains("claims to be primary on timeline 1, but timeline 2 has gone on without it").then_some(())
    });
    server.logs("timeline 2 has gone on without it");
    let uuid = create(&server, &json!({}));
    let count = format!("SELECT count(*) FROM patientregister WHERE uuid = '{uuid}'");
    assert_eq!((new.sql().value(&count), old.sql().value(&count)), ("1".to_owned(), "0".to_owned()));
    let urls = cluster.urls();
    let urls: Vec<(&str, &str)> = urls.iter().map(|(name, value)| (*name, value.as_str())).collect();
    eventually("the doctor says why", || {
        let doctor = phr(cluster.folder(), &["doctor"], &urls);
        (doctor.stdout.contains("claims to be primary on timeline 1") && !doctor.succeeded()).then_some(())
    });
    for _ in 0..10 {
        assert_ne!(sees(&server, "eventual", &uuid).1, old.address());
    }
    old.kill();
    cluster.rebuild(old);
    // The other replica has gone on with the old primary, beyond where the timelines parted.
    server.wait_until_eligible(&cluster.nodes[..2]);
    eventually("the old primary serves reads", || (sees(&server, "eventual", NOBODY).1 == old.address()).then_some(()));
}

#[test]
fn a_replica_that_stayed_on_the_old_timeline_is_not_preferred() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    let [new, left] = cluster.replicas() else { panic!("there are two replicas") };
    // It cannot find the new primary.
    left.sql().run("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'");
    left.sql().run("SELECT pg_reload_conf()");
    cluster.main().kill();
    cluster.promote(new, false);
    eventually("it is left behind", || {
        server.reason(left).contains("follows timeline 1, and the primary is on timeline 2").then_some(())
    });
    for _ in 0..10 {
        assert_eq!(sees(&server, "eventual", NOBODY).1, new.address());
    }
    // Also when it has forgotten what it received.
    left.kill();
    cluster.restart(left);
    eventually("it is known to be left behind", || server.reason(left).contains("follows timeline 1").then_some(()));
    new.kill();
    eventually("it is better than nothing", || (server.node(left)["eligible"] == true).then_some(()));
    assert_eq!(sees(&server, "eventual", NOBODY).1, left.address());
}

#[test]
fn a_replica_that_has_received_more_than_the_promoted_one_is_stranded_until_it_is_rebuilt() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    let [ahead, new] = cluster.replicas() else { panic!("there are two replicas") };
    new.kill();
    let lost = create(&server, &json!({}));
    eventually("one replica has the write", || {
        let count = format!("SELECT count(*) FROM patientregister WHERE uuid = '{lost}'");
        (ahead.sql().value(&count) == "1").then_some(())
    });
    cluster.main().kill();
    cluster.restart(new);
    drop(new.sql());
    cluster.promote(new, false);
    eventually("it is stranded", || {
        server.reason(ahead).contains("follows timeline 1, and the primary is on timeline 2").then_some(())
    });
    eventually("it says so itself", || ahead.has_left_the_history().then_some(()));
    // The others agree on what is true now.
    for consistency in ["eventual", "session", "strong"] {
        assert_eq!(sees(&server, consistency, &lost), (false, new.address()), "{consistency}");
    }
    ahead.kill();
    cluster.rebuild(ahead);
    server.wait_until_eligible([ahead]);
    let uuid = create(&server, &json!({}));
    assert!(sees(&server, "session", &uuid).0);
}
