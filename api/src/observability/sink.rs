use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait to be written; further ones are lost.
const QUEUE: usize = 4096;
/// How often a full queue is looked at again while the last lines wait for a place in it.
const PAUSE: Duration = Duration::from_millis(5);

/// Takes lines without failing or waiting; a thread of its own writes them.
#[derive(Clone, Debug)]
pub(super) struct Sink {
    queue: SyncSender<Item>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Item {
    Line(Box<[u8]>),
    /// Tells that everything before it was written.
    Mark(SyncSender<()>),
}

impl Sink {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, items) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        std::thread::Builder::new().name("phr-log".to_owned()).spawn(move || write(output, &items, &counted))?;
        Ok(Self { queue, lost })
    }

    /// Has a line written, unless too many wait already.
    pub(super) fn send(&self, line: &[u8]) {
        if self.queue.try_send(Item::Line(line.into())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until every line so far was written or lost, for no longer than `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let (done, written) = sync_channel(1);
        while self.queue.try_send(Item::Mark(done.clone())).is_err() {
            if Instant::now() >= deadline {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        match written.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            // Whatever could be written was.
            Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

fn write(mut output: impl Write, items: &Receiver<Item>, lost: &AtomicU64) {
    while let Ok(item) = items.recv() {
        match item {
            Item::Line(line) => {
                if output.write_all(&line).and_then(|()| output.flush()).is_err() {
                    lost.fetch_add(1, Ordering::Relaxed);
                } else if let lines @ 1.. = lost.swap(0, Ordering::Relaxed) {
                    // By way of the queue, so in the form that the others have.
                    tracing::warn!(lines, "lines of the log were lost: it could not be written, or not fast enough");
                }
            }
            Item::Mark(done) => {
                done.try_send(()).ok();
            }
        }
    }
}

impl Write for &Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.send(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'sink> MakeWriter<'sink> for Sink {
    type Writer = &'sink Self;

    fn make_writer(&'sink self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    /// An output that takes lines only while it is open.
    #[derive(Clone, Debug, Default)]
    struct Output(Arc<Mutex<(bool, Vec<u8>)>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut state = self.0.lock();
            if !state.0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_what_follows_is_written() {
        let output = Output::default();
        let sink = Sink::start(output.clone()).unwrap();
        let limit = Duration::from_secs(30);
        sink.send(b"lost\n");
        sink.flush(limit);
        assert_eq!(sink.lost.load(Ordering::Relaxed), 1);
        output.0.lock().0 = true;
        sink.send(b"written\n");
        sink.flush(limit);
        assert_eq!(output.0.lock().1, b"written\n");
        assert_eq!(sink.lost.load(Ordering::Relaxed), 0, "it was told");
    }

    #[test]
    fn an_output_that_takes_nothing_keeps_nobody_waiting() {
        let output = Output::default();
        let sink = Sink::start(output.clone()).unwrap();
        let held = output.0.lock();
        for _ in 0..QUEUE + 10 {
            sink.send(b"a line\n");
        }
        assert!(sink.lost.load(Ordering::Relaxed) >= 9, "one is being written, and the queue has its bound");
        drop(held);
    }
}
