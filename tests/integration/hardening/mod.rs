//! What a server withstands: slow and greedy clients, foreign pages, forged origins.

mod answers;
mod browsers;
mod costs;
mod detections;
mod documents;
mod draining;
mod fairness;
mod files;
mod filters;
mod full;
mod fuzz;
mod heads;
mod origins;
mod parsing;
mod places;
mod rates;
mod slow;
mod tls;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;
use support::{Phr, eventually};

/// A question that costs nothing.
const HEALTH: &str = "{ health { status } }";

/// Asks whether the server lives.
const ALIVE: &[u8] = b"GET /healthz/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A connection that keeps to no rules.
struct Raw(TcpStream);

impl Raw {
    fn to(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).unwrap())
    }

    /// Sends as much as the server takes.
    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).ok();
    }

    /// Asks whether the server lives, on a connection that stays open.
    fn ask(&mut self) -> String {
        self.send(ALIVE);
        self.until("live\n")
    }

    /// What comes until `end`, or until the server hangs up.
    fn until(&mut self, end: &str) -> String {
        self.0.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (mut text, mut bytes) = (String::new(), [0; 4096]);
        while !text.ends_with(end) {
            match self.0.read(&mut bytes) {
                Ok(0) | Err(_) => break,
                Ok(count) => text.push_str(&String::from_utf8_lossy(&bytes[..count])),
            }
        }
        text
    }

    /// Whether the server has hung up. What it says before that is thrown away.
    fn is_closed(&mut self) -> bool {
        self.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        loop {
            match self.0.read(&mut [0; 4096]) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => {
                    return !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
                }
            }
        }
    }

    /// Whether nothing has come, not even the end.
    fn is_silent(&mut self) -> bool {
        self.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let read = self.0.read(&mut [0; 1]);
        read.is_err_and(|error| matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut))
    }

    /// Sends a byte at a time until the server hangs up.
    fn drip(&mut self, what: &str) {
        eventually(what, || {
            self.send(b"a");
            self.is_closed().then_some(())
        });
    }
}

/// Whether the server still answers everybody else.
fn lives(phr: &Phr) {
    assert_eq!(phr.ask(HEALTH, &json!({}))["health"]["status"], "UP");
}
