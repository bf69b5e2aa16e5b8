//! The audit trail, as auditors and patients read it.

use async_graphql::Enum;
use entity::audit_event::{Action, Column, Outcome};
use sea_orm::sea_query::ArrayType;
use sea_orm::{ColumnTrait, Condition, DbBackend, Value};

use crate::criteria::{Bind, Bounded, DateTimeFilter, Direction, Term, TextFilter, TextListFilter, UuidFilter};
use crate::error::Result;
use crate::scope::{Boundary, Permission, Scope};
use crate::{choice_filter, criteria};

use super::collection::{Source, Walk};
use super::{Collection, Disclosure};

use by_patient::PATIENTS;

mod by_patient;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Action")]
pub enum AuditAction {
    /// Data were shown.
    Read,
    /// A record was made.
    Create,
    /// A record was changed.
    Update,
    /// A record was deleted.
    Delete,
    /// A deleted record was brought back.
    Restore,
    /// Data were handed out as a file.
    Export,
    /// Somebody signed in.
    Login,
    /// Somebody signed out, or was signed out.
    Logout,
    /// Anything else that a mutation does.
    Execute,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Outcome")]
pub enum AuditOutcome {
    /// It was about to be committed; another event settles what became of it.
    Intended,
    /// It was done.
    Succeeded,
    /// It was not done.
    Failed,
    /// It was not allowed.
    Denied,
    /// Nobody can tell: the connection was lost while it was being committed.
    Unknown,
}

impl Bind for AuditAction {
    const ARRAY: ArrayType = ArrayType::String;

    fn bind(&self) -> Result<Value> {
        Ok(Value::from(Action::from(*self)))
    }
}

impl Bind for AuditOutcome {
    const ARRAY: ArrayType = ArrayType::String;

    fn bind(&self) -> Result<Value> {
        Ok(Value::from(Outcome::from(*self)))
    }
}

choice_filter! {
    /// Conditions on what was done.
    AuditActionFilter for AuditAction
}

choice_filter! {
    /// Conditions on what became of it.
    AuditOutcomeFilter for AuditOutcome
}

criteria! {
    /// Audit events.
    AuditEvents: AuditEventFilter, AuditEventOrder, AuditEventOrderField on audit_event {
        /// The event's own key.
        uuid: UuidFilter => Uuid;
        /// When it was put on record.
        occurred_at: DateTimeFilter => OccurredAt;
        /// Who did it.
        actor_id: UuidFilter => ActorId;
        /// In which role.
        role: TextFilter => Role;
        /// In which session.
        session_id: UuidFilter => SessionId;
        /// The institution that they were bound to.
        institution_id: UuidFilter => InstitutionId;
        /// The leave by which they reached a record outside their own boundary.
        grant_id: UuidFilter => GrantId;
        /// The address they came from.
        origin: TextFilter => Origin;
        /// In which request.
        request_id: UuidFilter => RequestId;
        /// What was done.
        action: AuditActionFilter => Action;
        /// The kind of record.
        resource: TextFilter => Resource;
        /// The record's key.
        resource_id: UuidFilter => ResourceId;
        /// The institution that the record belongs to.
        resource_institution_id: UuidFilter => ResourceInstitutionId;
        /// What became of it.
        outcome: AuditOutcomeFilter => Outcome;
    }
    lists {
        /// Names of the fields that were changed or shown, or by which records were found, as the database calls them, such as
        /// `first_name`.
        fields: TextListFilter => Fields;
        /// The fields and operators of the question that was asked, such as `last_name.startsWith`.
        operators: TextListFilter => Operators;
    }
    members {
        /// A patient whose data it was: `equal` and `in` find the events that name such a patient, whoever else they name.
        patient_id: UuidFilter => PatientIds by PATIENTS;
    }
}

impl Bounded for AuditEvents {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }

    /// What members of the institution did, and what others did to its records. Patients have a source of their own.
    fn within(scope: &Scope) -> Condition {
        if scope.patient.is_some() {
            return Condition::all();
        }
        let Boundary::One(institution) = scope.boundary else { return Condition::all() };
        let own = [Column::InstitutionId, Column::ResourceInstitutionId].map(|column| column.eq(institution.0));
        // Whoever adds to it narrows it.
        Condition::all().add(own.into_iter().fold(Condition::any(), Condition::add))
    }
}

impl Collection for AuditEvents {
    const NAME: &'static str = "AuditEvent";
    const READ: Permission = Permission::ReadAudit;

    /// A patient may read who did what with the own record. Whoever has emergency access to it may not: it is for treating.
    fn permit(scope: &Scope) -> Result<()> {
        if scope.patient.is_some() && scope.grant.is_none() { Ok(()) } else { scope.require(Self::READ) }
    }

    /// Events that are asked for by patient come from where they are found by patient, in the order of their time. A
    /// patient has no others: an event may name other patients besides, whose keys are left out.
    fn source(
        scope: &Scope,
        backend: DbBackend,
        filter: Option<&AuditEventFilter>,
        walk: Option<Walk<'_, Self>>,
    ) -> Result<Option<Source<Self>>> {
        by_patient::source(scope, backend, filter, walk)
    }

    /// Events of the first form name their patient in a column of its own.
    fn along(column: Column) -> Option<Column> {
        matches!(column, Column::PatientIds).then_some(Column::PatientId)
    }

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::OccurredAt, direction: Direction::Desc }
    }

    fn disclosure() -> Disclosure {
        Disclosure::Reads
    }
}
