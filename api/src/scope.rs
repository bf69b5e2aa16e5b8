//! Who asks, within what boundary, with what permissions. Pure types: every function of `records` takes a [`Scope`]
//! first, so there is no read or write that is nobody's.

use std::net::IpAddr;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, Result, Unauthenticated};

/// The key of a medical institution, which is a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstitutionId(pub Uuid);

/// The institution that exists from the first migration on, and owns what names no other.
pub const HOME_INSTITUTION: InstitutionId = InstitutionId(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001));

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actor(pub Uuid);

/// The person at the machine itself: whoever can read the server's key file and reach its database.
pub const LOCAL_OPERATOR: Actor = Actor(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0002));

/// The server itself, as it keeps its own books.
pub const SERVER: Actor = Actor(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0003));

/// A caller without a session.
pub const NOBODY: Actor = Actor(Uuid::nil());

/// The role of whoever sees the own record: without a patient it is of no use.
pub const PATIENT: &str = "patient";

/// Which records the caller may touch at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// Those of one institution.
    One(InstitutionId),
    /// Those of every institution.
    All,
}

/// What a caller may do: an action on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Permission {
    /// Read who a patient is and how to reach them.
    ReadPatients = 1,
    /// Read allergies, medical history and current medications.
    ReadClinical = 1 << 1,
    /// Create, change, delete and restore patient registers.
    WritePatients = 1 << 2,
    /// Read institutions, doctors, specialties and catalogues.
    ReadDirectory = 1 << 3,
    /// Create and change institutions, doctors and specialties; for who acts in all institutions, catalogues too.
    WriteDirectory = 1 << 4,
    /// See how the server and its databases do.
    Operate = 1 << 5,
    /// Import records from elsewhere.
    Import = 1 << 6,
    /// Create and change users and what they may do, and end their sessions.
    ManageUsers = 1 << 7,
    /// Change what roles may do.
    ManageRoles = 1 << 8,
    /// Read the audit trail.
    ReadAudit = 1 << 9,
    /// Open one record outside the own boundary, with a reason.
    BreakGlass = 1 << 10,
    /// Review who opened records that way.
    ReviewBreakGlass = 1 << 11,
}

impl Permission {
    /// Every permission.
    pub const EVERY: [Self; 12] = [
        Self::ReadPatients,
        Self::ReadClinical,
        Self::WritePatients,
        Self::ReadDirectory,
        Self::WriteDirectory,
        Self::Operate,
        Self::Import,
        Self::ManageUsers,
        Self::ManageRoles,
        Self::ReadAudit,
        Self::BreakGlass,
        Self::ReviewBreakGlass,
    ];

    /// The resource and the action, as roles name them.
    #[must_use]
    pub const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::ReadPatients => ("PatientRegister", "read"),
            Self::ReadClinical => ("ClinicalRecord", "read"),
            Self::WritePatients => ("PatientRegister", "write"),
            Self::ReadDirectory => ("Directory", "read"),
            Self::WriteDirectory => ("Directory", "write"),
            Self::Operate => ("System", "operate"),
            Self::Import => ("System", "import"),
            Self::ManageUsers => ("User", "manage"),
            Self::ManageRoles => ("Role", "manage"),
            Self::ReadAudit => ("AuditEvent", "read"),
            Self::BreakGlass => ("BreakGlass", "use"),
            Self::ReviewBreakGlass => ("BreakGlass", "review"),
        }
    }

    /// The permission for this action on this resource.
    #[must_use]
    pub fn named(resource: &str, action: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|permission| permission.parts() == (resource, action))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ReadPatients => "read patient registers",
            Self::ReadClinical => "read clinical fields",
            Self::WritePatients => "change patient registers",
            Self::ReadDirectory => "read institutions, doctors and specialties",
            Self::WriteDirectory => "change institutions, doctors and specialties",
            Self::Operate => "see how the server does",
            Self::Import => "import records",
            Self::ManageUsers => "manage users",
            Self::ManageRoles => "manage roles",
            Self::ReadAudit => "read the audit trail",
            Self::BreakGlass => "open records of another institution",
            Self::ReviewBreakGlass => "review who opened records of another institution",
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
    /// What treating a patient takes.
    pub const TREATING: Self = Self::NONE
        .with(Permission::ReadPatients)
        .with(Permission::ReadClinical)
        .with(Permission::WritePatients)
        .with(Permission::ReadDirectory);

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

    /// Those that rule over the server and its users. What remains, whoever manages users may give to others without having
    /// it: an institution's administrator lets doctors treat, and treats nobody. So whoever manages users is trusted not
    /// to sign in as one of those they manage; that each role and each one-time token that they give is on record, and
    /// that nobody changes their own role, is what keeps them to it.
    #[must_use]
    pub const fn administrative(self) -> Self {
        Self(self.0 & !Self::TREATING.with(Permission::BreakGlass).0)
    }

    /// Those of this set that are in `other` too.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether everything in `other` is in this set too.
    #[must_use]
    pub const fn include(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the set holds `permission`.
    #[must_use]
    pub const fn contain(self, permission: Permission) -> bool {
        self.0 & permission as u32 != 0
    }
}

/// Who asks, within what boundary, with what permissions, in which request.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Who asks.
    pub actor: Actor,
    /// The name of the role in which they ask; empty for nobody.
    pub role: Arc<str>,
    /// The session they ask in; none for a token that was made at the machine itself.
    pub session: Option<Uuid>,
    /// Which records the caller may touch at all.
    pub boundary: Boundary,
    /// The only patient whose record they may touch: of a patient, the own one.
    pub patient: Option<Uuid>,
    /// The leave by which a record outside the caller's own boundary is open.
    pub grant: Option<Uuid>,
    /// What the caller may do.
    pub permissions: Permissions,
    /// The request's id, as in its log lines and in the change log.
    pub request: Uuid,
    /// Where the request came from.
    pub origin: Option<IpAddr>,
    /// Why nobody is known to ask, where that is so.
    pub unauthenticated: Unauthenticated,
}

impl Scope {
    /// The local operator: every institution, every permission.
    #[must_use]
    pub fn local_operator(request: Uuid) -> Self {
        Self {
            actor: LOCAL_OPERATOR,
            role: Arc::from("administrator"),
            session: None,
            boundary: Boundary::All,
            patient: None,
            grant: None,
            permissions: Permissions::ALL,
            request,
            origin: None,
            unauthenticated: Unauthenticated::NoSession,
        }
    }

    /// The server itself, when it looks up who somebody is: every institution, no permission.
    #[must_use]
    pub fn server(request: Uuid) -> Self {
        let nobody = Self::nobody(request);
        Self { actor: SERVER, role: Arc::from("server"), boundary: Boundary::All, ..nobody }
    }

    /// A caller without a session, who may do nothing that wants a permission.
    #[must_use]
    pub fn nobody(request: Uuid) -> Self {
        Self {
            actor: NOBODY,
            role: Arc::from(""),
            session: None,
            boundary: Boundary::One(InstitutionId(Uuid::nil())),
            patient: None,
            grant: None,
            permissions: Permissions::NONE,
            request,
            origin: None,
            unauthenticated: Unauthenticated::NoSession,
        }
    }

    /// Whether nobody is known to ask.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.actor == NOBODY
    }

    /// # Errors
    /// `Unauthenticated` when nobody is known to ask, with the reason.
    pub fn require_somebody(&self) -> Result<()> {
        if self.is_nobody() { Err(self.unauthenticated.into()) } else { Ok(()) }
    }

    /// # Errors
    /// `Unauthenticated` when nobody is known to ask; `Forbidden` when the caller lacks `permission`.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.permissions.contain(permission) {
            return Ok(());
        }
        self.require_somebody()?;
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
