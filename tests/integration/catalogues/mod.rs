//! Catalogues: what they hold, how they are read, and who changes them.

mod entries;
mod hierarchies;
mod nested;
mod references;
mod writes;

use serde_json::{Value, json};
use support::Phr;

/// The key of the entry of a catalogue with this code.
pub(crate) fn entry(phr: &Phr, catalogue: &str, code: &str) -> Value {
    let field = if catalogue == "countries" { "alpha2" } else { "code" };
    let query = format!(
        "query($code: String!) {{ {catalogue}(filter: {{{field}: {{equal: $code}}}}) {{ nodes {{ uuid }} }} }}"
    );
    let mut data = phr.ask(&query, &json!({ "code": code }));
    let nodes = data[catalogue]["nodes"].as_array_mut().unwrap();
    assert_eq!(nodes.len(), 1, "{catalogue} {code}");
    nodes[0]["uuid"].take()
}

/// One text of each of a list's nodes.
pub(crate) fn texts(list: &Value, field: &str) -> Vec<String> {
    list["nodes"].as_array().unwrap().iter().map(|node| node[field].as_str().unwrap().to_owned()).collect()
}
