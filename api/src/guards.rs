//! Whether the server asks who callers are, keeps them within their boundary, and puts on record what they do. It always
//! does, but for one build that is for the benchmark alone: with the feature `unguarded`, and only when it is told so by a
//! flag of the command line, to show what the guards cost. No setting and no variable can switch them off, and without
//! that feature none of this is compiled.

use std::sync::atomic::{AtomicBool, Ordering};

static OFF: AtomicBool = AtomicBool::new(false);

/// Whether everybody may do everything, unseen.
#[must_use]
pub fn are_off() -> bool {
    cfg!(feature = "unguarded") && OFF.load(Ordering::Relaxed)
}

/// The warning of a server without guards.
#[cfg(feature = "unguarded")]
pub const WARNING: &str = "WITHOUT GUARDS: whoever reaches this server reads and changes every record, and nothing is on record.\n\
     This is for measuring made-up records, and for nothing else.";

/// From now on, in this process, everybody may do everything.
#[cfg(feature = "unguarded")]
pub fn switch_off() {
    OFF.store(true, Ordering::Relaxed);
}
