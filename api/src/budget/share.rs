use std::time::{Duration, Instant};

/// Processor time of each of those that run at the same time, added up since the beginning. As long as there are no more
/// than processors it passes as time does; beyond that it passes more slowly, as they share the processors.
#[derive(Debug)]
pub(super) struct Share {
    cores: f64,
    running: usize,
    at: Instant,
    nanos: f64,
}

impl Share {
    pub(super) const fn new(cores: f64, now: Instant) -> Self {
        Self { cores, running: 0, at: now, nanos: 0.0 }
    }

    /// What it has come to, in nanoseconds.
    pub(super) fn at(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64() * 1e9;
        #[expect(clippy::cast_precision_loss, reason = "as many as a pool has connections")]
        let running = self.running.max(1) as f64;
        self.nanos + passed * (self.cores / running).min(1.0)
    }

    /// One more runs; what the share has come to.
    pub(super) fn begin(&mut self, now: Instant) -> f64 {
        self.pass(now);
        self.running += 1;
        self.nanos
    }

    /// One runs no more; what the share has come to.
    pub(super) fn end(&mut self, now: Instant) -> f64 {
        self.pass(now);
        self.running = self.running.saturating_sub(1);
        self.nanos
    }

    fn pass(&mut self, now: Instant) {
        self.nanos = self.at(now);
        self.at = self.at.max(now);
    }
}

/// Nanoseconds of a share, as a time.
pub(super) fn time(nanos: f64) -> Duration {
    Duration::from_secs_f64(nanos.max(0.0) / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_run_at_the_same_time_share_the_processors() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut share = Share::new(2.0, start);
        let alone = share.begin(start);
        share.begin(start);
        assert!((share.at(start + second) - alone - 1e9).abs() < 1.0, "two have a processor each");
        share.begin(start + second);
        share.begin(start + second);
        assert!((share.at(start + second * 3) - alone - 2e9).abs() < 1.0, "four have half of one each");
        for _ in 0..3 {
            share.end(start + second * 3);
        }
        assert_eq!(time(share.end(start + second * 4) - alone), second * 3);
    }
}
