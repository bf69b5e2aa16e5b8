//! Events by their patients: found by an index, and read in the order of their time no further than a page needs.

use chrono::{DateTime, Utc};
use entity::UuidList;
use entity::audit_event::{Column, Entity};
use sea_orm::sea_query::{ArrayType, Asterisk, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, DbBackend, Iterable, Value};
use uuid::Uuid;

use crate::criteria::{Direction, Members};
use crate::error::Result;
use crate::records::collection::{Source, Walk};
use crate::scope::Scope;

use super::{AuditEventFilter, AuditEvents};

/// How events are found by their patients.
pub(super) const PATIENTS: Members = Members { any_of: about_any_of, none: about_nobody };

/// Column of the months that events are read by; it grows along the order of a page.
const PLACE: &str = "place";

fn about_any_of(patients: Vec<Value>, backend: DbBackend) -> Expr {
    if backend == DbBackend::Postgres {
        // With an instant besides the key a single month is looked into.
        let event = [Column::Uuid, Column::OccurredAt];
        let mut found = about(patients, Months::All);
        found.clear_selects().columns(event);
        return Expr::tuple(event.map(|column| Expr::col(column.as_column_ref()))).in_subquery(found);
    }
    let patients = Value::Array(ArrayType::Uuid, Some(Box::new(patients)));
    let keys = Expr::cust_with_values("patient_id IN (SELECT unhex(value, '-') FROM json_each(?))", [patients]);
    let found = Query::select().column(Column::Uuid).from("audit_patients").and_where(keys).to_owned();
    Expr::col(Column::Uuid.as_column_ref()).in_subquery(found)
}

fn about_nobody() -> Expr {
    let is_unknown = |column: Column| Expr::col(column.as_column_ref()).is_null();
    is_unknown(Column::PatientIds).and(is_unknown(Column::PatientId))
}

/// Returns the rows of a patient's own events, or of those that are asked for by nothing but patients and other fields.
pub(super) fn source(
    scope: &Scope,
    backend: DbBackend,
    filter: Option<&AuditEventFilter>,
    walk: Option<Walk<'_, AuditEvents>>,
) -> Result<Option<Source<AuditEvents>>> {
    let (patients, rest) = match (scope.patient, filter) {
        (Some(patient), _) => (vec![patient], None),
        (None, Some(filter)) => {
            let Some(patients) = filter.patient_id.as_ref().and_then(|asked| asked.only_among()) else {
                return Ok(None);
            };
            (patients, Some(AuditEventFilter { patient_id: None, ..filter.clone() }))
        }
        (None, None) => return Ok(None),
    };
    if backend != DbBackend::Postgres {
        // The events of several patients come in no order.
        let [patient] = patients.as_slice() else { return Ok(None) };
        return Ok(Some(Source { rows: of_one(*patient, scope.patient.is_some()), rest, leading: None }));
    }
    let months = months(filter, walk)?;
    let leading = matches!(months, Months::InOrder { .. }).then_some(PLACE);
    let patients = patients.into_iter().map(Value::from).collect();
    Ok(Some(Source { rows: about(patients, months), rest, leading }))
}

/// Months in which events are looked for on PostgreSQL, whose partitions they are.
#[derive(Clone, Copy)]
enum Months {
    /// All at once.
    All,
    /// One after the other, as far as a page needs, from the month of the one instant to that of the other.
    InOrder { newest_first: bool, earliest: Option<DateTime<Utc>>, latest: Option<DateTime<Utc>> },
}

/// The months of a page that is ordered by time; those that its cursor and the filter leave.
fn months(filter: Option<&AuditEventFilter>, walk: Option<Walk<'_, AuditEvents>>) -> Result<Months> {
    let Some((walk, direction)) = walk.and_then(|walk| Some((walk, walk.direction_by(&Column::OccurredAt)?))) else {
        return Ok(Months::All);
    };
    let newest_first = direction == Direction::Desc;
    let occurred = filter.and_then(|filter| filter.occurred_at.as_ref());
    let (mut earliest, mut latest) = occurred.map(|occurred| occurred.bounds()).unwrap_or_default();
    if let Some(Value::ChronoDateTimeUtc(Some(start))) = walk.start()? {
        if newest_first {
            latest = Some(latest.map_or(start, |latest| Ord::min(latest, start)));
        } else {
            earliest = Ord::max(earliest, Some(start));
        }
    }
    Ok(Months::InOrder { newest_first, earliest, latest })
}

/// Events about any of these patients on PostgreSQL, where no row policy lets an index serve that, so that a function does.
/// Of a patient it shows the own ones, with no other key.
fn about(patients: Vec<Value>, months: Months) -> SelectStatement {
    let patients = Value::Array(ArrayType::Uuid, Some(Box::new(patients)));
    let function = Func::cust("audit_events_about").arg(patients);
    let Months::InOrder { newest_first, earliest, latest } = months else {
        return Query::select().column(Asterisk).from_function(function, "found").to_owned();
    };
    let mut months = Query::select();
    let all = Func::cust("audit_months").arg(newest_first).arg(earliest).arg(latest);
    months.column(Asterisk).from_function(all, "month").order_by(PLACE, Order::Asc);
    let function = function.arg(Expr::col(("month", "since"))).arg(Expr::col(("month", "until")));
    let of_month = Query::select().column(Asterisk).from_function(function, "found").to_owned();
    let mut found = Query::select();
    found.column(("found", Asterisk)).column(("month", PLACE)).from_subquery(months, "month");
    found.join_lateral(JoinType::InnerJoin, of_month, "found", Expr::val(true)).to_owned()
}

/// A patient's events on SQLite, in the order of their time along the index by which they are found. To the patient they
/// name no other.
fn of_one(patient: Uuid, is_own: bool) -> SelectStatement {
    let mut rows = Query::select();
    for column in Column::iter() {
        match column {
            Column::Uuid | Column::OccurredAt => rows.column(("audit_patients", column)),
            // Of the first form it is null.
            Column::PatientIds if is_own => {
                let key = Expr::val(UuidList(vec![patient]));
                rows.expr_as(Expr::case(Expr::col((Entity, column)).is_not_null(), key), column)
            }
            column => rows.column((Entity, column)),
        };
    }
    // In SQLite a cross join keeps the order of its tables. It has no condition of its own.
    rows.from("audit_patients").join(JoinType::CrossJoin, Entity, Condition::all());
    rows.and_where(Expr::col((Entity, Column::Uuid)).equals(("audit_patients", Column::Uuid)));
    rows.and_where(Expr::col(("audit_patients", Column::PatientId)).eq(patient)).to_owned()
}
