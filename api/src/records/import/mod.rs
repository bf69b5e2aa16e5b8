//! Taking over records that came to be elsewhere and bring their keys along: what is new is created, what differs is
//! updated, what is the same is left alone. A record that breaks a rule is refused by itself; the others are taken.

mod address;
mod allergy;
mod amend;
mod concept;
mod condition;
mod contact;
mod countries;
mod doctor;
mod evidence;
mod home;
mod identified;
mod identifier;
mod institution;
mod known;
mod medication;
mod origin;
mod outcome;
mod person;
mod plan;
mod profile;
mod put;
mod recognised;
mod recorded;
mod reference;
mod register;
mod rule;
mod vocabulary;
mod withdraw;

pub use address::ImportedAddress;
pub use allergy::{ImportedAllergy, allergies};
pub use amend::{Affiliation, affiliate, relist};
pub use concept::{ImportedConcept, condition_names, medication_names};
pub use condition::{ImportedCondition, conditions};
pub use contact::ImportedContact;
pub use doctor::{ImportedDoctor, doctors};
pub use identified::{Identified, Owner, identified};
pub use identifier::{ImportedIdentifier, MAX_IDENTIFIERS};
pub use institution::{ImportedInstitution, institutions};
pub use known::{KnownRegister, known_doctors, known_institutions, known_registers};
pub use medication::{ImportedMedication, medications};
pub use origin::{Conflict, ImportSource};
pub use outcome::{Outcome, Shortened, Status, Summary};
pub use person::{ImportedPerson, Kept, people};
pub use reference::{KeptReference, ReferenceTarget, keep_references, kept_references};
pub use register::{ImportedRegister, entry_fault, registers};
pub use rule::{Rule, birth_fault, death_fault, fault_of, past_fault, planned_fault};
pub use vocabulary::{Codes, Vocabulary};
pub use withdraw::{Fact, Withdrawal, withdraw};

pub(super) use put::among;

use std::fmt::Debug;

use crate::clock::Clock;
use crate::database::Cluster;
use crate::error::{Error, Fault, Result};
use crate::scope::{Boundary, Permission, Scope};

/// Records that one call takes at most: what fits one statement on either database.
pub const MAX_CHUNK: usize = 300;

/// Whether to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Write.
    Write,
    /// Only tell what would be done.
    DryRun,
    /// Write, and make records the source's own that are here, are evidently the same, and that no import made.
    Adopt,
    /// Only tell what [`Adopt`](Self::Adopt) would do.
    DryAdopt,
}

impl How {
    /// True where anything is written.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Adopt)
    }

    /// True where records that no import made become the source's own.
    #[must_use]
    pub const fn adopts(self) -> bool {
        matches!(self, Self::Adopt | Self::DryAdopt)
    }
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Put {
    /// There was none with this key.
    Created,
    /// These of its columns differed; none when only its identifiers did.
    Updated(Vec<&'static str>),
    /// It was there, made by no import, and is the source's from now on; these of its columns differed.
    Adopted(Vec<&'static str>),
    /// It was there already, with the same contents.
    Unchanged,
    /// It was there and has been deleted, and stays so.
    Deleted,
    /// It was there, another one has taken its place, and it stays as it is.
    Merged,
    /// A record with this key is there and is not this import's to change; nothing was written.
    Conflict(Conflict),
    /// It breaks rules. Paths begin with the field's name.
    Refused(Vec<Fault>),
}

impl Put {
    /// True of a record that is there now as it is told.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        matches!(self, Self::Created | Self::Updated(_) | Self::Adopted(_) | Self::Unchanged)
    }
}

/// What an import must be allowed.
///
/// # Errors
/// `Forbidden` for who may not import, or not write registers and directory, or is bound to one institution: whose records a file holds
/// shows only when it is read.
pub fn require(scope: &Scope) -> Result<()> {
    scope.require(Permission::Import)?;
    scope.require(Permission::WritePatients)?;
    scope.require(Permission::WriteDirectory)?;
    match (scope.boundary, scope.patient) {
        (Boundary::All, None) => Ok(()),
        _ => Err(Error::Forbidden("only who works for all institutions may import records".to_owned())),
    }
}

/// What is to be imported.
#[derive(Clone, Debug)]
pub enum Text {
    /// A resource in each line.
    Lines(String),
    /// One document, as JSON.
    Document(Vec<u8>),
}

/// Reads records in some format and imports them.
#[async_trait::async_trait]
pub trait Importer: Debug + Send + Sync {
    /// Imports everything in `text`; what became of each resource. Where the text does not name the server that it comes
    /// from, that is `base`, or nobody knows when it is empty.
    ///
    /// # Errors
    /// As [`require`]; as any write.
    async fn import(
        &self,
        scope: &Scope,
        cluster: &Cluster,
        clock: &dyn Clock,
        text: Text,
        base: &str,
        how: How,
    ) -> Result<Vec<Outcome>>;
}
