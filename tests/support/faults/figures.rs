use std::time::{Duration, Instant};

use crate::load::made;
use crate::{Cluster, Server, Traffic};

use super::Fault;

/// What was seen while a fault struck and was mended.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The fault.
    pub name: &'static str,
    /// Reads sent.
    pub reads: usize,
    /// Reads that failed, and how.
    pub failed: Vec<String>,
    /// Reads while it was broken, by the node that served them.
    pub served: Vec<usize>,
    /// Reads that the server counted as served by the primary for want of a replica.
    pub on_primary: f64,
    /// Writes acknowledged.
    pub acknowledged: usize,
    /// Writes refused, which their clients may send again; by code.
    pub refused: Vec<String>,
    /// Writes whose outcome was unknown for a while.
    pub unknown: usize,
    /// Writes acknowledged, and not there in the end.
    pub lost: Vec<String>,
    /// Writes that are there more than once.
    pub doubled: Vec<String>,
    /// Writes refused as not made, and there all the same.
    pub ghosts: Vec<String>,
    /// From the fault to the end of the first read sent after it; the same for writes.
    pub first_read: Option<Duration>,
    /// See `first_read`.
    pub first_write: Option<Duration>,
    /// How long the slowest read took.
    pub slowest_read: Duration,
    /// How long the slowest acknowledged write took.
    pub slowest_write: Duration,
    /// The server's log, for whoever looks for the cause.
    pub log: String,
}

impl Figures {
    pub(super) fn new(
        fault: &Fault,
        cluster: &Cluster,
        server: &Server,
        traffic: &Traffic,
        struck: Instant,
        mended: Instant,
        on_primary: f64,
    ) -> Self {
        let made = made(&mut cluster.nodes[fault.primary].sql());
        let count = |marker: &String| made.get(marker).copied().unwrap_or_default();
        let writes = || traffic.writes.iter();
        let markers = |wanted: &dyn Fn(&&crate::Written) -> bool| {
            writes().filter(wanted).map(|write| write.marker.clone()).collect::<Vec<_>>()
        };
        let is_broken = |at: Instant| at >= struck && at <= mended;
        let by_node = |address: &String| {
            traffic.reads.iter().filter(|read| is_broken(read.began) && read.outcome.as_ref() == Ok(address)).count()
        };
        let first_read = traffic.reads.iter().filter(|read| read.began >= struck && read.outcome.is_ok());
        let first_write = writes().filter(|write| write.began >= struck && write.outcome.is_ok());
        Self {
            name: fault.name,
            reads: traffic.reads.len(),
            failed: traffic.reads.iter().filter_map(|read| read.outcome.clone().err()).collect(),
            served: cluster.nodes.iter().map(|node| by_node(&node.address())).collect(),
            on_primary,
            acknowledged: writes().filter(|write| write.outcome.is_ok()).count(),
            refused: writes().filter_map(|write| write.outcome.clone().err()).collect(),
            unknown: writes().filter(|write| write.unknown > 0).count(),
            lost: markers(&|write| write.outcome.is_ok() && count(&write.marker) == 0),
            doubled: markers(&|write| count(&write.marker) > 1),
            ghosts: markers(&|write| {
                write.outcome.as_ref().is_err_and(|code| code == "UNAVAILABLE") && count(&write.marker) > 0
            }),
            first_read: first_read.map(|read| read.ended - struck).min(),
            first_write: first_write.map(|write| write.ended - struck).min(),
            slowest_read: traffic.reads.iter().map(|read| read.ended - read.began).max().unwrap_or_default(),
            slowest_write: writes()
                .filter(|write| write.outcome.is_ok())
                .map(|write| write.ended - write.began)
                .max()
                .unwrap_or_default(),
            log: server.log(),
        }
    }

    /// All of them in one; of times, the longest.
    #[must_use]
    pub fn in_all(figures: &[Self]) -> Self {
        let mut all = Self { name: "in all", served: vec![0; 3], ..Self::default() };
        for one in figures {
            all.reads += one.reads;
            all.acknowledged += one.acknowledged;
            all.unknown += one.unknown;
            all.served.iter_mut().zip(&one.served).for_each(|(sum, served)| *sum += served);
            all.failed.extend_from_slice(&one.failed);
            all.refused.extend_from_slice(&one.refused);
            all.lost.extend_from_slice(&one.lost);
            all.doubled.extend_from_slice(&one.doubled);
            all.ghosts.extend_from_slice(&one.ghosts);
            all.first_read = all.first_read.max(one.first_read);
            all.first_write = all.first_write.max(one.first_write);
            all.slowest_read = all.slowest_read.max(one.slowest_read);
            all.slowest_write = all.slowest_write.max(one.slowest_write);
        }
        all
    }

    /// What must not be, for people; nothing when all is as it must be.
    #[must_use]
    pub fn faults(&self, fault: &Fault) -> Vec<String> {
        let mut found = Vec::new();
        let mut none = |what: &str, list: &[String]| {
            if let Some(first) = list.first() {
                found.push(format!("{}: {} {what}, such as: {first}", self.name, list.len()));
            }
        };
        none("reads failed", &self.failed);
        none("acknowledged writes were lost", &self.lost);
        none("writes were made twice", &self.doubled);
        none("writes were refused and made all the same", &self.ghosts);
        if fault.writes_go_on {
            none("writes were refused", &self.refused);
        }
        for number in fault.serving {
            if self.served[*number] == 0 {
                found.push(format!("{}: node {number} served no read", self.name));
            }
        }
        if fault.serving == [0] && self.on_primary < 1.0 {
            found.push(format!("{}: reads on the primary were not counted", self.name));
        }
        found
    }

    /// The heading of [`Self::line`].
    #[must_use]
    pub fn heading() -> String {
        format!(
            "{:<24}{:>7}{:>7}  {:<17}{:>7}{:>8}{:>8}{:>5}{:>8}{:>11}{:>12}{:>11}{:>12}",
            "fault",
            "reads",
            "failed",
            "main/01/02",
            "acked",
            "refused",
            "unknown",
            "lost",
            "doubled",
            "1st read ms",
            "1st write ms",
            "max read ms",
            "max write ms"
        )
    }

    /// The figures in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let served: Vec<String> = self.served.iter().map(ToString::to_string).collect();
        let time = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), |time| time.as_millis().to_string());
        format!(
            "{:<24}{:>7}{:>7}  {:<17}{:>7}{:>8}{:>8}{:>5}{:>8}{:>11}{:>12}{:>11}{:>12}",
            self.name,
            self.reads,
            self.failed.len(),
            served.join("/"),
            self.acknowledged,
            self.refused.len(),
            self.unknown,
            self.lost.len(),
            self.doubled.len(),
            time(self.first_read),
            time(self.first_write),
            time(Some(self.slowest_read)),
            time(Some(self.slowest_write)),
        )
    }
}
