use std::time::Duration;

use crate::{Setup, Way};

use super::{Fault, Scene};

const USUAL: Setup = Setup { settings: "", is_synchronous: false };
const DELAY: Duration = Duration::from_millis(150);

/// What happens to a replica, while the other nodes serve.
const fn replica(name: &'static str, strike: fn(&Scene), heal: fn(&Scene)) -> Fault {
    Fault { name, setup: USUAL, heavy: false, strike, heal, serving: &[2], writes_go_on: true, primary: 0 }
}

/// What happens to the primary: replicas serve, and writes wait or are refused.
const fn primary(name: &'static str, strike: fn(&Scene), heal: fn(&Scene)) -> Fault {
    Fault { serving: &[1, 2], writes_go_on: false, ..replica(name, strike, heal) }
}

/// Every fault.
#[must_use]
pub fn all() -> Vec<Fault> {
    let mut all = vec![
        replica("replica killed", |scene| scene.node(1).kill(), |scene| scene.cluster.restart(scene.node(1))),
        replica("replica stopped", |scene| scene.node(1).freeze(), |scene| scene.node(1).thaw()),
        replica("replica silent", |scene| scene.node(1).proxy.set(Way::Silent), |scene| open(scene, 1)),
        replica("replica cut off", |scene| scene.node(1).proxy.set(Way::Broken), |scene| open(scene, 1)),
        replica("replica slow", |scene| scene.node(1).proxy.set(Way::Slow(DELAY)), |scene| open(scene, 1)),
        primary("primary killed", |scene| scene.node(0).kill(), |scene| scene.cluster.restart(scene.node(0))),
        primary("primary stopped", |scene| scene.node(0).freeze(), |scene| scene.node(0).thaw()),
        primary("primary silent", |scene| scene.node(0).proxy.set(Way::Silent), |scene| open(scene, 0)),
        primary("primary cut off", |scene| scene.node(0).proxy.set(Way::Broken), |scene| open(scene, 0)),
        primary("primary slow", |scene| scene.node(0).proxy.set(Way::Slow(DELAY)), |scene| open(scene, 0)),
    ];
    all.push(Fault {
        serving: &[0],
        ..replica(
            "both replicas killed",
            |scene| scene.cluster.replicas().iter().for_each(crate::Node::kill),
            |scene| scene.cluster.replicas().iter().for_each(|node| scene.cluster.restart(node)),
        )
    });
    all.push(Fault {
        setup: Setup { is_synchronous: true, ..USUAL },
        primary: 1,
        ..primary("promotion", promote, rebuild)
    });
    all.push(Fault {
        setup: Setup { settings: "hot_standby_feedback = off\nmax_standby_streaming_delay = 0", ..USUAL },
        heavy: true,
        serving: &[1, 2],
        ..replica("standby conflicts", conflict, |_| {})
    });
    all
}

fn open(scene: &Scene, number: usize) {
    scene.node(number).proxy.set(Way::Open);
}

/// The primary dies, and the replica that has every acknowledged write takes over.
fn promote(scene: &Scene) {
    scene.node(0).kill();
    scene.cluster.promote(scene.node(1), false);
}

/// The old primary becomes a replica.
fn rebuild(scene: &Scene) {
    scene.cluster.rebuild(scene.node(0));
}

/// Rows are changed and vacuumed on the primary again and again, so that replicas must choose between replaying that and
/// the reads that run: they end the reads.
fn conflict(scene: &Scene) {
    let mut sql = scene.node(0).sql();
    let mut replicas: Vec<_> = scene.cluster.replicas().iter().map(crate::Node::sql).collect();
    let mut conflicts = || {
        let count = "SELECT confl_snapshot FROM pg_stat_database_conflicts WHERE datname = current_database()";
        replicas.iter_mut().map(|sql| sql.value(count).parse::<u64>().unwrap_or_default()).sum::<u64>()
    };
    crate::within(crate::template::LIMIT, "replicas have ended reads", || {
        sql.run("UPDATE patientregister SET address = address WHERE address LIKE 'street 1%'");
        sql.run("VACUUM patientregister");
        (conflicts() >= 5).then_some(())
    });
}
