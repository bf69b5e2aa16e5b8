//! Measures whether refused logins tell by the time they take why they were refused; see `tests/logins`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Backend, Phr};

const PASSWORD: &str = "correct horse battery";

/// A server's own steps: an answer comes at a full one.
const STEP: Duration = Duration::from_millis(250);

/// Attempts that are all refused, by what is wrong with them, with the codes of their refusals.
const ATTEMPTS: [(&str, &str, &str, Option<&str>, &str); 9] = [
    ("wrong password", "ada", "wrong", None, "INVALID_CREDENTIALS"),
    ("unknown user", "nobody", PASSWORD, None, "INVALID_CREDENTIALS"),
    ("no password yet", "new", PASSWORD, None, "INVALID_CREDENTIALS"),
    ("locked out, wrong password", "locked", "wrong", None, "LOCKED_OUT"),
    ("locked out, right password", "locked", PASSWORD, None, "LOCKED_OUT"),
    ("not active, wrong password", "off", "wrong", None, "INVALID_CREDENTIALS"),
    ("not active, right password", "off", PASSWORD, None, "INVALID_CREDENTIALS"),
    ("second factor, wrong password", "two", "wrong", None, "INVALID_CREDENTIALS"),
    ("second factor, wrong code", "two", PASSWORD, Some("000000"), "SECOND_FACTOR_INVALID"),
];

/// How many failures lock a name out.
const LIMIT: usize = 5;

fn main() {
    let times: usize = std::env::args().nth(1).and_then(|times| times.parse().ok()).unwrap_or(200);
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let phr = scene(backend);
        println!("{backend:?}, {times} attempts of each, one after the other in turn; ms from sending to the answer");
        println!(
            "{:<30} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>8}",
            "", "min", "median", "p90", "p99", "max", "1 step", "slower"
        );
        let seen = measure(&phr, times);
        for ((what, ..), one) in ATTEMPTS.iter().zip(&seen) {
            println!("{}", line(what, one, &seen[0]));
        }
    }
    println!(
        "1 step: the part of answers that came within {} ms and a half. slower: how probable it is that such an attempt \
         takes longer than one with a wrong password, 0.5 when nothing can be told; {:.2} more or less is chance",
        STEP.as_millis(),
        2.0 * (1.0 / 6.0 / f64::from(u32::try_from(times).unwrap_or(1))).sqrt(),
    );
}

/// A server with a user of each kind.
fn scene(backend: Backend) -> Phr {
    let limit = LIMIT.to_string();
    let settings = [
        ("PHR_RATE_ANONYMOUS", "0"),
        ("PHR_LOCKOUT_FAILURES", limit.as_str()),
        ("PHR_LOCKOUT_SECONDS", "86400"),
        ("LOG_LEVEL", "error"),
    ];
    let phr = Phr::with(backend, &settings);
    for name in ["ada", "new", "locked", "off", "two"] {
        let input = json!({"kind": "CMS", "username": name, "roleId": "00000000-0000-4000-8001-000000000006"});
        let user = "mutation($input: CreateUserInput!) { createUser(input: $input) { user { uuid } } }";
        let uuid = phr.ask(user, &json!({ "input": input }))["createUser"]["user"]["uuid"].take();
        if name == "new" {
            continue;
        }
        let token = "mutation($input: CreateOneTimeTokenInput!) { createOneTimeToken(input: $input) {
            oneTimeToken { token } } }";
        let token = phr.ask(token, &json!({"input": {"userUuid": uuid}}))["createOneTimeToken"]["oneTimeToken"].take();
        let session = login(&phr, &json!({"username": name, "oneTimeToken": token["token"], "newPassword": PASSWORD}));
        let access = session["data"]["login"]["session"]["accessToken"].as_str().expect("a session").to_owned();
        let key = phr.database.key(uuid.as_str().expect("a key"));
        let mut sql = phr.database.sql();
        match name {
            "locked" => (0..LIMIT).for_each(|_| drop(login(&phr, &json!({"username": name, "password": "wrong"})))),
            "off" => sql.run(&format!("UPDATE users SET is_active = false WHERE uuid = {key}")),
            "two" => {
                phr.response_to(&access, "mutation { enrolSecondFactor { enrolment { secret } } }", &json!({}));
                let confirmed = "UPDATE user_secrets SET totp_confirmed_at = '2026-01-01T00:00:00.000000+00:00'";
                sql.run(&format!("{confirmed} WHERE user_id = {key}"));
            }
            _ => {}
        }
    }
    phr
}

fn login(phr: &Phr, input: &Value) -> Value {
    let query = "mutation($input: LoginInput!) { login(input: $input) { session { accessToken }
        userErrors { code path } } }";
    phr.response_to("", query, &json!({ "input": input }))
}

/// How long each attempt took, in order of their lengths. They take turns, so that whatever else the machine does befalls
/// all alike.
fn measure(phr: &Phr, times: usize) -> Vec<Vec<Duration>> {
    let mut seen = vec![Vec::with_capacity(times); ATTEMPTS.len()];
    // All but the failures of the name that is locked out are forgotten again.
    let forget = format!(
        "DELETE FROM login_failures WHERE name_code NOT IN
         (SELECT name_code FROM login_failures GROUP BY name_code HAVING count(*) >= {LIMIT})"
    );
    let mut sql = phr.database.sql();
    for turn in 0..times {
        for at in 0..ATTEMPTS.len() {
            let at = (at + turn) % ATTEMPTS.len();
            let (what, name, password, code, refusal) = ATTEMPTS[at];
            sql.run(&forget);
            let input = json!({"username": name, "password": password, "oneTimeCode": code});
            let began = Instant::now();
            let response = login(phr, &input);
            seen[at].push(began.elapsed());
            assert_eq!(response["errors"][0]["extensions"]["code"], refusal, "{what}: {response}");
        }
    }
    for one in &mut seen {
        one.sort_unstable();
    }
    seen
}

fn line(what: &str, one: &[Duration], usual: &[Duration]) -> String {
    let at = |percent: usize| one[(one.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    let within = one.iter().filter(|took| **took < STEP * 3 / 2).count();
    format!(
        "{what:<30} {:>7.1} {:>7.1} {:>7.1} {:>7.1} {:>7.1} {:>6.0}% {:>8.2}",
        at(0),
        at(50),
        at(90),
        at(99),
        at(100),
        share(within, one.len()) * 100.0,
        slower(one, usual)
    )
}

/// The probability that one of these is longer than a usual one (Mann and Whitney's U, as a part of all pairs).
fn slower(these: &[Duration], usual: &[Duration]) -> f64 {
    let doubled =
        |one: &Duration| usual.partition_point(|other| other < one) + usual.partition_point(|other| other <= one);
    share(these.iter().map(doubled).sum(), 2 * these.len() * usual.len())
}

#[expect(clippy::cast_precision_loss, reason = "counts of attempts are small")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
