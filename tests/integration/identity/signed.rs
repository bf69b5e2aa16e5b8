//! Tokens that the right key signed, and that are wrong in one thing alone.

use serde_json::{Value, json};

use super::forged::Attack;
use super::forger::{Forger, encode, without};

/// Headers that no server of ours writes.
pub(super) fn headers(forger: &Forger) -> Vec<Attack> {
    let key = forger.header["kid"].as_str().expect("a key");
    let mut changes = Vec::new();
    for typ in ["JWT", "jwt", "id+jwt", "at+JWT", "AT+JWT", "application/at+jwt", "at", "JOSE", ""] {
        changes.push(("typ", json!(typ)));
    }
    changes.extend([("typ", json!(null)), ("typ", json!(1)), ("typ", json!(["at+jwt"]))]);
    for kid in [
        String::new(),
        "6c1f7d1e-0000-4000-8000-00000000dead".into(),
        key.to_uppercase(),
        key.replace('-', ""),
        format!("{{{key}}}"),
        format!("urn:uuid:{key}"),
        format!(" {key}"),
        format!("{key}\u{0}"),
        format!("../../{key}"),
        "../../../../dev/null".into(),
        "/proc/self/environ".into(),
        format!("{key}' OR '1'='1"),
        format!("{key}'; DROP TABLE signing_keys; --"),
        "00000000-0000-0000-0000-000000000000".into(),
    ] {
        changes.push(("kid", json!(kid)));
    }
    changes.extend([("kid", json!(null)), ("kid", json!(0)), ("kid", json!([key])), ("kid", json!({ "uuid": key }))]);
    let brought = [
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": encode([1; 32])})),
        ("jku", json!("https://attacker.example/")),
        ("x5u", json!("https://attacker.example/")),
        ("x5c", json!([])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("crit", json!(["exp"])),
        ("cty", json!("JWT")),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("epk", json!({})),
        ("url", json!("https://attacker.example/")),
        ("nonce", json!("AAAA")),
        ("exp", json!(9_999_999_999_u64)),
        ("admin", json!(true)),
    ];
    changes.extend(brought);
    let mut attacks: Vec<Attack> = changes
        .into_iter()
        .map(|(name, value)| (format!("header {name} {value}"), forger.headed(&forger.header_with(name, value))))
        .collect();
    for name in ["typ", "kid"] {
        attacks.push((format!("header without {name}"), forger.headed(&without(&forger.header, name))));
    }
    attacks.extend(odd(forger, &forger.header, "header", |forger, text| forger.raw(text, &forger.claims.to_string())));
    attacks
}

/// Claims that no server of ours makes, or that do not hold.
pub(super) fn claims(forger: &Forger) -> Vec<Attack> {
    let now = forger.claims["iat"].as_i64().expect("a time");
    let mut changes = vec![
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("nbf", json!(now + 3600)),
        ("iat", json!(now + 3600)),
    ];
    for name in ["exp", "nbf", "iat"] {
        let odd = [
            json!(null),
            json!((now + 60).to_string()),
            json!(9_999_999_999.5),
            json!(u64::MAX),
            json!(1e300),
            json!([now]),
            json!(true),
        ];
        changes.extend(odd.into_iter().map(|value| (name, value)));
    }
    for name in ["iss", "aud"] {
        let odd = [json!("attacker"), json!("PHR"), json!("phr "), json!(""), json!(null), json!(1)];
        let lists = [json!([]), json!(["phr"]), json!(["attacker", "phr"]), json!({"phr": true})];
        changes.extend(odd.into_iter().chain(lists).map(|value| (name, value)));
    }
    for name in ["sub", "jti", "sid", "institution", "patient", "grant"] {
        changes.extend([(name, json!("nobody")), (name, json!(1)), (name, json!("")), (name, json!(["x"]))]);
    }
    for role in [json!("Administrator"), json!("root"), json!(""), json!("*"), json!(null), json!(["administrator"])] {
        changes.push(("role", role));
    }
    for (name, value) in [
        ("admin", json!(true)),
        ("roles", json!(["administrator"])),
        ("permissions", json!("*")),
        ("scope", json!("openid")),
        ("azp", json!("client")),
        ("cnf", json!({})),
        ("act", json!({"sub": "x"})),
        ("at_hash", json!("AAAA")),
        ("email", json!("a@b.de")),
    ] {
        changes.push((name, value));
    }
    let mut attacks: Vec<Attack> = changes
        .into_iter()
        .map(|(name, value)| (format!("claim {name} {value}"), forger.claiming(&forger.claims_with(name, value))))
        .collect();
    for name in ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "role"] {
        attacks.push((format!("no claim {name}"), forger.claiming(&without(&forger.claims, name))));
    }
    attacks.extend(odd(forger, &forger.claims, "claims", |forger, text| forger.raw(&forger.header.to_string(), text)));
    attacks.push(("a token within a token".into(), forger.raw(&forger.header.to_string(), &forger.genuine)));
    attacks
}

/// Texts in place of a header or of claims that are not quite JSON objects, or say something twice.
fn odd(forger: &Forger, genuine: &Value, part: &str, build: impl Fn(&Forger, &str) -> String) -> Vec<Attack> {
    let text = genuine.to_string();
    let first = genuine.as_object().and_then(|object| object.iter().next()).expect("a member");
    let texts = [
        String::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "1".into(),
        format!("[{text}]"),
        format!("{text}{text}"),
        format!("{{\"{}\":{},{}", first.0, first.1, &text[1..]),
        format!("{{\"{}\":\"x\",{}", first.0, &text[1..]),
        format!("{},\"{}\":{}}}", &text[..text.len() - 1], first.0, first.1),
        format!("{}}}", text.trim_end_matches('}')).replace(':', "="),
        format!("\u{feff}{text}"),
        text[..text.len() - 1].to_owned(),
        text.replace('"', "'"),
    ];
    let texts = texts.iter().enumerate();
    texts.map(|(number, text)| (format!("{part}, odd text {number}"), build(forger, text))).collect()
}
