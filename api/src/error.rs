//! The domain's errors. Each variant says which layer turns it into what:
//!
//! | variant | GraphQL |
//! |---|---|
//! | `Rejected` | `userErrors` of the mutation's payload |
//! | `Unauthenticated` | top-level error `UNAUTHENTICATED`, or the code that says more: see [`Unauthenticated::code`] |
//! | `Forbidden`, `RateLimited` | top-level error of the same name; `RATE_LIMITED` is retryable |
//! | `Untrusted` | top-level error `DOCUMENT_NOT_TRUSTED` |
//! | `BadRequest`, `Limit` | top-level error `BAD_REQUEST`, `LIMIT_EXCEEDED` |
//! | `Unavailable`, `Interrupted`, `Unrecorded`, `KeysUnread` | top-level error `UNAVAILABLE`, retryable |
//! | `Timeout`, `OutcomeUnknown` | top-level error of the same name; `TIMEOUT` is retryable |
//! | `Consistency` | top-level error `CONSISTENCY_UNAVAILABLE`, retryable |
//! | `WriteLost` | top-level error `CONSISTENCY_UNAVAILABLE`, not retryable |
//! | `Argument` | what the error within it is, with `extensions.argumentPath` |
//! | `Internal` | top-level error `INTERNAL`; the cause is logged with the request's id and never returned |

mod params;
mod unauthenticated;

use std::io;
use std::str::FromStr;

use sea_orm::{DbErr, RuntimeErr};
use uuid::Uuid;

pub use params::FaultParams;
pub use unauthenticated::Unauthenticated;

/// How the `database` room says, through SeaORM's errors, that no node is as fresh as a read wants.
pub const NOT_FRESH_ENOUGH: &str = "no node is fresh enough";

/// How the `database` room says, through SeaORM's errors, that what a read is to show was lost.
pub const WRITE_LOST: &str = "the write was lost";

/// How the `database` room says, through SeaORM's errors, that a caller has no budget left; how many seconds to wait follows.
pub const OVER_BUDGET: &str = "over budget, for seconds: ";

/// How the `database` room says, through SeaORM's errors, that a request has used all the database time that one request
/// may; how many seconds that is follows.
pub const USED_UP: &str = "database time used up, in seconds: ";

/// The `database` room's mark, in SeaORM's errors, of rows that have more bytes than an answer may have; how many that is
/// follows.
pub const TOO_MANY_ROWS: &str = "rows of more bytes than an answer may have: ";

/// What every fallible function of the domain returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks rules of the domain; all of them are listed, and nothing was changed.
    #[error("the input was rejected")]
    Rejected(Vec<Fault>),
    /// The request itself makes no sense, whatever the data.
    #[error("{0}")]
    BadRequest(String),
    /// The request asks for more than one request may.
    #[error("{0}")]
    Limit(String),
    /// An argument cannot be taken.
    #[error("{error}")]
    Argument {
        /// Place in the arguments, from the argument's name on.
        path: Vec<String>,
        /// Why not: `BadRequest` or `Limit`.
        error: Box<Self>,
    },
    /// Nobody is known to ask, or they did not prove who they are.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    /// The caller lacks the permission.
    #[error("{0}")]
    Forbidden(String),
    /// The caller has asked too often, or for too much. Nothing was changed.
    #[error("too many requests, or too much asked for: try again in {seconds} s")]
    RateLimited {
        /// How long the caller should wait.
        seconds: u64,
    },
    /// The document is none of those that this server runs.
    #[error("this server runs trusted documents only, and this is none of them")]
    Untrusted,
    /// No database can serve this now. Nothing was changed.
    #[error("the database is not available")]
    Unavailable(#[source] Source),
    /// It is not known yet who callers are. Nothing was changed.
    #[error(
        "the server has read its keys and roles from no database yet, so that it knows nobody: try again in a few seconds. If it goes on, `phr doctor` tells whoever runs the server which database does not answer, and why"
    )]
    KeysUnread,
    /// The database was lost on the way, or gave way to another transaction. Nothing was changed.
    #[error("the database is not available")]
    Interrupted(#[source] Source),
    /// No node that can be reached shows what the caller is to see.
    #[error(
        "no database that can be reached is as fresh as the request wants; try again, or ask with X-Consistency: eventual"
    )]
    Consistency,
    /// What was asked for cannot be put on record, so it was neither done nor shown.
    #[error("the audit trail cannot be written now, and nothing is done or shown that is not on record")]
    Unrecorded(#[source] Source),
    /// What a consistency token stands for was lost. Nothing was changed.
    #[error(
        "what the consistency token stands for was lost when another database took over: see what is there without the token, and write again what is missing"
    )]
    WriteLost,
    /// It took longer than it may. A write was rolled back.
    #[error("the request took too long")]
    Timeout,
    /// The change was sent to be committed, and no answer came, or none in time.
    #[error("the change was being committed, and it is not known what became of it: it may or may not have been made")]
    OutcomeUnknown(#[source] Source),
    /// A fault of this program or its installation.
    #[error("internal error")]
    Internal(#[source] Source),
}

/// The cause of a system fault, for the log only.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    /// One broken rule.
    pub fn rejected(code: FaultCode, path: &[&str], message: impl Into<String>) -> Self {
        Self::Rejected(vec![Fault::new(code, path.iter().map(ToString::to_string), message)])
    }

    /// Rows that have more bytes than the `max` of an answer.
    #[must_use]
    pub fn too_many_rows(max: usize) -> Self {
        Self::Limit(format!(
            "the records that are read for the answer have more than {max} bytes: ask for fewer records at a time, or for less of each"
        ))
    }

    /// The same, with the limits of the broken rule.
    #[must_use]
    pub fn with(self, params: &FaultParams) -> Self {
        match self {
            Self::Rejected(faults) => {
                let with = |fault| Fault { params: params.clone(), ..fault };
                Self::Rejected(faults.into_iter().map(with).collect())
            }
            other => other,
        }
    }

    /// The same, blamed on what is at `place` in the arguments. Errors that no argument causes stay as they are.
    #[must_use]
    pub fn at(self, place: &[&str]) -> Self {
        let place = place.iter().map(ToString::to_string);
        match self {
            Self::BadRequest(_) | Self::Limit(_) => Self::Argument { path: place.collect(), error: Box::new(self) },
            Self::Argument { path, error } => Self::Argument { path: place.chain(path).collect(), error },
            other => other,
        }
    }

    /// A fault of this program, described for its log.
    pub fn internal(cause: impl Into<Source>) -> Self {
        Self::Internal(cause.into())
    }
}

/// One rule that an input breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Which kind of rule.
    pub code: FaultCode,
    /// For people; holds no value of the input.
    pub message: String,
    /// Where in the arguments, from the argument's name on.
    pub path: Vec<String>,
    /// Limits of the rule.
    pub params: FaultParams,
    /// The record that changed meanwhile, of a `VersionConflict`.
    pub conflict: Option<Uuid>,
}

impl Fault {
    /// A fault at `path`.
    pub fn new(code: FaultCode, path: impl IntoIterator<Item = String>, message: impl Into<String>) -> Self {
        let (message, path) = (message.into(), path.into_iter().collect());
        Self { code, message, path, params: FaultParams::default(), conflict: None }
    }
}

/// What kind of rule an input breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "UserErrorCode")]
pub enum FaultCode {
    /// A value is missing or empty.
    Required,
    /// The value is not written as it must be.
    InvalidFormat,
    /// The value is too small or too large.
    OutOfRange,
    /// The text has too few characters.
    TooShort,
    /// The text has too many characters.
    TooLong,
    /// The list has too many entries.
    TooMany,
    /// Another record has this value already.
    NotUnique,
    /// There is no such record, or it was deleted.
    NotFound,
    /// The record that this one refers to does not exist.
    ReferenceMissing,
    /// Other records still refer to this one.
    StillReferenced,
    /// The record's state does not allow this.
    InvalidState,
    /// The record has changed since `expectedVersion`; nothing was written.
    VersionConflict,
    /// The idempotency key was used before, with another input.
    IdempotencyMismatch,
}

/// System faults are told apart by what the caller can do about them.
impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if matches!(&error, DbErr::Custom(text) if text == NOT_FRESH_ENOUGH) {
            return Self::Consistency;
        }
        if matches!(&error, DbErr::Custom(text) if text == WRITE_LOST) {
            return Self::WriteLost;
        }
        if let Some(seconds) = number_after(OVER_BUDGET, &error) {
            return Self::RateLimited { seconds };
        }
        if let Some(seconds) = number_after::<u64>(USED_UP, &error) {
            return Self::Limit(format!(
                "the request has used more than {seconds} s of database time: ask for less at a time, or by conditions that an index serves, such as equal and startsWith"
            ));
        }
        if let Some(max) = number_after(TOO_MANY_ROWS, &error) {
            return Self::too_many_rows(max);
        }
        match kind(&error) {
            Kind::Timeout => Self::Timeout,
            Kind::Unavailable => Self::Interrupted(Box::new(error)),
            Kind::Other => Self::Internal(Box::new(error)),
        }
    }
}

/// The number that the `database` room tells of, where it says this.
fn number_after<N: FromStr>(said: &str, error: &DbErr) -> Option<N> {
    let DbErr::Custom(text) = error else { return None };
    text.strip_prefix(said)?.parse().ok()
}

enum Kind {
    Timeout,
    Unavailable,
    Other,
}

fn kind(error: &DbErr) -> Kind {
    match error {
        // Whatever keeps a connection from being had, nothing has happened yet.
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Kind::Unavailable,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => sqlx_kind(error),
        _ => Kind::Other,
    }
}

fn sqlx_kind(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Kind::Timeout,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Kind::Unavailable,
        sqlx::Error::Database(error) => error.code().map_or(Kind::Other, |code| code_kind(&code)),
        _ => Kind::Other,
    }
}

/// PostgreSQL's codes have five characters (its manual, appendix A); `SQLite`'s are numbers (its "Result and Error Codes").
fn code_kind(code: &str) -> Kind {
    match code {
        "57014" | "9" => Kind::Timeout,
        "40001" | "40P01" | "53300" | "57P01" | "57P02" | "57P03" | "25006" | "5" | "261" | "517" => Kind::Unavailable,
        code if code.len() == 5 && code.starts_with("08") => Kind::Unavailable,
        _ => Kind::Other,
    }
}
