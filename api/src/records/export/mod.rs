//! Handing out records as a whole, in the shape in which an import takes them over. Whoever hands them out puts that on
//! record first.

mod directory;
mod folder;
mod page;
mod people;

pub use directory::{around, doctors, institutions};
pub use folder::{Folder, folder, folders, total};

use std::fmt::Debug;

use uuid::Uuid;

use crate::database::Reader;
use crate::error::Result;
use crate::scope::{Permission, Scope};

/// What an export must be allowed.
///
/// # Errors
/// `Unauthenticated` and `Forbidden`.
pub fn require(scope: &Scope) -> Result<()> {
    scope.require(Permission::ReadPatients)?;
    scope.require(Permission::ReadClinical)?;
    scope.require(Permission::ReadDirectory)
}

/// Writes records in some format.
#[async_trait::async_trait]
pub trait Exporter: Debug + Send + Sync {
    /// What is known of a patient, as one document; nothing where there is no such patient within the caller's
    /// boundary. What is in it is noted with the reader, to be put on record.
    ///
    /// # Errors
    /// As [`require`]; `Limit` when it is too much for one document; as any read.
    async fn patient(&self, scope: &Scope, reader: &Reader, uuid: Uuid) -> Result<Option<serde_json::Value>>;
}
