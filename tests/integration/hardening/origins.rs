//! Where a request comes from, and who may say so for others.

use serde_json::json;
use support::{Backend, Database, Phr, eventually, phr};
use uuid::Uuid;

use super::HEALTH;

/// The client's address, as the server took it to be.
fn origin(phr: &Phr, headers: &[(&str, &str)]) -> String {
    let fixed = [("content-type", "application/json")];
    let body = json!({ "query": HEALTH }).to_string();
    let reply = phr.http("POST", "/graphql", &[&fixed, headers].concat(), body.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.body);
    let id = reply.header("x-request-id").expect("an answer has an id").to_owned();
    eventually("the request is logged", || {
        let log = phr.log();
        let line = log.lines().find(|line| line.contains(&id) && line.contains("client.address"))?;
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        Some(entry["client.address"].as_str().unwrap().to_owned())
    })
}

const LOGGED: [(&str, &str); 2] = [("LOG_LEVEL", "phr=debug"), ("PHR_LOG_FORMAT", "json")];

#[test]
fn nobody_is_believed_who_is_no_trusted_proxy() {
    for proxies in ["", "10.0.0.0/8"] {
        let phr = Phr::with(Backend::Sqlite, &[&LOGGED[..], &[("PHR_TRUSTED_PROXIES", proxies)]].concat());
        for header in [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1"), ("x-real-ip", "192.0.2.1")] {
            assert_eq!(origin(&phr, &[header]), "127.0.0.1", "{header:?}");
        }
    }
}

#[test]
fn a_trusted_proxy_is_believed_and_what_its_client_wrote_is_not() {
    let settings = [&LOGGED[..], &[("PHR_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")]].concat();
    let phr = Phr::with(Backend::Sqlite, &settings);
    assert_eq!(origin(&phr, &[]), "127.0.0.1");
    assert_eq!(origin(&phr, &[("x-forwarded-for", "198.51.100.7, 192.0.2.1, 10.0.0.9")]), "192.0.2.1");
    let lines = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-for", "192.0.2.1")];
    assert_eq!(origin(&phr, &lines), "192.0.2.1");
    assert_eq!(origin(&phr, &[("x-forwarded-for", "192.0.2.1, nonsense")]), "127.0.0.1");
    assert_eq!(origin(&phr, &[("forwarded", "for=198.51.100.7"), ("x-forwarded-for", "192.0.2.1")]), "192.0.2.1");
    let settings = [&settings[..], &[("PHR_FORWARDED_HEADER", "forwarded")]].concat();
    let phr = Phr::with(Backend::Sqlite, &settings);
    let both = [("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=\"[2001:db8::7]:9\";proto=https")];
    assert_eq!(origin(&phr, &both), "2001:db8::7");
}

#[test]
fn proxies_that_are_none_are_refused_by_name() {
    let database = Database::bare(Backend::Sqlite);
    for (name, wrong) in [
        ("PHR_TRUSTED_PROXIES", "proxy.example"),
        ("PHR_TRUSTED_PROXIES", "10.0.0.0/40"),
        ("PHR_FORWARDED_HEADER", "x-real-ip"),
    ] {
        let refused = phr(database.folder(), &["serve"], &[(name, wrong)]);
        assert!(!refused.succeeded() && refused.stderr.contains(wrong), "{refused:?}");
    }
}

/// The ids that an answer, its error and the audit trail give a request that a client calls `id`.
fn named(phr: &Phr, id: &str) -> [String; 3] {
    let headers = [("content-type", "application/json"), ("x-request-id", id)];
    let body = json!({ "query": "{ patientRegisters { nodes { uuid } } }" }).to_string();
    let reply = phr.http_as_nobody("POST", "/graphql", &headers, body.as_bytes());
    let header = reply.header("x-request-id").expect("an answer has an id").to_owned();
    let error = reply.json()["errors"][0]["extensions"]["requestId"].as_str().unwrap().to_owned();
    let entry = crate::audit::of_request(phr, &header, 1)[0]["request_id"].clone();
    [header, error, entry]
}

#[test]
fn who_is_no_trusted_proxy_does_not_choose_the_ids_of_the_trail() {
    let phr = Phr::with(Backend::Sqlite, &LOGGED);
    let id = Uuid::new_v4().to_string();
    let [header, error, entry] = named(&phr, &id);
    assert_ne!(header, id);
    assert_eq!((&error, &entry), (&header, &header));
    eventually("the client's own id stands beside it in the log", || {
        phr.log().lines().any(|line| line.contains(&id) && line.contains(&header)).then_some(())
    });
    let phr = Phr::with(Backend::Sqlite, &[("PHR_TRUSTED_PROXIES", "127.0.0.1")]);
    assert_eq!(named(&phr, &id), [id.clone(), id.clone(), id.clone()]);
    for (method, accept) in [("POST", "text/html"), ("PUT", "*/*"), ("POST", "text/event-stream")] {
        let reply = phr.http(method, "/graphql", &[("accept", accept), ("x-request-id", &id)], b"{}");
        assert_eq!(reply.header("x-request-id"), Some(id.as_str()), "{method} {accept}: {}", reply.status);
    }
}
