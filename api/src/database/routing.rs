//! Which node may serve what: one pure function of what is known of all of them.

use std::time::{Duration, Instant};

use super::observation::{History, Observation, Role, Sight};

/// What a node was configured as. Whether it is the primary, it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Serves as it can.
    Ordinary,
    /// In another place, for disaster recovery: serves reads only when nothing else can.
    Disaster,
}

/// How far behind a replica may be. One of the two suffices: time alone lies when the primary idles.
#[derive(Clone, Copy, Debug)]
pub struct LagLimits {
    /// Bytes of log.
    pub bytes: u64,
    /// Time.
    pub time: Duration,
}

/// How far behind the primary a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lag {
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

/// Why a node is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fit,
    Unreachable(String),
    /// Its system identifier is not that of the others.
    Foreign,
    /// It is the same server as another entry.
    SameAs(usize),
    /// It claims to be primary, and another's history has gone on without it.
    Fenced {
        timeline: Option<u32>,
        newest: u32,
    },
    /// It claims to be primary on the same timeline as the one that was there first.
    Rival(usize),
    /// The first migration that it lacks.
    Lacks(String),
    /// It follows a timeline that the primary has left.
    Stranded {
        timeline: u32,
        newest: u32,
    },
    Lagging(Lag),
}

/// Who may serve what, by the nodes' numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Routing {
    pub(super) primary: Option<usize>,
    /// Replicas that are fit to serve reads.
    pub(super) replicas: Vec<usize>,
    /// Replicas for disaster recovery that could serve reads.
    pub(super) disaster: Vec<usize>,
    /// Nodes that answer and have the right records, but are too far behind.
    pub(super) lagging: Vec<usize>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) lags: Vec<Option<Lag>>,
    /// The highest timeline ever seen: a primary on a lower one is a ghost.
    pub(super) newest_timeline: u32,
    /// The node that is or was primary on that timeline: since a promotion begins another, no second one can be.
    pub(super) holder: Option<usize>,
}

/// Judges every node anew, after it was judged `before`. `system` is the identifier that nodes must have, once one is
/// known.
pub(super) fn judge(
    sights: &[(Purpose, Sight)],
    system: Option<&str>,
    before: &Routing,
    history: &History,
    limits: LagLimits,
    now: Instant,
) -> Routing {
    let newest = sights
        .iter()
        .filter_map(|(_, sight)| own(sight, system)?.timeline)
        .max()
        .unwrap_or_default()
        .max(before.newest_timeline);
    let mut routing = Routing { newest_timeline: newest, ..Routing::default() };
    let holder = before.holder.filter(|_| before.newest_timeline == newest);
    let held = holder.and_then(|holder| sights.get(holder)?.1.observation.as_ref());
    routing.primary = sights.iter().enumerate().position(|(number, (_, sight))| {
        sight.is_reachable()
            && own(sight, system).is_some_and(|seen| {
                let may_be = holder.is_none_or(|holder| number == holder)
                    || held.is_some_and(|held| held.started == seen.started);
                seen.role == Role::Primary && seen.timeline == Some(newest) && may_be
            })
    });
    routing.holder = holder.or(routing.primary);
    for (number, (purpose, sight)) in sights.iter().enumerate() {
        let lag = own(sight, system).and_then(|seen| lag(seen, history, now));
        let mut verdict = verdict(sights, number, system, newest, lag, routing.primary.is_some(), limits);
        let is_primary = sight.observation.as_ref().is_some_and(|seen| seen.role == Role::Primary);
        if let Some(holder) =
            routing.holder.filter(|_| verdict == Verdict::Fit && is_primary && routing.primary != Some(number))
        {
            verdict = Verdict::Rival(holder);
        }
        let is_replica = sight.observation.as_ref().is_some_and(|seen| seen.role == Role::Replica);
        match (&verdict, purpose) {
            (Verdict::Fit, Purpose::Ordinary) if is_replica => routing.replicas.push(number),
            (Verdict::Fit, Purpose::Disaster) if is_replica => routing.disaster.push(number),
            (Verdict::Lagging(_) | Verdict::Stranded { .. }, _) => routing.lagging.push(number),
            _ => {}
        }
        routing.verdicts.push(verdict);
        routing.lags.push(lag);
    }
    if routing.primary.is_some_and(|primary| routing.verdicts[primary] != Verdict::Fit) {
        routing.primary = None;
    }
    routing
}

/// The observation of a node that belongs to this cluster.
fn own<'s>(sight: &'s Sight, system: Option<&str>) -> Option<&'s Observation> {
    sight.observation.as_ref().filter(|seen| system.is_none_or(|system| seen.system == system))
}

fn lag(seen: &Observation, history: &History, now: Instant) -> Option<Lag> {
    if seen.role == Role::Primary {
        return Some(Lag { bytes: 0, time: Duration::ZERO });
    }
    let bytes = history.latest()?.saturating_sub(seen.position);
    Some(Lag { bytes, time: history.age(seen.position, now)? })
}

fn verdict(
    sights: &[(Purpose, Sight)],
    number: usize,
    system: Option<&str>,
    newest: u32,
    lag: Option<Lag>,
    has_primary: bool,
    limits: LagLimits,
) -> Verdict {
    let sight = &sights[number].1;
    if let Some(trouble) = &sight.trouble {
        return Verdict::Unreachable(trouble.clone());
    }
    let Some(seen) = &sight.observation else { return Verdict::Unreachable("not reached yet".to_owned()) };
    if system.is_some_and(|system| seen.system != system) {
        return Verdict::Foreign;
    }
    let twin = sights[..number].iter().position(|(_, other)| {
        other.is_reachable()
            && other
                .observation
                .as_ref()
                .is_some_and(|other| other.system == seen.system && other.started == seen.started)
    });
    if let Some(twin) = twin {
        return Verdict::SameAs(twin);
    }
    if seen.role == Role::Primary && seen.timeline != Some(newest) {
        return Verdict::Fenced { timeline: seen.timeline, newest };
    }
    if let Some(first) = &seen.lacks {
        return Verdict::Lacks(first.clone());
    }
    if let Some(timeline) = seen.timeline.filter(|timeline| has_primary && *timeline < newest) {
        return Verdict::Stranded { timeline, newest };
    }
    match lag {
        // Without a primary nobody can be fresher than the freshest replica.
        Some(lag)
            if has_primary && seen.role == Role::Replica && lag.bytes > limits.bytes && lag.time > limits.time =>
        {
            Verdict::Lagging(lag)
        }
        _ => Verdict::Fit,
    }
}

impl Verdict {
    /// For people: why the node is not used; nothing when it is.
    pub(super) fn reason(&self, address: impl Fn(usize) -> String) -> Option<String> {
        match self {
            Self::Fit => None,
            Self::Unreachable(trouble) => Some(format!("not reachable: {trouble}")),
            Self::Foreign => Some(
                "belongs to another cluster: its system identifier differs; take its URL out, or rebuild it from the primary"
                    .to_owned(),
            ),
            Self::SameAs(other) => Some(format!("is the same server as {}: take one of the two URLs out", address(*other))),
            Self::Fenced { timeline, newest } => Some(format!(
                "claims to be primary on timeline {}, but timeline {newest} has gone on without it: rebuild it as a replica",
                timeline.map_or_else(|| "unknown".to_owned(), |timeline| timeline.to_string())
            )),
            Self::Rival(holder) => Some(format!(
                "claims to be primary, as {} does on the same timeline: stop the wrong one, and rebuild it as a replica",
                address(*holder)
            )),
            Self::Lacks(first) => Some(format!(
                "lacks the migration {first}, which this program needs: run `phr migrate up` on the primary, and let replicas follow"
            )),
            Self::Stranded { timeline, newest } => Some(format!(
                "follows timeline {timeline}, and the primary is on timeline {newest}: let it follow the primary, or rebuild it"
            )),
            Self::Lagging(lag) => Some(format!("lags {} bytes and {} ms behind", lag.bytes, lag.time.as_millis())),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const LIMITS: LagLimits = LagLimits { bytes: 100, time: Duration::from_secs(30) };

    fn sight(role: Role, timeline: u32, position: u64, started: i64) -> (Purpose, Sight) {
        let observation = Observation {
            role,
            system: "ours".to_owned(),
            started: DateTime::from_timestamp_micros(started).unwrap(),
            connected: Instant::now(),
            timeline: Some(timeline),
            position,
            replayed: None,
            lacks: None,
        };
        (Purpose::Ordinary, Sight { observation: Some(observation), trouble: None, ..Sight::nothing() })
    }

    fn judged(sights: &[(Purpose, Sight)], history: &History, now: Instant) -> Routing {
        judge(sights, Some("ours"), &Routing::default(), history, LIMITS, now)
    }

    #[test]
    fn of_two_primaries_the_one_on_the_newer_timeline_is_right() {
        let (now, history) = (Instant::now(), History::default());
        let nodes = [sight(Role::Primary, 1, 900, 1), sight(Role::Primary, 2, 500, 2)];
        let routing = judged(&nodes, &history, now);
        assert_eq!(routing.primary, Some(1));
        assert_eq!(routing.verdicts[0], Verdict::Fenced { timeline: Some(1), newest: 2 });
        let ghost = [sight(Role::Primary, 1, 900, 1)];
        let alone = judge(&ghost, Some("ours"), &routing, &history, LIMITS, now);
        assert_eq!(alone.primary, None, "also when the right one is not seen now");
        let replica_knows = [sight(Role::Primary, 1, 900, 1), sight(Role::Replica, 2, 500, 2)];
        assert_eq!(judged(&replica_knows, &history, now).primary, None);
    }

    #[test]
    fn of_two_primaries_on_one_timeline_the_first_seen_stays() {
        let (now, history) = (Instant::now(), History::default());
        let mut nodes = [sight(Role::Primary, 1, 500, 1), sight(Role::Primary, 1, 900, 2)];
        let routing = judged(&nodes, &history, now);
        assert_eq!((routing.primary, &routing.verdicts[1]), (Some(0), &Verdict::Rival(0)));
        nodes[0].1.trouble = Some("gone".to_owned());
        let alone = judge(&nodes, Some("ours"), &routing, &history, LIMITS, now);
        assert_eq!((alone.primary, &alone.verdicts[1]), (None, &Verdict::Rival(0)), "writes would go two ways");
        nodes[1] = sight(Role::Primary, 1, 500, 1);
        let twin = judge(&nodes, Some("ours"), &routing, &history, LIMITS, now);
        assert_eq!(twin.primary, Some(1), "the same server, by another way");
        nodes[1] = sight(Role::Primary, 2, 900, 2);
        let promoted = judge(&nodes, Some("ours"), &routing, &history, LIMITS, now);
        assert_eq!(promoted.primary, Some(1));
    }

    #[test]
    fn a_replica_is_fit_by_bytes_or_by_time() {
        let now = Instant::now();
        let late = now + Duration::from_mins(1);
        let mut history = History::default();
        history.record(now, 1000);
        history.record(late, 2000);
        let at = |position| {
            judged(&[sight(Role::Primary, 1, 2000, 1), sight(Role::Replica, 1, position, 2)], &history, late)
        };
        assert_eq!(at(1950).replicas, [1], "few bytes");
        assert_eq!(at(1000).replicas, [1], "many bytes, but only just now");
        let lagging = at(500);
        assert_eq!((lagging.replicas.len(), lagging.lagging.len()), (0, 1));
        let mut orphans = [sight(Role::Primary, 1, 2000, 1), sight(Role::Replica, 1, 500, 2)];
        orphans[0].1.trouble = Some("gone".to_owned());
        assert_eq!(judged(&orphans, &history, late).replicas, [1], "without a primary, limits are suspended");
    }

    #[test]
    fn what_is_not_of_this_cluster_serves_nothing() {
        let (now, history) = (Instant::now(), History::default());
        let mut nodes = [
            sight(Role::Primary, 1, 10, 1),
            sight(Role::Replica, 9, 10, 2),
            sight(Role::Replica, 1, 10, 3),
            sight(Role::Replica, 1, 10, 3),
        ];
        nodes[1].1.observation.as_mut().unwrap().system = "theirs".to_owned();
        let routing = judged(&nodes, &history, now);
        assert_eq!(routing.primary, Some(0), "a stranger's timeline counts for nothing");
        assert_eq!(routing.replicas, [2]);
        assert_eq!(routing.verdicts[1..], [Verdict::Foreign, Verdict::Fit, Verdict::SameAs(2)]);
    }

    #[test]
    fn a_replica_on_a_timeline_that_the_primary_has_left_is_second_best() {
        let (now, history) = (Instant::now(), History::default());
        let mut nodes = [sight(Role::Primary, 2, 10, 1), sight(Role::Replica, 1, 10, 2)];
        let routing = judged(&nodes, &history, now);
        assert_eq!((routing.replicas.len(), routing.lagging.len()), (0, 1));
        nodes[0].1.trouble = Some("gone".to_owned());
        assert_eq!(judged(&nodes, &history, now).replicas, [1], "without a primary it is as good as any");
    }

    #[test]
    fn a_node_without_the_schema_serves_nothing() {
        let (now, history) = (Instant::now(), History::default());
        let mut nodes = [sight(Role::Primary, 1, 10, 1), sight(Role::Replica, 1, 10, 2)];
        nodes[1].1.observation.as_mut().unwrap().lacks = Some("a step".to_owned());
        let routing = judged(&nodes, &history, now);
        assert_eq!((routing.primary, routing.replicas.len()), (Some(0), 0));
    }
}
