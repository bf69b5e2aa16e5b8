//! Every fault under a steady load: no read fails, no write that was acknowledged is lost or made twice, and replicas
//! serve while they can.

use std::time::{Duration, Instant};

use support::faults::{Fault, Figures, all, run};

/// How long each fault is kept up in the ordinary run.
const SHORT: Duration = Duration::from_secs(2);

fn survives(fault: &Fault, hold: Duration) -> Figures {
    let figures = run(fault, hold);
    println!("{}", figures.line());
    let found = figures.faults(fault);
    assert!(found.is_empty(), "{found:#?}\nthe server's log:\n{}", figures.log);
    figures
}

macro_rules! survives {
    ($($test:ident: $name:literal),+ $(,)?) => {
        const TESTED: &[&str] = &[$($name),+];

        $(#[test]
        fn $test() {
            let all = all();
            let fault = all.iter().find(|fault| fault.name == $name).expect("the fault is in the list");
            println!("{}", Figures::heading());
            survives(fault, SHORT);
        })+
    };
}

// Of a fault that may strike either replica one will do here; tests/faults and the long repetition know both.
survives! {
    a_killed_replica_is_not_noticed: "replica 01 killed",
    a_stopped_replica_is_not_noticed: "replica 02 stopped",
    a_silent_replica_is_not_noticed: "replica 01 silent",
    a_replica_that_is_cut_off_is_not_noticed: "replica 02 cut off",
    a_slow_replica_is_not_noticed: "replica 01 slow",
    reads_go_on_without_both_replicas: "both replicas killed",
    a_killed_primary_stops_no_read: "primary killed",
    a_stopped_primary_stops_no_read: "primary stopped",
    a_silent_primary_stops_no_read: "primary silent",
    a_primary_that_is_cut_off_stops_no_read: "primary cut off",
    a_slow_primary_stops_nothing: "primary slow",
    after_a_promotion_writes_go_on_by_themselves: "promotion of 02",
    reads_that_standbys_end_are_answered_elsewhere: "standby conflicts",
}

#[test]
fn every_fault_of_the_list_has_a_test() {
    let either = |name: &str| name.replace("01", "02");
    let mut listed: Vec<String> = all().iter().map(|fault| either(fault.name)).collect();
    let mut tested: Vec<String> = TESTED.iter().copied().map(either).collect();
    listed.sort_unstable();
    listed.dedup();
    tested.sort_unstable();
    assert_eq!(listed, tested);
}

/// `PHR_SOAK=1` repeats faults for an hour, or for `PHR_SOAK_SECONDS`, in the order that `PHR_SEED` gives.
#[test]
fn faults_in_any_order_are_survived() {
    if std::env::var_os("PHR_SOAK").is_none() {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let limit = Duration::from_secs(number("PHR_SOAK_SECONDS").unwrap_or(3600));
    let mut random = number("PHR_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("PHR_SEED={random}\n{}", Figures::heading());
    let (faults, mut seen, began) = (all(), Vec::new(), Instant::now());
    while began.elapsed() < limit {
        // Knuth's linear congruential generator; its high bits are the random ones.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let choice = usize::try_from((random >> 33) % 1000).expect("it is below 1000");
        let hold = Duration::from_millis(500 + 10 * (random >> 54));
        seen.push(survives(&faults[choice % faults.len()], hold));
    }
    println!("{} faults in {} s\n{}", seen.len(), began.elapsed().as_secs(), Figures::in_all(&seen).line());
}
