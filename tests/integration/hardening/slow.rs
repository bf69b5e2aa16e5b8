//! Clients that are too slow.

use serde_json::json;
use support::{Backend, Phr, eventually};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use super::{Raw, lives};

#[test]
fn a_head_that_comes_byte_by_byte_is_cut_off() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_HEADER_TIMEOUT", "1")]);
    let mut slow = Raw::to(phr.address);
    slow.send(b"GET /healthz/live HTTP/1.1\r\nhost: localhost\r\nx: ");
    slow.drip("a slow head is cut off");
    // Nor can a second request's head take longer.
    let mut slow = Raw::to(phr.address);
    assert!(slow.ask().contains("200 OK"));
    slow.send(b"GET /healthz/live HTTP/1.1\r\nhost: localhost\r\nx: ");
    slow.drip("a slow second head is cut off");
    lives(&phr);
}

#[test]
fn a_body_that_comes_byte_by_byte_is_answered_408() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_BODY_TIMEOUT", "1")]);
    let mut slow = Raw::to(phr.address);
    slow.send(b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
    slow.send(b"content-length: 100000\r\n\r\n{\"query\": \"");
    let mut answer = String::new();
    eventually("a slow body is refused", || {
        slow.send(b"a");
        slow.0.set_read_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
        let mut bytes = [0; 4096];
        if let Ok(count) = std::io::Read::read(&mut slow.0, &mut bytes) {
            answer.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        answer.contains("\r\n\r\n{").then_some(())
    });
    assert!(answer.contains("408 Request Timeout") && answer.contains("within 1 s"), "{answer}");
    slow.drip("a slow body's connection is closed");
    lives(&phr);
}

/// A connection whose own end holds next to nothing.
fn hard_of_hearing(phr: &Phr) -> Raw {
    let stream = Runtime::new().unwrap().block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(phr.address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    Raw(stream)
}

#[test]
fn a_client_that_does_not_read_its_response_is_cut_off() {
    let settings = [
        ("PHR_RESPONSE_TIMEOUT", "1"),
        ("LOG_LEVEL", "phr=debug"),
        ("PHR_MAX_COMPLEXITY", "100000000"),
        ("PHR_RATE_COST", "4000000000"),
    ];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let all = "__schema { types { name description fields { name description args { name description } } } }";
    let aliases: Vec<String> = (0..100).map(|number| format!("a{number}: {all}")).collect();
    let one = json!({ "query": format!("{{ {} }}", aliases.join(" ")) });
    let body = json!([one, one]).to_string();
    let whole = phr.post(&body).body.len();
    assert!(whole > 6 * 1024 * 1024, "{whole} bytes may fit into what the server's socket holds");
    let mut deaf = hard_of_hearing(&phr);
    deaf.send(b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
    let bearer = phr.token();
    deaf.send(format!("authorization: Bearer {bearer}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes());
    eventually("the client is cut off", || phr.log().contains("does not read the response").then_some(()));
    lives(&phr);
}

#[test]
fn a_connection_may_rest_between_requests_for_longer_than_a_head_may_take_and_not_for_ever() {
    let patient = Phr::with(Backend::Sqlite, &[("PHR_HEADER_TIMEOUT", "1"), ("PHR_KEEP_ALIVE_TIMEOUT", "60")]);
    let mut resting = Raw::to(patient.address);
    assert!(resting.ask().contains("200 OK"));
    let mut silent = Raw::to(patient.address);
    eventually("a connection on which nothing is ever asked is closed", || silent.is_closed().then_some(()));
    assert!(resting.ask().contains("200 OK"), "the connection rested for longer than that");
    let strict = Phr::with(Backend::Sqlite, &[("PHR_HEADER_TIMEOUT", "60"), ("PHR_KEEP_ALIVE_TIMEOUT", "1")]);
    let (mut resting, mut silent) = (Raw::to(strict.address), Raw::to(strict.address));
    assert!(resting.ask().contains("200 OK"));
    eventually("a connection that rests too long is closed", || resting.is_closed().then_some(()));
    assert!(silent.ask().contains("200 OK"), "a new one has the time that a head has");
}
