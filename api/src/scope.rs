//! Who asks, within what boundary, with what permissions. Pure types: every function of `records` takes a [`Scope`]
//! first, so there is no read or write that is nobody's.

use uuid::Uuid;

use crate::error::{Error, Result};

/// The key of a medical institution, which is a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstitutionId(pub Uuid);

/// The institution that exists from the first migration on, and owns what names no other.
pub const HOME_INSTITUTION: InstitutionId = InstitutionId(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001));

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actor(pub Uuid);

/// The person at the machine itself, who the server acts as until callers have sessions.
pub const LOCAL_OPERATOR: Actor = Actor(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0002));

/// Which records the caller may touch at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// Those of one institution.
    One(InstitutionId),
    /// Those of every institution.
    All,
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Permission {
    /// Read who a patient is and how to reach them.
    ReadPatients = 1,
    /// Read allergies, medical history and current medications.
    ReadClinical = 1 << 1,
    /// Create, change, delete and restore patient registers.
    WritePatients = 1 << 2,
    /// Read institutions, doctors and specialties.
    ReadDirectory = 1 << 3,
    /// Create and change institutions, doctors and specialties.
    WriteDirectory = 1 << 4,
    /// See how the server and its databases do.
    Operate = 1 << 5,
}

impl Permission {
    const fn name(self) -> &'static str {
        match self {
            Self::ReadPatients => "read patient registers",
            Self::ReadClinical => "read clinical fields",
            Self::WritePatients => "change patient registers",
            Self::ReadDirectory => "read institutions, doctors and specialties",
            Self::WriteDirectory => "change institutions, doctors and specialties",
            Self::Operate => "see how the server does",
        }
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Permissions(u32);

impl Permissions {
    /// Every permission.
    pub const ALL: Self = Self(u32::MAX);
    /// No permission.
    pub const NONE: Self = Self(0);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | permission as u32)
    }

    /// This set without one.
    #[must_use]
    pub const fn without(self, permission: Permission) -> Self {
        Self(self.0 & !(permission as u32))
    }

    /// Whether the set holds `permission`.
    #[must_use]
    pub const fn contain(self, permission: Permission) -> bool {
        self.0 & permission as u32 != 0
    }
}

/// Who asks, within what boundary, with what permissions, in which request.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Who asks.
    pub actor: Actor,
    /// Which records the caller may touch at all.
    pub boundary: Boundary,
    /// What the caller may do.
    pub permissions: Permissions,
    /// The request's id, as in its log lines and in the change log.
    pub request: Uuid,
}

impl Scope {
    /// The local operator: every institution, every permission.
    #[must_use]
    pub const fn local_operator(request: Uuid) -> Self {
        Self { actor: LOCAL_OPERATOR, boundary: Boundary::All, permissions: Permissions::ALL, request }
    }

    /// # Errors
    /// `Forbidden` when the caller lacks `permission`.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.permissions.contain(permission) {
            return Ok(());
        }
        Err(Error::Forbidden(format!("you have no permission to {}", permission.name())))
    }

    /// The institution that a new record belongs to when the input names none.
    #[must_use]
    pub const fn default_institution(&self) -> InstitutionId {
        match self.boundary {
            Boundary::One(institution) => institution,
            Boundary::All => HOME_INSTITUTION,
        }
    }

    /// Whether records of `institution` are within the boundary.
    #[must_use]
    pub fn reaches(&self, institution: Uuid) -> bool {
        match self.boundary {
            Boundary::One(own) => own.0 == institution,
            Boundary::All => true,
        }
    }
}
