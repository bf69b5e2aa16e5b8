use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::Value;
use futures_util::future::{BoxFuture, FutureExt, Shared};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use uuid::Uuid;

use crate::budget::FairQueue;
use crate::deed::{Deed, Outcome};
use crate::scope::{Boundary, Permissions, Scope};

use super::engine::Answer;
use super::response_stream::Event;

/// How many tellings are kept for who is told the same, and for how long.
const KEPT: u64 = 256;
const KEPT_FOR: Duration = Duration::from_secs(2);
/// How many are made at a time, in turns: when thousands come back at once, each from somewhere else, other reads must not
/// wait for all of them.
const MAKING: usize = 4;
/// How many processors those are taken for, so that half of them may be made for callers in debt.
const CORES: f64 = 4.0;
/// How long one waits to be made: no longer than a request may take is of use.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);
/// Bytes of what a telling shows, above which everybody is told on their own: what is kept is bounded.
const MAX_BYTES: usize = 64 * 1024;

/// What somebody is told of an event.
#[derive(Debug)]
pub struct Telling {
    /// The answer.
    pub answer: Answer,
    written: OnceLock<String>,
}

impl Telling {
    pub(super) const fn new(answer: Answer) -> Self {
        Self { answer, written: OnceLock::new() }
    }

    /// The answer as `write` writes it, which it does once for all who are told.
    pub fn written(&self, write: impl FnOnce(&Answer) -> String) -> &str {
        self.written.get_or_init(|| write(&self.answer))
    }
}

/// A telling that is the same for many, and what it shows each of them.
pub(super) struct SharedTelling {
    pub(super) telling: Arc<Telling>,
    pub(super) deeds: Vec<(Deed, Outcome)>,
}

/// What is told of events, which is made once for all who ask the same with the same rights: no field of an event is
/// about who it is shown to.
#[derive(Clone)]
pub(super) struct Tellings {
    kept: Cache<Key, Kept>,
    pub(super) making: FairQueue,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    question: Question,
    boundary: Boundary,
    patient: Option<Uuid>,
    grant: Option<Uuid>,
    permissions: Permissions,
    /// Where the event is, which stays there for as long as its telling is kept.
    event: usize,
}

/// Everything that a client asks for, by its hash.
pub(super) type Question = [u8; 32];

/// A telling in the making, which becomes nothing where it cannot be shared.
pub(super) type Making = Shared<BoxFuture<'static, Option<Arc<SharedTelling>>>>;

#[derive(Clone)]
struct Kept {
    _event: Event,
    making: Making,
}

/// Whether an answer is the same for all who ask for it, and not too long to be kept. An error names the request that met
/// it.
pub(super) fn can_be_shared(answer: &Answer) -> bool {
    answer.response.errors.is_empty() && bytes(&answer.response.data) <= MAX_BYTES
}

/// About how many bytes of memory a value takes.
fn bytes(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::List(items) => items.iter().map(bytes).sum(),
            Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + bytes(value)).sum(),
            _ => 0,
        }
}

impl fmt::Debug for Tellings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tellings")
    }
}

impl Tellings {
    pub(super) fn new() -> Self {
        // The newest are asked for most, however often older ones were.
        let builder = Cache::builder().eviction_policy(EvictionPolicy::lru());
        let kept = builder.max_capacity(KEPT).time_to_live(KEPT_FOR).build();
        Self { kept, making: FairQueue::new(MAKING, CORES) }
    }

    /// The telling of an event to who asks this question, which the first of them has made.
    pub(super) fn of<M>(&self, question: Question, scope: &Scope, event: &Event, make: impl FnOnce() -> M) -> Making
    where
        M: Future<Output = Option<Arc<SharedTelling>>> + Send + 'static,
    {
        let key = Key {
            question,
            boundary: scope.boundary,
            patient: scope.patient,
            grant: scope.grant,
            permissions: scope.permissions,
            event: event.place(),
        };
        self.kept.get_with(key, || Kept { _event: event.clone(), making: make().boxed().shared() }).making
    }
}
