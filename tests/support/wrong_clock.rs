use std::path::{Path, PathBuf};

use crate::disk::{build, text};

/// The clock of a machine that is wrong, for servers that are started with it.
#[derive(Debug)]
pub struct WrongClock {
    library: PathBuf,
    seconds: String,
}

impl WrongClock {
    /// One that runs ahead by so many days, made in a folder of the test's.
    #[must_use]
    pub fn ahead(test: &Path, days: i64) -> Self {
        let library = test.join("clock.so");
        // A name of its own, so that it comes on top of the clock that the test itself sees.
        build("clock.c", &["-DAHEAD=\"PHR_TEST_WRONG_CLOCK\""], &library);
        Self { library, seconds: (days * 86_400).to_string() }
    }

    /// What makes a server's clock this one.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 2] {
        [("LD_PRELOAD", text(&self.library)), ("PHR_TEST_WRONG_CLOCK", &self.seconds)]
    }
}
