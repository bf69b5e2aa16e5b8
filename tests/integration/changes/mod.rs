//! Those who follow the change log miss nothing, meet nothing twice, and are told when they could.

mod backlog;
mod forged;
mod forks;
mod order;
mod pruned;
mod reading;
mod subscriptions;

use phr::changelog::{Batch, Change, Cursor, Reader, Relay, Subscription};
use phr::config::Config;
use phr::database::Cluster;
use sea_orm::ConnectionTrait;
use support::{Backend, Database, Sql, eventually};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::library::{cluster, config, operator};

/// A server's way to the log of a test's database.
struct Log {
    runtime: Runtime,
    cluster: Cluster,
}

impl Log {
    fn of(database: &Database) -> Self {
        Self::with(&config(database, &[]))
    }

    fn with(config: &Config) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let cluster = runtime.block_on(cluster(config));
        Self { runtime, cluster }
    }

    fn reader(&self) -> Reader {
        Reader::new(self.cluster.clone())
    }

    fn now(&self) -> Cursor {
        eventually("the log can be read", || self.runtime.block_on(self.reader().now()).ok())
    }

    fn next(&self, cursor: &Cursor, limit: u32) -> Batch {
        eventually("the log can be read", || self.runtime.block_on(self.reader().next(cursor, limit)).ok())
    }

    /// Everything that a cursor has not seen, read in pages of `limit`; between pages the cursor is written down.
    fn rest(&self, cursor: &mut Cursor, limit: u32) -> Vec<Change> {
        let mut all = Vec::new();
        loop {
            let batch = self.next(cursor, limit);
            assert_eq!(batch.gap, None);
            *cursor = reprinted(&batch.cursor);
            if batch.changes.is_empty() {
                return all;
            }
            assert!(batch.changes.len() <= limit as usize);
            all.extend(batch.changes.iter().cloned());
        }
    }

    /// Writes as a server does, which tells of it.
    fn write(&self, statements: &[String]) {
        let written = async {
            let tx = self.cluster.write(&operator()).await?;
            for sql in statements {
                tx.execute_unprepared(sql).await?;
            }
            tx.commit().await
        };
        self.runtime.block_on(written).unwrap();
    }

    fn relay(&self) -> Relay {
        let _within = self.runtime.enter();
        Relay::start(&self.cluster)
    }

    fn subscribe(&self, relay: &Relay, after: Option<Cursor>) -> Subscription {
        self.runtime.block_on(relay.subscribe(after)).unwrap()
    }

    /// Waits a moment in which nothing comes: from then on a subscription lives on what the relay brings.
    fn idle(&self, subscription: &mut Subscription) {
        let moment = std::time::Duration::from_millis(300);
        let waited = async { tokio::time::timeout(moment, subscription.next()).await };
        assert!(self.runtime.block_on(waited).is_err(), "nothing was written");
    }

    /// The next so many changes of a subscription.
    fn take(&self, subscription: &mut Subscription, count: usize) -> Vec<Change> {
        let mut all = Vec::new();
        while all.len() < count {
            let limit = std::time::Duration::from_secs(30);
            let batch = async { tokio::time::timeout(limit, subscription.next()).await };
            let batch = self.runtime.block_on(batch).expect("it comes in time").unwrap();
            assert_eq!(batch.gap, None);
            all.extend(batch.changes.iter().cloned());
        }
        all
    }
}

/// A cursor that was written down and read again.
fn reprinted(cursor: &Cursor) -> Cursor {
    let again = Cursor::from_bytes(&cursor.to_bytes()).expect("it is one");
    assert_eq!(again, *cursor);
    again
}

fn on_both(test: impl Fn(&Database)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        test(&Database::new(backend));
    }
}

/// Registers a patient.
fn insert(database: &Database, patient: Uuid) -> String {
    format!(
        "INSERT INTO patientregister (uuid, first_name, last_name, date_of_birth, phone_number, address, status)
         VALUES ({}, 'Jane', 'Smith', '1985-04-12', '555-267-5674', '1 Mill Lane', 'INCOMPLETE')",
        database.key(&patient.to_string())
    )
}

fn change(database: &Database, patient: Uuid, address: &str) -> String {
    format!("UPDATE patientregister SET address = '{address}' WHERE uuid = {}", database.key(&patient.to_string()))
}

/// So many patients, registered one after the other.
fn register(database: &Database, sql: &mut Sql, count: usize) -> Vec<Uuid> {
    let patients: Vec<Uuid> = (0..count).map(|_| Uuid::new_v4()).collect();
    for patient in &patients {
        sql.run(&insert(database, *patient));
    }
    patients
}

fn keys(changes: &[Change]) -> Vec<Uuid> {
    changes.iter().map(|change| change.key).collect()
}
