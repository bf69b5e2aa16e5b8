//! Refresh tokens in a cookie that no page can read.

use serde_json::{Value, json};
use support::{Backend, Phr, Reply, on_both_databases, request};

use super::{PASSWORD, faults, is_good, member};

const LOGIN: &str = "mutation($input: LoginInput!) { login(input: $input) {
    session { accessToken refreshToken } userErrors { code path message } } }";
const REFRESH: &str =
    "mutation { refreshSession { session { accessToken refreshToken } userErrors { code path message } } }";
const LOGOUT: &str = "mutation { logout { endedSessions userErrors { code path } } }";

on_both_databases! {
    a_page_goes_on_without_ever_holding_a_refresh_token,
}

/// What a page of `origin` is answered, with the cookies and the access token that are given.
fn page(phr: &Phr, origin: &str, cookie: &str, token: &str, query: &str, variables: &Value) -> Reply {
    let mut headers =
        vec![("content-type", "application/json"), ("accept", "application/graphql-response+json"), ("origin", origin)];
    let bearer = format!("Bearer {token}");
    headers.extend((!token.is_empty()).then_some(("authorization", bearer.as_str())));
    headers.extend((!cookie.is_empty()).then_some(("cookie", cookie)));
    headers.retain(|(name, value)| *name != "origin" || !value.is_empty());
    let body = json!({ "query": query, "variables": variables }).to_string();
    request(phr.address, "POST", "/graphql", &headers, body.as_bytes())
}

fn login(phr: &Phr, origin: &str) -> Reply {
    let input = json!({"username": "ada", "password": PASSWORD, "cookie": true});
    page(phr, origin, "", "", LOGIN, &json!({ "input": input }))
}

/// The cookie that an answer sets, as `name=value`, and its attributes.
fn cookie(reply: &Reply) -> Option<(String, String)> {
    let (pair, attributes) = reply.header("set-cookie")?.split_once("; ")?;
    Some((pair.to_owned(), attributes.to_owned()))
}

/// The access token that an answer tells, together with no refresh token.
fn access(reply: &Reply, mutation: &str) -> String {
    let response = reply.json();
    let session = &response["data"][mutation]["session"];
    assert_eq!(session["refreshToken"], Value::Null, "{response}");
    session["accessToken"].as_str().unwrap_or_else(|| panic!("{response}")).to_owned()
}

fn a_page_goes_on_without_ever_holding_a_refresh_token(phr: &Phr) {
    member(phr, "ada", "staff", &json!({}));
    let own = format!("http://{}", phr.address);
    let refresh = |cookie: &str| page(phr, &own, cookie, "", REFRESH, &json!({}));
    let signed_in = login(phr, &own);
    let (first, attributes) = cookie(&signed_in).unwrap();
    assert!(first.starts_with("phr-refresh=") && first.len() > 40, "{first}");
    let (fixed, age) = attributes.rsplit_once("; Max-Age=").unwrap();
    assert_eq!(fixed, "Path=/; HttpOnly; SameSite=Strict");
    assert!((2_591_000..=2_592_000).contains(&age.parse::<u32>().unwrap()), "{age}");
    assert!(is_good(phr, &access(&signed_in, "login")));
    let next = refresh(&format!("theme=dark; {first}"));
    let token = access(&next, "refreshSession");
    let (second, _) = cookie(&next).unwrap();
    assert!(is_good(phr, &token) && second != first);
    assert_eq!(cookie(&refresh(&first)).unwrap().0, second, "two tabs go on with the same cookie");
    let ended = page(phr, &own, &second, &token, LOGOUT, &json!({}));
    assert_eq!(ended.json()["data"]["logout"]["endedSessions"], 1);
    let forgotten = ("phr-refresh=".to_owned(), "Path=/; HttpOnly; SameSite=Strict; Max-Age=0".to_owned());
    assert_eq!(cookie(&ended), Some(forgotten.clone()));
    let late = refresh(&second);
    assert_eq!(faults(&late.json()), ["SESSION_ENDED"]);
    assert_eq!(cookie(&late), Some(forgotten), "what is of no use is not sent again");
    let none = refresh("");
    assert_eq!((faults(&none.json()), cookie(&none)), (vec!["UNAUTHENTICATED".to_owned()], None));
}

#[test]
fn a_cookie_is_for_pages_that_may_have_one() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_CORS_ORIGINS", "https://clinic.example,http://clinic.example")]);
    member(&phr, "ada", "staff", &json!({}));
    let signed_in = login(&phr, "https://clinic.example");
    let (held, attributes) = cookie(&signed_in).unwrap();
    assert!(
        held.starts_with("__Host-phr-refresh=") && attributes.contains("Path=/; HttpOnly; SameSite=Strict; Secure")
    );
    assert_eq!(signed_in.header("access-control-allow-credentials"), Some("true"));
    let value = held.split_once('=').unwrap().1;
    let local = format!("phr-refresh={value}; {held}");
    // Of another origin, of none, of a page that anybody on the way may have written, and of one that is nowhere.
    for origin in ["https://evil.example", "", "http://clinic.example", "null", "https://clinic.example.evil.example"] {
        let refused = page(&phr, origin, &local, "", REFRESH, &json!({}));
        assert_eq!((faults(&refused.json()), cookie(&refused)), (vec!["UNAUTHENTICATED".to_owned()], None), "{origin}");
        assert_eq!(refused.header("access-control-allow-credentials").is_some(), origin == "http://clinic.example");
        let refused = login(&phr, origin);
        assert_eq!(faults(&refused.json()), ["INVALID_STATE input.cookie"], "{origin}");
        assert_eq!(cookie(&refused), None);
    }
    // What forms can send is no GraphQL, and what is asked by GET changes nothing.
    let headers = [("content-type", "text/plain"), ("origin", "https://clinic.example"), ("cookie", held.as_str())];
    let body = json!({ "query": REFRESH }).to_string();
    assert_eq!(request(phr.address, "POST", "/graphql", &headers, body.as_bytes()).status, 415);
    let encoded = "/graphql?query=mutation%7BrefreshSession%7BuserErrors%7Bcode%7D%7D%7D";
    let accept = ("accept", "application/graphql-response+json");
    assert_eq!(request(phr.address, "GET", encoded, &[headers[1], headers[2], accept], b"").status, 405);
    // All that has left the cookie as it was; and the token may be given by name, which leaves the cookie alone.
    let next = page(&phr, "https://clinic.example", &held, "", REFRESH, &json!({}));
    assert!(is_good(&phr, &access(&next, "refreshSession")));
    let second = cookie(&next).unwrap().0.split_once('=').unwrap().1.to_owned();
    let by_name = super::answer(&phr, "", "refreshSession", super::SESSION, &json!({ "refreshToken": second }));
    assert!(by_name["data"]["refreshSession"]["session"]["refreshToken"].is_string(), "{by_name}");
}

#[test]
fn cookies_can_be_switched_off() {
    let settings = [("PHR_CORS_ORIGINS", "https://clinic.example"), ("PHR_REFRESH_COOKIE", "off")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    member(&phr, "ada", "staff", &json!({}));
    let refused = login(&phr, "https://clinic.example");
    assert_eq!((faults(&refused.json()), cookie(&refused)), (vec!["INVALID_STATE input.cookie".to_owned()], None));
    assert_eq!(refused.header("access-control-allow-credentials"), None);
}
