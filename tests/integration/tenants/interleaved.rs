//! Two institutions, interleaved on few connections, with requests that are given up anywhere: never a row of the other
//! one. The statements name no institution, so it is the setting on the connection alone that keeps them apart.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use phr::database::{Cluster, Consistency};
use phr::scope::Scope;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

use super::{OTHER, OWN, PATIENTS, database, person, within};
use crate::library::{cluster, config};
use crate::seeded::Random;

/// Requests at a time.
const CALLERS: u64 = 8;
/// Connections to read with, and as many to write with.
const CONNECTIONS: &str = "3";

fn requests() -> usize {
    if std::env::var_os("PHR_SOAK").is_some() { 100_000 } else { 10_000 }
}

/// Who asks, and which rows are theirs.
struct Caller {
    scope: Scope,
    institution: Uuid,
    patients: u64,
}

fn callers() -> [Caller; 3] {
    let patients = u64::from(PATIENTS);
    let patient = Scope { patient: Some(person(OWN, 1)), ..within(OWN) };
    [
        Caller { scope: within(OWN), institution: OWN, patients },
        Caller { scope: within(OTHER), institution: OTHER, patients },
        Caller { scope: patient, institution: OWN, patients: 1 },
    ]
}

fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

/// Every register there is, as far as this caller is shown.
async fn read(cluster: &Cluster, caller: &Caller) {
    let reader = cluster.read(&caller.scope, Consistency::Session);
    let rows = reader.query_all_raw(statement("SELECT institution_id FROM patientregister")).await.unwrap();
    assert_eq!(rows.len() as u64, caller.patients, "all of the own rows and no others");
    for row in rows {
        assert_eq!(row.try_get_by_index::<Uuid>(0).unwrap(), caller.institution);
    }
}

/// Signs a register of each institution with the caller's.
async fn write(cluster: &Cluster, caller: &Caller, last: bool) {
    let tx = cluster.write(&caller.scope).await.unwrap();
    let (own, other, institution) = (person(OWN, 1), person(OTHER, 1), caller.institution);
    let sign = format!("UPDATE patientregister SET address = '{institution}' WHERE uuid IN ('{own}', '{other}')");
    assert_eq!(tx.execute_raw(statement(&sign)).await.unwrap().rows_affected(), 1);
    if last {
        tx.commit().await.unwrap();
    } else {
        tx.rollback().await.unwrap();
    }
}

/// The future's result, unless it is given up after so many steps of its way.
async fn within_steps<T>(mut future: Pin<Box<impl Future<Output = T>>>, mut steps: usize) -> Option<T> {
    poll_fn(|context| {
        steps -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if steps == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// One caller after the other; how many requests were given up.
async fn storm(cluster: Arc<Cluster>, seed: u64, requests: usize) -> usize {
    let mut random = Random::new(seed);
    let callers = callers();
    let mut given_up = 0;
    for _ in 0..requests {
        let caller = &callers[random.below(callers.len())];
        let (writes, last) = (random.below(10) == 0, random.below(2) == 0);
        let request = async {
            if writes {
                write(&cluster, caller, last).await;
            } else {
                read(&cluster, caller).await;
            }
        };
        // Of these some are done before they are given up.
        if random.below(20) < 3 {
            given_up += usize::from(within_steps(Box::pin(request), 1 + random.below(3)).await.is_none());
        } else {
            request.await;
        }
    }
    given_up
}

#[test]
fn requests_of_two_institutions_on_few_connections_never_see_each_others_rows() {
    let database = database();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = config(&database, &[("DB_POOL_MAX", CONNECTIONS)]);
    let requests = requests();
    let given_up = runtime.block_on(async {
        let cluster = Arc::new(cluster(&config).await);
        let each = requests / usize::try_from(CALLERS).unwrap();
        let storms: Vec<_> = (0..CALLERS).map(|seed| tokio::spawn(storm(Arc::clone(&cluster), seed, each))).collect();
        let mut given_up = 0;
        for storm in storms {
            given_up += storm.await.unwrap();
        }
        for caller in &callers() {
            read(&cluster, caller).await;
        }
        given_up
    });
    assert!(given_up > requests / 20, "{given_up} of {requests}");
    let forged = "SELECT count(*) FROM patientregister WHERE address NOT IN ('1 Mill Lane', institution_id::text)";
    assert_eq!(database.sql().value(forged), "0");
    let signed = "SELECT count(*) FROM patientregister WHERE address = institution_id::text";
    assert_eq!(database.sql().value(signed), "2");
}
