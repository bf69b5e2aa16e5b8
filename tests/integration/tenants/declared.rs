//! Every table is declared, and what is declared is so.

use support::{Backend, Database, Sql, phr};

use super::TABLES;

const TABLES_OF_OURS: &str = "FROM pg_class AS t WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition";

fn catalogue() -> (Database, Sql) {
    let database = Database::new(Backend::Postgres);
    let sql = database.sql();
    (database, sql)
}

/// What is wrong with a schema; empty when all is well.
fn offences(sql: &mut Sql) -> Vec<String> {
    let declared = "split_part(coalesce(obj_description(t.oid, 'pg_class'), ''), ': ', 1)";
    let bound = "t.relrowsecurity AND t.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid)";
    let institution =
        "EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.oid AND attname = 'institution_id' AND NOT attisdropped)";
    let mut found = Vec::new();
    for (what, condition) in [
        ("is not declared", format!("{declared} NOT IN ('tenant', 'shared', 'system')")),
        (
            "is a tenant's and has no policy that binds its owner too",
            format!("{declared} = 'tenant' AND NOT ({bound})"),
        ),
        ("names institutions and is no tenant's", format!("{declared} <> 'tenant' AND {institution}")),
        ("may be emptied by the server", "has_table_privilege('phr_server', t.oid, 'TRUNCATE')".to_owned()),
        ("belongs to another role", "pg_get_userbyid(t.relowner) <> 'phr_owner'".to_owned()),
    ] {
        let names = sql.column(&format!("SELECT relname {TABLES_OF_OURS} AND {condition} ORDER BY 1"));
        found.extend(names.into_iter().map(|name| format!("{name} {what}")));
    }
    for (what, query) in [
        (
            "is a view that looks beyond its reader's boundary",
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND (relkind = 'm'
             OR relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (reloptions), false))",
        ),
        (
            "is a function of the owner's that looks things up where its caller says",
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
             AND NOT EXISTS (SELECT FROM unnest(proconfig) AS set WHERE set LIKE 'search_path=%')",
        ),
        (
            "is a partition that the server may reach past its table",
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relispartition
             AND relkind IN ('r', 'p')
             AND (has_table_privilege('phr_server', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
                  OR NOT (relrowsecurity AND relforcerowsecurity))",
        ),
        (
            "is a role that stands above the policies",
            "SELECT rolname FROM pg_roles WHERE rolname IN ('phr_server', 'phr_owner') AND (rolsuper OR rolbypassrls)
             UNION SELECT 'phr_server' WHERE pg_has_role('phr_server', 'phr_owner', 'MEMBER')
             UNION SELECT rolname FROM pg_roles WHERE rolname IN ('phr_server', 'phr_owner')
             AND pg_has_role(oid, 'phr_audit_reader', 'MEMBER')",
        ),
        (
            "is a table that the finder of audit entries may touch besides reading these",
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
             AND (relname <> 'audit_events' AND has_table_privilege('phr_audit_reader', oid, 'SELECT')
                  OR has_table_privilege('phr_audit_reader', oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'))",
        ),
    ] {
        found.extend(sql.column(query).into_iter().map(|name| format!("{name} {what}")));
    }
    found
}

#[test]
fn every_table_says_whose_its_rows_are() {
    let (_database, mut sql) = catalogue();
    assert_eq!(offences(&mut sql), Vec::<String>::new());
}

#[test]
fn every_table_of_tenants_is_among_those_that_are_tried() {
    let (_database, mut sql) = catalogue();
    let declared = sql.column(&format!(
        "SELECT relname {TABLES_OF_OURS} AND obj_description(t.oid, 'pg_class') LIKE 'tenant: %' ORDER BY 1"
    ));
    let mut tried: Vec<&str> = TABLES.iter().map(|(table, ..)| *table).collect();
    // Its rows cannot be written as these tests write others': tests::audit has its policy.
    tried.push("audit_events");
    tried.sort_unstable();
    assert_eq!(declared, tried, "give a new table its line, and rows of each institution");
}

#[test]
fn what_is_declared_wrongly_is_found() {
    for (wrong, found) in [
        ("CREATE TABLE visits (id integer)", "visits is not declared"),
        (
            "CREATE TABLE visits (id integer); COMMENT ON TABLE visits IS 'tenant: of the patient'",
            "visits is a tenant's",
        ),
        ("COMMENT ON TABLE doctors IS 'shared: for all'", "doctors names institutions"),
        ("ALTER TABLE doctors NO FORCE ROW LEVEL SECURITY", "doctors is a tenant's"),
        ("ALTER TABLE doctors DISABLE ROW LEVEL SECURITY", "doctors is a tenant's"),
        ("DROP POLICY tenant ON doctors", "doctors is a tenant's"),
        ("GRANT TRUNCATE ON doctors TO phr_server", "doctors may be emptied"),
        ("CREATE VIEW names AS SELECT last_name FROM doctors", "names is a view"),
        ("CREATE MATERIALIZED VIEW names AS SELECT last_name FROM doctors", "names is a view"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "f is a function"),
    ] {
        let (_database, mut sql) = catalogue();
        sql.run(&format!("SET ROLE phr_owner; {wrong}; RESET ROLE"));
        let offences = offences(&mut sql);
        assert!(offences.len() == 1 && offences[0].starts_with(found), "{wrong}: {offences:?}");
    }
}

#[test]
fn doctor_tells_who_or_what_could_look_beyond_the_boundary() {
    let database = Database::new(Backend::Postgres);
    let doctor = |url: &str| phr(database.folder(), &["doctor"], &[("DATABASE_URL", url)]);
    let careful = doctor(&database.url());
    assert!(careful.succeeded() && !careful.stdout.contains("login: "), "{careful:?}");
    let superuser = doctor(&database.owner_url());
    assert!(superuser.stdout.contains("login: a superuser"), "{superuser:?}");
    database
        .sql()
        .run("ALTER TABLE doctors DISABLE ROW LEVEL SECURITY; ALTER TABLE identifiers NO FORCE ROW LEVEL SECURITY");
    let open = doctor(&database.url());
    assert!(!open.succeeded() && open.stdout.contains("row policies are off for doctors, identifiers"), "{open:?}");
}
