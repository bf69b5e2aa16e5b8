use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take: longer than anything that the server itself limits.
const LIMIT: Duration = Duration::from_mins(1);

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The head's lines.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.split(':').next().is_some_and(|found| found.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("not JSON, {error}: {}", self.body))
    }
}

/// A request on its way, which the client may drop at any time.
#[derive(Debug)]
pub struct Exchange {
    stream: TcpStream,
}

impl Exchange {
    /// Sends a request and does not wait for the answer.
    #[must_use]
    pub fn begin(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).expect("the server accepts connections");
        stream.set_nodelay(true).expect("sockets have options");
        let mut head =
            vec![format!("{method} {path} HTTP/1.1"), format!("host: {address}"), "connection: close".into()];
        head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        head.push(format!("content-length: {}\r\n\r\n", body.len()));
        let head = head.join("\r\n");
        // A server may answer, and hang up, before it has read everything.
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok();
        Self { stream }
    }

    /// Whether any of the answer has come.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.stream.set_nonblocking(true).expect("sockets have options");
        let is_answered = self.stream.peek(&mut [0]).is_ok();
        self.stream.set_nonblocking(false).expect("sockets have options");
        is_answered
    }

    /// The answer.
    #[must_use]
    pub fn finish(mut self) -> Reply {
        self.stream.set_read_timeout(Some(LIMIT)).expect("sockets have options");
        let mut bytes = Vec::new();
        let ended = self.stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { panic!("no answer, {ended:?}: {text:?}") };
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Reply { status: status.expect("an answer has a status"), head: head.to_owned(), body: body.to_owned() }
    }
}

/// Sends a request and returns its answer.
#[must_use]
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    Exchange::begin(address, method, path, headers, body).finish()
}
