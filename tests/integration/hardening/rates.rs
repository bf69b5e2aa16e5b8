//! How often a caller may ask, and for how much.

use serde_json::{Value, json};
use support::{Backend, Database, Phr, Reply, eventually, phr};

use super::HEALTH;

fn post(phr: &Phr, query: &str) -> Reply {
    phr.post(&json!({ "query": query }).to_string())
}

/// What a caller is told who has asked too often.
fn limited(reply: &Reply) {
    assert_eq!(reply.status, 429, "{}", reply.body);
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let error = &reply.json()["errors"][0];
    assert_eq!(error["extensions"]["code"], "RATE_LIMITED", "{error}");
    assert_eq!(error["extensions"]["retryable"], true, "{error}");
    assert!(error["message"].as_str().unwrap().contains(&format!("again in {seconds} s")), "{error}");
}

#[test]
fn a_burst_beyond_the_quota_is_told_when_to_come_again() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_RATE_REQUESTS", "30")]);
    let replies: Vec<Reply> = (0..50).map(|_| post(&phr, HEALTH)).collect();
    let served = replies.iter().filter(|reply| reply.status == 200).count();
    assert!((30..50).contains(&served), "{served} were served");
    let last = replies.last().unwrap();
    limited(last);
    // A flood is refused before its bodies are read, whatever they hold.
    limited(&phr.post(&"x".repeat(500_000)));
    for path in ["/healthz/live", "/healthz/ready"] {
        assert_eq!(phr.http("GET", path, &[], b"").status, 200, "{path}");
    }
    eventually("the caller may ask again", || (post(&phr, HEALTH).status == 200).then_some(()));
}

#[test]
fn each_request_of_a_batch_counts() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_RATE_REQUESTS", "12")]);
    let batch = |size: usize| phr.post(&Value::from(vec![json!({ "query": HEALTH }); size]).to_string());
    assert_eq!(batch(10).status, 200);
    limited(&batch(10));
    assert_eq!(post(&phr, HEALTH).status, 200, "the refused batch took no more than its first request");
}

#[test]
fn attempts_to_sign_in_are_counted_one_by_one_whoever_makes_them() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_RATE_ANONYMOUS", "5")]);
    let attempt = "login(input: {username: \"ada\", password: \"x\"}) { session { expiresAt } }";
    let attempts: Vec<String> = (0..60).map(|number| format!("a{number}: {attempt} ")).collect();
    let body = json!({"query": format!("mutation {{ {} }}", attempts.concat())}).to_string();
    let json = [("content-type", "application/json")];
    let as_nobody = |body: &str| phr.http_as_nobody("POST", "/graphql", &json, body.as_bytes());
    let response = as_nobody(&body).json();
    let codes: Vec<_> =
        response["errors"].as_array().unwrap().iter().map(|error| &error["extensions"]["code"]).collect();
    assert_eq!(codes.len(), 60, "{response}");
    let judged = codes.iter().filter(|code| **code == "INVALID_CREDENTIALS" || **code == "LOCKED_OUT").count();
    assert!((5..30).contains(&judged), "{judged} passwords were judged");
    assert!(
        codes
            .iter()
            .all(|code| ["INVALID_CREDENTIALS", "LOCKED_OUT", "RATE_LIMITED"].iter().any(|known| *code == known)),
        "{codes:?}"
    );
    // A session makes no difference.
    for attempt in [
        "login(input: {username: \"ada\", password: \"x\"}) { session { expiresAt } }",
        "refreshSession(input: {refreshToken: \"x\"}) { session { expiresAt } }",
    ] {
        let error = &phr.response(&format!("mutation {{ {attempt} }}"), &json!({}))["errors"][0];
        assert_eq!(error["extensions"]["code"], "RATE_LIMITED", "{attempt}: {error}");
        assert_eq!(error["extensions"]["retryable"], true, "{attempt}: {error}");
    }
    assert_eq!(post(&phr, HEALTH).status, 200);
    let health = json!({ "query": HEALTH }).to_string();
    let replies: Vec<Reply> = (0..20).map(|_| as_nobody(&health)).collect();
    limited(replies.iter().find(|reply| reply.status != 200).expect("requests of nobody have a quota of their own"));
    assert_eq!(replies[0].status, 200, "{}", replies[0].body);
}

#[test]
fn requests_of_nobody_do_not_keep_an_address_from_signing_in() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_RATE_ANONYMOUS", "5")]);
    let json = [("content-type", "application/json")];
    let as_nobody = |body: &Value| phr.http_as_nobody("POST", "/graphql", &json, body.to_string().as_bytes());
    let health = json!({ "query": HEALTH });
    let refused = (0..30).map(|_| as_nobody(&health)).find(|reply| reply.status != 200).expect("a quota");
    limited(&refused);
    let login = "mutation { login(input: {username: \"ada\", password: \"x\"}) { session { expiresAt } } }";
    let judged = as_nobody(&json!({ "query": login })).json();
    assert_eq!(judged["errors"][0]["extensions"]["code"], "INVALID_CREDENTIALS", "{judged}");
    let both = login.replace("mutation {", "mutation { logout { endedSessions }");
    let padded = format!("{login}{}", " ".repeat(20_000));
    for other in [json!({ "query": both }), json!({ "query": padded }), json!([{ "query": login }]), health] {
        limited(&as_nobody(&other));
    }
}

#[test]
fn cost_is_limited_too() {
    let settings = [("PHR_RATE_COST", "5000"), ("PHR_MAX_COMPLEXITY", "5000"), ("PHR_RATE_REQUESTS", "0")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let dear = "{ patientRegisters(first: 1000) { nodes { uuid lastName firstName } } }";
    assert_eq!(post(&phr, dear).status, 200);
    limited(&post(&phr, dear));
    assert_eq!(post(&phr, HEALTH).status, 200, "what costs little can still be asked");
    let answers = phr.post(&json!([{ "query": HEALTH }, { "query": dear }]).to_string()).json();
    assert_eq!(answers[0]["data"]["health"]["status"], "UP");
    assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}

#[test]
fn a_quota_that_one_request_may_exceed_is_refused_by_name() {
    let database = Database::bare(Backend::Sqlite);
    let refused = phr(database.folder(), &["serve"], &[("PHR_RATE_COST", "99999")]);
    assert!(!refused.succeeded() && refused.stderr.contains("rates.cost"), "{refused:?}");
}

#[test]
fn quotas_can_be_switched_off() {
    let settings = [("PHR_RATE_REQUESTS", "0"), ("PHR_RATE_COST", "0"), ("PHR_RATE_ANONYMOUS", "0")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    assert!((0..400).all(|_| post(&phr, HEALTH).status == 200));
}
