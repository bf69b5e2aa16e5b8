use chrono::{DateTime, NaiveTime, Utc};
use entity::audit_event::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use crate::database::Cluster;
use crate::error::Result;

use super::anchor::{Anchors, Chain};
use super::chain::BEGINNING;
use super::entry::{Entry, Hash};
use super::row::Row;
use super::shipping::{begin, month};

/// Entries that are read at once.
const PAGE: u64 = 2000;

/// The first entry of a chain that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The server process that wrote the chain.
    pub instance: Uuid,
    /// The entry's number.
    pub sequence: i64,
    /// What is wrong, for people.
    pub why: &'static str,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Chains, one for each server process that ever wrote.
    pub chains: u64,
    /// Entries in the database.
    pub entries: u64,
    /// Entries that no anchor speaks of: of these it is only known that they fit together.
    pub unanchored: u64,
    /// Intents that nothing settles: of processes that run, or whose spool was never found.
    pub open: u64,
    /// Lines of the anchors' files that are none: what they told is not known.
    pub broken_anchors: u64,
    /// The first bad entry of each chain that has one.
    pub findings: Vec<Finding>,
}

/// Walks every chain from its beginning to its end. Entries of months before that of `pruned_before` may have been pruned.
///
/// # Errors
/// As any read.
pub async fn verify(cluster: &Cluster, anchors: &Anchors, pruned_before: DateTime<Utc>) -> Result<Report> {
    let mut report = Report { broken_anchors: anchors.broken, ..Report::default() };
    let pruned_before = month(pruned_before).and_time(NaiveTime::MIN).and_utc();
    let mut beginnings = beginnings(cluster).await?;
    let mut seen: Vec<Uuid> = Vec::new();
    let mut walk: Option<Walk<'_>> = None;
    let mut after: Option<Key> = None;
    loop {
        let rows = page(cluster, after).await?;
        for row in &rows {
            let key = key(row)?;
            if walk.as_ref().is_none_or(|walk| walk.instance != key.0) {
                report.add(walk.take());
                seen.push(key.0);
                let beginning = beginnings.remove(&key.0);
                walk = Some(Walk::new(key.0, beginning, anchors.chains.get(&key.0), pruned_before));
            }
            if let Some(walk) = &mut walk {
                walk.step(key.1, Row::from_query_result(row, "").ok().and_then(Row::entry));
            }
            after = Some(key);
        }
        if (rows.len() as u64) < PAGE {
            break;
        }
    }
    report.add(walk.take());
    let rest = anchors.chains.keys().copied().filter(|instance| !seen.contains(instance));
    let rest: std::collections::BTreeSet<Uuid> = rest.chain(beginnings.keys().copied()).collect();
    for instance in rest {
        let beginning = beginnings.remove(&instance);
        report.add(Some(Walk::new(instance, beginning, anchors.chains.get(&instance), pruned_before)));
    }
    Ok(report)
}

impl Report {
    fn add(&mut self, walk: Option<Walk<'_>>) {
        let Some(mut walk) = walk else { return };
        walk.end();
        self.chains += 1;
        self.entries += walk.entries;
        self.unanchored += walk.unanchored;
        self.open += walk.open.len() as u64;
        self.findings.extend(walk.finding);
    }
}

/// An instance, a number and an instant: where in the order of verification an entry stands.
type Key = (Uuid, i64, DateTime<Utc>);

fn key(row: &QueryResult) -> Result<Key> {
    Ok((row.try_get("", "instance")?, row.try_get("", "sequence")?, row.try_get("", "occurred_at")?))
}

async fn page(cluster: &Cluster, after: Option<Key>) -> Result<Vec<QueryResult>> {
    let order = [Column::Instance, Column::Sequence, Column::OccurredAt];
    let mut query = Entity::find();
    for column in order {
        query = query.order_by_asc(column);
    }
    if let Some((instance, sequence, occurred_at)) = after {
        let place = Expr::tuple([Expr::val(instance), Expr::val(sequence), Expr::val(occurred_at)]);
        query = query.filter(Expr::tuple(order.map(Expr::col)).gt(place));
    }
    // A transaction for each page: one for all would keep an embedded database's writers waiting.
    let tx = begin(cluster).await?;
    let rows = tx.query_all(&query.limit(PAGE).into_query()).await?;
    tx.rollback().await?;
    Ok(rows)
}

type Beginnings = std::collections::HashMap<Uuid, entity::audit_beginning::Model>;

async fn beginnings(cluster: &Cluster) -> Result<Beginnings> {
    let tx = begin(cluster).await?;
    let rows = entity::audit_beginning::Entity::find().all(&tx).await?;
    tx.rollback().await?;
    Ok(rows.into_iter().map(|row| (row.instance, row)).collect())
}

/// One chain, as far as it was looked at.
struct Walk<'a> {
    instance: Uuid,
    anchors: Option<&'a Chain>,
    /// The number that the next entry must have.
    expected: i64,
    previous: Hash,
    entries: u64,
    unanchored: u64,
    open: std::collections::HashSet<i64>,
    finding: Option<Finding>,
}

impl<'a> Walk<'a> {
    fn new(
        instance: Uuid,
        beginning: Option<entity::audit_beginning::Model>,
        anchors: Option<&'a Chain>,
        pruned_before: DateTime<Utc>,
    ) -> Self {
        let mut walk = Self {
            instance,
            anchors,
            expected: 1,
            previous: BEGINNING,
            entries: 0,
            unanchored: 0,
            open: std::collections::HashSet::new(),
            finding: None,
        };
        let Some(beginning) = beginning else { return walk };
        let hash: Option<Hash> = beginning.hash.try_into().ok();
        let is_anchored = hash.zip(anchors).and_then(|(hash, anchors)| anchors.agrees(beginning.sequence, &hash));
        if let Some(young) = anchors.and_then(|anchors| anchors.first_since(pruned_before, beginning.sequence)) {
            walk.fault(young, "it was removed before its time");
        } else if hash.is_none() || is_anchored == Some(false) {
            walk.fault(beginning.sequence, "it was pruned, and what is remembered of it is not what was anchored");
        }
        walk.expected = beginning.sequence + 1;
        walk.previous = hash.unwrap_or(BEGINNING);
        walk
    }

    /// The first fault is the one that counts.
    fn fault(&mut self, sequence: i64, why: &'static str) {
        let instance = self.instance;
        self.finding.get_or_insert(Finding { instance, sequence, why });
    }

    fn step(&mut self, sequence: i64, entry: Option<Entry>) {
        self.entries += 1;
        let agrees = |hash| self.anchors.and_then(|anchors| anchors.agrees(sequence, hash));
        let anchored = entry.as_ref().and_then(|entry| agrees(&entry.hash));
        self.unanchored += u64::from(anchored.is_none());
        if self.finding.is_some() {
            return;
        }
        let is_past = self.anchors.is_some_and(|anchors| anchors.closed && sequence > anchors.last);
        let Some(entry) = entry else { return self.fault(sequence, "it was altered: it cannot be read") };
        if sequence < self.expected {
            self.fault(sequence, "it was inserted: there is another entry with its number");
        } else if sequence > self.expected {
            self.fault(self.expected, "it was removed");
        } else if is_past {
            self.fault(sequence, "it was inserted: the chain had ended before it");
        } else if entry.hash != entry.digest() {
            self.fault(sequence, "it was altered: its hash is another's");
        } else if anchored == Some(false) {
            self.fault(sequence, "it was altered, and hashed anew: it is not what was anchored");
        } else if entry.previous_hash != self.previous {
            self.fault(sequence, "it does not follow the entry before it");
        }
        self.expected = entry.sequence + 1;
        self.previous = entry.hash;
        if entry.common.outcome == "INTENDED" {
            self.open.insert(entry.sequence);
        } else if let Some(intent) = entry.settles {
            self.open.remove(&intent);
        }
    }

    fn end(&mut self) {
        if self.anchors.is_some_and(|anchors| anchors.last >= self.expected) {
            self.fault(self.expected, "it was removed, from the end of its chain");
        }
    }
}
