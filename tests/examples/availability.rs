//! Strikes a cluster that fails over by itself and prints what was seen; see `tests/faults --ha`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use support::PatroniCluster;
use support::availability::{Seen, Strike, survive};

/// The strikes of `--soak`, and the number of each.
const SOAK: [(Strike, usize); 8] = [
    (Strike::PostgresKilled, 20),
    (Strike::NodeKilled, 10),
    (Strike::CutFromEtcd, 13),
    (Strike::CutFromReplicas, 13),
    (Strike::CutFromBoth, 12),
    (Strike::NodeFrozen, 12),
    (Strike::ReplicasKilled, 5),
    (Strike::Switchover, 10),
];

fn main() -> ExitCode {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let soak = std::env::var_os("PHR_SOAK").is_some();
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = number("PHR_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let mut strikes: Vec<Strike> = if soak {
        SOAK.iter().flat_map(|(strike, count)| std::iter::repeat_n(*strike, *count)).collect()
    } else if chosen.is_empty() {
        // The others take longer than an ordinary run has.
        vec![Strike::PostgresKilled, Strike::ReplicasKilled, Strike::CutFromBoth, Strike::NodeKilled]
    } else {
        Strike::ALL.to_vec()
    };
    strikes.retain(|strike| chosen.is_empty() || chosen.iter().any(|part| strike.name().contains(part.as_str())));
    if soak {
        shuffle(&mut strikes, seed);
        println!("PHR_SEED={seed}: {} strikes", strikes.len());
    }
    let writes = if soak { 1000 } else { 100 };
    let began = Instant::now();
    let cluster = PatroniCluster::start(&[]);
    let server = cluster.serve(&[]);
    println!("a cluster of three nodes was made in {:.1} s\n{}", began.elapsed().as_secs_f32(), Seen::heading());
    let (mut wrong, mut log) = (0, String::new());
    for (number, strike) in strikes.iter().enumerate() {
        let survived = survive(*strike, &cluster, &server, writes);
        println!("{}", survived.line(*strike));
        for failed in survived.failed.iter().take(3) {
            println!("  a read failed: {failed}");
        }
        if !survived.problems.is_empty() {
            wrong += 1;
            println!("{}", cluster.logs());
        }
        writeln!(log, "{seed}\t{number}\t{}", survived.record(*strike)).expect("texts can be written");
        if soak {
            keep(&format!("{seed}\t{number}\t"), &log);
        }
    }
    println!("{} strikes in {} s", strikes.len(), began.elapsed().as_secs());
    if soak {
        print!("{}", so_far());
    }
    println!("{} passed, {wrong} failed", strikes.len() - wrong);
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Fisher and Yates, by Knuth's linear congruential generator; its high bits are the random ones.
fn shuffle(strikes: &mut [Strike], mut random: u64) {
    for last in (1..strikes.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let choice = usize::try_from(random >> 33).expect("31 bits fit") % (last + 1);
        strikes.swap(last, choice);
    }
}

/// The file in which soaks add up, one line a strike.
fn file() -> PathBuf {
    std::env::var_os("PHR_AVAILABILITY_LOG")
        .map_or_else(|| support::root().join("target/availability.tsv"), PathBuf::from)
}

/// Adds a run's newest line; a run that is repeated with its seed replaces its lines rather than count twice.
fn keep(key: &str, log: &str) {
    let old = std::fs::read_to_string(file()).unwrap_or_default();
    let newest = log.lines().last().unwrap_or_default();
    let kept = old.lines().filter(|line| !line.starts_with(key)).chain([newest]);
    let text = kept.collect::<Vec<_>>().join("\n") + "\n";
    std::fs::write(file(), text).expect("the log of soaks can be written");
}

/// Sums of all soaks, by kind of strike.
fn so_far() -> String {
    let log = std::fs::read_to_string(file()).unwrap_or_default();
    let mut text = format!("all soaks so far, {}:\n", file().display());
    for strike in Strike::ALL {
        let lines: Vec<Vec<&str>> = log.lines().map(|line| line.split('\t').collect()).collect();
        let own: Vec<&Vec<&str>> = lines.iter().filter(|line| line.get(2) == Some(&strike.name())).collect();
        let figure = |line: &&Vec<&str>, at: usize| line.get(at).and_then(|text| text.parse::<f64>().ok());
        let sum = |at: usize| own.iter().filter_map(|line| figure(line, at)).sum::<f64>();
        let longest = own.iter().filter_map(|line| figure(line, 7)).fold(0.0, f64::max);
        let total = own.len();
        let (reads, failed, acknowledged, wrong) = (sum(3), sum(4), sum(5), sum(8));
        writeln!(
            text,
            "{:<22}{total:>4} times, {acknowledged} writes acknowledged, {wrong} times lost or doubled, longest gap \
             {longest:.1} s, {failed} of {reads} reads failed",
            strike.name()
        )
        .expect("texts can be written");
    }
    text
}
