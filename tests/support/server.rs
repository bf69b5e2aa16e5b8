use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::program::{command, phr};
use crate::{Exchange, Reply, eventually, request};

const JSON: &[(&str, &str)] = &[("content-type", "application/json"), ("accept", "application/graphql-response+json")];

/// What the test does with a server's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ear {
    /// Reads it.
    Open,
    /// Has closed the pipe.
    Gone,
}

/// A running `phr serve`; killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: Arc<Mutex<String>>,
    ear: Arc<Mutex<Ear>>,
    reading: Option<JoinHandle<()>>,
    folder: PathBuf,
    environment: Vec<(String, String)>,
    token: OnceLock<String>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server in `folder`, and returns when it is ready.
    #[must_use]
    pub fn start(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let listen: &[&str] = if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let arguments = [&["serve"], listen, arguments].concat();
        let mut command = command(folder, &arguments, environment);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
        let log = Arc::new(Mutex::new(String::new()));
        let ear = Arc::new(Mutex::new(Ear::Open));
        let (written, asked) = (Arc::clone(&log), Arc::clone(&ear));
        let reading = std::thread::spawn(move || follow(stderr, &written, &asked));
        let address = eventually("the server is ready", || {
            let text = log.lock().expect("nobody panics while logging").clone();
            if let Some((_, rest)) = text.split_once("phr is ready: ").and_then(|(_, rest)| rest.split_once("://")) {
                let address: Option<SocketAddr> = rest.split('/').next().and_then(|address| address.parse().ok());
                return address.map(here);
            }
            let ended = child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "the server ended: {text}");
            None
        });
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (folder, token) = (folder.to_owned(), OnceLock::new());
        Self { child, log, ear, reading: Some(reading), folder, environment, token, address }
    }

    /// From the next line on the log is read, or not. A pipe that is closed stays so.
    pub fn hear(&self, ear: Ear) {
        *self.ear.lock().expect("nobody panics while logging") = ear;
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panics while logging").clone()
    }

    /// Waits until it has logged a text.
    pub fn logs(&self, text: &str) {
        eventually(&format!("{text:?} is logged"), || self.log().contains(text).then_some(()));
    }

    /// An access token of this server's database, for the local operator or as `options` say.
    #[must_use]
    pub fn token_for(&self, options: &[&str]) -> String {
        let environment: Vec<_> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let made = phr(&self.folder, &[&["token"], options].concat(), &environment);
        assert!(made.succeeded(), "phr token: {made:?}");
        made.stdout.trim().to_owned()
    }

    /// The local operator's access token, made when it is first needed.
    pub fn token(&self) -> &str {
        self.token.get_or_init(|| self.token_for(&["--ttl", "4h"]))
    }

    /// Bears a token that was made before, as where no database can be asked for one now.
    pub fn bear(&self, token: &str) {
        self.token.set(token.to_owned()).expect("no token has been made yet");
    }

    fn signed_in<'h>(headers: &[(&'h str, &'h str)], value: &'h str) -> Vec<(&'h str, &'h str)> {
        [headers, &[("authorization", value)]].concat()
    }

    /// Any HTTP request, to GraphQL by the local operator.
    #[must_use]
    pub fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        if !path.starts_with("/graphql") {
            return self.http_as_nobody(method, path, headers, body);
        }
        let bearer = format!("Bearer {}", self.token());
        request(self.address, method, path, &Self::signed_in(headers, &bearer), body)
    }

    /// Any HTTP request, by nobody in particular.
    #[must_use]
    pub fn http_as_nobody(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        request(self.address, method, path, headers, body)
    }

    /// A GraphQL request's whole response, to the bearer of a token.
    pub fn response_to(&self, token: &str, query: &str, variables: &Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let bearer = format!("Bearer {token}");
        request(self.address, "POST", "/graphql", &Self::signed_in(JSON, &bearer), body.as_bytes()).json()
    }

    /// A GraphQL request whose answer nobody waits for yet.
    #[must_use]
    pub fn begin(&self, query: &str, variables: &Value) -> Exchange {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let bearer = format!("Bearer {}", self.token());
        Exchange::begin(self.address, "POST", "/graphql", &Self::signed_in(JSON, &bearer), body.as_bytes())
    }

    /// A GraphQL request's HTTP answer.
    pub fn post(&self, body: &str) -> Reply {
        self.http("POST", "/graphql", JSON, body.as_bytes())
    }

    /// A GraphQL request's whole response: data, errors, extensions.
    pub fn response(&self, query: &str, variables: &Value) -> Value {
        self.begin(query, variables).finish().json()
    }

    /// The same, with an `X-Consistency`.
    pub fn response_as(&self, consistency: &str, query: &str, variables: &Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let headers = [JSON, &[("x-consistency", consistency)]].concat();
        self.http("POST", "/graphql", &headers, body.as_bytes()).json()
    }

    /// The data of a request that has no errors.
    pub fn ask(&self, query: &str, variables: &Value) -> Value {
        let mut response = self.response(query, variables);
        assert!(response.get("errors").is_none(), "{query} {variables}: {response}");
        response["data"].take()
    }

    /// The code and the message of a request's first error.
    pub fn error(&self, query: &str, variables: &Value) -> (String, String) {
        let response = self.response(query, variables);
        let error = &response["errors"][0];
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no error: {response}")).to_owned();
        (text(&error["extensions"]["code"]), text(&error["message"]))
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot send {name}");
    }

    /// How many bytes of memory it has.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Most bytes of memory that it had since [`Self::forget_peak`].
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Begins to look for the peak of its memory anew.
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("an own process can be asked");
    }

    fn status(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("a process that runs has a status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it has memory");
        let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number");
        kilobytes * 1024
    }

    /// Seconds of processor time that it has taken, in steps of 10 ms.
    #[must_use]
    pub fn processor_seconds(&self) -> f64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).expect("a process that runs has figures");
        // The program's name, in brackets, may hold blanks (proc(5)).
        let (_, rest) = stat.rsplit_once(')').expect("a name");
        let ticks: u32 = rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap_or(0)).sum();
        f64::from(ticks) / 100.0
    }

    /// Waits until the process has ended by itself; returns its exit code.
    #[must_use]
    pub fn ended(&mut self) -> Option<i32> {
        let status = eventually("the server ends", || self.child.try_wait().expect("a child can be asked"));
        self.reading.take().map(JoinHandle::join);
        status.code()
    }
}

/// Keeps what a server logs, as long as it is to be read.
fn follow(pipe: impl BufRead, log: &Mutex<String>, ear: &Mutex<Ear>) {
    for line in pipe.lines().map_while(Result::ok) {
        let mut log = log.lock().expect("nobody panics while logging");
        log.push_str(&line);
        log.push('\n');
        drop(log);
        let ear = || *ear.lock().expect("nobody panics while logging");
        if ear() == Ear::Gone {
            return;
        }
    }
}

/// Where a server of this machine is reached: one that listens everywhere does so on loopback too.
fn here(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        self.hear(Ear::Open);
        self.reading.take().map(JoinHandle::join);
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}
