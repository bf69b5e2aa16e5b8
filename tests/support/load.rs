use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Client, Cluster, Server, Sql};

/// Threads that read, and threads that write.
const READERS: usize = 2;
const WRITERS: usize = 2;
/// Between two requests of one thread.
const PAUSE: Duration = Duration::from_millis(8);
/// How long a client asks again what became of its write.
const PATIENCE: Duration = Duration::from_mins(1);
/// The registers that are read.
const KNOWN: usize = 10;

const CREATE: &str = "mutation($input: CreatePatientRegisterInput!) { createPatientRegister(input: $input) \
     { patientRegister { uuid } userErrors { code message } } }";

/// One read.
#[derive(Clone, Debug)]
pub struct Answered {
    /// When it was sent.
    pub began: Instant,
    /// When its answer came.
    pub ended: Instant,
    /// The node that served it, or what went wrong.
    pub outcome: Result<String, String>,
}

/// One write, with everything that its client did to see it through.
#[derive(Clone, Debug)]
pub struct Written {
    /// Stands in the record's address, and in no other.
    pub marker: String,
    /// When it was sent.
    pub began: Instant,
    /// When it was acknowledged, or given up.
    pub ended: Instant,
    /// How often the server did not know the outcome.
    pub unknown: usize,
    /// Acknowledged; or refused, by this code.
    pub outcome: Result<(), String>,
}

/// All that happened under a load.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// Reads.
    pub reads: Vec<Answered>,
    /// Writes.
    pub writes: Vec<Written>,
}

/// Clients that read and write all the time.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    traffic: Arc<Mutex<Traffic>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Registers patients to read, and begins when every replica shows them: a read that asks for no more than some
    /// node's answer may come before that. `heavy` reads look at every register.
    #[must_use]
    pub fn begin(cluster: &Cluster, server: &Server, heavy: bool) -> Self {
        Self::begin_when(&|| cluster.wait_until_caught_up(), server, heavy)
    }

    /// The same, for any kind of cluster: `caught_up` waits until every replica shows what was written.
    #[must_use]
    pub fn begin_when(caught_up: &dyn Fn(), server: &Server, heavy: bool) -> Self {
        let known: Vec<String> = (0..KNOWN).map(|_| register(server)).collect();
        caught_up();
        let stop = Arc::new(AtomicBool::new(false));
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let mut threads = Vec::new();
        for number in 0..READERS + WRITERS {
            let client = Client::new(server.address, server.token().to_owned());
            let (stop, traffic, known) = (Arc::clone(&stop), Arc::clone(&traffic), known.clone());
            threads.push(std::thread::spawn(move || {
                if number < READERS {
                    read(client, &known, heavy, &stop, &traffic);
                } else {
                    write(client, &stop, &traffic);
                }
            }));
        }
        Self { stop, traffic, threads }
    }

    /// What has happened so far.
    pub fn so_far(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().expect("no client panics while it notes what happened")
    }

    /// Lets every client end what it has begun.
    #[must_use]
    pub fn end(mut self) -> Traffic {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("no client panics");
        }
        std::mem::take(&mut *self.so_far())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// An input whose address says which write it is.
fn input(marker: &str) -> Value {
    json!({
        "firstName": "Jane", "lastName": "Smith", "dateOfBirth": "1985-04-12", "email": "jane.smith@mail.example",
        "phoneNumber": "+1 555-267-5674", "address": marker, "emergencyContact": "John Smith",
        "idempotencyKey": marker,
    })
}

fn register(server: &Server) -> String {
    let marker = format!("known {}", Uuid::new_v4());
    let payload = server.ask(CREATE, &json!({"input": input(&marker)}));
    let uuid = &payload["createPatientRegister"]["patientRegister"]["uuid"];
    uuid.as_str().unwrap_or_else(|| panic!("{payload}")).to_owned()
}

fn read(mut client: Client, known: &[String], heavy: bool, stop: &AtomicBool, traffic: &Mutex<Traffic>) {
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        let (query, found) = if heavy && turn % 2 == 0 {
            let query = "{ patientRegisters(first: 1, filter: {address: {contains: \"nobody lives here\"}}) \
                         { totalCount nodes { uuid } } }";
            (json!({ "query": query }), "/data/patientRegisters/totalCount")
        } else if turn % 4 == 1 {
            let query = "{ patientRegisters(first: 5) { edges { node { uuid } } } }";
            (json!({ "query": query }), "/data/patientRegisters/edges/0/node/uuid")
        } else {
            let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { uuid address institution { name } } }";
            let variables = json!({"uuid": known[turn % known.len()]});
            (json!({ "query": query, "variables": variables }), "/data/patientRegister/institution/name")
        };
        let began = Instant::now();
        let outcome = match client.ask("eventual", &query) {
            Ok(response) if response.get("errors").is_none() && !response.pointer(found).is_none_or(Value::is_null) => {
                Ok(response["extensions"]["consistency"]["servedBy"].as_str().unwrap_or_default().to_owned())
            }
            Ok(response) => Err(response.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let read = Answered { began, ended: Instant::now(), outcome };
        traffic.lock().expect("no client panics while it notes what happened").reads.push(read);
        std::thread::sleep(PAUSE);
    }
}

fn write(mut client: Client, stop: &AtomicBool, traffic: &Mutex<Traffic>) {
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        let marker = format!("written {}", Uuid::new_v4());
        let mut input = input(&marker);
        if turn % 2 == 0 {
            // With a key of the client's own a second record would be refused; without one it would be made.
            input["uuid"] = json!(Uuid::new_v4());
        }
        let body = json!({"query": CREATE, "variables": {"input": input}});
        let began = Instant::now();
        let mut unknown = 0;
        let outcome = loop {
            let outcome = send(&mut client, &body);
            match &outcome {
                Err(code) if code == "OUTCOME_UNKNOWN" => unknown += 1,
                // Once the outcome was unknown, a refusal does not tell it either.
                Err(_) if unknown > 0 && began.elapsed() < PATIENCE => {}
                _ => break outcome,
            }
            std::thread::sleep(PAUSE);
        };
        let write = Written { marker, began, ended: Instant::now(), unknown, outcome };
        traffic.lock().expect("no client panics while it notes what happened").writes.push(write);
        std::thread::sleep(PAUSE);
    }
}

/// Nothing when it was acknowledged; else the error's code.
fn send(client: &mut Client, body: &Value) -> Result<(), String> {
    let response = client.ask("session", body).map_err(|error| error.to_string())?;
    if let Some(code) = response.pointer("/errors/0/extensions/code") {
        return Err(code.as_str().unwrap_or_default().to_owned());
    }
    let payload = &response["data"]["createPatientRegister"];
    if payload["patientRegister"]["uuid"].is_string() { Ok(()) } else { Err(response.to_string()) }
}

/// How often a record stands in the database, for every write.
pub(crate) fn made(sql: &mut Sql) -> std::collections::HashMap<String, usize> {
    let rows =
        sql.rows("SELECT address, count(*) FROM patientregister WHERE address LIKE 'written %' GROUP BY address");
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
    rows.into_iter().map(|mut row| (row[0].take().unwrap_or_default(), number(row[1].take()))).collect()
}
