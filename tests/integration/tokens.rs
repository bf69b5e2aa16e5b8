//! Consistency tokens: what a write's answer carries, and what becomes of tokens that are not as they were.

use serde_json::{Value, json};
use support::{Backend, Database, Phr, Reply, eventually, on_both_databases};

use crate::patients::jane;

on_both_databases!(
    a_write_carries_a_token_and_a_read_none,
    a_token_that_this_database_did_not_make_is_refused,
    a_token_outlives_its_key_unless_that_is_revoked,
    a_browser_that_asks_for_a_cookie_gets_one,
);

const HEADER: &str = "x-consistency-token";
const CREATE: &str = "mutation($input: CreatePatientRegisterInput!) { createPatientRegister(input: $input) \
     { patientRegister { uuid } userErrors { code } } }";
const COUNT: &str = "{ patientRegisters { totalCount } }";

/// A request with these headers, by the bearer of a token.
fn post(phr: &Phr, bearer: &str, query: &str, variables: &Value, headers: &[(&str, &str)]) -> Reply {
    let bearer = format!("Bearer {bearer}");
    let own = [
        ("content-type", "application/json"),
        ("accept", "application/graphql-response+json"),
        ("authorization", bearer.as_str()),
    ];
    let body = json!({"query": query, "variables": variables}).to_string();
    phr.http_as_nobody("POST", "/graphql", &[&own, headers].concat(), body.as_bytes())
}

fn create(phr: &Phr, headers: &[(&str, &str)]) -> Reply {
    let reply = post(phr, phr.token(), CREATE, &json!({"input": jane()}), headers);
    assert_eq!(reply.json()["data"]["createPatientRegister"]["userErrors"], json!([]), "{reply:?}");
    reply
}

fn count(phr: &Phr, headers: &[(&str, &str)]) -> Reply {
    post(phr, phr.token(), COUNT, &json!({}), headers)
}

/// The token of a write.
fn written(phr: &Phr) -> String {
    create(phr, &[]).header(HEADER).expect("a write carries a token").to_owned()
}

/// Why a request was refused.
fn refusal(reply: &Reply) -> (u16, Value, Value) {
    let error = &reply.json()["errors"][0];
    assert!(reply.json().get("data").is_none(), "{reply:?}");
    (reply.status, error["extensions"]["code"].clone(), error["extensions"]["retryable"].clone())
}

fn bad() -> (u16, Value, Value) {
    (400, json!("BAD_REQUEST"), json!(false))
}

fn a_write_carries_a_token_and_a_read_none(phr: &Phr) {
    let reply = create(phr, &[]);
    let token = reply.header(HEADER).expect("a write carries a token");
    assert_eq!(reply.json()["extensions"]["consistency"]["token"], *token);
    assert!(reply.header("set-cookie").is_none(), "nobody asked for one");
    let read = count(phr, &[(HEADER, token)]);
    assert_eq!((read.status, &read.json()["data"]["patientRegisters"]["totalCount"]), (200, &json!(1)));
    assert!(read.header(HEADER).is_none());
    assert!(read.json()["extensions"]["consistency"]["token"].is_null());
    for consistency in ["strong", "session", "eventual"] {
        assert_eq!(count(phr, &[(HEADER, token), ("x-consistency", consistency)]).status, 200, "{consistency}");
    }
    // A batch has one answer, and the last write's token.
    let one = json!({"query": CREATE, "variables": {"input": jane()}});
    let batch = phr.post(&json!([one, one, {"query": COUNT}]).to_string());
    assert_eq!(batch.header(HEADER), batch.json()[1]["extensions"]["consistency"]["token"].as_str());
    assert_ne!(batch.header(HEADER), Some(token));
}

fn a_token_that_this_database_did_not_make_is_refused(phr: &Phr) {
    let token = written(phr);
    let mut wrong: Vec<String> = (0..token.len()).map(|length| token[..length].to_owned()).collect();
    for at in 0..token.len() {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        wrong.push(format!("{}{other}{}", &token[..at], &token[at + 1..]));
    }
    wrong.extend([format!("{token}A"), format!("{token}="), token.repeat(2), "%00".to_owned(), "A".repeat(4000)]);
    let other = Phr::start(phr.backend());
    wrong.push(written(&other));
    for token in &wrong {
        assert_eq!(refusal(&count(phr, &[(HEADER, token)])), bad(), "{token}");
    }
    let before = count(phr, &[]).json()["data"].clone();
    let mutation = post(phr, phr.token(), CREATE, &json!({"input": jane()}), &[(HEADER, &wrong[40])]);
    assert_eq!(refusal(&mutation), bad());
    assert_eq!(count(phr, &[]).json()["data"], before, "nothing was written");
    assert_eq!(count(phr, &[(HEADER, &token)]).status, 200);
}

fn a_token_outlives_its_key_unless_that_is_revoked(phr: &Phr) {
    let url = phr.database.url();
    let rotate = |arguments: &[&str]| {
        let arguments = [&["key", "rotate"], arguments].concat();
        let done = support::phr(phr.database.folder(), &arguments, &[("DATABASE_URL", url.as_str())]);
        assert!(done.succeeded(), "{done:?}");
    };
    let first = written(phr);
    rotate(&[]);
    let second = eventually("the new key vouches", || {
        let token = written(phr);
        // What a key vouches for begins with its name.
        (token[..20] != first[..20]).then_some(token)
    });
    for token in [&first, &second] {
        assert_eq!(count(phr, &[(HEADER, token)]).status, 200);
    }
    rotate(&["--revoke"]);
    let bearer = phr.token_for(&[]);
    eventually("what the old keys vouched for is good no longer", || {
        let reply = post(phr, &bearer, COUNT, &json!({}), &[(HEADER, &second)]);
        (reply.status == 400).then(|| assert_eq!(refusal(&reply), bad()))
    });
}

fn a_browser_that_asks_for_a_cookie_gets_one(phr: &Phr) {
    let reply = create(phr, &[("x-consistency-cookie", "1")]);
    let token = reply.header(HEADER).expect("a write carries a token");
    let wanted = format!("phr-consistency={token}; Path=/graphql; HttpOnly; SameSite=Strict");
    assert_eq!(reply.header("set-cookie"), Some(wanted.as_str()));
    let cookie = format!("theme=dark; phr-consistency={token}");
    let read = count(phr, &[("cookie", &cookie)]);
    assert_eq!((read.status, read.header("set-cookie")), (200, None));
    let next = create(phr, &[("cookie", &cookie)]);
    let newer = next.header(HEADER).expect("a write carries a token");
    assert_ne!(newer, token);
    assert!(next.header("set-cookie").is_some_and(|set| set.starts_with(&format!("phr-consistency={newer};"))));
    // The page cannot take it back, so the server does.
    let refused = count(phr, &[("cookie", "phr-consistency=nonsense")]);
    assert_eq!(refusal(&refused), bad());
    let gone = "phr-consistency=; Path=/graphql; HttpOnly; SameSite=Strict; Max-Age=0";
    assert_eq!(refused.header("set-cookie"), Some(gone));
    assert_eq!(count(phr, &[("cookie", "phr-consistency=nonsense"), (HEADER, token)]).status, 200);
    assert_eq!(refusal(&count(phr, &[("x-consistency-cookie", "yes")])), bad());
}

#[test]
fn a_write_that_an_older_copy_of_the_file_lacks_is_known_to_be_lost() {
    let database = std::sync::Arc::new(Database::new(Backend::Sqlite));
    let serve = || Phr::serve(std::sync::Arc::clone(&database), &[], &[]);
    let phr = serve();
    let kept = written(&phr);
    let copy = database.folder().join("copy");
    database.sql().run(&format!("VACUUM INTO '{}'", copy.display()));
    let lost = written(&phr);
    assert_eq!(count(&phr, &[(HEADER, &lost)]).status, 200);
    drop(phr);
    let file = database.file();
    for end in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{}{end}", file.display())).ok();
    }
    std::fs::rename(copy, file).expect("a folder of ours can be written");
    let phr = serve();
    let cookie = format!("phr-consistency={lost}");
    let refused = count(&phr, &[("cookie", &cookie)]);
    assert_eq!(refusal(&refused), (400, json!("CONSISTENCY_UNAVAILABLE"), json!(false)));
    assert!(refused.header("set-cookie").is_some_and(|set| set.ends_with("Max-Age=0")));
    assert_eq!(count(&phr, &[(HEADER, &kept)]).json()["data"]["patientRegisters"]["totalCount"], 1);
}
