use std::time::{Duration, Instant};

/// How long anything may take that is only a matter of time.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits until `look` finds what it looks for.
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(LIMIT, what, look)
}

/// Waits until `look` finds what it looks for, for no longer than `limit`.
pub fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {} s", limit.as_secs_f32());
        std::thread::sleep(Duration::from_millis(5));
    }
}
