//! By which names the server may be addressed.

use support::{Backend, Phr};

#[test]
fn a_host_name_that_is_not_the_servers_is_refused() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_ALLOWED_HOSTS", "localhost, 127.0.0.1,Clinic.Example")]);
    let status =
        |host: &str| raw(&phr, &format!("GET /healthz/live HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
    for known in ["localhost", "127.0.0.1:8000", "clinic.example:443"] {
        assert_eq!(status(known), 200, "{known}");
    }
    for foreign in ["evil.example", "127.0.0.1.evil.example:8000", "[::1]", ""] {
        assert_eq!(status(foreign), 421, "{foreign}");
    }
}

#[test]
fn two_host_names_are_none() {
    let phr = Phr::start(Backend::Sqlite);
    for (one, other) in [("localhost", "localhost"), ("localhost", "evil.example"), ("evil.example", "localhost")] {
        let head = format!("GET /healthz/live HTTP/1.1\r\nhost: {one}\r\nHost: {other}\r\nconnection: close\r\n\r\n");
        assert_eq!(raw(&phr, &head), 400, "{one}, {other}");
    }
}

fn raw(phr: &Phr, head: &str) -> u16 {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(phr.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}
