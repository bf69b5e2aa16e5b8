//! Measures what callers who ask for much do to another one's reads; see `tests/starvation`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Backend, Client, Phr};

const PASSWORD: &str = "correct horse battery";
const HOME: &str = "00000000-0000-4000-8000-000000000001";
const BY_KEY: &str = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid firstName lastName dateOfBirth } }";
/// How many fields with an alias of their own one request has.
const ALIASES: usize = 100;
/// How many ask for much.
const GREEDY: usize = 3;
/// How long each part is measured.
const LONG: Duration = Duration::from_secs(20);

fn main() {
    let patients: u32 = std::env::args().nth(1).and_then(|patients| patients.parse().ok()).unwrap_or(100_000);
    // The first fence would refuse the whole at once: it is the others that are measured.
    let settings = [
        ("PHR_MAX_COMPLEXITY", "10000000"),
        ("PHR_RATE_COST", "0"),
        ("PHR_RATE_ANONYMOUS", "0"),
        ("LOG_LEVEL", "error"),
    ];
    println!(
        "{patients} patients; a read by key at a time, {GREEDY} others each with {ALIASES} searches in a request; ms"
    );
    println!("{:<32} {:>8} {:>8} {:>8} {:>8} {:>8}", "", "reads", "median", "p99", "max", "failed");
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let phr = Phr::with(backend, &settings);
        let tokens: Vec<String> = (0..=GREEDY).map(|number| user(&phr, &format!("user{number}"))).collect();
        let uuid = fill(&phr, patients);
        let (modest, greedy) = tokens.split_last().expect("there are some");
        // Connections and caches are made before.
        reads(&phr, modest, &uuid, Duration::from_secs(1));
        line(&format!("{backend:?}, alone"), &reads(&phr, modest, &uuid, LONG));
        let (over, answered, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for token in greedy {
                // Two at a time, so that there is no pause.
                for _ in 0..2 {
                    scope.spawn(|| attack(&phr, token, &over, &answered, &refused));
                }
            }
            std::thread::sleep(Duration::from_millis(200));
            line(&format!("{backend:?}, beside {GREEDY} others"), &reads(&phr, modest, &uuid, LONG));
            line(&format!("{backend:?}, {} s later", LONG.as_secs()), &reads(&phr, modest, &uuid, LONG));
            over.store(true, Ordering::Relaxed);
        });
        let (answered, refused) = (answered.into_inner(), refused.into_inner());
        println!("{:<32} {answered} requests of the others answered, {refused} refused", "");
    }
}

/// Reads one after the other; how long each took, and how many failed.
fn reads(phr: &Phr, token: &str, uuid: &str, long: Duration) -> (Vec<Duration>, usize) {
    let mut client = Client::new(phr.address, token.to_owned());
    let body = json!({"query": BY_KEY, "variables": {"uuid": uuid}});
    let (mut took, mut failed, began) = (Vec::new(), 0, Instant::now());
    while began.elapsed() < long {
        let start = Instant::now();
        let answer = client.ask("eventual", &body);
        took.push(start.elapsed());
        if !answer.is_ok_and(|answer| answer["data"]["patientRegister"]["uuid"] == *uuid) {
            failed += 1;
        }
    }
    took.sort_unstable();
    (took, failed)
}

fn line(what: &str, (took, failed): &(Vec<Duration>, usize)) {
    let at = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!("{what:<32} {:>8} {:>8.2} {:>8.2} {:>8.1} {failed:>8}", took.len(), at(50), at(99), at(100));
}

/// Searches what no index serves, again and again; refused, it tries again soon.
fn attack(phr: &Phr, token: &str, over: &AtomicBool, answered: &AtomicUsize, refused: &AtomicUsize) {
    let field = "patientRegisters(filter: {address: {containsIgnoreCase: \"q1\"}}) { totalCount }";
    let fields: Vec<String> = (0..ALIASES).map(|number| format!("a{number}: {field}")).collect();
    let body = json!({"query": format!("{{ {} }}", fields.join(" "))});
    let mut client = Client::new(phr.address, token.to_owned());
    while !over.load(Ordering::Relaxed) {
        match client.ask("eventual", &body) {
            Ok(answer) if answer.get("errors").is_none() => answered.fetch_add(1, Ordering::Relaxed),
            _ => {
                std::thread::sleep(Duration::from_millis(50));
                refused.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
}

/// A doctor of the home institution, who is signed in.
fn user(phr: &Phr, name: &str) -> String {
    let role = "00000000-0000-4000-8001-000000000004";
    let input = json!({"kind": "CMS", "username": name, "roleId": role, "institutionId": HOME});
    let create = "mutation($input: CreateUserInput!) { createUser(input: $input) { user { uuid } } }";
    let uuid = phr.ask(create, &json!({ "input": input }))["createUser"]["user"]["uuid"].take();
    let token = "mutation($input: CreateOneTimeTokenInput!) { createOneTimeToken(input: $input) {
        oneTimeToken { token } } }";
    let token = phr.ask(token, &json!({"input": {"userUuid": uuid}}))["createOneTimeToken"]["oneTimeToken"].take();
    let input = json!({"username": name, "oneTimeToken": token["token"], "newPassword": PASSWORD});
    let login = "mutation($input: LoginInput!) { login(input: $input) { session { accessToken } } }";
    let session: Value = phr.response_to("", login, &json!({ "input": input }));
    session["data"]["login"]["session"]["accessToken"].as_str().expect("a session").to_owned()
}

/// Many registers; the key of one of them.
fn fill(phr: &Phr, patients: u32) -> String {
    let mut sql = phr.database.sql();
    let numbers =
        format!("WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {patients})");
    let birth = if phr.backend() == Backend::Sqlite { "'1985-04-12'" } else { "date '1985-04-12'" };
    let insert = format!(
        "{numbers} INSERT INTO patientregister (first_name, last_name, date_of_birth, phone_number, address, status)
         SELECT 'Jane', 'Smith', {birth}, '555-267-5674', n || ' Mill Lane, Springfield', 'INCOMPLETE' FROM numbers"
    );
    if phr.backend() == Backend::Postgres {
        // The triggers only cost time here.
        sql.run(&format!("SET session_replication_role = replica; {insert}"));
        sql.run("VACUUM ANALYZE patientregister");
    } else {
        sql.run(&insert);
        sql.run("ANALYZE");
    }
    let first = phr.ask("{ patientRegisters(first: 1) { nodes { uuid } } }", &json!({}));
    first["patientRegisters"]["nodes"][0]["uuid"].as_str().expect("a key").to_owned()
}
