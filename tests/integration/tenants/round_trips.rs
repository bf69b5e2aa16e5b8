//! What the boundary costs: nothing as long as a connection goes on serving the same institution.

use serde_json::{Value, json};
use support::{Backend, Database, eventually};

use super::{OTHER, OWN, database, person, within};
use crate::library::{Library, operator};

/// What PostgreSQL was sent for callers since some place in its log: what the server looks for by itself it asks on other
/// connections, and it tells of changes on those for writes.
fn sent(database: &Database, from: &mut usize) -> Vec<String> {
    let (lines, next) = database.log(*from);
    *from = next;
    let said = |line: &String| {
        let (connection, statement) = line.split_once(" LOG:  ")?;
        let (kind, text) = statement.split_once(": ")?;
        let is_sent = kind == "statement" || kind.starts_with("execute ");
        (is_sent && connection.ends_with("|phr") && !text.contains("pg_notify")).then(|| text.to_owned())
    };
    lines.iter().filter_map(said).collect()
}

fn read(library: &Library, scope: phr::scope::Scope, institution: uuid::Uuid) -> Value {
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName } }";
    library.ask(scope, query, &json!({"uuid": person(institution, 1)}))["data"]["patientRegister"].take()
}

#[test]
fn a_read_is_one_statement_and_one_more_only_where_the_institution_changes() {
    let database = database();
    database.log_statements();
    let library = Library::with(&database, &[("DB_POOL_MAX", "1"), ("DB_POOL_MIN", "1")]);
    read(&library, within(OTHER), OTHER);
    let (_, mut from) = database.log(0);
    let mut costs = |scope, institution| {
        assert_eq!(read(&library, scope, institution), json!({"lastName": "Smith"}));
        let sent = sent(&database, &mut from);
        let settings = sent.iter().filter(|text| text.starts_with("SET phr.institution")).count();
        let is_alone = sent.len() - settings == 1 && sent.last().unwrap().contains("FROM \"patientregister\"");
        assert!(is_alone, "{sent:?}");
        sent.len()
    };
    assert_eq!(costs(within(OWN), OWN), 2);
    let (_, begun) = database.log(0);
    eventually("the server looks meanwhile who may do what, and what has changed", || {
        assert_eq!(costs(within(OWN), OWN), 1);
        let (lines, _) = database.log(begun);
        let looks = |what: &str| lines.iter().filter(|line| line.contains("|phr own ") && line.contains(what)).count();
        (looks("FROM \"sessions\"") >= 2 && looks("change_log") >= 2).then_some(())
    });
    assert_eq!(costs(within(OTHER), OTHER), 2);
    assert_eq!(costs(within(OTHER), OTHER), 1);
    assert_eq!(costs(operator(), OTHER), 2);
    assert_eq!(costs(operator(), OWN), 1);
    let patient = phr::scope::Scope { patient: Some(person(OWN, 1)), ..within(OWN) };
    assert_eq!(costs(patient.clone(), OWN), 2);
    assert_eq!(costs(patient, OWN), 1);
}

/// Two connections, two institutions: each settles on its own.
#[test]
fn a_connection_that_serves_the_institution_already_is_preferred() {
    let database = database();
    database.log_statements();
    let library = Library::with(&database, &[("DB_POOL_MAX", "2")]);
    // Both wait for the same lock, so that both connections are opened.
    let (mut holder, mut looker) = (database.sql(), database.sql());
    holder.run("BEGIN; LOCK TABLE patientregister IN ACCESS EXCLUSIVE MODE");
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    std::thread::scope(|scope| {
        let readers = [(), ()].map(|()| scope.spawn(|| read(&library, within(OWN), OWN)));
        eventually("both wait", || (looker.value(waiting) == "2").then_some(()));
        holder.run("ROLLBACK");
        for reader in readers {
            assert_eq!(reader.join().unwrap(), json!({"lastName": "Smith"}));
        }
    });
    read(&library, within(OTHER), OTHER);
    let (_, mut from) = database.log(0);
    for institution in [OWN, OTHER, OTHER, OWN, OTHER, OWN, OWN] {
        assert_eq!(read(&library, within(institution), institution), json!({"lastName": "Smith"}));
    }
    let sent = sent(&database, &mut from);
    assert_eq!(sent.len(), 7, "no setting among them: {sent:?}");
}

#[test]
fn a_write_names_its_institution_as_it_begins() {
    let database = database();
    database.log_statements();
    let library = Library::of(&database);
    let query = "mutation($uuid: UUID!) { updatePatientRegister(input: {uuid: $uuid, address: \"x\"}) {
        patientRegister { address } userErrors { code } } }";
    let (_, mut from) = database.log(0);
    library.ask(within(OWN), query, &json!({"uuid": person(OWN, 1)}));
    let sent = sent(&database, &mut from);
    let begun = sent.iter().find(|text| text.starts_with("BEGIN")).unwrap();
    assert!(begun.contains(&format!("SET LOCAL phr.institution = '{OWN}'")), "{begun}");
    assert!(!sent.iter().any(|text| text.starts_with("SET phr")), "not the session's: {sent:?}");
}

#[test]
fn a_file_is_asked_nothing_more() {
    let database = Database::new(Backend::Sqlite);
    let library = Library::of(&database);
    let list = library.ask(within(OWN), "{ patientRegisters { totalCount } }", &json!({}));
    assert_eq!(list["data"]["patientRegisters"]["totalCount"], 0, "{list}");
}
