use uuid::Uuid;

use crate::scope::{Boundary, Scope};

/// Whose rows PostgreSQL's row policies show and let change, by settings of the session or the transaction. Where they
/// are not set, there are no rows at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tenant {
    boundary: Boundary,
    patient: Option<Uuid>,
}

impl Tenant {
    /// What a caller may touch at all.
    pub(super) const fn of(scope: &Scope) -> Self {
        Self { boundary: scope.boundary, patient: scope.patient }
    }

    /// For all further transactions of a session. The values are UUIDs of ours, in their own notation, so there is
    /// nothing to escape.
    pub(super) fn for_session(&self) -> String {
        self.settings("SET")
    }

    /// For the open transaction alone.
    pub(super) fn for_transaction(&self) -> String {
        self.settings("SET LOCAL")
    }

    fn settings(&self, set: &str) -> String {
        let institution = match self.boundary {
            Boundary::One(institution) => institution.0.to_string(),
            Boundary::All => "all".to_owned(),
        };
        let patient = self.patient.map(|patient| patient.to_string()).unwrap_or_default();
        format!("{set} phr.institution = '{institution}'; {set} phr.patient = '{patient}'")
    }
}
