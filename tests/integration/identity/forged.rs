//! Tokens by somebody who has no key, or another one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};

use super::forger::{Forger, Key, decode, encode, hs256};

/// What a token is, and the token.
pub(super) type Attack = (String, String);

/// The order of Ed25519's group, the lowest byte first (RFC 8032, section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Without a signature, by whatever name.
pub(super) fn unsigned(forger: &Forger) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for name in ["none", "None", "NONE", "nOnE", " none", "none\u{0}", "", "null", "NULL", "HS0"] {
        let header = forger.header_with("alg", name);
        attacks.push((format!("alg {name:?}, no signature"), forger.otherwise(&header, |_| Vec::new())));
        attacks.push((format!("alg {name:?}, rightly signed"), forger.headed(&header)));
    }
    attacks.push(("no alg".into(), forger.headed(&super::forger::without(&forger.header, "alg"))));
    for odd in [json!(["EdDSA"]), json!(1), json!(null), json!(true), json!({"name": "EdDSA"})] {
        attacks.push((format!("alg {odd}"), forger.headed(&forger.header_with("alg", odd))));
    }
    let header = json!({"alg": "none", "typ": "JWT"});
    attacks.push(("the classic".into(), forger.otherwise(&header, |_| Vec::new())));
    attacks
}

/// Signed with what is published, as if it were a shared secret.
pub(super) fn confused(forger: &Forger, published: &Value) -> Vec<Attack> {
    let mut secrets = vec![("its JWK", published.to_string().into_bytes()), ("nothing", Vec::new())];
    for name in ["x", "n", "e"] {
        if let Some(text) = published[name].as_str() {
            secrets.extend([("a number of it", decode(text)), ("the text of a number", text.as_bytes().to_vec())]);
        }
    }
    let ders = match &forger.key {
        Key::Rs256(key) => {
            let public = key.to_public_key();
            let spki = public.to_public_key_der().expect("DER").into_vec();
            vec![("PUBLIC KEY", spki), ("RSA PUBLIC KEY", public.to_pkcs1_der().expect("DER").into_vec())]
        }
        Key::EdDsa(key) => {
            // RFC 8410, section 4.
            let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
            vec![("PUBLIC KEY", [&prefix[..], key.verifying_key().as_bytes()].concat())]
        }
        Key::Hs256(_) => Vec::new(),
    };
    for (label, der) in ders {
        for end in ["", "\n"] {
            secrets.push((label, pem(label, &der, end)));
        }
        secrets.push(("DER", der));
    }
    let mut attacks = Vec::new();
    for (what, secret) in secrets {
        for algorithm in ["HS256", "HS512"] {
            let header = forger.header_with("alg", algorithm);
            let name = format!("{algorithm} with {what} of the public key, {} bytes", secret.len());
            attacks.push((name, forger.otherwise(&header, |text| hs256(&secret, text))));
        }
    }
    attacks
}

fn pem(label: &str, der: &[u8], end: &str) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----{end}", lines.join("\n")).into_bytes()
}

/// Rightly signed, and said to be signed in another way.
pub(super) fn renamed(forger: &Forger) -> Vec<Attack> {
    let own = forger.header["alg"].as_str().expect("an algorithm");
    let names = [
        "EdDSA",
        "eddsa",
        "EDDSA",
        "Ed25519",
        "Ed448",
        "HS256",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "ES256",
        "ES384",
        "ES256K",
        "dir",
        "A256GCMKW",
    ];
    let others = names.iter().filter(|name| **name != own);
    others.map(|name| (format!("alg {name}"), forger.headed(&forger.header_with("alg", *name)))).collect()
}

/// Signed by a key of the forger's own, which the header brings along or not.
pub(super) fn own_key(forger: &Forger) -> Vec<Attack> {
    let own = SigningKey::from_bytes(&[7; 32]);
    let sign = |text: &str| own.sign(text.as_bytes()).to_bytes().to_vec();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(own.verifying_key().as_bytes())});
    let mut attacks = vec![
        ("another key".to_owned(), forger.otherwise(&forger.header, sign)),
        ("a key brought along".to_owned(), forger.otherwise(&forger.header_with("jwk", jwk), sign)),
    ];
    for name in ["jku", "x5u"] {
        let header = forger.header_with(name, "https://attacker.example/jwks.json");
        attacks.push((format!("a key fetched by {name}"), forger.otherwise(&header, sign)));
    }
    attacks.push((
        "a certificate brought along".into(),
        forger.otherwise(&forger.header_with("x5c", json!([STANDARD.encode([48; 64])])), sign),
    ));
    for secret in [&b""[..], b"\0", b"secret", b"phr", &[0; 32]] {
        let header = forger.header_with("alg", "HS256");
        attacks.push((format!("HS256 with {secret:?}"), forger.otherwise(&header, |text| hs256(secret, text))));
    }
    attacks
}

/// A genuine token, damaged.
pub(super) fn damaged(forger: &Forger) -> Vec<Attack> {
    let genuine = forger.genuine.as_str();
    let parts: Vec<&str> = genuine.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("{genuine}") };
    let whole = |header: &str, claims: &str, signature: &str| format!("{header}.{claims}.{signature}");
    let mut attacks = Vec::new();
    let mut add = |name: &str, token: String| attacks.push((name.to_owned(), token));
    add("nothing", String::new());
    add("dots", "..".into());
    add("a header alone", (*header).into());
    add("no signature", format!("{header}.{claims}"));
    add("an empty signature", whole(header, claims, ""));
    add("a signature of zeros", whole(header, claims, &encode([0; 64])));
    add("a fourth part", format!("{genuine}."));
    add("a fifth part, as an encrypted one has", format!("{header}.{claims}.{signature}.{claims}.{signature}"));
    add("a part before", format!(".{genuine}"));
    add("one character less", genuine[..genuine.len() - 1].into());
    add("half", genuine[..genuine.len() / 2].into());
    add("twice", format!("{genuine}{genuine}"));
    add("two in one", format!("{genuine} {genuine}"));
    add("a comma and another", format!("{genuine}, {genuine}"));
    add("padding", format!("{genuine}=="));
    add("padding within", whole(&format!("{header}="), claims, signature));
    add("a blank within", whole(header, &format!(" {claims}"), signature));
    add("a tab within", whole(header, claims, &format!("\t{signature}")));
    add("a letter of another script", format!("{genuine}\u{435}"));
    add("quotes", format!("\"{genuine}\""));
    add("a percent", genuine.replacen('.', "%2E", 1));
    add("parts exchanged", whole(claims, header, signature));
    add("upper case", genuine.to_uppercase());
    add("bare JSON", forger.claims.to_string());
    add("JSON serialization", json!({"protected": header, "payload": claims, "signature": signature}).to_string());
    add("a refresh token", encode([7; 32]));
    let standard = STANDARD.encode(forger.key.sign(&format!("{header}.{claims}")));
    add("the standard alphabet", whole(header, claims, &standard));
    for bytes in [5_000, 30_000, 1_000_000] {
        add(&format!("{bytes} bytes"), whole(header, claims, &"A".repeat(bytes)));
        add(&format!("{bytes} bytes of claims"), whole(header, &"A".repeat(bytes), signature));
    }
    attacks
}

/// A genuine token with one bit of a part turned, at many places of each.
pub(super) fn flipped(forger: &Forger) -> Vec<Attack> {
    let parts: Vec<&str> = forger.genuine.split('.').collect();
    let mut attacks = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let bytes = decode(part);
        for at in (0..bytes.len()).step_by(bytes.len() / 5).chain([bytes.len() - 1]) {
            let mut other = bytes.clone();
            other[at] ^= 1 << (at % 8);
            let mut turned: Vec<String> = parts.iter().map(ToString::to_string).collect();
            turned[number] = encode(&other);
            attacks.push((format!("part {number}, byte {at} turned"), turned.join(".")));
        }
    }
    attacks
}

/// The right signature of the right text, written in another way.
pub(super) fn rewritten(forger: &Forger) -> Vec<Attack> {
    let (signed, signature) = forger.genuine.rsplit_once('.').expect("three parts");
    let bytes = decode(signature);
    let mut carry = 0;
    let scalar = bytes[32..].iter().zip(ORDER).map(|(own, order)| {
        let sum = u16::from(*own) + u16::from(order) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    let larger: Vec<u8> = bytes[..32].iter().copied().chain(scalar).collect();
    assert_ne!(larger, bytes);
    // The last character of 64 bytes carries four bits that mean nothing.
    let last = signature.chars().last().expect("a signature");
    let unused = char::from(last as u8 + 1);
    let other = forger.claiming(&forger.claims_with("role", "auditor"));
    let (_, others) = other.rsplit_once('.').expect("three parts");
    vec![
        ("the same scalar, larger by the order".into(), format!("{signed}.{}", encode(larger))),
        ("bits that mean nothing".into(), format!("{signed}.{}{unused}", &signature[..signature.len() - 1])),
        ("another token's signature".into(), format!("{signed}.{others}")),
        ("the signature twice".into(), format!("{signed}.{signature}{signature}")),
        ("a signature of the claims alone".into(), {
            let claims = signed.split_once('.').expect("two parts").1;
            format!("{signed}.{}", encode(forger.key.sign(claims)))
        }),
    ]
}
