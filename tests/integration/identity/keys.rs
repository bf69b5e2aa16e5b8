//! Keys: they belong to the database, and what was revoked is dead on every server.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use serde_json::json;
use support::{Backend, Database, Phr, eventually, on_both_databases, phr, within};

use crate::audit::{entries_of_all, values};

use super::{PROMISED, Session, another, by_password, command, dies, faults, is_good, member, sign_in};

on_both_databases! {
    the_first_key_is_on_record_whoever_made_it,
    a_key_that_signs_no_more_is_still_good_until_it_is_revoked,
    a_key_file_that_was_replaced_signs_nobody_in,
}

/// A server makes the first key that its database has, and where a command was first, the command does.
fn the_first_key_is_on_record_whoever_made_it(own: &Phr) {
    let bare = Arc::new(Database::new(own.backend()));
    assert!(phr(bare.folder(), &["token"], &[("DATABASE_URL", &bare.url())]).succeeded());
    for database in [&own.database, &bare] {
        let made = eventually("it is on record", || {
            let found = entries_of_all(database, "resource = 'SigningKey'");
            (found.len() == 2).then_some(found)
        });
        assert_eq!(values(&made, "outcome"), ["INTENDED", "SUCCEEDED"]);
        for entry in made {
            assert_eq!((entry["action"].as_str(), entry["role"].as_str()), ("CREATE", "server"));
            let named =
                format!("SELECT count(*) FROM signing_keys WHERE uuid = {}", database.key(&entry["resource_id"]));
            assert_eq!(database.sql().value(&named), "1");
        }
    }
}

fn rotate(phr: &Phr, more: &[&str]) {
    let rotated = command(phr, &[&["key", "rotate"], more].concat());
    assert!(rotated.succeeded() && rotated.stdout.contains("signs from now on"), "{rotated:?}");
}

fn a_key_that_signs_no_more_is_still_good_until_it_is_revoked(phr: &Phr) {
    let other = another(phr, &[]);
    let (_, session) = member(phr, "ada", "staff", &json!({}));
    let first = phr.token_for(&[]);
    rotate(phr, &[]);
    let second = phr.token_for(&[]);
    // A key that neither server has seen yet, asked for at once.
    for server in [phr, &other] {
        assert!(is_good(server, &second) && is_good(server, &first) && is_good(server, &session.access));
    }
    rotate(phr, &["--revoke"]);
    for server in [phr, &other] {
        for dead in [&first, &second, &session.access] {
            dies(server, dead);
        }
    }
    let third = phr.token_for(&[]);
    assert!(is_good(phr, &third) && is_good(&other, &third));
    // Who holds a refresh token of a session that did not end goes on with it.
    let next = Session::of(&session.refresh(&other)["data"]["refreshSession"]);
    assert!(is_good(phr, &next.access));
    let keys = phr.http_as_nobody("GET", "/.well-known/jwks.json", &[], b"");
    assert_eq!(keys.header("content-type"), Some("application/jwk-set+json"));
    let keys = keys.json();
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1), "{keys}");
    let published = &keys["keys"][0];
    assert!(published["kty"] == "OKP" && published["use"] == "sig" && published.get("d").is_none(), "{published}");
}

/// The installation's secret was lost or stolen: an operator makes new keys with a new file.
fn a_key_file_that_was_replaced_signs_nobody_in(server: &Phr) {
    let (_, session) = member(server, "ada", "staff", &json!({}));
    let file = server.database.folder().join("new.key");
    let url = server.database.url();
    let settings = [("DATABASE_URL", url.as_str()), ("PHR_KEY_FILE", file.to_str().unwrap())];
    let run = |arguments: &[&str]| phr(server.database.folder(), arguments, &settings);
    assert!(run(&["key", "create", file.to_str().unwrap()]).succeeded());
    for arguments in [&["token"][..], &["key", "rotate"], &["serve", "--listen", "127.0.0.1:0"]] {
        let refused = run(arguments);
        assert!(!refused.succeeded() && refused.stdout.is_empty(), "{refused:?}");
        assert!(refused.stderr.contains("another key file") && refused.stderr.contains("PHR_KEY_FILE"), "{refused:?}");
    }
    assert!(is_good(server, &session.access), "nothing was done by halves");
    let fingerprint =
        |found: &str| found.split("fingerprint ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let own = command(server, &["doctor"]).stdout;
    let found = run(&["doctor"]).stdout;
    let foreign = found.lines().find(|line| line.contains("sealed by another key file")).unwrap();
    assert_eq!(fingerprint(foreign).trim_end_matches(':'), fingerprint(&own), "{found}");
    assert!(run(&["key", "rotate", "--revoke"]).succeeded());
    // The server that runs with the old file knows what was revoked, and signs nobody in.
    dies(server, &session.access);
    assert_eq!(faults(&by_password(server, "ada", super::PASSWORD)), ["UNAVAILABLE"]);
    let token = run(&["token"]);
    assert!(token.succeeded(), "{token:?}");
    assert!(!is_good(server, token.stdout.trim()));
    let restarted = Phr::serve(Arc::clone(&server.database), &settings[1..], &[]);
    assert!(is_good(&restarted, token.stdout.trim()));
    assert!(is_good(&restarted, &sign_in(&restarted, "ada").access));
}

#[test]
fn servers_that_start_at_once_know_each_others_tokens() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        let servers: Vec<Phr> = std::thread::scope(|scope| {
            let start = || Phr::serve(Arc::clone(&database), &[], &[]);
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        member(&servers[0], "ada", "staff", &json!({}));
        for signing in &servers {
            let session = sign_in(signing, "ada");
            for verifying in &servers {
                assert!(is_good(verifying, &session.access), "{backend:?}");
            }
        }
        let keys =
            || servers.iter().map(|server| server.http_as_nobody("GET", "/.well-known/jwks.json", &[], b"").body);
        within(PROMISED, "all publish the same keys", || {
            let published: Vec<String> = keys().collect();
            published.iter().all(|keys| *keys == published[0]).then_some(())
        });
    }
}

#[test]
fn a_key_file_that_will_not_do_is_refused_by_name() {
    let database = Database::bare(Backend::Sqlite);
    let file = database.folder().join("own.key");
    let path = file.to_str().unwrap();
    let url = database.url();
    let settings = [("DATABASE_URL", url.as_str()), ("PHR_KEY_FILE", path)];
    let run = |arguments: &[&str]| phr(database.folder(), arguments, &settings);
    let refused = |what: &str| {
        for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["token"]] {
            let output = run(arguments);
            assert!(!output.succeeded() && output.stdout.is_empty(), "{output:?}");
            assert!(output.stderr.contains(path) && output.stderr.contains(what), "{what}: {output:?}");
        }
    };
    refused("No such file");
    assert!(run(&["key", "create", path]).succeeded());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let again = run(&["key", "create", path]);
    assert!(!again.succeeded() && again.stderr.contains(path), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "it is never overwritten");
    for mode in [0o640, 0o604, 0o660, 0o620] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        refused("chmod 600");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    for broken in
        ["", "phr-key-1:", &text[..30], &text[10..], &text.replace("phr-key-1", "phr-key-2"), "phr-key-1:????"]
    {
        std::fs::write(&file, broken).unwrap();
        refused("not a key file of phr");
    }
    std::fs::write(&file, &text).unwrap();
    assert!(run(&["token"]).succeeded());
}
