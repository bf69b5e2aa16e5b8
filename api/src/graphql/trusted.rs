use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_graphql::parser::parse_query;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

use super::limits::Limits;
use super::request::decode;

/// The only documents that are run, by the SHA-256 of their text.
#[derive(Debug)]
pub struct Trusted(HashMap<[u8; 32], Arc<str>>);

impl Trusted {
    /// Reads a JSON object of documents by their SHA-256 in hexadecimal, as graphql-codegen's client preset
    /// (`persistedDocuments: true`, with `sha256:` before each hash) and Relay's compiler (`persistConfig: {algorithm:
    /// 'SHA256'}`, without) write it.
    ///
    /// # Errors
    /// For people: the first entry that is wrong.
    pub fn parse(json: &str, limits: &Limits) -> Result<Self, String> {
        let entries: BTreeMap<String, String> = serde_json::from_str(json)
            .map_err(|error| format!("no JSON object of documents by their SHA-256: {error}"))?;
        if entries.is_empty() {
            return Err("it holds no document".to_owned());
        }
        let mut documents = HashMap::with_capacity(entries.len());
        for (id, text) in entries {
            let hash = decode(&id).filter(|hash| Sha256::digest(&text)[..] == *hash);
            let advice = "set algorithm: 'SHA256' for Relay, hashAlgorithm: 'sha256' for graphql-codegen";
            let hash =
                hash.ok_or_else(|| format!("the entry {id} is not named by its document's SHA-256: {advice}"))?;
            limits.check_text(&text).map_err(|error| format!("the document {id} is beyond the limits: {error}"))?;
            parse_query(&text).map_err(|error| format!("the document {id} is not GraphQL: {error}"))?;
            documents.insert(hash, Arc::from(text));
        }
        Ok(Self(documents))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The document that a request names by its text, by its hash, or by both.
    ///
    /// # Errors
    /// `Untrusted` when it is none of these; `BadRequest` when text and hash differ.
    pub(super) fn text(&self, query: Option<&str>, hash: Option<[u8; 32]>) -> Result<Arc<str>> {
        let of_text = query.map(|query| Sha256::digest(query).into());
        if let (Some(of_text), Some(hash)) = (of_text, hash)
            && of_text != hash
        {
            return Err(Error::BadRequest("the hash is not the one of the query".to_owned()));
        }
        let known = of_text.or(hash).and_then(|hash| self.0.get(&hash));
        known.cloned().ok_or(Error::Untrusted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_refused_by_its_entry() {
        let hash = |text: &str| {
            let bytes: Vec<String> = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
            bytes.concat()
        };
        let limits = Limits {
            max_depth: 9,
            max_complexity: 9,
            max_aliases: 9,
            max_directives: 9,
            max_tokens: 9,
            max_document: 99,
        };
        let refused = |json: serde_json::Value| Trusted::parse(&json.to_string(), &limits).unwrap_err();
        let good = "query A { __typename }";
        assert_eq!(Trusted::parse(&serde_json::json!({hash(good): good}).to_string(), &limits).unwrap().count(), 1);
        assert!(Trusted::parse("{", &limits).unwrap_err().contains("no JSON object"));
        assert!(refused(serde_json::json!({})).contains("no document"));
        assert!(refused(serde_json::json!([good])).contains("no JSON object"));
        assert!(refused(serde_json::json!({hash(good): 7})).contains("no JSON object"));
        let prefixed = serde_json::json!({format!("sha256:{}", hash(good)): good});
        assert_eq!(Trusted::parse(&prefixed.to_string(), &limits).unwrap().count(), 1);
        let other = hash("another");
        assert!(refused(serde_json::json!({&other: good})).contains(&other));
        assert!(refused(serde_json::json!({"d41d8cd98f00b204e9800998ecf8427e": good})).contains("SHA-256"));
        assert!(refused(serde_json::json!({hash("query {"): "query {"})).contains("not GraphQL"));
        let long = "{ a b c d e f g h }";
        assert!(refused(serde_json::json!({hash(long): long})).contains("beyond the limits"));
    }
}
