//! Writes whose fate is not plain.

use serde_json::json;
use support::{Backend, Cluster, HeldCommits, Phr, Way, eventually};

use super::{CREATE, create, error_code, pause, sees};
use crate::identity;
use crate::patients::{done, jane, register, with};

#[test]
fn a_commit_without_an_answer_is_told_as_such_and_asking_again_makes_nothing_twice() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    cluster.replicas().iter().for_each(pause);
    let input = with(jane(), &json!({"address": "1 Lost Lane", "idempotencyKey": "one"}));
    cluster.main().proxy.set(Way::LosesCommits);
    let response = server.response(CREATE, &json!({"input": input}));
    assert_eq!(error_code(&response), "OUTCOME_UNKNOWN", "{response}");
    assert_eq!(response["errors"][0]["extensions"]["retryable"], false);
    cluster.main().proxy.set(Way::Open);
    server.wait_until_eligible([cluster.main()]);
    let uuid = create(&server, &input);
    assert_eq!(sees(&server, "session", &uuid), (true, cluster.main().address()), "what was told is seen");
    let made = cluster.main().sql().value("SELECT count(*) FROM patientregister WHERE address = '1 Lost Lane'");
    assert_eq!(made, "1");
}

#[test]
fn a_deadlock_is_not_noticed() {
    let phr = Phr::start(Backend::Postgres);
    let patient = register(&phr, &json!({}));
    let doctor = done(&phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
    let doctor = doctor.as_str().unwrap();
    let mut other = phr.database.sql();
    // The other session never looks for deadlocks, so the server's is the one that ends.
    other.run("SET deadlock_timeout = '1h'");
    other.run(&format!("BEGIN; SELECT 1 FROM doctors WHERE uuid = '{doctor}' FOR UPDATE"));
    let mutation = "mutation($input: UpdatePatientRegisterInput!) { updatePatientRegister(input: $input) \
        { patientRegister { doctor { uuid } } userErrors { code } } }";
    let waiting = phr.begin(mutation, &json!({"input": {"uuid": patient, "doctorId": doctor}}));
    let mut watch = phr.database.sql();
    eventually("the server waits for a lock", || {
        let count =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        (watch.value(count) == "1").then_some(())
    });
    other.run(&format!("UPDATE patientregister SET address = '1 New Lane' WHERE uuid = '{patient}'; COMMIT"));
    let response = waiting.finish().json();
    assert_eq!(response["data"]["updatePatientRegister"]["patientRegister"]["doctor"]["uuid"], *doctor, "{response}");
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    eventually("there was a deadlock", || (watch.value(deadlocks) == "1").then_some(()));
}

#[test]
fn a_change_that_is_being_committed_when_time_is_up_is_not_said_to_have_been_taken_back() {
    let phr = Phr::with(Backend::Postgres, &[("PHR_REQUEST_TIMEOUT", "5"), ("DB_QUERY_TIMEOUT", "600")]);
    let mut held = HeldCommits::of(&phr.database, true);
    let asked = phr.begin(CREATE, &json!({"input": jane()}));
    // Else the request's time could be up before that.
    held.wait_until_committing();
    let response = asked.finish().json();
    assert_eq!(error_code(&response), "OUTCOME_UNKNOWN", "{response}");
    assert_eq!(response["errors"][0]["extensions"]["retryable"], false);
    let mut sql = phr.database.sql();
    assert_eq!(sql.value("SELECT count(*) FROM patientregister"), "0");
    held.release();
    eventually("it is committed all the same", || {
        (sql.value("SELECT count(*) FROM patientregister") == "1").then_some(())
    });
}

#[test]
fn a_change_that_was_not_begun_to_be_committed_when_time_is_up_may_be_asked_for_again() {
    let phr = Phr::with(Backend::Postgres, &[("PHR_REQUEST_TIMEOUT", "1")]);
    let mut other = phr.database.sql();
    other.run("BEGIN; LOCK TABLE patientregister");
    let response = phr.response(CREATE, &json!({"input": jane()}));
    assert_eq!(error_code(&response), "TIMEOUT", "{response}");
    assert_eq!(response["errors"][0]["extensions"]["retryable"], true);
    other.run("COMMIT");
    register(&phr, &json!({}));
    assert_eq!(other.value("SELECT count(*) FROM patientregister"), "1", "it was taken back");
}

#[test]
fn a_session_that_is_being_committed_when_time_is_up_is_not_said_to_have_been_taken_back() {
    let phr = Phr::with(Backend::Postgres, &[("PHR_REQUEST_TIMEOUT", "2"), ("DB_QUERY_TIMEOUT", "600")]);
    let (_, session) = identity::member(&phr, "ada", "staff", &json!({}));
    let held = HeldCommits::of_table(&phr.database, "refresh_tokens", true);
    for response in [identity::sign_in_again(&phr, "ada"), identity::refresh(&phr, &session)] {
        assert_eq!(error_code(&response), "OUTCOME_UNKNOWN", "{response}");
        assert_eq!(response["errors"][0]["extensions"]["retryable"], false);
    }
    held.release();
    // Asking again for a session to go on is safe: whatever became of the first attempt, it yields the same next token.
    let response = identity::refresh(&phr, &session);
    assert!(response["data"]["refreshSession"]["session"]["refreshToken"].is_string(), "{response}");
}
