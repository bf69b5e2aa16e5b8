//! Strikes on a cluster that fails over by itself, one after another, under a steady load of reads and writes.
//! `tests/run availability` and `tests/faults --ha` print the figures.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::load::made;
use crate::{Load, Node, PatroniCluster, Server, Traffic, Way, within};

/// Longest time without service. A strike that takes longer fails; a busy machine is slow.
const LIMIT: Duration = Duration::from_mins(3);
/// Duration of a strike that must be mended before writes go on.
const HOLD: Duration = Duration::from_secs(8);
/// Duration of a cut from etcd alone: longer than the lock holds.
const LOCK_RUNS_OUT: Duration = Duration::from_secs(30);

/// Something that strikes the primary, or its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// `kill -9` of PostgreSQL; Patroni goes on.
    PostgresKilled,
    /// `kill -9` of Patroni and PostgreSQL.
    NodeKilled,
    /// Patroni and PostgreSQL stopped, and continued later.
    NodeFrozen,
    /// The primary is cut from etcd.
    CutFromEtcd,
    /// The primary is cut from its replicas.
    CutFromReplicas,
    /// The primary is cut from both, and its Patroni from the others'.
    CutFromBoth,
    /// Both replicas are killed: nobody is left who could confirm a write.
    ReplicasKilled,
    /// Another node becomes primary on purpose.
    Switchover,
}

impl Strike {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::PostgresKilled,
        Self::NodeKilled,
        Self::ReplicasKilled,
        Self::CutFromEtcd,
        Self::CutFromReplicas,
        Self::CutFromBoth,
        Self::NodeFrozen,
        Self::Switchover,
    ];

    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PostgresKilled => "PostgreSQL killed",
            Self::NodeKilled => "node killed",
            Self::NodeFrozen => "node frozen",
            Self::CutFromEtcd => "cut from etcd",
            Self::CutFromReplicas => "cut from replicas",
            Self::CutFromBoth => "cut from both",
            Self::ReplicasKilled => "both replicas killed",
            Self::Switchover => "switchover",
        }
    }

    /// True for strikes that halt writes until they are mended.
    const fn halts_writes(self) -> bool {
        matches!(self, Self::ReplicasKilled | Self::CutFromReplicas)
    }

    /// Shortest duration.
    const fn hold(self) -> Duration {
        match self {
            Self::CutFromEtcd => LOCK_RUNS_OUT,
            Self::ReplicasKilled | Self::CutFromReplicas => HOLD,
            _ => Duration::ZERO,
        }
    }

    fn strike(self, cluster: &PatroniCluster, primary: &Node) {
        match self {
            Self::PostgresKilled => primary.kill_postgres(),
            Self::NodeKilled => primary.kill(),
            Self::NodeFrozen => primary.freeze(),
            Self::CutFromEtcd => cluster.etcd(primary, Way::Silent),
            Self::CutFromReplicas => cluster.replication(primary, Way::Silent),
            Self::CutFromBoth => {
                cluster.etcd(primary, Way::Silent);
                cluster.rest(Way::Silent);
                cluster.replication(primary, Way::Silent);
            }
            Self::ReplicasKilled => others(cluster, primary).for_each(Node::kill),
            Self::Switchover => cluster.switch_over(),
        }
    }

    fn mend(self, cluster: &PatroniCluster, primary: &Node) {
        match self {
            Self::PostgresKilled | Self::Switchover => {}
            Self::NodeKilled => cluster.start_node(primary),
            Self::NodeFrozen => primary.thaw(),
            Self::CutFromEtcd | Self::CutFromReplicas | Self::CutFromBoth => {
                cluster.etcd(primary, Way::Open);
                cluster.rest(Way::Open);
                cluster.replication(primary, Way::Open);
            }
            Self::ReplicasKilled => others(cluster, primary).for_each(|node| cluster.start_node(node)),
        }
    }
}

fn others<'c>(cluster: &'c PatroniCluster, primary: &'c Node) -> impl Iterator<Item = &'c Node> {
    cluster.nodes.iter().filter(|node| node.name != primary.name)
}

/// Figures of one strike.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Reads sent, and those that failed.
    pub reads: usize,
    /// See `reads`.
    pub failed: Vec<String>,
    /// Writes acknowledged.
    pub acknowledged: usize,
    /// Writes that were refused as not made.
    pub refused: usize,
    /// Writes whose outcome was unknown for a while.
    pub unknown: usize,
    /// The longest time without an acknowledgement, from the strike on.
    pub gap: Duration,
    /// From the strike until three nodes were there again.
    pub whole: Duration,
    /// Lost, doubled and wrongly refused writes, for people.
    pub problems: Vec<String>,
}

/// Lets one strike hit a whole cluster while clients read and write, until as many `writes` were acknowledged and the
/// cluster is whole again.
#[must_use]
pub fn survive(strike: Strike, cluster: &PatroniCluster, server: &Server, writes: usize) -> Seen {
    let primary = cluster.wait_until_whole();
    server.wait_until_eligible(&cluster.nodes);
    let load = Load::begin_when(&|| cluster.wait_until_caught_up(), server, false);
    wait_for_writes(&load, writes / 3);
    let struck = Instant::now();
    strike.strike(cluster, primary);
    let broken = Instant::now();
    std::thread::sleep(strike.hold());
    if !strike.halts_writes() {
        wait_for_a_write(&load, broken + strike.hold());
    }
    let mended = Instant::now();
    strike.mend(cluster, primary);
    wait_for_a_write(&load, mended);
    cluster.wait_until_whole();
    let whole = struck.elapsed();
    wait_for_writes(&load, writes);
    let traffic = load.end();
    let made = made(&mut cluster.wait_until_whole().sql());
    let mut seen = judge(&traffic, &made, struck);
    seen.whole = whole;
    if strike == Strike::ReplicasKilled {
        let silent =
            traffic.writes.iter().filter(|write| write.outcome.is_ok() && write.began > broken && write.ended < mended);
        let count = silent.count();
        if count > 0 {
            seen.problems.push(format!("{count} writes were acknowledged while no replica was there to confirm them"));
        }
    }
    seen
}

fn wait_for_writes(load: &Load, count: usize) {
    within(LIMIT, "writes are acknowledged", || {
        (load.so_far().writes.iter().filter(|write| write.outcome.is_ok()).count() >= count).then_some(())
    });
}

fn wait_for_a_write(load: &Load, since: Instant) {
    within(LIMIT, "a write is acknowledged after the strike", || {
        let traffic = load.so_far();
        traffic.writes.iter().rev().any(|write| write.began >= since && write.outcome.is_ok()).then_some(())
    });
}

fn judge(traffic: &Traffic, made: &HashMap<String, usize>, struck: Instant) -> Seen {
    let writes = &traffic.writes;
    let count = |marker: &String| made.get(marker).copied().unwrap_or_default();
    let mut problems = Vec::new();
    let mut none = |what: &str, wrong: &dyn Fn(&crate::Written) -> bool| {
        let found: Vec<&str> = writes.iter().filter(|write| wrong(write)).map(|write| write.marker.as_str()).collect();
        if let Some(first) = found.first() {
            problems.push(format!("{} {what}, such as: {first}", found.len()));
        }
    };
    none("acknowledged writes were lost", &|write| write.outcome.is_ok() && count(&write.marker) == 0);
    none("writes were made twice", &|write| count(&write.marker) > 1);
    none("writes were refused and made all the same", &|write| {
        write.outcome.as_ref().is_err_and(|code| code == "UNAVAILABLE") && count(&write.marker) > 0
    });
    let mut acknowledged: Vec<Instant> =
        writes.iter().filter(|write| write.outcome.is_ok() && write.ended >= struck).map(|write| write.ended).collect();
    acknowledged.sort_unstable();
    let before = std::iter::once(struck).chain(acknowledged.iter().copied());
    let gap = before.zip(&acknowledged).map(|(earlier, later)| *later - earlier).max();
    Seen {
        reads: traffic.reads.len(),
        failed: traffic.reads.iter().filter_map(|read| read.outcome.clone().err()).collect(),
        acknowledged: writes.iter().filter(|write| write.outcome.is_ok()).count(),
        refused: writes.iter().filter(|write| write.outcome.is_err()).count(),
        unknown: writes.iter().filter(|write| write.unknown > 0).count(),
        gap: gap.unwrap_or_default(),
        whole: Duration::ZERO,
        problems,
    }
}

impl Seen {
    /// The heading of [`Self::line`].
    #[must_use]
    pub fn heading() -> String {
        format!(
            "{:<22}{:>7}{:>8}{:>7}{:>9}{:>9}{:>10}{:>9}  {}",
            "strike", "reads", "failed", "acked", "refused", "unknown", "gap s", "whole s", "lost or doubled"
        )
    }

    /// One line of the table.
    #[must_use]
    pub fn line(&self, strike: Strike) -> String {
        let wrong = if self.problems.is_empty() { "none".to_owned() } else { self.problems.join("; ") };
        format!(
            "{:<22}{:>7}{:>8}{:>7}{:>9}{:>9}{:>10.1}{:>9.1}  {wrong}",
            strike.name(),
            self.reads,
            self.failed.len(),
            self.acknowledged,
            self.refused,
            self.unknown,
            self.gap.as_secs_f32(),
            self.whole.as_secs_f32(),
        )
    }

    /// The same for a file, separated by tabs: name, reads, failed, acknowledged, unknown, gap, problems.
    #[must_use]
    pub fn record(&self, strike: Strike) -> String {
        let gap = format!("{:.1}", self.gap.as_secs_f32());
        let figures = [self.reads, self.failed.len(), self.acknowledged, self.unknown].map(|count| count.to_string());
        [&[strike.name().to_owned()], figures.as_slice(), &[gap, self.problems.len().to_string()]].concat().join("\t")
    }
}
