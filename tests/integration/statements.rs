//! How much a request costs PostgreSQL, counted in its log.

use std::collections::HashMap;

use serde_json::{Value, json};
use support::{Backend, Database, Phr};

use crate::patients::{done, jane, read, register, with};

/// A server whose connections are open and whose statements are prepared.
fn warm() -> Phr {
    let database = Database::new(Backend::Postgres);
    database.log_statements();
    Phr::serve(std::sync::Arc::new(database), &[], &[])
}

/// The statements that a request costs when it was asked for before.
fn statements(phr: &Phr, query: &str, variables: &Value) -> Vec<String> {
    phr.ask(query, variables);
    let (_, from) = phr.database.log(0);
    phr.ask(query, variables);
    requests(&phr.database.log(from).0)
}

/// What the server does besides on the connections that serve requests: it ships what is on record (in transactions that are
/// nobody's), and tells of changes. What it asks and reads for itself it does on others.
const BESIDES: [&str; 2] = ["audit_", "pg_notify("];

/// The statements of requests.
fn requests(lines: &[String]) -> Vec<String> {
    let nobody = format!("SET LOCAL phr.actor = '{}'", uuid::Uuid::nil());
    // By connection: whether it is in a transaction, and whether that is a request's.
    let mut transactions: HashMap<&str, bool> = HashMap::new();
    let mut found = Vec::new();
    for line in lines {
        let Some((process, statement)) = line.split_once(" LOG:  ") else { continue };
        let Some((kind, text)) = statement.split_once(": ") else { continue };
        if !process.ends_with("|phr") || (kind != "statement" && !kind.starts_with("execute ")) {
            continue;
        }
        if text.starts_with("BEGIN") {
            transactions.insert(process, !text.contains(&nobody));
        }
        // A commit is sent together with what it comes to.
        let is_over = text.contains("COMMIT;") || text.starts_with("COMMIT") || text.starts_with("ROLLBACK");
        // The end of a transaction whose beginning was not seen is none of this request's.
        let counts = match transactions.get(process) {
            Some(counts) => *counts,
            None => !is_over && !BESIDES.iter().any(|besides| text.contains(besides)),
        };
        if counts {
            found.push(text.to_owned());
        }
        if is_over {
            transactions.remove(process);
        }
    }
    found
}

fn columns(statement: &str) -> Vec<String> {
    let list = statement.strip_prefix("SELECT ").and_then(|rest| rest.split(" FROM ").next()).unwrap();
    list.split(", ").map(|column| column.rsplit('.').next().unwrap().trim_matches('"').to_owned()).collect()
}

#[test]
fn a_register_by_its_key_is_one_statement() {
    let phr = warm();
    let uuid = register(&phr, &json!({}));
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid firstName lastName email status } }";
    let sent = statements(&phr, query, &json!({ "uuid": uuid }));
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("SELECT "), "no BEGIN, no setting: {sent:?}");
    // The last one says whose the register is, for the audit trail.
    assert_eq!(columns(&sent[0]), ["uuid", "first_name", "last_name", "email", "status", "institution_id"]);
}

#[test]
fn a_page_is_one_statement_and_a_total_one_more() {
    let phr = warm();
    register(&phr, &json!({}));
    let page = |more: &str| {
        format!(
            "query($name: String!) {{ patientRegisters(
                filter: {{lastName: {{equal: $name}}, dateOfBirth: {{greaterThanOrEqual: \"1980-01-01\"}}}},
                order: [{{field: DATE_OF_BIRTH, direction: DESC}}], page: {{page: 1, perPage: 10}}
            ) {{ nodes {{ firstName }} {more} }} }}"
        )
    };
    let name = json!({"name": "Smith"});
    let sent = statements(&phr, &page("pageInfo { hasNextPage page }"), &name);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(
        columns(&sent[0]),
        ["uuid", "first_name", "date_of_birth", "institution_id"],
        "only what was asked for, and what the order and the audit trail need"
    );
    assert!(!sent[0].contains("Smith"), "values are bound: {sent:?}");
    for more in ["totalCount", "pageInfo { totalPages }", "totalCount pageInfo { totalPages }"] {
        let sent = statements(&phr, &page(more), &name);
        assert_eq!(sent.len(), 2, "{more}: {sent:?}");
        assert!(sent[1].starts_with("SELECT COUNT("), "{sent:?}");
    }
    let count = "{ patientRegisters { totalCount } }";
    let sent = statements(&phr, count, &json!({}));
    assert_eq!(sent.len(), 2, "of few it is put on record who they are: {sent:?}");
    assert_eq!(columns(&sent[1]), ["institution_id", "uuid"]);
    assert!(sent[1].contains("LIMIT"), "{sent:?}");
    (0..10).for_each(|_| drop(register(&phr, &json!({}))));
    let sent = statements(&phr, count, &json!({}));
    assert_eq!(sent.len(), 1, "who only counts reads no page: {sent:?}");
}

#[test]
fn what_is_put_on_record_of_a_filter_costs_a_statement_only_where_the_page_does_not_tell() {
    let phr = warm();
    let patients: Vec<String> = (0..3).map(|_| register(&phr, &json!({}))).collect();
    let of = |arguments: &str, wanted: &str| {
        let query = format!(
            "query($uuid: UUID) {{ patientRegisters(filter: {{or: [{{lastName: {{equal: \"Smith\"}}}}, {{uuid: {{equal: $uuid}}}}]}},
            {arguments}) {{ {wanted} }} }}"
        );
        statements(&phr, &query, &json!({"uuid": patients[0]})).len()
    };
    for (arguments, wanted, expected) in [
        ("first: 10", "nodes { uuid }", 1),
        ("first: 0", "pageInfo { hasNextPage }", 1),
        ("last: 1", "nodes { uuid }", 1),
        ("page: {page: 2, perPage: 1}", "nodes { uuid }", 2),
        ("first: 1", "totalCount nodes { uuid }", 2),
    ] {
        assert_eq!(of(arguments, wanted), expected, "{arguments} {wanted}");
    }
    let list = |query: &str| statements(&phr, query, &json!({})).len();
    assert_eq!(list("{ patientRegisters(first: 1) { nodes { uuid } pageInfo { hasNextPage } } }"), 1, "no filter");
    assert_eq!(list("{ patientRegisters { nodes { emails { totalCount } } } }"), 2, "whose they are is known");
}

#[test]
fn a_keyset_page_is_one_statement_that_seeks() {
    let phr = warm();
    // Enough that the page is full: one that is not has a second statement, for registers without a last name.
    (0..12).for_each(|_| drop(register(&phr, &json!({}))));
    let query = "query($after: String) { patientRegisters(order: [{field: LAST_NAME}], first: 5, after: $after) {
        edges { cursor node { uuid } } pageInfo { endCursor hasNextPage } } }";
    let first = phr.ask(query, &json!({}))["patientRegisters"]["pageInfo"]["endCursor"].take();
    let sent = statements(&phr, query, &json!({ "after": first }));
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(!sent[0].contains(" OR ") && !sent[0].contains("OFFSET"), "{sent:?}");
}

#[test]
fn records_are_read_with_what_they_refer_to() {
    let phr = warm();
    practice(&phr);
    let page = "{ patientRegisters(first: 12) { nodes { firstName institution { name }
        doctor { lastName specialty { name } } } } }";
    let sent = statements(&phr, page, &json!({}));
    assert_eq!(sent.len(), 1, "{sent:#?}");
    for column in ["\"medical_institutions\".\"address\"", "\"doctors\".\"first_name\""] {
        assert!(!sent[0].contains(column), "only what is shown: {sent:?}");
    }
    // A table is joined once: what else refers to it is read afterwards, and nothing twice.
    let twice = "{ patientRegisters(first: 12) { nodes { institution { name } doctor { lastName institution { address } } } } }";
    let sent = statements(&phr, twice, &json!({}));
    assert_eq!(sent.len(), 2, "{sent:#?}");
    assert!(sent[1].contains("FROM \"medical_institutions\""), "{sent:#?}");
    // By a key, from a list below a record, and two aliases of one field as well.
    let doctor = phr.ask("{ doctors(first: 1) { nodes { uuid } } }", &json!({}))["doctors"]["nodes"][0]["uuid"].take();
    let one = "query($uuid: UUID!) { doctor(uuid: $uuid) { a: specialty { name } b: specialty { uuid }
        institution { name } patientRegisters(first: 3) { nodes { institution { name } doctor { email } } } } }";
    let sent = statements(&phr, one, &json!({ "uuid": doctor }));
    assert_eq!(sent.len(), 2, "{sent:#?}");
}

/// A hundred patients of ten doctors, who practise three specialties.
fn practice(phr: &Phr) {
    let specialty =
        |number| done(phr, "createDoctorSpecialty", "uuid", &json!({"name": format!("S{number}")}))["uuid"].take();
    let specialties: Vec<Value> = (0..3).map(specialty).collect();
    for number in 0..10 {
        let doctor = json!({"firstName": "Ada", "lastName": "Lee", "specialtyId": specialties[number % 3]});
        let doctor = done(phr, "createDoctor", "uuid", &doctor)["uuid"].take();
        let items = vec![with(jane(), &json!({ "doctorId": doctor })); 10];
        let query = "mutation($input: CreatePatientRegistersInput!) {
            createPatientRegisters(input: $input) { userErrors { code } } }";
        let created = phr.ask(query, &json!({"input": {"items": items}}));
        assert_eq!(created["createPatientRegisters"]["userErrors"], json!([]));
    }
}

#[test]
fn a_hundred_patients_cost_no_more_statements_than_twenty() {
    let phr = warm();
    practice(&phr);
    let keys = phr.ask("{ patientRegisters(first: 100) { nodes { uuid } } }", &json!({}));
    let code = json!({"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "860975"});
    let medication = with(code.clone(), &json!({"name": "Metformin 500 mg"}));
    done(&phr, "createMedication", "uuid", &medication);
    for node in keys["patientRegisters"]["nodes"].as_array().unwrap().iter().step_by(10) {
        let taken = with(code.clone(), &json!({"patientId": node["uuid"], "dose": "one"}));
        done(&phr, "addPatientMedication", "uuid", &taken);
    }
    let query = "query($first: Int) { patientRegisters(first: $first) { nodes {
        firstName institution { name } doctor { lastName specialty { name } }
        medications { nodes { dose status medication { name code } } } } } }";
    for first in [20, 100] {
        let sent = statements(&phr, query, &json!({ "first": first }));
        assert_eq!(sent.len(), 2, "{sent:#?}");
        let found = phr.ask(query, &json!({ "first": first }));
        let taken = found["patientRegisters"]["nodes"].as_array().unwrap().iter();
        let taken: Vec<_> = taken.flat_map(|node| node["medications"]["nodes"].as_array().unwrap()).collect();
        assert_eq!(taken.len(), first / 10, "{found}");
        assert_eq!(taken[0]["medication"], json!({"name": "Metformin 500 mg", "code": "860975"}));
    }
}

#[test]
fn a_list_of_each_record_is_one_statement_for_each_level() {
    let phr = warm();
    practice(&phr);
    // Two roots; doctors under two arguments; of each, two lists of patients and their total; of those, their doctors.
    let query = "query($doctors: Int, $patients: Int) {
        doctorSpecialties { nodes { name ...Some wide: doctors { nodes { ...Patients } } } }
        medicalInstitutions { nodes { name } } }
        fragment Some on DoctorSpecialty { few: doctors(first: $doctors) { nodes { lastName ...Patients } } }
        fragment Patients on Doctor {
            a: patientRegisters(first: $patients) { totalCount nodes { firstName } }
            b: patientRegisters(first: $patients) { edges { node { lastName doctor { firstName } } } }
            latest: patientRegisters(first: 1, order: [{field: DATE_OF_BIRTH, direction: DESC}]) { nodes { uuid } } }";
    for (doctors, patients) in [(1, 1), (3, 10)] {
        let mut sent = statements(&phr, query, &json!({ "doctors": doctors, "patients": patients }));
        // For lists that are read side by side the server may open a connection.
        sent.retain(|text| text.contains(" FROM "));
        let of = |table: &str| sent.iter().filter(|text| text.contains(&format!("FROM \"{table}\""))).count();
        assert_eq!((of("doctor_specialties"), of("medical_institutions")), (1, 1), "{sent:#?}");
        assert!(sent.len() <= 10, "{} statements: {sent:#?}", sent.len());
    }
    let totals = "{ doctors { nodes { patientRegisters(first: 1000) { totalCount } } } }";
    let sent = statements(&phr, totals, &json!({}));
    assert_eq!(sent.len(), 2, "who only counts reads no page: {sent:?}");
}

#[test]
fn nested_lists_are_one_statement_for_each_level_however_many_records_there_are() {
    let phr = warm();
    let query = "query($codes: [String!], $n: Int) { countries(filter: {alpha2: {in: $codes}}) { nodes { name
        regions(first: $n, order: [{field: CODE}]) { totalCount nodes { ...R children { nodes { ...R } } } }
        more: regions(first: 1) { pageInfo { totalPages } nodes { name } } } } }
        fragment R on Region { code institutions(page: {perPage: 2}) { nodes { name } } }";
    for (codes, number) in [(json!(["US"]), 1), (json!(["US", "DE", "PT", "RU", "BR", "FR"]), 20)] {
        let mut sent = statements(&phr, query, &json!({"codes": codes, "n": number}));
        // The server may settle a connection, or look who may sign in, meanwhile.
        sent.retain(|statement| {
            ["countries", "regions", "medical_institutions"].iter().any(|table| statement.contains(table))
        });
        let with = |words: &str| sent.iter().filter(|statement| statement.contains(words)).count();
        // The countries; two lists of regions, of which the one is counted: who pages by a cursor has no numbered pages; of
        // the one, children and institutions. There are no children to ask for institutions of.
        assert_eq!((with("COUNT("), with("LATERAL"), sent.len()), (1, 4, 6), "{sent:#?}");
    }
}

#[test]
fn what_belongs_to_patients_is_one_statement_for_each_kind_however_many_patients_there_are() {
    let phr = warm();
    let drug = json!({"system": "http://x", "code": "1", "name": "One"});
    let drug = done(&phr, "createMedication", "uuid", &drug)["uuid"].take();
    let patients: Vec<String> = (0..100).map(|_| register(&phr, &json!({}))).collect();
    for patient in patients.iter().step_by(5) {
        for display in ["first", "second"] {
            let medication = json!({"patientId": patient, "medicationId": drug, "display": display});
            done(&phr, "addPatientMedication", "uuid", &medication);
        }
        done(&phr, "addPatientCondition", "uuid", &json!({"patientId": patient, "display": "Asthma"}));
    }
    let query = "query($n: Int) { patientRegisters(first: $n) { nodes { institution { name } healthProfile { heightCm }
        conditions { nodes { display } } medications(first: 3) { nodes { display medication { name } } } } } }";
    for number in [20, 100] {
        let sent = statements(&phr, query, &json!({ "n": number }));
        let of = |table: &str| sent.iter().filter(|statement| statement.contains(&format!("FROM \"{table}\""))).count();
        let tables = [
            "patientregister",
            "medical_institutions",
            "health_profiles",
            "patient_conditions",
            "patient_medications",
            "medications",
        ];
        assert_eq!(tables.map(of), [1; 6], "{number}: {sent:#?}");
    }
}

#[test]
fn health_and_introspection_cost_no_statement() {
    let phr = warm();
    for query in ["{ __schema { queryType { name } } }", "{ health { status } }"] {
        assert_eq!(statements(&phr, query, &json!({})), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn a_write_is_one_transaction_that_names_its_actor() {
    let phr = warm();
    let uuid = register(&phr, &json!({}));
    register(&phr, &json!({}));
    let (_, from) = phr.database.log(0);
    register(&phr, &json!({}));
    let (lines, _) = phr.database.log(from);
    let sent = requests(&lines);
    assert_eq!(sent.len(), 3, "BEGIN with the settings, INSERT, COMMIT: {sent:?}");
    assert!(sent.iter().any(|line| line.contains("SET LOCAL phr.actor")), "{sent:?}");
    assert_eq!(read(&phr, &uuid)["version"], 1);
}
