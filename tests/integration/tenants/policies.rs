//! What PostgreSQL lets through of statements that name no institution, as if the server had forgotten to.

use support::{Backend, Database, Sql};

use super::{OTHER, OWN, PATIENTS, TABLES, as_server, database, identifier, keys, person, register};

/// What the server acts as, and the tables' owner, whom FORCE binds.
const ROLES: [&str; 2] = ["phr_server", "phr_owner"];

/// What the server appends to, or not even that, and never changes.
const APPENDED: [&str; 2] = ["change_log", "patient_validations"];

/// A connection that acts as a role; any statement may follow.
fn acting_as(database: &Database, role: &str) -> Sql {
    let mut sql = database.sql();
    sql.run(&format!("SET ROLE {role}"));
    sql
}

fn refused(sql: &mut Sql, statement: &str) {
    let error = sql.attempt(statement).expect_err(statement);
    assert!(error.contains("violates row-level security policy"), "{statement}: {error}");
}

#[test]
fn one_institution_reads_its_own_rows_and_no_others() {
    let database = database();
    for (table, key, whose) in TABLES {
        let shared = if *table == "change_log" { " OR institution_id IS NULL" } else { "" };
        let mut everything = database.sql();
        let own = keys(&mut everything, table, key, &format!("{whose} = '{OWN}'{shared}"));
        let others = keys(&mut everything, table, key, &format!("{whose} = '{OTHER}'"));
        assert!(!own.is_empty() && !others.is_empty(), "{table} has rows of both");
        for role in ROLES {
            let mut sql = acting_as(&database, role);
            sql.run(&format!("SET phr.institution = '{OWN}'"));
            assert_eq!(keys(&mut sql, table, key, "true"), own, "{role}: {table}");
            let count = format!("SELECT count(*) FROM {table}");
            assert_eq!(sql.value(&count), own.len().to_string(), "{role}: {table}");
            for foreign in &others {
                assert_eq!(keys(&mut sql, table, key, &format!("{key} = '{foreign}'")), [] as [&str; 0], "{table}");
            }
            sql.run("SET phr.institution = 'all'");
            assert_eq!(sql.value(&count), everything.value(&count), "{role}: {table}");
        }
    }
}

#[test]
fn where_no_institution_was_named_there_are_no_rows() {
    let database = database();
    for role in ROLES {
        for settings in ["", "SET phr.institution = ''", "SET phr.institution = ''; SET phr.patient = ''"] {
            let mut sql = acting_as(&database, role);
            sql.run(settings);
            for (table, ..) in TABLES {
                assert_eq!(sql.value(&format!("SELECT count(*) FROM {table}")), "0", "{role}: {table}, {settings}");
            }
            refused(&mut sql, &register(person(OWN, 99), OWN));
        }
        let mut sql = acting_as(&database, role);
        sql.run(&format!("BEGIN; SET LOCAL phr.institution = '{OWN}'; COMMIT"));
        assert_eq!(sql.value("SELECT count(*) FROM patientregister"), "0", "a transaction's setting ends with it");
        sql.run("SET phr.institution = 'everything'");
        assert!(sql.attempt("SELECT count(*) FROM patientregister").is_err(), "nonsense is no institution");
    }
}

#[test]
fn one_institution_changes_its_own_rows_and_no_others() {
    let database = database();
    for (table, key, whose) in TABLES.iter().filter(|(table, ..)| !APPENDED.contains(table)) {
        let own = keys(&mut database.sql(), table, key, &format!("{whose} = '{OWN}'"));
        for role in ROLES {
            let mut sql = acting_as(&database, role);
            sql.run(&format!("SET phr.institution = '{OWN}'"));
            let touched = format!(
                "WITH touched AS (UPDATE {table} SET {key} = {key} RETURNING {key}) SELECT {key} FROM touched ORDER BY {key}"
            );
            assert_eq!(sql.column(&touched), own, "{role}: {table}");
            let locked = sql.column(&format!("SELECT {key} FROM {table} ORDER BY {key} FOR UPDATE"));
            assert_eq!(locked, own, "{role}: {table}");
        }
    }
    let versions = "SELECT DISTINCT version FROM patientregister";
    assert_eq!(database.sql().column(versions), ["1"]);
}

#[test]
fn nothing_is_put_into_another_institution_or_taken_from_it() {
    let database = database();
    let (mine, theirs) = (person(OWN, 1), person(OTHER, 1));
    for role in ROLES {
        let mut sql = acting_as(&database, role);
        sql.run(&format!("SET phr.institution = '{OWN}'"));
        for statement in [
            register(person(OTHER, 99), OTHER),
            "INSERT INTO patientregister (first_name, last_name, date_of_birth, phone_number, address, status)
             VALUES ('Jane', 'Smith', '1985-04-12', '555-267-5674', '1 Mill Lane', 'INCOMPLETE')"
                .to_owned(),
            format!("INSERT INTO doctors (first_name, last_name, institution_id) VALUES ('Ada', 'Lee', '{OTHER}')"),
            "INSERT INTO medical_institutions (name) VALUES ('Clinic')".to_owned(),
            identifier(theirs, OTHER),
            format!("INSERT INTO identifiers (doctor_id, value) VALUES ('{}', '18')", person(OTHER, 0)),
            format!("INSERT INTO identifiers (medical_institution_id, value) VALUES ('{OTHER}', '18')"),
            format!("UPDATE patientregister SET institution_id = '{OTHER}' WHERE uuid = '{mine}'"),
            format!("UPDATE doctors SET institution_id = '{OTHER}'"),
        ] {
            refused(&mut sql, &statement);
        }
        let smuggled = identifier(theirs, OWN).replace("'17'", "'18'");
        assert!(sql.attempt(&smuggled).unwrap_err().contains("belongs to the institution of its patient"));
        let taken = format!("UPDATE patientregister SET institution_id = '{OWN}' WHERE uuid = '{theirs}' RETURNING 1");
        assert_eq!(sql.rows(&taken), Vec::<Vec<Option<String>>>::new());
    }
    let mut sql = as_server(&database, OWN);
    sql.run(&register(person(OWN, 99), OWN));
    assert_eq!(keys(&mut sql, "patientregister", "uuid", "true").len(), PATIENTS as usize + 1);
}

/// The server may delete none of these rows; the owner may, and FORCE lets them reach no further than others.
#[test]
fn deleting_everything_deletes_what_is_of_one_institution() {
    let database = database();
    let mut sql = database.sql();
    let count = |sql: &mut Sql, table: &str, whose: &str, institution| {
        sql.value(&format!("SELECT count(*) FROM {table} WHERE {whose} = '{institution}'"))
    };
    let before: Vec<_> = TABLES.iter().map(|(table, _, whose)| count(&mut sql, table, whose, OTHER)).collect();
    sql.run(&format!("BEGIN; SET LOCAL ROLE phr_owner; SET LOCAL phr.institution = '{OWN}'"));
    for table in [
        "import_origins",
        "break_glass_grants",
        "users",
        "identifiers",
        "patientregister",
        "doctors",
        "medical_institutions",
        "change_log",
    ] {
        sql.run(&format!("DELETE FROM {table}"));
    }
    sql.run("RESET ROLE");
    for ((table, _, whose), before) in TABLES.iter().zip(before) {
        assert_eq!(count(&mut sql, table, whose, OTHER), before, "{table}");
        assert_eq!(count(&mut sql, table, whose, OWN), "0", "{table}");
    }
    let shared = "SELECT count(*) > 0 FROM change_log WHERE institution_id IS NULL";
    assert_eq!(sql.value(shared), "t", "what is for all is nobody's to delete");
}

#[test]
fn an_idempotency_key_is_seen_by_its_actor_alone() {
    let database = Database::new(Backend::Postgres);
    let take = |actor| {
        format!(
            "INSERT INTO idempotency_keys (actor_id, operation, key, input_hash, result)
             VALUES ('{actor}', 'createDoctor', 'one', sha256(''), '[]') ON CONFLICT DO NOTHING"
        )
    };
    let acting_for = |actor| {
        let mut sql = database.sql_as_server();
        sql.run(&format!("SET phr.actor = '{actor}'"));
        sql
    };
    for actor in [OWN, OTHER] {
        let mut sql = acting_for(actor);
        sql.run(&take(actor));
        assert_eq!(sql.column("SELECT actor_id FROM idempotency_keys"), [actor.to_string()]);
    }
    refused(&mut acting_for(OWN), &take(OTHER));
    let mut nobody = database.sql_as_server();
    assert_eq!(nobody.value("SELECT count(*) FROM idempotency_keys"), "0");
    acting_for(OWN).run("DELETE FROM idempotency_keys");
    assert_eq!(database.sql().column("SELECT actor_id FROM idempotency_keys"), [OTHER.to_string()]);
    database.sql().run("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'");
    assert_eq!(nobody.value("SELECT count(*) FROM idempotency_keys"), "0");
    acting_for(OWN).run("DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'");
    assert_eq!(database.sql().value("SELECT count(*) FROM idempotency_keys"), "0", "whoever comes clears away");
}
