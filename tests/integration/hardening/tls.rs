//! Connections that the server encrypts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use support::{Backend, Database, Phr, certificate, eventually, phr};

use super::Raw;

fn start(certificate: &Path, key: &Path, more: &[(&str, &str)]) -> Phr {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let settings = [("PHR_TLS_CERTIFICATE", certificate.to_str().unwrap()), ("PHR_TLS_KEY", key.to_str().unwrap())];
    Phr::serve(database, &[&settings[..], more].concat(), &[])
}

/// What a client sees that trusts one certificate only: the protocol, and the whole answer.
fn https(phr: &Phr, trusted: &Path, version: &'static SupportedProtocolVersion, head: &str) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(phr.address).unwrap());
    stream.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const LIVE: &str = "GET /healthz/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[test]
fn a_server_with_a_certificate_speaks_tls_and_nothing_else() {
    let database = Database::bare(Backend::Sqlite);
    let (own, key) = certificate(database.folder(), "own");
    let phr = start(&own, &key, &[("PHR_HEADER_TIMEOUT", "2")]);
    phr.logs("https://");
    for version in [&TLS12, &TLS13] {
        let answer = https(&phr, &own, version, LIVE).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("live\n"), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    }
    let body = "{\"query\": \"{ health { status } }\"}";
    let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let answer = https(&phr, &own, &TLS13, &format!("{head}content-length: {}\r\n\r\n{body}", body.len())).unwrap();
    assert!(answer.contains("\"UP\""), "{answer}");
    let large = format!("GET /healthz/live HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "a".repeat(1024 * 1024));
    assert!(https(&phr, &own, &TLS13, &large).unwrap().starts_with("HTTP/1.1 431"));
    let (other, _) = certificate(database.folder(), "other");
    assert!(https(&phr, &other, &TLS13, LIVE).is_err(), "it has another certificate");
    let mut plain = Raw::to(phr.address);
    plain.send(LIVE.as_bytes());
    assert!(!plain.until("live\n").contains("HTTP"), "plain HTTP is not answered");
    let mut silent = Raw::to(phr.address);
    eventually("a handshake that does not begin is cut off", || silent.is_closed().then_some(()));
}

#[test]
fn a_certificate_that_is_replaced_is_used_without_a_restart() {
    let database = Database::bare(Backend::Sqlite);
    let (first, first_key) = certificate(database.folder(), "first");
    let (second, second_key) = certificate(database.folder(), "second");
    let (used, used_key) = (database.folder().join("used.crt"), database.folder().join("used.key"));
    let install = |certificate: &Path, key: &Path| {
        std::fs::copy(certificate, &used).unwrap();
        std::fs::copy(key, &used_key).unwrap();
    };
    install(&first, &first_key);
    let phr = start(&used, &used_key, &[]);
    assert!(https(&phr, &first, &TLS13, LIVE).is_ok());
    install(&second, &second_key);
    eventually("the new certificate is used", || https(&phr, &second, &TLS13, LIVE).ok());
    assert!(https(&phr, &first, &TLS13, LIVE).is_err(), "the old one is not");
    std::fs::write(&used, "nonsense").unwrap();
    eventually("a broken one is reported", || phr.log().contains("stays in use").then_some(()));
    assert!(https(&phr, &second, &TLS13, LIVE).is_ok(), "the one before is still used");
    install(&first, &first_key);
    eventually("a good one is used again", || https(&phr, &first, &TLS13, LIVE).ok());
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let database = Database::bare(Backend::Sqlite);
    let folder = database.folder();
    let (own, key) = certificate(folder, "own");
    let (_, other_key) = certificate(folder, "other");
    let nonsense = folder.join("nonsense.pem");
    std::fs::write(&nonsense, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let (empty, missing) = (folder.join("empty.pem"), folder.join("missing.pem"));
    std::fs::write(&empty, "").unwrap();
    for (certificate, key, word) in [
        (&own, &missing, "missing.pem"),
        (&missing, &key, "missing.pem"),
        (&empty, &key, "empty.pem holds no certificate"),
        (&key, &key, "own.key holds no certificate"),
        (&own, &own, "own.crt holds no private key"),
        (&own, &other_key, "other.key is not the one"),
        (&nonsense, &key, "nonsense.pem"),
        (&PathBuf::new(), &key, "tls_certificate"),
        (&own, &PathBuf::new(), "tls_key"),
    ] {
        let settings = [("PHR_TLS_CERTIFICATE", certificate.to_str().unwrap()), ("PHR_TLS_KEY", key.to_str().unwrap())];
        let refused = phr(folder, &["serve", "--listen", "127.0.0.1:0"], &settings);
        assert!(!refused.succeeded() && refused.stderr.contains(word), "{word}: {refused:?}");
    }
    assert!(!database.file().exists(), "nothing was begun");
}
