//! What browsers are told: which pages may call the server, and what its responses are not.

use support::{Backend, Database, Phr, Reply, phr};

use super::HEALTH;

const PAGE: &str = "https://clinic.example";

fn call(phr: &Phr, origin: &str) -> Reply {
    let body = serde_json::json!({ "query": HEALTH }).to_string();
    phr.http("POST", "/graphql", &[("content-type", "application/json"), ("origin", origin)], body.as_bytes())
}

fn preflight(phr: &Phr, origin: &str) -> Reply {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    phr.http("OPTIONS", "/graphql", &asked, b"")
}

fn has_permission(reply: &Reply) -> bool {
    reply.head.lines().any(|line| line.to_ascii_lowercase().starts_with("access-control-"))
}

#[test]
fn no_other_origin_may_call_unless_it_is_named() {
    let phr = Phr::start(Backend::Sqlite);
    for reply in [call(&phr, PAGE), preflight(&phr, PAGE)] {
        assert!(!has_permission(&reply), "{}", reply.head);
    }
    assert_eq!(preflight(&phr, PAGE).status, 405);
}

#[test]
fn a_named_origin_may_call_and_no_other() {
    let settings = [("PHR_CORS_ORIGINS", "https://clinic.example, http://localhost:3000")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    for origin in [PAGE, "http://localhost:3000"] {
        let asked = preflight(&phr, origin);
        assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, Some(origin)), "{}", asked.head);
        assert_eq!(asked.header("access-control-allow-methods"), Some("GET, POST"));
        let headers = asked.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
        let called = call(&phr, origin);
        assert_eq!((called.status, called.header("access-control-allow-origin")), (200, Some(origin)));
    }
    for foreign in ["https://evil.example", "https://clinic.example.evil.example", "http://clinic.example", "null", ""]
    {
        for reply in [call(&phr, foreign), preflight(&phr, foreign)] {
            assert!(!has_permission(&reply), "{foreign}: {}", reply.head);
        }
        assert_eq!(preflight(&phr, foreign).status, 405, "{foreign}");
    }
    for reply in [call(&phr, PAGE), call(&phr, "null"), phr.http("GET", "/healthz/live", &[], b"")] {
        assert!(reply.head.lines().any(|line| line.eq_ignore_ascii_case("vary: origin")), "{}", reply.head);
    }
    // Cookies are for pages that are named, and count for nothing but refreshing their session.
    assert_eq!(call(&phr, PAGE).header("access-control-allow-credentials"), Some("true"));
    for other in [call(&phr, "null"), call(&phr, "https://evil.example")] {
        assert_eq!(other.header("access-control-allow-credentials"), None);
    }
}

/// The names of the headers that a page may send, as the browser is told.
fn allowed(phr: &Phr) -> Vec<String> {
    let asked = preflight(phr, PAGE);
    let headers = asked.header("access-control-allow-headers").unwrap_or_default();
    headers.split(',').map(|name| name.trim().to_owned()).collect()
}

#[test]
fn a_named_origin_may_send_what_clients_and_tracing_add() {
    let settings = [("PHR_CORS_ORIGINS", PAGE)];
    let headers = allowed(&Phr::with(Backend::Sqlite, &settings));
    for name in [
        "authorization",
        "x-consistency-token",
        "apollographql-client-name",
        "apollographql-client-version",
        "apollo-require-preflight",
        "x-apollo-operation-name",
        "traceparent",
        "tracestate",
        "baggage",
        "sentry-trace",
    ] {
        assert!(headers.iter().any(|allowed| allowed == name), "{name}: {headers:?}");
    }
    let own = Phr::with(Backend::Sqlite, &[settings[0], ("PHR_CORS_HEADERS", "X-Clinic, traceparent")]);
    let headers = allowed(&own);
    assert_eq!(headers[headers.len() - 2..], ["x-clinic", "traceparent"]);
    assert!(headers.iter().any(|allowed| allowed == "authorization"), "{headers:?}");
    let called = call(&own, PAGE);
    let exposed = called.header("access-control-expose-headers").unwrap_or_default();
    for name in ["x-request-id", "retry-after", "x-consistency-token"] {
        assert!(exposed.contains(name), "{exposed}");
    }
}

#[test]
fn a_header_that_has_no_name_is_refused_by_it() {
    let database = Database::bare(Backend::Sqlite);
    for wrong in ["*", "x-*", "a header", "x:y", "ü"] {
        let refused = phr(database.folder(), &["serve"], &[("PHR_CORS_HEADERS", &format!("traceparent,{wrong}"))]);
        let named = refused.stderr.contains("cors_headers") && refused.stderr.contains(wrong);
        assert!(!refused.succeeded() && named, "{refused:?}");
    }
}

#[test]
fn an_origin_that_is_none_is_refused_by_name() {
    let database = Database::bare(Backend::Sqlite);
    for wrong in ["*", "clinic.example", "https://clinic.example/", "https://clinic.example/page", "null", "https://*"]
    {
        let refused = phr(database.folder(), &["serve"], &[("PHR_CORS_ORIGINS", &format!("{PAGE},{wrong}"))]);
        let named = refused.stderr.contains("cors_origins") && refused.stderr.contains(wrong);
        assert!(!refused.succeeded() && named, "{refused:?}");
    }
}

#[test]
fn every_response_has_its_security_headers() {
    let phr = Phr::start(Backend::Sqlite);
    let get = |path: &str, headers: &[(&str, &str)]| phr.http("GET", path, headers, b"");
    for reply in [
        call(&phr, PAGE),
        phr.post("nonsense"),
        phr.http("PUT", "/graphql", &[], b""),
        get("/graphql", &[("accept", "text/html")]),
        get("/healthz/live", &[]),
        get("/healthz/ready", &[]),
        get("/nowhere", &[]),
        get("/", &[]),
        phr.http("POST", "/graphql", &[("content-type", "application/json")], &vec![b' '; 2_000_000]),
    ] {
        let header = |name: &str| reply.header(name).unwrap_or_default().to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff", "{}", reply.head);
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(reply.header("strict-transport-security"), None, "the connection is not encrypted");
        let is_page = header("content-type").starts_with("text/html");
        assert_eq!(header("cache-control"), if is_page { "no-cache" } else { "no-store" }, "{}", reply.head);
        assert_eq!(reply.head.to_ascii_lowercase().matches("content-security-policy").count(), 1);
    }
}
