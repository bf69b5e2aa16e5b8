//! Who follows what happens, across the death of the primary: every change is told once and in order, and where changes
//! were lost, that is said.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, Cluster, Node, Server, Socket, eventually, within};
use uuid::Uuid;

use super::create;
use super::forks::{catch_up, redirect};
use crate::subscriptions::{following, next, registers, told};

const UPDATE: &str = "mutation($input: UpdatePatientRegisterInput!) { updatePatientRegister(input: $input) \
     { patientRegister { version } userErrors { code message } } }";
/// How many events are heard between two faults.
const BETWEEN: usize = 30;
/// How far writers are ahead of who hears the least, in versions of one record.
const AHEAD: usize = 15;

fn rounds() -> usize {
    if std::env::var_os("PHR_SOAK").is_some() { 10 } else { 1 }
}

/// A client that subscribes again, with the last cursor, whenever its stream ends: in turn through each server.
struct Follower<'s> {
    servers: &'s [Server],
    /// After how many events it hangs up by itself.
    stays: usize,
    turn: usize,
    cursor: Value,
    socket: Option<Socket>,
}

/// What a follower has heard.
#[derive(Default)]
struct Heard {
    changes: Mutex<Vec<(String, i64)>>,
    count: AtomicUsize,
    resumed: AtomicUsize,
}

impl Follower<'_> {
    /// Follows until the record `last` is told of.
    fn follow(&mut self, last: &str, heard: &Heard) {
        loop {
            let event = self.event(heard);
            assert_eq!(event["reason"], Value::Null, "nothing is missing: {event}");
            let (_, uuid, version) = told(&event);
            if uuid == last {
                return;
            }
            if heard.count.load(Ordering::Acquire) % self.stays == self.stays - 1 {
                self.hang_up(heard);
            }
            heard.changes.lock().expect("nobody panics here").push((uuid, version));
            heard.count.fetch_add(1, Ordering::Release);
        }
    }

    fn hang_up(&mut self, heard: &Heard) {
        self.socket = None;
        self.turn += 1;
        heard.resumed.fetch_add(1, Ordering::Release);
    }

    fn event(&mut self, heard: &Heard) -> Value {
        loop {
            let server = &self.servers[self.turn % self.servers.len()];
            let socket = self.socket.get_or_insert_with(|| {
                let mut socket = Socket::of(server.address, server.token());
                socket.subscribe("1", &registers("address"), &json!({ "after": self.cursor }));
                socket
            });
            match socket.try_hear() {
                Ok(mut message) if message["type"] == "next" && message["payload"].get("errors").is_none() => {
                    let event = message["payload"]["data"]["patientRegisterChanged"].take();
                    self.cursor = event["cursor"].clone();
                    return event;
                }
                // What could not be told is asked for again.
                _ => self.hang_up(heard),
            }
        }
    }
}

/// Changes a record's address again and again, whether or not anybody can say what became of it.
fn write(server: &Server, uuid: &str, heard: &[Heard], is_over: &AtomicBool) {
    let mut client = Client::new(server.address, server.token().to_owned());
    let mut number = 0;
    while !is_over.load(Ordering::Acquire) {
        let heard = || heard.iter().map(|heard| heard.count.load(Ordering::Acquire)).min().unwrap_or_default();
        let follows = || (is_over.load(Ordering::Acquire) || number < heard() + AHEAD).then_some(());
        within(Duration::from_mins(2), "what was written is heard", follows);
        let input = json!({ "uuid": uuid, "address": format!("No. {number}") });
        let answer = client.ask("session", &json!({"query": UPDATE, "variables": {"input": input}}));
        number += usize::from(answer.is_ok_and(|answer| answer.get("errors").is_none()));
    }
}

/// From now on the primary acknowledges no write that `node` has not.
fn wait_for(primary: &Node, node: Option<&Node>) {
    let name = node.map_or_else(String::new, |node| format!("\"{}\"", node.name));
    let mut sql = primary.sql();
    sql.run(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"));
    sql.run("SELECT pg_reload_conf()");
    if let Some(node) = node {
        let state = format!("SELECT sync_state FROM pg_stat_replication WHERE application_name = '{}'", node.name);
        eventually("it is waited for", || (sql.value(&state) == "sync").then_some(()));
    }
}

/// Waits until every follower has heard this many changes more.
fn hear(heard: &[Heard], more: usize) {
    let goal: Vec<usize> = heard.iter().map(|heard| heard.count.load(Ordering::Acquire) + more).collect();
    within(Duration::from_mins(2), "changes are told", || {
        heard.iter().zip(&goal).all(|(heard, goal)| heard.count.load(Ordering::Acquire) >= *goal).then_some(())
    });
}

/// The primary dies again and again; the replica that has every acknowledged write takes over.
fn strike(cluster: &Cluster, heard: &[Heard]) {
    for round in 0..rounds() {
        let [old, new, other] = [0, 1, 2].map(|number| &cluster.nodes[(round + number) % 3]);
        wait_for(new, None);
        wait_for(old, Some(new));
        hear(heard, BETWEEN);
        old.kill();
        cluster.promote(new, false);
        hear(heard, BETWEEN);
        if round + 1 < rounds() {
            cluster.rebuild(old);
            other.kill();
            cluster.rebuild(other);
            catch_up(old, new);
            catch_up(other, new);
        }
    }
}

#[test]
fn every_change_is_told_once_and_in_order_though_the_primary_is_killed() {
    let cluster = Cluster::start();
    let servers = [cluster.serve(&[]), cluster.serve(&[])];
    for server in &servers {
        server.wait_until_eligible(&cluster.nodes);
        server.token();
    }
    let written: Vec<String> = (0..3).map(|_| create(&servers[0], &json!({}))).collect();
    let (_, cursor) = following(&servers[0], servers[0].token(), "address", &json!({}));
    let (heard, last, is_over) =
        ([Heard::default(), Heard::default()], Uuid::new_v4().to_string(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for (turn, (heard, stays)) in heard.iter().zip([usize::MAX, 7]).enumerate() {
            let mut follower = Follower { servers: &servers, stays, turn, cursor: json!(cursor), socket: None };
            let last = &last;
            scope.spawn(move || follower.follow(last, heard));
        }
        let writers: Vec<_> = written
            .iter()
            .enumerate()
            .map(|(number, uuid)| {
                let (server, heard, is_over) = (&servers[number % 2], &heard, &is_over);
                scope.spawn(move || write(server, uuid, heard, is_over))
            })
            .collect();
        strike(&cluster, &heard);
        is_over.store(true, Ordering::Release);
        for writer in writers {
            writer.join().expect("no panic");
        }
        create(&servers[0], &json!({ "uuid": last }));
    });
    let primary = &cluster.nodes[rounds() % 3];
    for heard in &heard {
        let changes = heard.changes.lock().expect("nobody panics here");
        println!("{} changes heard, resumed {} times", changes.len(), heard.resumed.load(Ordering::Acquire));
        for uuid in &written {
            let version = primary.sql().value(&format!("SELECT version FROM patientregister WHERE uuid = '{uuid}'"));
            let told: Vec<i64> = changes.iter().filter(|(key, _)| key == uuid).map(|(_, version)| *version).collect();
            assert_eq!(told, (2..=version.parse().expect("a number")).collect::<Vec<_>>(), "{uuid}");
        }
    }
}

#[test]
fn who_has_heard_what_was_lost_with_the_primary_is_told_and_who_has_not_misses_nothing() {
    let cluster = Cluster::start();
    let server = cluster.serve(&[]);
    server.wait_until_eligible(&cluster.nodes);
    let (old, [new, other]) = (cluster.main(), cluster.replicas()) else { panic!("there are two replicas") };
    let (mut open, beginning) = following(&server, server.token(), "address", &json!({}));
    let kept = create(&server, &json!({}));
    let before = next(&mut open, "1");
    assert_eq!(told(&before).1, kept);
    for replica in [new, other] {
        catch_up(replica, old);
        redirect(replica, "host=127.0.0.1 port=1");
    }
    eventually("nobody receives", || {
        (old.sql().value("SELECT count(*) FROM pg_stat_replication") == "0").then_some(())
    });
    let lost = create(&server, &json!({}));
    let misled = next(&mut open, "1");
    assert_eq!(told(&misled).1, lost);
    old.kill();
    cluster.promote(new, false);
    let gap = next(&mut open, "1");
    assert_eq!((&gap["reason"], &gap["uuid"]), (&json!("FORKED"), &Value::Null), "{gap}");
    let added = eventually("writes go on", || {
        let input = crate::patients::jane();
        let response = server.response(super::CREATE, &json!({ "input": input }));
        response["data"]["createPatientRegister"]["patientRegister"]["uuid"].as_str().map(ToOwned::to_owned)
    });
    assert_eq!(told(&next(&mut open, "1")).1, added, "and it goes on");
    for server in [server, cluster.serve(&[])] {
        let resumed = |after: &Value| {
            let mut socket = Socket::of(server.address, server.token());
            socket.subscribe("1", &registers("address"), &json!({ "after": after }));
            socket
        };
        let mut socket = resumed(&misled["cursor"]);
        let gap = next(&mut socket, "1");
        assert_eq!(gap["reason"], "FORKED", "{gap}");
        let mut socket = resumed(&before["cursor"]);
        assert_eq!(told(&next(&mut socket, "1")).1, added);
        let mut socket = resumed(&json!(beginning));
        assert_eq!([told(&next(&mut socket, "1")).1, told(&next(&mut socket, "1")).1], [&*kept, &*added]);
    }
}
