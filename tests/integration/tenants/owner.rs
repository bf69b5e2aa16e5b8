//! Triggers that act as the owner do their work whatever the caller sees, and migrations that rewrite data do theirs.

use support::Sql;

use super::{OTHER, OWN, PATIENTS, as_server, database, identifier, person, register};

/// Whose a patient's identifiers are.
fn whose(sql: &mut Sql, patient: uuid::Uuid) -> Vec<String> {
    sql.column(&format!("SELECT DISTINCT institution_id FROM identifiers WHERE patient_id = '{patient}'"))
}

#[test]
fn the_identifiers_of_a_patient_who_moves_go_along() {
    let database = database();
    let moved = |number, to| {
        format!("UPDATE patientregister SET institution_id = '{to}' WHERE uuid = '{}'", person(OWN, number))
    };
    database.sql_as_server().run(&moved(1, OTHER));
    // An operator by psql, to whom the policies do not apply, has named no institution.
    database.sql().run(&moved(2, OTHER));
    for number in [1, 2] {
        assert_eq!(whose(&mut database.sql(), person(OWN, number)), [OTHER.to_string()]);
    }
    assert_eq!(whose(&mut database.sql(), person(OWN, 3)), [OWN.to_string()]);
    assert!(as_server(&database, OWN).attempt(&moved(3, OTHER)).is_err());
    assert_eq!(whose(&mut database.sql(), person(OWN, 3)), [OWN.to_string()]);
}

#[test]
fn an_identifier_is_judged_by_its_patient_whoever_writes_it() {
    let database = database();
    let another = |patient, institution| identifier(patient, institution).replace("'17'", "'18'");
    database.sql().run(&another(person(OWN, 1), OWN));
    as_server(&database, OWN).run(&another(person(OWN, 2), OWN));
    database.sql_as_server().run(&another(person(OTHER, 1), OTHER));
    for mut sql in [database.sql(), database.sql_as_server()] {
        let error = sql.attempt(&another(person(OTHER, 2), OWN)).unwrap_err();
        assert!(error.contains("belongs to the institution of its patient"), "{error}");
    }
}

#[test]
fn every_change_is_logged_whoever_makes_it() {
    let database = database();
    let mut log = database.sql();
    let mut logged = |number| {
        let key = person(OWN, number);
        log.column(&format!(
            "SELECT operation FROM change_log WHERE key = '{key}' AND entity = 'PatientRegister' ORDER BY sequence"
        ))
    };
    for (number, mut sql) in [(11, as_server(&database, OWN)), (12, database.sql_as_server()), (13, database.sql())] {
        sql.run(&register(person(OWN, number), OWN));
        sql.run(&format!("UPDATE patientregister SET address = 'x' WHERE uuid = '{}'", person(OWN, number)));
        assert_eq!(logged(number), ["CREATED", "UPDATED"]);
    }
    let mut sql = as_server(&database, OWN);
    sql.run(&format!("SET phr.patient = '{}'", person(OWN, 1)));
    sql.run("UPDATE patientregister SET address = 'x'");
    assert_eq!(logged(1), ["CREATED", "UPDATED"]);
    assert_eq!(logged(2), ["CREATED"]);
}

#[test]
fn the_owner_sees_nothing_outside_triggers() {
    let database = database();
    let mut sql = database.sql();
    sql.run("SET ROLE phr_owner");
    for table in ["patientregister", "identifiers", "users", "change_log"] {
        assert_eq!(sql.value(&format!("SELECT count(*) FROM {table}")), "0", "{table}");
    }
    assert!(sql.attempt(&register(person(OWN, 99), OWN)).is_err());
    let forged =
        "INSERT INTO change_log (entity, key, operation, version) SELECT 'Doctor', gen_random_uuid(), 'CREATED', 1";
    assert!(sql.attempt(forged).is_err());
}

/// As the runner connects, and as steps are told to do it.
#[test]
fn a_step_that_rewrites_data_sees_every_row() {
    let database = database();
    let mut sql = database.sql();
    sql.run("SET ROLE phr_owner");
    let rewrite = "WITH touched AS (UPDATE patientregister SET address = 'x' RETURNING 1) SELECT count(*) FROM touched";
    assert_eq!(sql.value(rewrite), "0");
    sql.run("BEGIN; SET LOCAL ROLE phr_migrator");
    assert_eq!(sql.value(rewrite), (2 * PATIENTS).to_string());
    // The runner's own entry, in the same transaction: whether the step forgot to go back to the owner or not.
    sql.run("INSERT INTO migration_history (version, direction, sha256) SELECT 'x', 'up', repeat('0', 64)");
    sql.run("SET LOCAL ROLE phr_owner");
    sql.run("INSERT INTO migration_history (version, direction, sha256) SELECT 'y', 'up', repeat('0', 64)");
    sql.run("COMMIT");
    assert_eq!(sql.value("SELECT current_user"), "phr_owner");
    let logged = "SELECT count(*) FROM change_log WHERE operation = 'UPDATED'";
    assert_eq!(database.sql().value(logged), (2 * PATIENTS).to_string());
}
