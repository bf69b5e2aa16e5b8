use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::audit_event::Entity;
use uuid::Uuid;

use crate::criteria::{PageArguments, PageInput};
use crate::records::audit_event::{AuditAction, AuditEventFilter, AuditEventOrder, AuditEvents, AuditOutcome};
use crate::records::{Deleted, Loaded, Row};

use super::connection::{Connection, connection};
use super::id::{Kind, global_id};
use super::object::fields;
use super::record::Record;

/// Something that was done or tried: who did what to which record.
#[derive(Clone)]
pub(super) struct AuditEvent(Row<Entity>);

impl Record for AuditEvent {
    type Collection = AuditEvents;

    const NAME: &'static str = "AuditEvent";

    async fn of(_: &super::context::Context, _: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        rows.into_iter().map(Self).collect()
    }
}

fields! {
    /// Something that was done or tried: who did what to which record.
    AuditEvent {
        /// The event's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::AuditEvent, *self.0.uuid.loaded()?))
        }

        /// The event's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.0.uuid.loaded()?)
        }

        /// The server process that put it on record.
        fn instance(&self) -> Result<Uuid> {
            Ok(*self.0.instance.loaded()?)
        }

        /// Its number among the events of that process, from 1 on: a decimal number, which may be beyond 32 bits.
        fn sequence(&self) -> Result<String> {
            Ok(self.0.sequence.loaded()?.to_string())
        }

        /// When it was put on record.
        fn occurred_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.0.occurred_at.loaded()?)
        }

        /// Key of who did it.
        fn actor_id(&self) -> Result<Uuid> {
            Ok(*self.0.actor_id.loaded()?)
        }

        /// In which role; empty for somebody without a session.
        fn role(&self) -> Result<&str> {
            Ok(self.0.role.loaded()?)
        }

        /// Key of the session in which they did it; null outside one.
        fn session_id(&self) -> Result<Option<Uuid>> {
            Ok(*self.0.session_id.loaded()?)
        }

        /// Key of the institution that they were bound to; null for who may reach all.
        fn institution_id(&self) -> Result<Option<Uuid>> {
            Ok(*self.0.institution_id.loaded()?)
        }

        /// Key of the leave by which they reached a record outside their own boundary; null when they needed none.
        fn grant_id(&self) -> Result<Option<Uuid>> {
            Ok(*self.0.grant_id.loaded()?)
        }

        /// The address they came from; null when unknown.
        fn origin(&self) -> Result<Option<&str>> {
            Ok(self.0.origin.loaded()?.as_deref())
        }

        /// In which request.
        fn request_id(&self) -> Result<Uuid> {
            Ok(*self.0.request_id.loaded()?)
        }

        /// What was done.
        fn action(&self) -> Result<AuditAction> {
            Ok((*self.0.action.loaded()?).into())
        }

        /// The kind of record, such as `PatientRegister`: all that was shown of a patient at once is told as their register.
        fn resource(&self) -> Result<&str> {
            Ok(self.0.resource.loaded()?)
        }

        /// The record's own key; null for what is about no single record, and for records of several patients.
        fn resource_id(&self) -> Result<Option<Uuid>> {
            Ok(*self.0.resource_id.loaded()?)
        }

        /// The record's version after the change; null for what changed none.
        fn version(&self) -> Result<Option<i32>> {
            Ok(*self.0.version.loaded()?)
        }

        /// Key of the institution that the record belongs to; null when it belongs to none.
        fn resource_institution_id(&self) -> Result<Option<Uuid>> {
            Ok(*self.0.resource_institution_id.loaded()?)
        }

        /// UUIDs of the patients whose data it was, at most 1000, all of one institution; empty when it was nobody's. More
        /// patients, or those of other institutions, are further events of the same request. To a patient it names no other.
        fn patient_ids(&self) -> Result<Vec<Uuid>> {
            let several = self.0.patient_ids.loaded()?.iter().flat_map(|list| list.0.iter().copied());
            Ok(self.0.patient_id.loaded()?.iter().copied().chain(several).collect())
        }

        /// Names of the fields that were changed or shown, or by which records were found (filters and orders tell of them too), as
        /// the database calls them, such as `first_name`, and with its table where another record's was shown together with the
        /// register, as `patient_medications.dose`; of what a user signs in with, `password`, `second_factor` or
        /// `one_time_token`; of what was refused, the path of the field in the query. Never values.
        fn fields(&self) -> Result<&[String]> {
            Ok(&self.0.fields.loaded()?.0)
        }

        /// The question that the answer depended on, where no record was shown for it: fields and operators of a filter, an
        /// order, a count or a page, such as `last_name.startsWith`. Never values. Empty for any other event.
        fn operators(&self) -> Result<&[String]> {
            Ok(self.0.operators.loaded()?.as_ref().map_or(&[], |operators| &operators.0))
        }

        /// Number of records that matched the question; null where they were not counted.
        fn matched(&self) -> Result<Option<i32>> {
            Ok(self.0.matched.loaded()?.map(|matched| matched.try_into().unwrap_or(i32::MAX)))
        }

        /// What became of it.
        fn outcome(&self) -> Result<AuditOutcome> {
            Ok((*self.0.outcome.loaded()?).into())
        }

        /// The number of the intent that this event settles; null for any other event.
        fn settles(&self) -> Result<Option<String>> {
            Ok(self.0.settles.loaded()?.map(|number| number.to_string()))
        }
    }
}

#[derive(Default)]
pub(super) struct AuditEventQuery;

#[Object]
impl AuditEventQuery {
    /// What was done or tried within the caller's boundary, the latest first unless another order is asked for. A patient
    /// sees what was done with the own record. Events appear within seconds.
    #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
    async fn audit_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which events; all when left out.")] filter: Option<AuditEventFilter>,
        #[graphql(desc = "In which order.")] order: Option<Vec<AuditEventOrder>>,
        #[graphql(desc = "A numbered page; the first ten events when no page is asked for in either way.")]
        page: Option<PageInput>,
        #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Option<Connection<AuditEvent>>> {
        let page = PageArguments { page, first, after, last, before };
        connection(ctx, filter, order, page, Deleted::Excluded).await
    }
}
