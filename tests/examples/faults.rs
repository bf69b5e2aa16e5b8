//! Runs faults under load and prints what was seen; see `tests/faults`.

use std::process::ExitCode;
use std::time::Duration;

use support::faults::{Figures, all, run};

fn main() -> ExitCode {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let seconds = std::env::var("PHR_HOLD").ok().and_then(|value| value.parse().ok()).unwrap_or(5);
    println!("{}", Figures::heading());
    let (mut found, mut seen) = (Vec::new(), Vec::new());
    for fault in all() {
        if !chosen.is_empty() && !chosen.iter().any(|part| fault.name.contains(part)) {
            continue;
        }
        let figures = run(&fault, Duration::from_secs(seconds));
        println!("{}", figures.line());
        found.extend(figures.faults(&fault));
        seen.push(figures);
    }
    println!("{}", Figures::in_all(&seen).line());
    for problem in &found {
        println!("{problem}");
    }
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
