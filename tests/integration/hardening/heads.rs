//! Heads of requests that are too large, or no heads.

use support::{Backend, Phr};

use super::{Raw, lives};

fn answer(phr: &Phr, head: &str) -> String {
    let mut client = Raw::to(phr.address);
    // The server hears the client out, or some clients would never read why they were refused.
    std::io::Write::write_all(&mut client.0, head.as_bytes()).unwrap();
    client.until("never")
}

/// So many headers of this value.
fn numbered(count: usize, value: &str) -> String {
    (0..count).map(|number| format!("x-{number}: {value}\r\n")).collect::<Vec<_>>().concat()
}

#[test]
fn a_head_of_a_megabyte_is_refused_in_so_many_words() {
    let phr = Phr::start(Backend::Sqlite);
    let megabyte = "a".repeat(1024 * 1024);
    let many = numbered(101, "a");
    let line = |path: &str, headers: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n")
    };
    for (what, head) in [
        ("a header of a megabyte", line("/healthz/live", &format!("authorization: Bearer {megabyte}\r\n"))),
        ("a thousand headers", line("/healthz/live", &many.repeat(10))),
        ("a hundred headers and more", line("/healthz/live", &many)),
        ("a line of a megabyte", line(&format!("/graphql?query={megabyte}"), "")),
        ("a head that does not end", format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {megabyte}")),
    ] {
        let answer = answer(&phr, &head);
        assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large"), "{what}: {answer}");
    }
    let many = numbered(90, &"a".repeat(300));
    assert!(answer(&phr, &line("/healthz/live", &many)).starts_with("HTTP/1.1 200"));
    lives(&phr);
}

#[test]
fn how_large_a_head_may_be_can_be_set() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_MAX_HEAD", "1000")]);
    let of = |size: usize| {
        let head = format!("GET /healthz/live HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "a".repeat(size));
        let mut client = Raw::to(phr.address);
        client.send(head.as_bytes());
        client.until("live\n")
    };
    assert!(of(900).starts_with("HTTP/1.1 200"));
    assert!(of(1000).starts_with("HTTP/1.1 431"));
}

#[test]
fn what_is_no_http_is_refused() {
    let phr = Phr::start(Backend::Sqlite);
    for head in
        ["nonsense\r\n\r\n", "\u{1}\u{2}\u{3}\u{4}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\u{0} HTTP/1.1\r\n\r\n"]
    {
        assert!(answer(&phr, head).starts_with("HTTP/1.1 400"), "{head:?}");
    }
    // Two lengths are two readings of where the request ends.
    let two = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde";
    assert!(answer(&phr, two).starts_with("HTTP/1.1 400"));
    lives(&phr);
}
