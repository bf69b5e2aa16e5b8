//! Events of one patient, page by page, over several months of the trail.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use phr::clock::{Clock, SystemClock};
use phr::scope::{Boundary, InstitutionId, Permissions, Scope};
use serde_json::{Value, json};
use support::{Backend, Database};
use uuid::Uuid;

use crate::library::{Library, codes, operator};
use crate::patients::HOME;

/// Days over which the entries are spread: at least five months have some.
const DAYS: i64 = 150;
/// Entries of the trail, in the order of their time.
const ENTRIES: usize = 240;

/// Tells which entries a filter must find.
type Expected<'e> = &'e dyn Fn(&&Entry) -> bool;

struct Entry {
    uuid: Uuid,
    occurred_at: DateTime<Utc>,
    action: &'static str,
}

/// A trail in which every entry is about one patient, in either form, alone or beside another; pairs share their instant.
fn scene(backend: Backend) -> (Database, Uuid, Vec<Entry>) {
    let database = Database::new(backend);
    let (patient, other, now) = (Uuid::new_v4(), Uuid::new_v4(), SystemClock.now());
    let mut entries: Vec<Entry> = (0..ENTRIES).map(|place| entry(now, place)).collect();
    entries.sort_by_key(|entry| (entry.occurred_at, entry.uuid));
    let rows: Vec<String> =
        entries.iter().enumerate().map(|(place, entry)| row(&database, entry, place, patient, other)).collect();
    let mut sql = database.sql();
    if backend == Backend::Postgres {
        let day = |days: i64| (now - TimeDelta::days(days)).date_naive();
        sql.run(&format!("SELECT make_audit_partitions('{}', '{}')", day(DAYS + 2), day(0)));
    }
    sql.run(&format!(
        "INSERT INTO audit_events (uuid, instance, sequence, occurred_at, actor_id, role, request_id, action, resource,
             resource_institution_id, outcome, previous_hash, hash, form, patient_id, patient_ids)
         VALUES {}",
        rows.join(", ")
    ));
    (database, patient, entries)
}

fn entry(now: DateTime<Utc>, place: usize) -> Entry {
    let pairs = i64::try_from(ENTRIES / 2).unwrap();
    let back = TimeDelta::days(DAYS) / i32::try_from(pairs).unwrap() * i32::try_from(place / 2).unwrap();
    let at = now - TimeDelta::hours(1) - back;
    let occurred_at = DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap();
    Entry { uuid: Uuid::new_v4(), occurred_at, action: ["READ", "UPDATE", "READ"][place % 3] }
}

fn row(database: &Database, entry: &Entry, place: usize, patient: Uuid, other: Uuid) -> String {
    let (backend, key) = (database.backend(), |key: Uuid| database.key(&key.to_string()));
    let hash = match backend {
        Backend::Sqlite => "zeroblob(32)",
        Backend::Postgres => "decode(repeat('00', 32), 'hex')",
    };
    let among = if place.is_multiple_of(4) { vec![other, patient] } else { vec![patient] };
    let (form, one, several) = match (place % 5, backend) {
        (0, _) => (1, key(patient), "NULL".to_owned()),
        (_, Backend::Sqlite) => (2, "NULL".to_owned(), format!("'{}'", json!(among))),
        (_, Backend::Postgres) => {
            let keys: Vec<String> = among.into_iter().map(|patient| format!("{}::uuid", key(patient))).collect();
            (2, "NULL".to_owned(), format!("ARRAY[{}]", keys.join(", ")))
        }
    };
    let at = entry.occurred_at.to_rfc3339_opts(SecondsFormat::Micros, false);
    let (uuid, actor, home) = (key(entry.uuid), key(other), database.key(HOME));
    format!(
        "({uuid}, {uuid}, 1, '{at}', {actor}, '', {uuid}, '{}', 'PatientRegister', {home}, 'SUCCEEDED', {hash}, {hash},
          {form}, {one}, {several})",
        entry.action
    )
}

const PAGE: &str = "query($filter: AuditEventFilter, $order: [AuditEventOrder!], $first: Int, $after: String,
        $last: Int, $before: String, $page: PageInput) {
    auditEvents(filter: $filter, order: $order, first: $first, after: $after, last: $last, before: $before, page: $page) {
        nodes { uuid patientIds } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

fn page(library: &Library, scope: &Scope, variables: &Value) -> Value {
    let mut response = library.ask(scope.clone(), PAGE, variables);
    assert_eq!(codes(&response), Vec::<&str>::new(), "{response}");
    response["data"]["auditEvents"].take()
}

fn keys(page: &Value) -> Vec<Uuid> {
    let nodes = page["nodes"].as_array().unwrap_or_else(|| panic!("{page}"));
    nodes.iter().map(|node| node["uuid"].as_str().unwrap().parse().unwrap()).collect()
}

/// The keys of all pages, one after the other, forward from the first or backward from the last.
fn walk(library: &Library, scope: &Scope, filter: &Value, order: &Value, is_backward: bool) -> Vec<Uuid> {
    let (mut found, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let (number, from, more, next) = if is_backward {
            ("last", "before", "hasPreviousPage", "startCursor")
        } else {
            ("first", "after", "hasNextPage", "endCursor")
        };
        let variables = json!({ "filter": filter, "order": order, number: 17, from: cursor });
        let page = page(library, scope, &variables);
        let mut keys = keys(&page);
        if is_backward {
            keys.reverse();
        }
        found.extend(keys);
        if page["pageInfo"][more] != json!(true) {
            return found;
        }
        cursor = page["pageInfo"][next].clone();
    }
}

/// The patient alone, who sees the own events whatever the filter.
fn own(patient: Uuid) -> Scope {
    let boundary = Boundary::One(InstitutionId(HOME.parse().unwrap()));
    Scope { permissions: Permissions::NONE, patient: Some(patient), boundary, ..operator() }
}

#[test]
fn pages_of_a_patients_events_make_up_the_whole_in_either_order() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (database, patient, entries) = scene(backend);
        let library = Library::of(&database);
        let (middle, late) = (entries[ENTRIES / 3].occurred_at, entries[ENTRIES * 2 / 3].occurred_at);
        let named = json!({"patientId": {"equal": patient}});
        let reads = json!({"patientId": {"in": [patient]}, "action": {"equal": "READ"}});
        let between =
            json!({"patientId": {"equal": patient}, "occurredAt": {"greaterThan": middle, "lessThanOrEqual": late}});
        let all = |_: &&Entry| true;
        let is_read = |entry: &&Entry| entry.action == "READ";
        let is_between = |entry: &&Entry| entry.occurred_at > middle && entry.occurred_at <= late;
        let asked: [(Scope, &Value, Expected<'_>); 5] = [
            (operator(), &named, &all),
            (operator(), &reads, &is_read),
            (operator(), &between, &is_between),
            (own(patient), &json!({}), &all),
            (own(patient), &between, &is_between),
        ];
        for (scope, filter, meets) in asked {
            let upwards: Vec<Uuid> = entries.iter().filter(meets).map(|entry| entry.uuid).collect();
            assert!(upwards.len() > 60, "several pages and months: {}", upwards.len());
            let downwards: Vec<Uuid> = upwards.iter().rev().copied().collect();
            let ascending = json!([{"field": "OCCURRED_AT", "direction": "ASC"}]);
            for (order, expected, reversed) in [(json!([]), &downwards, &upwards), (ascending, &upwards, &downwards)] {
                assert_eq!(&walk(&library, &scope, filter, &order, false), expected, "{backend:?} {filter} {order}");
                assert_eq!(&walk(&library, &scope, filter, &order, true), reversed, "{backend:?} {filter} {order}");
                let numbered = json!({ "filter": filter, "order": order, "page": {"page": 3, "perPage": 20} });
                assert_eq!(keys(&page(&library, &scope, &numbered)), expected[40..60], "{backend:?} {filter} {order}");
            }
            let by_action = json!([{"field": "ACTION", "direction": "DESC"}]);
            assert_eq!(walk(&library, &scope, filter, &by_action, false).len(), upwards.len(), "by another order");
        }
    }
}

/// The pages of whose cost is to be known: the first one, and one from a cursor in the oldest month, in both orders.
fn first_and_deep(library: &Library, patient: Uuid, mut seen: impl FnMut(&str)) {
    let filter = json!({"patientId": {"equal": patient}});
    let variables = json!({ "filter": filter, "first": ENTRIES - 20 });
    let cursor = page(library, &operator(), &variables)["pageInfo"]["endCursor"].take();
    let ascending = json!([{"field": "OCCURRED_AT"}]);
    for (name, variables) in [
        ("the first page", json!({ "filter": filter, "first": 5 })),
        ("a deep page", json!({ "filter": filter, "first": 5, "after": cursor })),
        ("the oldest", json!({ "filter": filter, "first": 5, "order": ascending })),
        ("the last page", json!({ "filter": filter, "last": 5 })),
    ] {
        assert_eq!(keys(&page(library, &operator(), &variables)).len(), 5);
        seen(name);
    }
}

#[test]
fn a_page_looks_into_no_more_months_than_it_needs() {
    let (database, patient, _) = scene(Backend::Postgres);
    database.sql().run(
        "DO $$
         BEGIN
             EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = auto_explain', current_database());
             EXECUTE format('ALTER DATABASE %I SET auto_explain.log_min_duration = 0', current_database());
             EXECUTE format('ALTER DATABASE %I SET auto_explain.log_analyze = on', current_database());
             EXECUTE format('ALTER DATABASE %I SET auto_explain.log_timing = off', current_database());
         END
         $$",
    );
    let library = Library::with(&database, &[("DB_POOL_MAX", "1")]);
    let months = |after: &str| -> u32 {
        let months = format!("SELECT count(*) FROM audit_months(true, {after}, NULL)");
        database.sql().value(&months).parse().unwrap()
    };
    let ahead = months("now()") - 1;
    assert!(months("NULL") >= ahead + 6, "there are more months than a page needs");
    let mut from = database.log(0).1;
    first_and_deep(&library, patient, |name| {
        let (lines, next) = database.log(from);
        from = next;
        let plan = |line: &String| line.split_once("plan:\t").map(|(_, plan)| plan.replace('\t', "\n"));
        let plans: Vec<String> =
            lines.iter().filter_map(plan).filter(|plan| plan.contains("audit_events_about")).collect();
        let plan = plans.last().unwrap_or_else(|| panic!("{name}: {lines:#?}"));
        let scan = plan.split("Function Scan on audit_events_about").nth(1).unwrap_or_else(|| panic!("{name}: {plan}"));
        let months = scan.split("loops=").nth(1).and_then(|rest| rest.split(')').next()).unwrap();
        // Months to come are there already, and the next month tells that the page's is over.
        assert!(months.parse::<u32>().unwrap() <= ahead + 3, "{name}: {plan}");
    });
}

/// The rows between the pages are made to fail any statement that evaluates their fields.
#[test]
fn an_embedded_page_reads_no_more_rows_than_it_shows() {
    let (database, patient, entries) = scene(Backend::Sqlite);
    let columns = database.sql().column("SELECT name FROM pragma_table_info('audit_events') WHERE name <> 'fields'");
    let is_near = |entry: &Entry| format!("uuid = {}", database.key(&entry.uuid.to_string()));
    let shown = entries.iter().take(26).chain(entries.iter().rev().take(6)).map(is_near).collect::<Vec<_>>();
    let library = Library::of(&database);
    let filter = json!({"patientId": {"equal": patient}});
    let variables = json!({ "filter": filter, "first": ENTRIES - 20 });
    let cursor = page(&library, &operator(), &variables)["pageInfo"]["endCursor"].take();
    let mut sql = database.sql();
    sql.run(&format!(
        "DROP VIEW audit_event_patients; ALTER TABLE audit_events RENAME TO kept_events;
         CREATE VIEW audit_events AS SELECT {}, CASE WHEN {} THEN fields ELSE json('poison') END AS fields FROM kept_events",
        columns.join(", "),
        shown.join(" OR ")
    ));
    let query = PAGE.replace("uuid patientIds", "uuid fields");
    let ask = |more: Value| {
        let mut variables = json!({ "filter": filter, "first": 5 });
        variables.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        library.ask(operator(), &query, &variables)
    };
    for more in [json!({}), json!({ "after": cursor }), json!({"order": [{"field": "OCCURRED_AT"}]})] {
        let response = ask(more.clone());
        assert_eq!(codes(&response), Vec::<&str>::new(), "{more}: {response}");
    }
    let by_action = ask(json!({"order": [{"field": "ACTION"}]}));
    assert_eq!(codes(&by_action), ["INTERNAL"], "a row in between fails whoever reads it: {by_action}");
}
