//! Bytes of answers in the making, bounded for each answer and for all of them together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::error::{Error, Result};

/// Seconds to wait when all answers in the making hold as much as they may.
const COME_BACK: u64 = 1;

/// Bytes that all answers in the making hold together. Clones count the same.
#[derive(Clone, Debug)]
pub struct AnswerPool(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    max_answer: usize,
    max_all: usize,
    held: AtomicUsize,
}

impl AnswerPool {
    /// One whose answers hold `max_answer` bytes each, and `max_all` together.
    #[must_use]
    pub fn new(max_answer: usize, max_all: usize) -> Self {
        Self(Arc::new(Pool { max_answer, max_all, held: AtomicUsize::new(0) }))
    }

    /// Counter of a new answer, which holds nothing yet.
    #[must_use]
    pub fn answer(&self) -> AnswerBytes {
        let (held, rows) = (AtomicUsize::new(0), AtomicUsize::new(0));
        AnswerBytes { pool: self.clone(), held, rows, refused: Mutex::new(None) }
    }
}

/// Bytes that one answer holds, and those of the rows that it is made of; a batch's answers are one. They are given back when
/// this is dropped.
#[derive(Debug)]
pub struct AnswerBytes {
    pool: AnswerPool,
    held: AtomicUsize,
    rows: AtomicUsize,
    refused: Mutex<Option<Refused>>,
}

/// Why an answer may hold no more.
#[derive(Clone, Copy, Debug)]
enum Refused {
    TooLong,
    TooManyRows,
    Busy,
}

impl AnswerBytes {
    /// Counts bytes that the answer holds from now on.
    ///
    /// # Errors
    /// `Limit` when the answer is too long, `RateLimited` when all of them are. From then on there is no answer.
    pub fn take(&self, bytes: usize) -> Result<()> {
        self.check()?;
        let own = self.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.hold(bytes, own, Refused::TooLong)
    }

    /// Counts bytes of rows that were read for the answer and are held until [`Self::release_rows`].
    ///
    /// # Errors
    /// `Limit` when the rows of one request are longer than an answer may be, `RateLimited` when all answers hold too much. From
    /// then on there is no answer.
    pub fn take_rows(&self, bytes: usize) -> Result<()> {
        self.check()?;
        let own = self.rows.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.hold(bytes, own, Refused::TooManyRows)
    }

    /// Bytes that an answer has at most.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.pool.0.max_answer
    }

    /// Gives back what the rows of a request held, once they are dropped.
    pub fn release_rows(&self) {
        self.pool.0.held.fetch_sub(self.rows.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn hold(&self, bytes: usize, own: usize, too_many: Refused) -> Result<()> {
        let all = self.pool.0.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if own > self.pool.0.max_answer {
            *self.refused.lock() = Some(too_many);
        } else if all > self.pool.0.max_all {
            *self.refused.lock() = Some(Refused::Busy);
        }
        self.check()
    }

    /// # Errors
    /// As [`Self::take`], where it has failed.
    pub fn check(&self) -> Result<()> {
        match *self.refused.lock() {
            None => Ok(()),
            Some(Refused::TooLong) => Err(self.too_long()),
            Some(Refused::TooManyRows) => Err(Error::too_many_rows(self.longest())),
            Some(Refused::Busy) => Err(Error::RateLimited { seconds: COME_BACK }),
        }
    }

    /// Checks that a text of so many bytes is not too long for an answer.
    ///
    /// # Errors
    /// `Limit`.
    pub fn fits(&self, bytes: usize) -> Result<()> {
        if bytes > self.pool.0.max_answer { Err(self.too_long()) } else { Ok(()) }
    }

    fn too_long(&self) -> Error {
        let max = self.pool.0.max_answer;
        Error::Limit(format!(
            "the answer has more than {max} bytes: ask for fewer records at a time, or for less of each"
        ))
    }
}

impl Drop for AnswerBytes {
    fn drop(&mut self) {
        self.release_rows();
        self.pool.0.held.fetch_sub(self.held.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_too_long_gives_back_what_it_held() {
        let pool = AnswerPool::new(10, 25);
        let first = pool.answer();
        first.take(10).unwrap();
        assert!(matches!(first.take(1), Err(Error::Limit(_))));
        assert!(matches!(first.take(0), Err(Error::Limit(_))), "there is no answer any more");
        let (second, third) = (pool.answer(), pool.answer());
        second.take(10).unwrap();
        assert!(matches!(third.take(10), Err(Error::RateLimited { seconds: 1 })), "10 and 1, 10 and 10");
        drop((first, third));
        pool.answer().take(10).unwrap();
        drop(second);
        assert_eq!(pool.0.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn rows_count_until_their_request_is_over() {
        let pool = AnswerPool::new(10, 25);
        let batch = pool.answer();
        for _ in 0..3 {
            batch.take_rows(10).unwrap();
            batch.take(3).unwrap();
            batch.release_rows();
        }
        assert_eq!(pool.0.held.load(Ordering::Relaxed), 9);
        assert!(matches!(batch.take_rows(11), Err(Error::Limit(message)) if message.contains("read for the answer")));
        drop(batch);
        assert_eq!(pool.0.held.load(Ordering::Relaxed), 0);
    }
}
