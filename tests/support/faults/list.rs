use std::time::Duration;

use crate::{Node, Setup, Way};

use super::{Fault, Scene};

const USUAL: Setup = Setup { settings: "", synchronous: None };
const DELAY: Duration = Duration::from_millis(150);

/// What happens to either replica, while the other nodes serve.
fn replica(names: [&'static str; 2], strike: fn(&Scene), heal: fn(&Scene)) -> [Fault; 2] {
    let fault = |struck: usize, serving| Fault {
        name: names[struck - 1],
        setup: USUAL,
        heavy: false,
        struck,
        strike,
        heal,
        serving,
        writes_go_on: true,
        primary: 0,
    };
    [fault(1, &[2]), fault(2, &[1])]
}

/// What happens to the primary: replicas serve, and writes wait or are refused.
fn primary(name: &'static str, strike: fn(&Scene), heal: fn(&Scene)) -> Fault {
    let [fault, _] = replica([name; 2], strike, heal);
    Fault { struck: 0, serving: &[1, 2], writes_go_on: false, ..fault }
}

/// Every fault. Those that strike one replica are there for either, and their names tell them apart by its number.
#[must_use]
pub fn all() -> Vec<Fault> {
    let mut all = [
        replica(["replica 01 killed", "replica 02 killed"], kill, restart),
        replica(["replica 01 stopped", "replica 02 stopped"], freeze, thaw),
        replica(["replica 01 silent", "replica 02 silent"], silence, open),
        replica(["replica 01 cut off", "replica 02 cut off"], cut, open),
        replica(["replica 01 slow", "replica 02 slow"], slow, open),
    ]
    .concat();
    all.push(Fault {
        serving: &[0],
        writes_go_on: true,
        ..primary(
            "both replicas killed",
            |scene| scene.cluster.replicas().iter().for_each(Node::kill),
            |scene| scene.cluster.replicas().iter().for_each(|node| scene.cluster.restart(node)),
        )
    });
    all.extend([
        primary("primary killed", kill, restart),
        primary("primary stopped", freeze, thaw),
        primary("primary silent", silence, open),
        primary("primary cut off", cut, open),
        primary("primary slow", slow, open),
    ]);
    all.extend([("promotion of 01", 1), ("promotion of 02", 2)].map(|(name, number)| Fault {
        setup: Setup { synchronous: Some(number), ..USUAL },
        primary: number,
        ..primary(name, promote, rebuild)
    }));
    all.push(Fault {
        setup: Setup { settings: "hot_standby_feedback = off\nmax_standby_streaming_delay = 0", ..USUAL },
        heavy: true,
        writes_go_on: true,
        ..primary("standby conflicts", conflict, |_| {})
    });
    all
}

fn kill(scene: &Scene) {
    scene.struck().kill();
}

fn restart(scene: &Scene) {
    scene.cluster.restart(scene.struck());
}

fn freeze(scene: &Scene) {
    scene.struck().freeze();
}

fn thaw(scene: &Scene) {
    scene.struck().thaw();
}

fn silence(scene: &Scene) {
    scene.struck().proxy.set(Way::Silent);
}

fn cut(scene: &Scene) {
    scene.struck().proxy.set(Way::Broken);
}

fn slow(scene: &Scene) {
    scene.struck().proxy.set(Way::Slow(DELAY));
}

fn open(scene: &Scene) {
    scene.struck().proxy.set(Way::Open);
}

/// The primary dies, the replica that has every acknowledged write takes over, and the other one follows it by itself
/// where it can.
fn promote(scene: &Scene) {
    let promoted = scene.node(scene.fault.primary);
    let mut others = scene.cluster.replicas().iter().filter(|node| node.name != promoted.name);
    let other = others.next().expect("there are two replicas");
    kill(scene);
    scene.cluster.promote(promoted, false);
    crate::within(crate::template::LIMIT, "the other replica follows", || {
        let (new, other_now) = (scene.server.node(promoted), scene.server.node(other));
        let follows = new["role"] == "PRIMARY" && new["timeline"] == other_now["timeline"];
        (follows || other.has_left_the_history()).then_some(())
    });
}

/// The old primary becomes a replica. So does the other replica, where it had received a write that nobody acknowledged
/// and the promoted one never saw.
fn rebuild(scene: &Scene) {
    scene.cluster.rebuild(scene.struck());
    let others = scene.cluster.replicas().iter().filter(|node| node.has_left_the_history());
    for node in others {
        node.kill();
        scene.cluster.rebuild(node);
    }
}

/// Rows are changed and vacuumed on the primary again and again, so that replicas must choose between replaying that and
/// the reads that run: they end the reads.
fn conflict(scene: &Scene) {
    let mut sql = scene.struck().sql();
    let mut replicas: Vec<_> = scene.cluster.replicas().iter().map(Node::sql).collect();
    let mut conflicts = || {
        let count = "SELECT confl_snapshot FROM pg_stat_database_conflicts WHERE datname = current_database()";
        replicas.iter_mut().map(|sql| sql.value(count).parse::<u64>().unwrap_or_default()).sum::<u64>()
    };
    crate::within(crate::template::LIMIT, "replicas have ended reads", || {
        // A row is enough to end every read that began before it was removed; many would take a busy machine too long.
        sql.run("UPDATE patientregister SET address = address WHERE address LIKE 'street 77__'");
        sql.run("VACUUM patientregister");
        (conflicts() >= 5).then_some(())
    });
}
