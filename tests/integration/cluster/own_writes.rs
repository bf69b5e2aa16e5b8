//! Whoever has written reads it, through whichever server, however far behind the replicas are; nobody else's reads go
//! to the primary for that.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::{Client, Cluster, Server, eventually, phr};

use super::{CREATE, READ, create, sees};
use crate::patients::jane;

/// How far behind replicas are held, in turn.
const DELAYS: [&str; 7] = ["0", "30ms", "300ms", "2s", "5ms", "1s", "100ms"];
/// Nobody is refused for asking too often, or too late.
const UNMETERED: &[(&str, &str)] =
    &[("PHR_RATE_REQUESTS", "4000000000"), ("PHR_RATE_COST", "4000000000"), ("PHR_ACCESS_TTL", "3600")];

/// How much is done.
struct Size {
    pairs: usize,
    /// Clients that write and read what they wrote.
    writers: usize,
    /// After how many pairs replicas are held back by another amount: in the long run each stays for some seconds, so that
    /// replicas are indeed so far behind.
    turn: usize,
}

fn size() -> Size {
    if std::env::var_os("PHR_SOAK").is_some() {
        Size { pairs: 100_000, writers: 24, turn: 1000 }
    } else {
        Size { pairs: 400, writers: 4, turn: 15 }
    }
}

/// The access token of a new user's session.
fn session(cluster: &Cluster, server: &Server) -> String {
    let urls = cluster.urls();
    let urls: Vec<(&str, &str)> = urls.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let made = phr(cluster.folder(), &["user", "create", "--username", "other@clinic.example"], &urls);
    assert!(made.succeeded(), "{made:?}");
    let token = made.stdout.lines().last().unwrap_or_default();
    let input = json!({"username": "other@clinic.example", "oneTimeToken": token, "newPassword": "a long password, not guessed"});
    let query =
        "mutation($input: LoginInput!) { login(input: $input) { session { accessToken } userErrors { message } } }";
    let data = server.ask(query, &json!({ "input": input }));
    data["login"]["session"]["accessToken"].as_str().unwrap_or_else(|| panic!("{data}")).to_owned()
}

/// What became of a pair.
#[derive(Default)]
struct Misses {
    /// A write that was not shown.
    stale: Vec<String>,
    /// Who was told to try again was shown nothing that was not so.
    refused: usize,
}

impl Misses {
    fn add(&mut self, response: &Value) {
        if response["errors"][0]["extensions"]["retryable"] == true {
            self.refused += 1;
        } else {
            self.stale.push(response.to_string());
        }
    }
}

/// Registers a patient and reads the register, by the token through the other server, and without it through the same.
fn pair(own: &mut Client, other: &mut Client, misses: &mut Misses) {
    let ask = |client: &mut Client, headers: &[(&str, &str)], request: &Value| {
        client.ask_with(headers, request).expect("the server answers")
    };
    let written = ask(own, &[], &json!({"query": CREATE, "variables": {"input": jane()}}));
    let uuid = &written["data"]["createPatientRegister"]["patientRegister"]["uuid"];
    let Some(token) = written["extensions"]["consistency"]["token"].as_str() else { return misses.add(&written) };
    let read = json!({"query": READ, "variables": {"uuid": uuid}});
    for (client, headers) in [(other, &[("x-consistency-token", token)][..]), (own, &[])] {
        let response = ask(client, headers, &read);
        if response["data"]["patientRegister"]["uuid"] != *uuid {
            misses.add(&response);
        }
    }
}

/// How many reads there were, and how many of them the primary served.
fn read_on(mut clients: Vec<Client>, uuid: &str, primary: &str, is_over: &AtomicBool) -> (usize, usize) {
    let (mut all, mut on_primary) = (0, 0);
    let read = json!({"query": READ, "variables": {"uuid": uuid}});
    while !is_over.load(Ordering::Relaxed) {
        for client in &mut clients {
            let response = client.ask_with(&[], &read).expect("the server answers");
            assert_eq!(response["data"]["patientRegister"]["uuid"], *uuid, "{response}");
            all += 1;
            on_primary += usize::from(response["extensions"]["consistency"]["servedBy"] == *primary);
        }
    }
    (all, on_primary)
}

#[test]
fn no_own_read_is_stale_while_replicas_lag_and_replicas_serve_the_others() {
    let cluster = Cluster::start();
    let servers = [cluster.serve(UNMETERED), cluster.serve(UNMETERED)];
    for server in &servers {
        server.wait_until_eligible(&cluster.nodes);
    }
    let (known, session) = (create(&servers[0], &json!({})), session(&cluster, &servers[0]));
    cluster.wait_until_caught_up();
    let (begun, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let Size { pairs: wanted, writers, turn } = size();
    let client = |server: &Server, token: &str| Client::new(server.address, token.to_owned());
    let (misses, (all, on_primary)) = std::thread::scope(|scope| {
        let others = servers.iter().map(|server| client(server, &session)).collect();
        let primary = cluster.main().address();
        let (known, is_over) = (&known, &is_over);
        let reading = scope.spawn(move || read_on(others, known, &primary, is_over));
        let writers: Vec<_> = (0..writers)
            .map(|number| {
                let (own, other) = (&servers[number % 2], &servers[(number + 1) % 2]);
                let mut clients = (client(own, own.token()), client(other, other.token()));
                let (begun, cluster) = (&begun, &cluster);
                scope.spawn(move || {
                    let mut misses = Misses::default();
                    loop {
                        let number = begun.fetch_add(1, Ordering::Relaxed);
                        if number >= wanted {
                            return misses;
                        }
                        if number.is_multiple_of(turn) {
                            hold_back(cluster, number / turn);
                        }
                        pair(&mut clients.0, &mut clients.1, &mut misses);
                    }
                })
            })
            .collect();
        let mut misses = Misses::default();
        for writer in writers {
            let Misses { stale, refused } = writer.join().expect("no panic");
            misses.stale.extend(stale);
            misses.refused += refused;
        }
        is_over.store(true, Ordering::Relaxed);
        (misses, reading.join().expect("no panic"))
    });
    let Misses { stale, refused } = misses;
    println!(
        "{wanted} pairs, {} stale, {refused} refused; of {all} reads of another session {on_primary} on the primary",
        stale.len()
    );
    assert!(refused * 100 <= wanted, "{refused} of {wanted} were told to try again");
    assert!(stale.is_empty(), "{} of {wanted}, the first: {}", stale.len(), stale[0]);
    assert!(all >= wanted / 10, "the other session has read all the time: {all}");
    assert!(on_primary * 10 <= all, "{on_primary} of {all} on the primary");
}

/// Holds every replica back by another amount.
fn hold_back(cluster: &Cluster, turn: usize) {
    for (number, node) in cluster.replicas().iter().enumerate() {
        let mut sql = node.sql();
        sql.run(&format!(
            "ALTER SYSTEM SET recovery_min_apply_delay = '{}'",
            DELAYS[(turn + 3 * number) % DELAYS.len()]
        ));
        sql.run("SELECT pg_reload_conf()");
    }
}

#[test]
fn who_reads_after_a_write_is_served_by_replicas_as_soon_as_they_have_it() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    let on_replicas = (0..20).filter(|_| {
        let uuid = create(&server, &json!({}));
        let (is_seen, served_by) = sees(&server, "session", &uuid);
        assert!(is_seen);
        served_by != cluster.main().address()
    });
    let on_replicas = on_replicas.count();
    assert!(on_replicas >= 10, "a short wait spares the primary: {on_replicas} of 20");
}

#[test]
fn who_brings_no_token_reads_own_writes_through_another_server_once_that_has_heard_of_them() {
    let cluster = Cluster::start();
    let servers = [cluster.serve(&[]), cluster.serve(&[])];
    for server in &servers {
        server.wait_until_eligible(&cluster.nodes);
    }
    let other = session(&cluster, &servers[0]);
    cluster.wait_until_caught_up();
    for node in cluster.replicas() {
        super::pause(node);
    }
    let uuid = create(&servers[0], &json!({}));
    eventually("the other server shows it", || sees(&servers[1], "session", &uuid).0.then_some(()));
    assert_eq!(sees(&servers[1], "session", &uuid), (true, cluster.main().address()));
    let read = json!({"query": READ, "variables": {"uuid": uuid}});
    let response = Client::new(servers[1].address, other).ask_with(&[], &read).expect("the server answers");
    let served_by = response["extensions"]["consistency"]["servedBy"].as_str().unwrap_or_default();
    assert!(cluster.replicas().iter().any(|node| node.address() == served_by), "nobody else's reads: {response}");
    for node in cluster.replicas() {
        super::resume(node);
    }
    eventually("what every replica has is owed no more", || {
        (sees(&servers[1], "session", &uuid).1 != cluster.main().address()).then_some(())
    });
}

#[test]
fn a_replica_that_was_put_back_is_not_taken_for_what_it_was() {
    let cluster = Cluster::start();
    let replica = &cluster.replicas()[0];
    let (data, copy) = (cluster.data(replica), cluster.data(replica).with_extension("copy"));
    replica.kill();
    support::copy(&data, &copy);
    let settings = std::fs::read_to_string(copy.join("postgresql.auto.conf")).expect("a copy of ours can be read");
    let nowhere = format!("{settings}\nprimary_conninfo = 'host=127.0.0.1 port=1'\n");
    std::fs::write(copy.join("postgresql.auto.conf"), nowhere).expect("a copy of ours can be written");
    cluster.restart(replica);
    cluster.wait_until_replicas_follow();
    // What the server knows of the replica then stays as it is until after the replica has been replaced.
    let seldom = ("DB_PROBE_INTERVAL", "30000");
    let server = cluster.serve(&[("READ_REPLICA_URLS", &Cluster::url(replica)), seldom]);
    let uuid = create(&server, &json!({}));
    let shown = || sees(&server, "session", &uuid);
    eventually("the replica is known to have it", || (shown() == (true, replica.address())).then_some(()));
    // Whoever waited has had the replica asked once more; that is over by then.
    for _ in 0..20 {
        assert_eq!(shown(), (true, replica.address()));
    }
    replica.kill();
    std::fs::remove_dir_all(&data).and_then(|()| std::fs::rename(&copy, &data)).expect("a folder of ours");
    cluster.restart(replica);
    drop(replica.sql());
    let answers: Vec<(bool, String)> = (0..3).map(|_| shown()).collect();
    let log = server.log();
    assert!(!log.contains("node is not reachable"), "the server has not noticed: {log}");
    assert_eq!(answers, vec![(true, cluster.main().address()); 3]);
    assert_eq!(sees(&server, "eventual", &uuid), (false, replica.address()), "it is indeed behind");
}

/// A response's data and error, for reads with a token.
pub(super) fn read_after(server: &Server, token: &str, uuid: &str) -> Value {
    let mut client = Client::new(server.address, server.token().to_owned());
    let read = json!({"query": READ, "variables": {"uuid": uuid}});
    client.ask_with(&[("x-consistency-token", token)], &read).expect("the server answers")
}
