//! The GraphiQL page at `/`.
//!
//! `build.rs` builds the npm project in `api/playground` and this file embeds what came out, so that the page needs
//! no network beyond this server. Where npm was missing at build time, [`page`] serves `playground/fallback` instead:
//! a page that loads pinned, integrity-checked files from a CDN, and says so.
//!
//! Assets are kept gzipped (2 MB instead of 7) and are sent that way to every client: whatever can run GraphiQL can
//! unpack gzip. Their names carry a hash of their content, hence the immutable caching.

use std::borrow::Cow;

use rust_embed::Embed;
use serde::Serialize;

/// What the embedded page may do: load from this server, and nothing else. Monaco, the editor, styles itself inline.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the fallback page may do: the same, plus exactly the CDN's files that it names.
pub const FALLBACK_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' \
    https://cdn.jsdelivr.net/npm/react@18.3.1/umd/react.production.min.js \
    https://cdn.jsdelivr.net/npm/react-dom@18.3.1/umd/react-dom.production.min.js \
    https://cdn.jsdelivr.net/npm/graphiql@4.1.2/graphiql.min.js; \
    style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net/npm/graphiql@4.1.2/graphiql.min.css; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const REVALIDATE: &str = "no-cache";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

#[derive(Embed)]
#[folder = "$OUT_DIR/playground"]
#[allow_missing = true]
struct Built;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/playground/examples"]
struct Examples;

/// The sources that both pages use as they are.
#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/playground/src"]
struct Shared;

/// One file of the page, with all that its response needs.
#[derive(Debug)]
pub struct Asset {
    /// The body, encoded as `content_encoding` says.
    pub body: Cow<'static, [u8]>,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Value of `Content-Encoding`, where the body is encoded.
    pub content_encoding: Option<&'static str>,
    /// Value of `Cache-Control`.
    pub cache_control: &'static str,
    /// Value of `Content-Security-Policy`; workers obey the one that they are served with, so every file carries it.
    pub content_security_policy: &'static str,
}

/// An operation that a first visit finds in a tab of its own.
#[derive(Debug, Serialize)]
pub struct Example {
    /// The file's name without its ending, such as `2-criteria`.
    pub name: String,
    /// The GraphQL document.
    pub query: String,
    /// Its variables, as JSON text.
    pub variables: Option<String>,
    /// Its request headers, as JSON text.
    pub headers: Option<String>,
}

/// Whether GraphiQL is embedded in this binary; if not, the page loads it from a CDN.
#[must_use]
pub fn is_embedded() -> bool {
    Built::get("index.html").is_some()
}

/// The file at `path` as it stands in the URL: `/` for the page itself, `/playground/...` for what it loads.
#[must_use]
pub fn page(path: &str) -> Option<Asset> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if is_embedded() { embedded(path) } else { fallback(path) }
}

/// The example operations, in the order of their tabs.
#[must_use]
pub fn examples() -> Vec<Example> {
    let text = |file: &str| Examples::get(file).map(|found| String::from_utf8_lossy(&found.data).into_owned());
    let mut examples: Vec<Example> = Examples::iter()
        .filter_map(|file| {
            let name = file.strip_suffix(".graphql")?;
            Some(Example {
                query: text(&file)?,
                variables: text(&format!("{name}.json")),
                headers: text(&format!("{name}.headers.json")),
                name: name.to_owned(),
            })
        })
        .collect();
    examples.sort_by(|a, b| a.name.cmp(&b.name));
    examples
}

fn embedded(path: &str) -> Option<Asset> {
    if path.is_empty() {
        return Some(asset("index.html", Built::get("index.html")?.data, None, REVALIDATE));
    }
    let file = Built::get(&format!("{path}.gz"))?;
    let hashed = path != "playground/licenses.txt";
    Some(asset(path, file.data, Some("gzip"), if hashed { IMMUTABLE } else { REVALIDATE }))
}

fn fallback(path: &str) -> Option<Asset> {
    let (name, body) = match path {
        "" => ("index.html", Cow::Borrowed(&include_bytes!("../playground/fallback/index.html")[..])),
        "playground/fallback.js" => (path, Cow::Borrowed(&include_bytes!("../playground/fallback/fallback.js")[..])),
        "playground/examples.json" => (path, Cow::Owned(serde_json::to_vec(&examples()).ok()?)),
        _ => (path, Shared::get(path.strip_prefix("playground/")?)?.data),
    };
    Some(Asset { content_security_policy: FALLBACK_CONTENT_SECURITY_POLICY, ..asset(name, body, None, REVALIDATE) })
}

fn asset(
    name: &str,
    body: Cow<'static, [u8]>,
    content_encoding: Option<&'static str>,
    cache_control: &'static str,
) -> Asset {
    let content_type = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        Some("ttf") => "font/ttf",
        _ => "application/octet-stream",
    };
    Asset { body, content_type, content_encoding, cache_control, content_security_policy: CONTENT_SECURITY_POLICY }
}
