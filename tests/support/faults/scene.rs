use std::time::{Duration, Instant};

use crate::template::LIMIT;
use crate::{Cluster, Load, Node, Server, Setup, within};

use super::Figures;

/// Something that breaks, and is mended.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Such as `replica 01 killed`.
    pub name: &'static str,
    /// How its cluster is set up.
    pub setup: Setup,
    /// Whether reads look at every one of many registers.
    pub heavy: bool,
    /// The node that it strikes, by number.
    pub struck: usize,
    /// Breaks it.
    pub strike: fn(&Scene),
    /// Mends it.
    pub heal: fn(&Scene),
    /// The nodes that must serve reads while it is broken, by number.
    pub serving: &'static [usize],
    /// Whether writes must go on without a refusal.
    pub writes_go_on: bool,
    /// The node that is primary in the end.
    pub primary: usize,
}

/// Where a fault strikes.
#[derive(Debug)]
pub struct Scene {
    /// What strikes.
    pub fault: Fault,
    /// The nodes.
    pub cluster: Cluster,
    /// Their server.
    pub server: Server,
    /// Its clients.
    pub load: Load,
}

impl Scene {
    fn set(fault: &Fault) -> Self {
        let cluster = Cluster::with(fault.setup);
        if fault.heavy {
            fill(&cluster);
        }
        let server = cluster.serve(&[]);
        server.wait_until_eligible(&cluster.nodes);
        let load = Load::begin(&cluster, &server, fault.heavy);
        Self { fault: *fault, cluster, server, load }
    }

    /// Waits until each of these nodes has served a read, and a write was acknowledged, that began after `since`.
    fn wait_for_service(&self, since: Instant, nodes: &[usize], with_writes: bool) {
        for number in nodes {
            let address = self.cluster.nodes[*number].address();
            let name = self.cluster.nodes[*number].name;
            within(LIMIT, &format!("{name} serves reads"), || {
                let traffic = self.load.so_far();
                let mut later = traffic.reads.iter().rev().take_while(|read| read.began >= since);
                later.any(|read| read.outcome.as_ref() == Ok(&address)).then_some(())
            });
        }
        if with_writes {
            within(LIMIT, "writes are acknowledged", || {
                let traffic = self.load.so_far();
                traffic.writes.iter().rev().any(|write| write.began >= since && write.outcome.is_ok()).then_some(())
            });
        }
    }

    /// The node that the fault strikes.
    #[must_use]
    pub fn struck(&self) -> &Node {
        self.node(self.fault.struck)
    }

    /// The node of this number.
    #[must_use]
    pub fn node(&self, number: usize) -> &Node {
        &self.cluster.nodes[number]
    }
}

/// Registers enough that looking at all of them takes a while.
fn fill(cluster: &Cluster) {
    cluster.main().sql().run(
        "INSERT INTO patientregister (first_name, last_name, date_of_birth, phone_number, email, emergency_contact, \
             address) \
         SELECT 'Jane', 'Smith', '1985-04-12', '555-267-5674', 'jane@mail.example', 'John', 'street ' || number FROM generate_series(1, 20000) AS number",
    );
}

/// Lets a fault strike under load, keeps it up for `hold`, and mends it; returns what was seen. Fails when service does
/// not come back.
#[must_use]
pub fn run(fault: &Fault, hold: Duration) -> Figures {
    let scene = Scene::set(fault);
    scene.wait_for_service(Instant::now(), &[1, 2], true);
    let struck = Instant::now();
    (fault.strike)(&scene);
    scene.wait_for_service(struck, fault.serving, fault.writes_go_on);
    std::thread::sleep(hold.saturating_sub(struck.elapsed()));
    let on_primary = scene.server.replication()["readsOnPrimary"].as_f64().unwrap_or_default();
    let mended = Instant::now();
    (fault.heal)(&scene);
    let replicas: Vec<usize> = (0..3).filter(|number| *number != fault.primary).collect();
    scene.server.wait_until_eligible(&scene.cluster.nodes);
    scene.wait_for_service(Instant::now(), &replicas, true);
    let Scene { cluster, server, load, .. } = scene;
    let traffic = load.end();
    Figures::new(fault, &cluster, &server, &traffic, struck, mended, on_primary)
}
