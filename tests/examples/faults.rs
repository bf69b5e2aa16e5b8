//! Runs faults under load and prints what was seen; see `tests/faults`.

use std::process::ExitCode;
use std::time::Duration;

use support::faults::{Figures, all, run};

fn main() -> ExitCode {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let seconds = std::env::var("PHR_HOLD").ok().and_then(|value| value.parse().ok()).unwrap_or(5);
    println!("{}", Figures::heading());
    let mut found = Vec::new();
    for fault in all() {
        if !chosen.is_empty() && !chosen.iter().any(|name| name == fault.name) {
            continue;
        }
        let figures = run(&fault, Duration::from_secs(seconds));
        println!("{}", figures.line());
        found.extend(figures.faults(&fault));
    }
    for problem in &found {
        println!("{problem}");
    }
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
