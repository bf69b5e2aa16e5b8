//! Going on where one has left off.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Events, Phr, Socket, on_both_databases, within};

use super::{done, following, next, registers, told};
use crate::identity::another;
use crate::patients::register;

on_both_databases! {
    what_was_missed_is_told_by_another_server,
    every_change_is_told_once_and_in_order_though_the_server_is_killed,
}

fn what_was_missed_is_told_by_another_server(phr: &Phr) {
    let (mut socket, beginning) = following(phr, phr.token(), "lastName", &json!({}));
    let first = register(phr, &json!({}));
    let event = next(&mut socket, "1");
    assert_eq!(told(&event), done("CREATED", &first, 1));
    let cursor = event["cursor"].clone();
    drop(socket);
    let missed: Vec<String> = (0..5).map(|_| register(phr, &json!({}))).collect();
    let other = another(phr, &[]);
    for (after, expected) in [(json!(beginning), [&[first][..], &missed[..]].concat()), (cursor, missed)] {
        let mut socket = Socket::of(other.address, phr.token());
        socket.subscribe("1", &registers("lastName"), &json!({ "after": after }));
        let body = json!({"query": registers("lastName"), "variables": {"after": after}}).to_string();
        let bearer = format!("Bearer {}", phr.token());
        let mut events = Events::open(other.address, "POST", "/graphql", &[("authorization", &bearer)], &body);
        for uuid in &expected {
            assert_eq!(told(&next(&mut socket, "1")), done("CREATED", uuid, 1));
            assert_eq!(told(&events.told().unwrap().1["data"]["patientRegisterChanged"]), done("CREATED", uuid, 1));
        }
    }
}

/// Hears a subscription to its end, and returns the last cursor.
fn hear(socket: &mut Socket, into: &mut Vec<(String, i64)>, until: &str, cursor: &mut Value) -> bool {
    while let Ok(mut message) = socket.try_hear() {
        let event = message["payload"]["data"]["patientRegisterChanged"].take();
        assert!(event["uuid"].is_string(), "{message}");
        let (_, uuid, version) = told(&event);
        *cursor = event["cursor"].clone();
        if uuid == until {
            return true;
        }
        into.push((uuid, version));
    }
    false
}

fn every_change_is_told_once_and_in_order_though_the_server_is_killed(phr: &Phr) {
    let mut writers: Vec<String> = (0..3).map(|_| register(phr, &json!({}))).collect();
    writers.sort_unstable();
    let (mut socket, cursor) = following(phr, phr.token(), "address", &json!({}));
    let (mut cursor, mut heard, is_over) = (json!(cursor), Vec::new(), AtomicBool::new(false));
    let count = AtomicUsize::new(0);
    let address = |uuid: &str| format!("WHERE uuid = {}", phr.database.key(uuid));
    let mut server = another(phr, &[]);
    std::thread::scope(|scope| {
        for uuid in &writers {
            let (mut sql, is_over, count) = (phr.database.sql(), &is_over, &count);
            scope.spawn(move || {
                let mut number = 0;
                while !is_over.load(Ordering::Acquire) {
                    // However slow whoever hears is, not much more than one page of the log is ahead.
                    let follows = || is_over.load(Ordering::Acquire) || number < 100 + count.load(Ordering::Acquire);
                    within(Duration::from_mins(2), "what was written is heard", || follows().then_some(()));
                    number += 1;
                    sql.run(&format!("UPDATE patientregister SET address = 'No. {number}' {}", address(uuid)));
                }
            });
        }
        for _ in 0..4 {
            socket = Socket::of(server.address, phr.token());
            socket.subscribe("1", &registers("address"), &json!({ "after": cursor }));
            for _ in 0..20 {
                let event = next(&mut socket, "1");
                let (_, uuid, version) = told(&event);
                heard.push((uuid, version));
                count.store(heard.len() / writers.len(), Ordering::Release);
                cursor = event["cursor"].clone();
            }
            server.signal("KILL");
            hear(&mut socket, &mut heard, "", &mut cursor);
            server = another(phr, &[]);
        }
        is_over.store(true, Ordering::Release);
    });
    let last = register(phr, &json!({}));
    let mut socket = Socket::of(server.address, phr.token());
    socket.subscribe("1", &registers("address"), &json!({ "after": cursor }));
    assert!(hear(&mut socket, &mut heard, &last, &mut cursor));
    let mut versions: HashMap<String, Vec<i64>> = HashMap::new();
    for (uuid, version) in heard {
        versions.entry(uuid).or_default().push(version);
    }
    for uuid in &writers {
        let written: i64 = phr
            .database
            .sql()
            .value(&format!("SELECT version FROM patientregister {}", address(uuid)))
            .parse()
            .unwrap();
        let told = versions.remove(uuid).unwrap_or_default();
        assert_eq!(told, (2..=written).collect::<Vec<_>>(), "{uuid}");
    }
}
