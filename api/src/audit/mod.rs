//! The audit trail: who did what to whose records, in such a way that it is neither lost nor quietly altered.
//!
//! What is to be noted goes through a local, append-only spool ([`spool`]), where each entry is hashed together with the
//! one before it ([`chain`]); only then is data shown or a change committed ([`trail`]). From there entries are shipped to
//! the primary ([`shipping`]), and what was shipped is anchored outside the database's reach ([`anchor`]). The spool of a
//! process that died is adopted by another one ([`retire`]). [`verify`] finds what was altered all the same.
//!
//! An entry is what one request did to patients of one institution in one way. What it asked with is sealed before it
//! reaches the spool ([`sealing`]); who holds the key file can open it.

mod anchor;
mod backlog;
mod chain;
mod check;
mod entry;
mod folder;
mod form;
mod insertion;
mod insertion_sql;
mod line;
mod note;
mod question;
mod retire;
mod row;
mod sealing;
mod segment;
mod shipping;
mod spool;
mod survey;
mod tending;
mod trail;
mod upkeep;
mod verify;
mod writer;

pub use anchor::Anchors;
pub use folder::Fault;
pub use question::{Question, questions};
pub use sealing::Sealer;
pub use survey::{Survey, survey};
pub use tending::Tending;
pub use trail::{Settings, Trail};
pub use verify::{Finding, Report, verify};
