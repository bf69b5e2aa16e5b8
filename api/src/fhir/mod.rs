//! FHIR R4 import: patients, organisations, practitioners, allergies, conditions and medication requests become records;
//! the display texts of the active ones of the last three become the lists of a register, too; encounters tell a
//! patient's usual doctor and institution. It maps to inputs of `records`, and holds none of their rules.
//!
//! The input is read three times, so that the order of files and resources does not matter and only a fraction of it is
//! held in memory: the survey learns who refers to whom, the second reading writes the registers, the third writes what
//! is known of patients and tells what became of everything else. Where a resource stands there in several versions the survey
//! is made twice, and a bundle that says last of which type it is is looked through before. A resource is read whole, and has at most [`MAX_RESOURCE`] bytes; what is kept of the
//! survey is bounded by [`MAX_MEMORY`].
//!
//! Keys: an id that is a UUID is the record's key. Any other id becomes the `UUIDv5` of `BASE/Type/id` in the namespace
//! of URLs, `BASE` being the server that the bundle's `fullUrl` names, or else the one that the caller names, or else
//! nothing (`Type/id`). An entry without an id has the key of its `urn:uuid:` `fullUrl`.

mod bundle;
mod export;
mod facts;
mod header;
mod importer;
mod judge;
mod key;
mod map;
mod place;
mod r4;
mod read;
mod reading;
mod registers;
mod resource;
mod run;
mod scanner;
mod shape;
mod source;
mod survey;
mod untaken;
mod version;
mod votes;

pub use export::{Exported, Files, export};
pub use importer::Fhir;
pub use run::{Options, Phase, Progress, Report, import};
pub use source::{Source, Sources};

/// Bytes of one resource at most, as JSON, with the entry of the bundle that it stands in.
pub const MAX_RESOURCE: usize = 16 << 20;

/// Bytes that the survey of one import may keep, about: some 80,000 patients with a dozen encounters each. More is
/// refused before anything is written.
pub const MAX_MEMORY: usize = 192 << 20;
