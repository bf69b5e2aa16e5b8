use crate::{Backend, Database, Sql, eventually};

/// Any number: advisory locks are each database's own.
const LOCK: u32 = 7;

/// On PostgreSQL, commits of new rows that wait until they are released. A server's own limit of a statement's time
/// ends them too: let it be long.
#[derive(Debug)]
pub struct HeldCommits {
    holder: Sql,
    looker: Sql,
}

impl HeldCommits {
    /// Holds commits of new registers from now on; `goes_on` even when their server is gone.
    #[must_use]
    pub fn of(database: &Database, goes_on: bool) -> Self {
        Self::of_table(database, "patientregister", goes_on)
    }

    /// Holds commits of new rows of a table.
    #[must_use]
    pub fn of_table(database: &Database, table: &str, goes_on: bool) -> Self {
        assert_eq!(database.backend(), Backend::Postgres, "a file has no locks of this kind");
        let interval = if goes_on { "0" } else { "100" };
        let mut holder = database.sql();
        holder.run(&format!(
            "CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 PERFORM set_config('client_connection_check_interval', '{interval}', true);
                 PERFORM pg_advisory_xact_lock_shared({LOCK});
                 RETURN NULL;
             END $$;
             CREATE CONSTRAINT TRIGGER wait_for_test AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION wait_for_test();
             SELECT pg_advisory_lock({LOCK})"
        ));
        // A transaction sees the server's activity as it was when it first looked, so another connection looks.
        Self { holder, looker: database.sql() }
    }

    /// Waits until a commit waits.
    pub fn wait_until_committing(&mut self) {
        let committing =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()";
        eventually("the commit has begun", || (self.looker.value(committing) == "1").then_some(()));
    }

    /// Lets them be made.
    pub fn release(mut self) {
        self.holder.run(&format!("SELECT pg_advisory_unlock({LOCK})"));
    }
}
