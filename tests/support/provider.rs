use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::{certificate, root};

/// A running OpenID provider, a program in another language with a certificate of its own; killed when it is dropped.
#[derive(Debug)]
pub struct Provider {
    child: Child,
    line: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    /// Where it listens.
    pub port: u16,
    /// The certificate that it shows, which nobody has signed but itself.
    pub certificate: PathBuf,
}

impl Provider {
    /// Starts one that has no keys yet, with its certificate in `folder`; at the port of an earlier one, whose certificate
    /// it has, if there was one.
    #[must_use]
    pub fn start(folder: &Path, port: Option<u16>) -> Self {
        let (certificate, key) = match port {
            None => certificate(folder, "provider"),
            Some(_) => (folder.join("provider.crt"), folder.join("provider.key")),
        };
        let mut child = Command::new("node")
            .arg(root().join("tests/support/provider.mjs"))
            .args([&certificate, &key])
            .args(port.map(|port| port.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts: it is what builds GraphiQL too");
        let stdin = child.stdin.take().expect("stdin is a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let ready = next(&mut stdout);
        let port = ready["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        Self { child, line: Mutex::new((stdin, stdout)), port, certificate }
    }

    /// Where its keys are.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}/keys?of=phr", self.port)
    }

    fn tell(&self, command: &Value) -> Value {
        let mut line = self.line.lock().expect("nobody panics while asking");
        writeln!(line.0, "{command}").expect("the provider listens");
        next(&mut line.1)
    }

    /// Makes a key, and publishes it with what else is to be said of it; returns the public half in PEM form.
    pub fn make(&self, name: &str, algorithm: &str, published: &Value) -> String {
        let made = self.tell(&json!({"command": "make", "name": name, "algorithm": algorithm, "published": published}));
        made["pem"].as_str().expect("a key").to_owned()
    }

    /// Publishes a key no longer.
    pub fn withdraw(&self, name: &str) {
        self.tell(&json!({"command": "withdraw", "name": name}));
    }

    /// A token with these claims, and perhaps another header than usual.
    #[must_use]
    pub fn sign(&self, name: &str, header: &Value, claims: &Value) -> String {
        let signed = self.tell(&json!({"command": "sign", "name": name, "header": header, "claims": claims}));
        signed["token"].as_str().expect("a token").to_owned()
    }

    /// How it answers from now on: `right`, or wrong in a way that its program names.
    pub fn behave(&self, how: &str) {
        self.tell(&json!({"command": "behave", "how": how}));
    }

    /// What it publishes: a JWK set.
    #[must_use]
    pub fn published(&self) -> String {
        self.tell(&json!({"command": "published"})).to_string()
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.tell(&json!({"command": "asked"}))["asked"].as_u64().expect("a number")
    }
}

fn next(stdout: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    stdout.read_line(&mut line).expect("the provider answers");
    serde_json::from_str(&line).expect("a line of JSON")
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
