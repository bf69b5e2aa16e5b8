//! Callers who ask for much, and those who ask for little beside them.

use serde_json::{Value, json};
use support::{Backend, Exchange, Phr, Reply, eventually};

use crate::identity::member;
use crate::patients::{HOME, register};

/// Two processors, whatever the machine has, and little that may be used at once. A request's own time is so long that
/// its caller's is up before, however slow the machine is.
const SETTINGS: [(&str, &str); 5] = [
    ("PHR_BUDGET_CORES", "2"),
    ("PHR_BUDGET_BURST", "1"),
    ("PHR_BUDGET_REQUEST", "600"),
    ("PHR_REQUEST_TIMEOUT", "600"),
    ("DB_QUERY_TIMEOUT", "600"),
];
const BY_KEY: &str = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName } }";
/// Statements of other callers that wait for a lock, or run.
const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Three who ask for much, and one who asks for little.
struct Crowd {
    greedy: [String; 3],
    modest: String,
    uuid: String,
}

impl Crowd {
    fn of(phr: &Phr) -> Self {
        let uuid = register(phr, &json!({}));
        let user = |name: &str| member(phr, name, "doctor", &json!({ "institutionId": HOME })).1.access;
        Self { greedy: ["ada", "bea", "cleo"].map(user), modest: user("mia"), uuid }
    }

    /// Every one of the greedy asks the same.
    fn ask(&self, phr: &Phr, query: &str) -> Vec<Exchange> {
        let body = json!({ "query": query }).to_string();
        let ask = |token: &String| {
            let bearer = format!("Bearer {token}");
            let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
            Exchange::begin(phr.address, "POST", "/graphql", &headers, body.as_bytes())
        };
        self.greedy.iter().map(ask).collect()
    }

    /// The modest one reads a record.
    fn read(&self, phr: &Phr) {
        let response = phr.response_to(&self.modest, BY_KEY, &json!({ "uuid": self.uuid }));
        assert_eq!(response["data"]["patientRegister"], json!({"lastName": "Smith"}), "{response}");
    }
}

/// As many fields as have an alias of their own.
fn aliases(count: usize, field: &str) -> String {
    let fields: Vec<String> = (0..count).map(|number| format!("a{number}: {field}")).collect();
    format!("{{ {} }}", fields.join(" "))
}

/// On a slow machine the time of a request that computes is up before its caller's.
fn is_ended(reply: &Reply) {
    if reply.status == 429 {
        return is_refused(reply);
    }
    assert!(reply.body.contains("LIMIT_EXCEEDED") || reply.body.contains("TIMEOUT"), "{}", reply.body);
}

fn is_refused(reply: &Reply) {
    assert_eq!(reply.status, 429, "{}", reply.body);
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&seconds), "{seconds}");
    let response = reply.json();
    assert_eq!(response["errors"][0]["extensions"]["code"], "RATE_LIMITED", "{response}");
    assert_eq!(response["data"], Value::Null, "{response}");
}

#[test]
fn statements_that_hang_leave_a_connection_to_others_and_are_ended_on_postgres() {
    let phr = Phr::with(Backend::Postgres, &SETTINGS);
    let crowd = Crowd::of(&phr);
    let (mut holder, mut looker) = (phr.database.sql(), phr.database.sql());
    holder.run("BEGIN; LOCK TABLE doctors IN ACCESS EXCLUSIVE MODE");
    let field = "patientRegisters(filter: {doctor: {lastName: {equal: \"Lee\"}}}) { totalCount }";
    let asked = crowd.ask(&phr, &aliases(20, field));
    eventually("most connections are taken", || (looker.value(WAITING).parse::<u32>().unwrap() >= 9).then_some(()));
    (0..10).for_each(|_| crowd.read(&phr));
    // While the lock is held: what is refused does not wait for what hangs.
    for exchange in asked {
        is_refused(&exchange.finish());
    }
    eventually("their statements have been cancelled", || (looker.value(WAITING) == "0").then_some(()));
    crowd.read(&phr);
    holder.run("ROLLBACK");
}

#[test]
fn searches_by_the_hundred_leave_room_for_others_on_sqlite() {
    // What it takes is measured, whatever it was taken for.
    let settings = [
        ("PHR_BUDGET_CORES", "2"),
        ("PHR_BUDGET_BURST", "3"),
        ("PHR_MAX_COMPLEXITY", "10000000"),
        ("PHR_RATE_COST", "0"),
    ];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let crowd = Crowd::of(&phr);
    many_registers(&phr);
    let conditions: Vec<String> =
        (0..150).map(|number| format!("{{address: {{containsIgnoreCase: \"q{number}q\"}}}}")).collect();
    let field = "patientRegisters(filter: $filter) { nodes { uuid } }";
    let filter = format!("{{or: [{}]}}", conditions.join(", "));
    let asked = crowd.ask(&phr, &format!("query($filter: PatientRegisterFilter = {filter}) {}", aliases(80, field)));
    (0..3).for_each(|_| crowd.read(&phr));
    assert!(!asked.iter().any(Exchange::is_answered), "they were to take longer");
    for exchange in asked {
        is_ended(&exchange.finish());
    }
    crowd.read(&phr);
}

#[test]
fn a_request_is_refused_that_searches_by_the_hundred_and_one_that_searches_once_is_not() {
    let phr = Phr::start(Backend::Sqlite);
    let search = "patientRegisters(filter: {address: {containsIgnoreCase: \"q1\"}}) { totalCount }";
    let (code, message) = phr.error(&aliases(100, search), &json!({}));
    assert_eq!(code, "LIMIT_EXCEEDED", "{message}");
    assert_eq!(phr.ask(&aliases(20, search), &json!({}))["a7"]["totalCount"], 0);
    // However it is written.
    let by_variable = "query($filter: PatientRegisterFilter) ".to_owned()
        + &aliases(100, "patientRegisters(filter: $filter) { pageInfo { totalPages } }");
    let filter = json!({"filter": {"or": [{"address": {"contains": "q1"}}, {"lastName": {"equal": "Smith"}}]}});
    assert_eq!(phr.error(&by_variable, &filter).0, "LIMIT_EXCEEDED");
}

#[test]
fn a_request_that_uses_up_its_time_is_ended() {
    let phr = Phr::with(Backend::Postgres, &[("PHR_BUDGET_REQUEST", "1"), ("DB_QUERY_TIMEOUT", "60")]);
    register(&phr, &json!({}));
    let (mut holder, mut looker) = (phr.database.sql(), phr.database.sql());
    holder.run("BEGIN; LOCK TABLE doctors IN ACCESS EXCLUSIVE MODE");
    let (code, message) =
        phr.error("{ patientRegisters(filter: {doctor: {lastName: {equal: \"Lee\"}}}) { totalCount } }", &json!({}));
    assert_eq!(code, "LIMIT_EXCEEDED", "{message}");
    assert!(message.contains("1 s of database time"), "{message}");
    eventually("the statement has been cancelled", || (looker.value(WAITING) == "0").then_some(()));
    holder.run("ROLLBACK");
}

#[test]
fn whoever_was_shown_many_patients_waits_before_the_next() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let phr = Phr::with(backend, &[("PHR_BUDGET_DISCLOSURES", "60")]);
        many_registers(&phr);
        let list = json!({"query": "{ patientRegisters(first: 100) { nodes { uuid } } }"}).to_string();
        let shown = phr.post(&list).json();
        assert_eq!(shown["data"]["patientRegisters"]["nodes"].as_array().unwrap().len(), 100, "{shown}");
        is_refused(&phr.post(&list));
        assert_eq!(phr.database.sql().value("SELECT count(*) FROM patientregister"), "800");
    }
}

/// Enough of them that looking at all takes a while.
fn many_registers(phr: &Phr) {
    let numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 800)";
    let birth = if phr.backend() == Backend::Sqlite { "'1985-04-12'" } else { "date '1985-04-12'" };
    phr.database.sql().run(&format!(
        "{numbers} INSERT INTO patientregister (first_name, last_name, date_of_birth, phone_number, address, status)
         SELECT 'Jane', 'Smith', {birth}, '555-267-5674', 'Number ' || n || ' of the long and winding Mill Lane', 'INCOMPLETE'
           FROM numbers"
    ));
}
