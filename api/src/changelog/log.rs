//! The statements that read the log.

use sea_orm::sea_query::ArrayType;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement, Value};

use super::Change;
use super::cursor::{Cursor, Horizon};
use super::snapshot::Snapshot;

/// What the database says of itself with each page.
#[derive(Debug)]
pub(super) struct Head {
    /// What this very statement sees; none where the node is no primary.
    pub(super) present: Option<Snapshot>,
    /// How far the primary's log is flushed: beyond every commit that the statement sees.
    pub(super) position: u64,
    pub(super) horizon: Horizon,
    /// On SQLite, the number of the last change that was ever logged.
    pub(super) last: i64,
}

/// What one statement finds.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) head: Head,
    pub(super) changes: Vec<Change>,
}

/// The position is the one that `Transaction::commit` tells, for the reasons given there.
const HEAD: &str = "\
    SELECT pg_current_snapshot()::text AS snapshot, \
        CASE WHEN NOT pg_is_in_recovery() \
            THEN ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer END AS present_timeline, \
        CASE WHEN NOT pg_is_in_recovery() \
            THEN (CASE current_setting('synchronous_commit') WHEN 'off' \
                THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::int8 END AS position, \
        timeline AS horizon_timeline, transaction_id::text::int8 AS horizon_transaction, sequence AS horizon_sequence, \
        0::int8 AS last \
    FROM change_log_horizon";

/// What a change comes to, as proof that it is still there.
const MARK: &str = "hashtext(concat_ws(':', timeline, transaction_id, sequence, entity, key, version))";

const COLUMNS: &str = "sequence, entity, key, operation, version, changed_fields, institution_id, former_institution_id, \
    patient_id, former_patient_id, occurred_at, coalesce(session_id, actor_id) AS caller, timeline, transaction_id";

const SHOWN: &str = "page.sequence, entity, key, operation, version, changed_fields, institution_id, \
    former_institution_id, patient_id, former_patient_id, occurred_at, caller, timeline, \
    transaction_id::text::int8 AS transaction";

/// Selected and sorted apart: a planner that may do both at once walks the whole log by its numbers.
fn unseen(snapshot: &Snapshot, limit: u64) -> Statement {
    let mut values = Values::default();
    let beyond = values.beyond(snapshot);
    let sql = format!(
        "WITH unseen AS MATERIALIZED (SELECT {COLUMNS} FROM change_log WHERE {beyond}), \
         page AS (SELECT * FROM unseen ORDER BY sequence LIMIT {limit}) \
         SELECT head.*, {SHOWN}, {MARK}::int8 AS mark FROM ({HEAD}) AS head LEFT JOIN page ON true ORDER BY page.sequence"
    );
    values.into_statement(sql)
}

/// The rest of what a cursor's snapshot shows: walked by its numbers, since of many there is a page at a time.
fn rest(cursor: &Cursor, limit: u64) -> Statement {
    let mut values = Values::default();
    let (after, beyond) = (values.number(cursor.sequence), values.beyond(&cursor.base));
    let within = values.within(&cursor.current);
    let sql = format!(
        "SELECT head.*, {SHOWN}, {MARK}::int8 AS mark FROM ({HEAD}) AS head LEFT JOIN (\
             SELECT * FROM (SELECT {COLUMNS} FROM change_log WHERE sequence > {after} ORDER BY sequence OFFSET 0) AS later \
             WHERE ({beyond}) AND {within} ORDER BY sequence LIMIT {limit}\
         ) AS page ON true ORDER BY page.sequence"
    );
    values.into_statement(sql)
}

/// On SQLite, also the last change that was seen.
fn of_file(cursor: &Cursor, limit: u64) -> Statement {
    let sql = "SELECT horizon.sequence AS horizon_sequence, \
            coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'change_log'), 0) AS last, \
            page.*, NULL AS caller, 0 AS timeline, 0 AS \"transaction\", 0 AS mark \
         FROM change_log_horizon AS horizon LEFT JOIN (\
             SELECT sequence, entity, key, operation, version, changed_fields, institution_id, former_institution_id, \
                 patient_id, former_patient_id, occurred_at \
             FROM change_log WHERE sequence >= $1 ORDER BY sequence LIMIT $2\
         ) AS page ON true ORDER BY page.sequence";
    let values = [Value::from(cursor.sequence), Value::from(i64::try_from(limit).unwrap_or(i64::MAX))];
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// What a cursor has not seen, at most so many.
pub(super) fn next(backend: DbBackend, cursor: &Cursor, limit: u64) -> Statement {
    match backend {
        DbBackend::Sqlite => of_file(cursor, limit.saturating_add(1)),
        _ if cursor.is_complete() => unseen(&cursor.current, limit),
        _ => rest(cursor, limit),
    }
}

/// What the changes come to by which a cursor can tell that nothing was lost.
pub(super) fn proof(cursor: &Cursor) -> Statement {
    let mut values = Values::default();
    let (from, to) = (values.number(cursor.from), values.number(cursor.sequence));
    let (beyond, within) = (values.beyond(&cursor.base), values.within(&cursor.current));
    let sql = format!(
        "SELECT coalesce(sum({MARK}), 0)::int8 AS mark FROM change_log \
         WHERE ({beyond}) AND {within} AND sequence > {from} AND sequence <= {to}"
    );
    values.into_statement(sql)
}

/// What a reader who begins now has behind it, proven by the last changes, at most so many.
pub(super) fn now(backend: DbBackend, last: u64) -> Statement {
    if backend == DbBackend::Sqlite {
        let end = Cursor::of_file(i64::MAX, 0);
        let statement = of_file(&end, 1);
        let sql = statement.sql.replace("sequence >= $1 ORDER BY sequence", "sequence <= $1 ORDER BY sequence DESC");
        return Statement { sql, ..statement };
    }
    let sql = format!(
        "SELECT head.*, coalesce(least - 1, 0) AS beginning, coalesce(marks, 0)::int8 AS mark FROM ({HEAD}) AS head \
         CROSS JOIN (SELECT min(sequence) AS least, sum({MARK}) AS marks \
             FROM (SELECT * FROM change_log ORDER BY sequence DESC LIMIT {last}) AS latest) AS ending"
    );
    Statement::from_string(DbBackend::Postgres, sql)
}

impl Page {
    pub(super) fn of(rows: &[QueryResult]) -> Result<Self, DbErr> {
        let first = rows.first().ok_or_else(|| DbErr::RecordNotFound("the change log's horizon".to_owned()))?;
        let head = Head::of(first)?;
        let is_filled = first.try_get::<Option<i64>>("", "sequence")?.is_some();
        let changes = if is_filled { rows.iter().map(Change::of).collect::<Result<_, _>>()? } else { Vec::new() };
        Ok(Self { head, changes })
    }
}

impl Head {
    pub(super) fn of(row: &QueryResult) -> Result<Self, DbErr> {
        let (last, sequence) = (row.try_get("", "last")?, row.try_get("", "horizon_sequence")?);
        if row.try_get::<String>("", "snapshot").is_err() {
            let horizon = Horizon { timeline: 0, transaction: 0, sequence };
            return Ok(Self { present: None, position: 0, horizon, last });
        }
        let timeline: Option<i32> = row.try_get("", "present_timeline")?;
        let text: String = row.try_get("", "snapshot")?;
        let present = timeline.and_then(|timeline| Snapshot::parse(u32::try_from(timeline).ok()?, &text));
        let position: Option<i64> = row.try_get("", "position")?;
        let number = |name: &str| row.try_get::<i64>("", name).map(|number| u64::try_from(number).unwrap_or_default());
        let horizon = Horizon {
            timeline: u32::try_from(row.try_get::<i32>("", "horizon_timeline")?).unwrap_or_default(),
            transaction: number("horizon_transaction")?,
            sequence,
        };
        Ok(Self {
            present,
            position: position.and_then(|at| u64::try_from(at).ok()).unwrap_or_default(),
            horizon,
            last,
        })
    }
}

/// The values of a statement, and how it says what they are compared with.
#[derive(Default)]
struct Values(Vec<Value>);

impl Values {
    fn add(&mut self, value: impl Into<Value>) -> usize {
        self.0.push(value.into());
        self.0.len()
    }

    fn number(&mut self, number: i64) -> String {
        format!("${}", self.add(number))
    }

    /// Timeline, next and running transactions of a snapshot.
    fn snapshot(&mut self, snapshot: &Snapshot) -> (String, String, String) {
        let timeline = format!("${}", self.add(i32::try_from(snapshot.timeline).unwrap_or(i32::MAX)));
        let next = format!("${}::text::xid8", self.add(snapshot.next.to_string()));
        let running = snapshot.running.iter().map(|number| Value::from(number.to_string())).collect();
        let running = Value::Array(ArrayType::String, Some(Box::new(running)));
        (timeline, next, format!("(${}::text[]::xid8[])", self.add(running)))
    }

    /// What a snapshot does not show, in such a way that an index finds it.
    fn beyond(&mut self, snapshot: &Snapshot) -> String {
        let (timeline, next, running) = self.snapshot(snapshot);
        format!(
            "timeline > {timeline} OR timeline = {timeline} AND transaction_id >= {next} \
             OR timeline = {timeline} AND transaction_id = ANY {running}"
        )
    }

    /// What a snapshot shows.
    fn within(&mut self, snapshot: &Snapshot) -> String {
        let (timeline, next, running) = self.snapshot(snapshot);
        format!(
            "(timeline < {timeline} OR timeline = {timeline} AND transaction_id < {next} \
             AND transaction_id <> ALL {running})"
        )
    }

    fn into_statement(self, sql: String) -> Statement {
        Statement::from_sql_and_values(DbBackend::Postgres, sql, self.0)
    }
}
