//! The main queries keep their indexes under the policies. PostgreSQL itself logs the plans of what the server sends,
//! with how many rows each step met.

use phr::scope::Scope;
use serde_json::{Value, json};
use support::{Backend, Database};

use super::{OTHER, OWN, person, within};
use crate::library::{Library, codes, operator};

/// Registers of each institution.
const REGISTERS: u32 = 10_000;
/// How often each is asked: PostgreSQL decides for a plan of all values after five executions.
const TIMES: usize = 8;

/// Two institutions with registers, of which one in a hundred is a Smith's.
fn filled() -> Database {
    let database = Database::new(Backend::Postgres);
    let mut sql = database.sql();
    // The triggers only cost time here.
    sql.run("SET session_replication_role = replica");
    for institution in [OWN, OTHER] {
        sql.run(&format!(
            "INSERT INTO medical_institutions (uuid, name) VALUES ('{institution}', 'Clinic');
             INSERT INTO doctors (uuid, first_name, last_name, institution_id)
             SELECT (left('{institution}', 24) || lpad(to_hex(n), 12, '0'))::uuid, 'Ada', 'Lee', '{institution}'
               FROM generate_series(0, 19) AS n;
             INSERT INTO patientregister (uuid, first_name, last_name, date_of_birth, phone_number, address, status,
                                          institution_id, doctor_id, created_at)
             SELECT (left('{institution}', 24) || lpad(to_hex(n), 12, '0'))::uuid, 'Jane',
                    CASE WHEN n % 100 = 0 THEN 'Smith' ELSE 'Name ' || n % 97 END,
                    date '1930-01-01' + n * 7919 % 30000, '555-267-5674', '1 Mill Lane', 'INCOMPLETE',
                    '{institution}', (left('{institution}', 24) || lpad(to_hex(n % 20), 12, '0'))::uuid,
                    timestamptz '2024-01-01Z' + n * interval '1 minute'
               FROM generate_series(1, {REGISTERS}) AS n"
        ));
    }
    sql.run("VACUUM ANALYZE");
    sql.run(
        "DO $$
         BEGIN
             EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = auto_explain', current_database());
             EXECUTE format('ALTER DATABASE %I SET auto_explain.log_min_duration = 0', current_database());
             EXECUTE format('ALTER DATABASE %I SET auto_explain.log_analyze = on', current_database());
             EXECUTE format('ALTER DATABASE %I SET auto_explain.log_timing = off', current_database());
         END
         $$",
    );
    database
}

/// The plans of a query's statement on registers, each time that it ran.
fn plans(database: &Database, library: &Library, scope: &Scope, query: &str, variables: &Value) -> Vec<String> {
    let (_, from) = database.log(0);
    for _ in 0..TIMES {
        let response = library.ask(scope.clone(), query, variables);
        assert_eq!(codes(&response), Vec::<&str>::new(), "{response}");
    }
    let (lines, _) = database.log(from);
    let plan = |line: &String| {
        let (_, plan) = line.split_once("plan:\t")?;
        plan.contains("FROM \"patientregister\"").then(|| plan.replace('\t', "\n"))
    };
    let plans: Vec<String> = lines.iter().filter_map(plan).collect();
    assert_eq!(plans.len(), TIMES, "{lines:#?}");
    plans
}

/// Seeks by the index, in the order that is wanted, and meets hardly a row in vain.
fn seeks(plan: &str, index: &str) -> bool {
    let in_vain = plan.split("Rows Removed by Filter: ").skip(1);
    let in_vain: u32 = in_vain.map(|rest| rest.split('\n').next().unwrap().parse::<u32>().unwrap()).sum();
    let scans = format!(" using {index} on patientregister");
    plan.contains(&scans) && !plan.contains("Seq Scan") && !plan.contains("Sort") && in_vain <= 20
}

fn holds(database: &Database, library: &Library, query: &str, variables: &Value, indexes: [(&Scope, &str); 2]) {
    for (scope, index) in indexes {
        for plan in plans(database, library, scope, query, variables) {
            assert!(plan.contains("InitPlan"), "the policies apply: {plan}");
            assert!(seeks(&plan, index), "{index} is wanted: {plan}");
        }
    }
}

#[test]
fn the_main_queries_seek_within_one_institution_and_in_all() {
    let database = filled();
    let library = Library::with(&database, &[("DB_POOL_MAX", "1")]);
    let (one, all) = (within(OWN), operator());

    let by_key = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName } }";
    let key = json!({"uuid": person(OWN, 77)});
    let index = "patientregister_uuid_institution_id_key";
    holds(&database, &library, by_key, &key, [(&one, index), (&all, index)]);

    let criteria = "query($name: String!, $from: Date!) { patientRegisters(
        filter: {lastName: {equal: $name}, dateOfBirth: {greaterThanOrEqual: $from}},
        order: [{field: DATE_OF_BIRTH, direction: DESC}], page: {page: 1, perPage: 10}) { nodes { firstName } } }";
    let smiths = json!({"name": "Smith", "from": "1940-01-01"});
    let indexes =
        [(&one, "patientregister_institution_id_last_name_idx"), (&all, "patientregister_last_name_date_of_birth_idx")];
    holds(&database, &library, criteria, &smiths, indexes);

    let keyset = "query($after: String) { patientRegisters(
        order: [{field: DATE_OF_BIRTH}], first: 10, after: $after) { nodes { firstName } pageInfo { endCursor } } }";
    for scope in [&one, &all] {
        let first = library.ask(scope.clone(), keyset, &json!({}))["data"]["patientRegisters"]["pageInfo"].take();
        let indexes =
            [(&one, "patientregister_institution_id_date_of_birth_idx"), (&all, "patientregister_date_of_birth_idx")];
        holds(&database, &library, keyset, &json!({"after": first["endCursor"]}), indexes);
    }

    let newest = "{ patientRegisters(first: 10) { nodes { firstName } } }";
    let indexes = [(&one, "patientregister_institution_id_idx"), (&all, "patientregister_created_at_idx")];
    holds(&database, &library, newest, &json!({}), indexes);

    let of_institution = "query($key: UUID!) { patientRegisters(
        filter: {institutionId: {equal: $key}}, first: 10) { nodes { firstName } } }";
    let index = "patientregister_institution_id_idx";
    holds(&database, &library, of_institution, &json!({"key": OWN}), [(&one, index), (&all, index)]);
}

/// The most rows that a step of a plan came up with.
fn most(plan: &str) -> u32 {
    let met = plan.split("(actual rows=").skip(1);
    met.map(|rest| rest.split(' ').next().unwrap().parse().unwrap()).max().unwrap()
}

#[test]
fn lists_below_records_and_joined_records_read_no_more_than_their_page() {
    let database = filled();
    let library = Library::with(&database, &[("DB_POOL_MAX", "1")]);
    let of_doctors = "{ doctors(first: 4) { nodes { lastName patientRegisters(first: 5) { nodes { firstName } } } } }";
    let with_doctor =
        "{ patientRegisters(first: 10) { nodes { firstName doctor { lastName institution { name } } } } }";
    for scope in [within(OWN), operator()] {
        for (query, index) in [(of_doctors, "patientregister_doctor_id_idx"), (with_doctor, "")] {
            for plan in plans(&database, &library, &scope, query, &json!({})) {
                let is_index =
                    plan.contains(&format!(" using {index}")) && !plan.contains("Seq Scan on patientregister");
                assert!(is_index && most(&plan) <= 40, "{index} is wanted: {plan}");
            }
        }
    }
}
