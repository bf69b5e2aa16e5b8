//! Standard output of commands. A pipe that nobody reads any more, or a full disk, makes the command fail; nothing panics,
//! and nothing that was done is undone.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::process::ExitCode;

use parking_lot::Mutex;

use crate::observability;

/// The first error of printing.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints on standard output. An error is kept for [`end`], and nothing is printed after it.
pub(crate) fn print(text: Arguments<'_>) {
    let mut failure = FAILURE.lock();
    if failure.is_none() {
        let mut out = io::stdout().lock();
        *failure = out.write_fmt(text).and_then(|()| out.flush()).err();
    }
}

/// Prints a line on standard output.
macro_rules! print_line {
    ($($text:tt)*) => {
        $crate::console::print(format_args!("{}\n", format_args!($($text)*)))
    };
}

/// Says a line on standard error.
macro_rules! tell_line {
    ($($text:tt)*) => {
        $crate::observability::tell(&format!("{}\n", format_args!($($text)*)))
    };
}

pub(crate) use {print_line, tell_line};

/// Returns the exit code of a command that ends with `code`; a command whose output could not be printed has failed.
pub(crate) fn end(code: ExitCode) -> ExitCode {
    let failure = FAILURE.lock().take();
    let code = match failure {
        Some(error) => {
            observability::tell(&format!("phr: cannot write to standard output: {error}\n"));
            if code == ExitCode::SUCCESS { ExitCode::FAILURE } else { code }
        }
        None => code,
    };
    observability::finish();
    code
}
