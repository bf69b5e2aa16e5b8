use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take that is to come.
const LIMIT: Duration = Duration::from_secs(30);

/// A stream of server-sent events.
#[derive(Debug)]
pub struct Events {
    lines: BufReader<TcpStream>,
    /// The status of the answer.
    pub status: u16,
    /// The head's lines.
    pub head: String,
}

impl Events {
    /// Asks for one, as a request whose body is JSON, or without one by GET.
    #[must_use]
    pub fn open(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("the server accepts connections");
        stream.set_read_timeout(Some(LIMIT)).expect("sockets have options");
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if !body.is_empty() {
            let length = body.len().to_string();
            head.extend(["content-type: application/json\r\ncontent-length: ", &length, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).expect("the server reads");
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(lines.read_line(&mut head).expect("the server answers"), 0, "no answer: {head}");
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
        Self { lines, status, head }
    }

    /// The next event's name and data; none when the stream has ended. The sizes of HTTP's chunks, which stand on lines of
    /// their own, and comments are passed over.
    pub fn told(&mut self) -> Option<(String, Value)> {
        let (mut name, began) = (String::new(), Instant::now());
        loop {
            let line = self.line()?;
            assert!(began.elapsed() < LIMIT, "nothing but comments came within {} s", LIMIT.as_secs());
            // The chunk without anything in it is the last one.
            if line == "0" {
                return None;
            }
            if let Some(told) = line.strip_prefix("event: ") {
                told.clone_into(&mut name);
            } else if let Some(data) = line.strip_prefix("data:") {
                let data = data.trim();
                let data =
                    if data.is_empty() { Value::Null } else { serde_json::from_str(data).expect("data is JSON") };
                return Some((name, data));
            }
        }
    }

    /// Waits for a comment.
    pub fn comment(&mut self) {
        while self.line().expect("the stream goes on") != ":" {}
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("nothing came within {} s", LIMIT.as_secs())
            }
            Err(_) => None,
        }
    }
}
