use std::collections::BTreeMap;

use serde::Serialize;

/// What became of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, async_graphql::Enum)]
#[graphql(name = "ImportStatus")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It is new here.
    Created,
    /// It was here already, with other contents.
    Updated,
    /// It was here already, with the same contents.
    Unchanged,
    /// It is nothing to import; the reason says why.
    Skipped,
    /// It could not be imported; the reason says why.
    Failed,
}

/// What became of one resource, or of a part of the input that holds none. Tells no value of a resource but for the texts
/// that had to be shortened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// What became of it.
    pub status: Status,
    /// The resource's type; none where it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The resource's own id, as the source gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The file; none where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, counting from 1, of input that has a resource in each line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The entry of the bundle, counting from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// Where in the resource, such as `Patient.name[0].family`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Why it was skipped or failed, or what of it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The elements of an imported resource that records have no place for, such as `reaction.note`; at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_place_for: Vec<String>,
    /// Texts of an imported resource that are longer than the records' columns, whole: of each the record has the beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shortened: Vec<Shortened>,
}

/// Text that was longer than what a record can hold.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, async_graphql::SimpleObject)]
#[graphql(name = "ShortenedText")]
pub struct Shortened {
    /// Place in the resource, such as `Patient.name[0].given`.
    pub path: String,
    /// The whole text, of which the record has the beginning.
    pub text: String,
}

impl std::fmt::Debug for Shortened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shortened").field("path", &self.path).finish_non_exhaustive()
    }
}

/// How many resources of which type had which outcome, and why.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    counts: BTreeMap<(String, Status), u64>,
    reasons: BTreeMap<(Status, String), u64>,
    elements: BTreeMap<(String, String), u64>,
}

/// Different reasons that a summary tells apart; all further ones are one.
const MAX_REASONS: usize = 200;

/// Different elements that a summary tells apart; all further ones of a type are one.
const MAX_ELEMENTS: usize = 1000;

impl Summary {
    /// Counts an outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        let resource = outcome.resource_type.clone().unwrap_or_else(|| "(unreadable)".to_owned());
        *self.counts.entry((resource, outcome.status)).or_default() += 1;
        if let Some(reason) = &outcome.reason {
            let place = outcome.path.as_deref().or(outcome.resource_type.as_deref()).unwrap_or("input");
            let mut key = (outcome.status, format!("{}: {reason}", without_indexes(place)));
            if self.reasons.len() >= MAX_REASONS && !self.reasons.contains_key(&key) {
                "other reasons".clone_into(&mut key.1);
            }
            *self.reasons.entry(key).or_default() += 1;
        }
        for element in &outcome.no_place_for {
            let mut key = (outcome.resource_type.clone().unwrap_or_default(), element.clone());
            if self.elements.len() >= MAX_ELEMENTS && !self.elements.contains_key(&key) {
                "others".clone_into(&mut key.1);
            }
            *self.elements.entry(key).or_default() += 1;
        }
    }

    /// How many had this outcome.
    #[must_use]
    pub fn count(&self, status: Status) -> u64 {
        self.counts.iter().filter(|((_, counted), _)| *counted == status).map(|(_, count)| count).sum()
    }

    /// How many of each type had which outcome.
    pub fn by_type(&self) -> impl Iterator<Item = (&str, Status, u64)> {
        self.counts.iter().map(|((resource, status), count)| (resource.as_str(), *status, *count))
    }

    /// How often which reason was given.
    pub fn by_reason(&self) -> impl Iterator<Item = (Status, &str, u64)> {
        self.reasons.iter().map(|((status, reason), count)| (*status, reason.as_str(), *count))
    }

    /// Of how many resources of each type which element has no place here.
    pub fn by_element(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.elements.iter().map(|((resource, element), count)| (resource.as_str(), element.as_str(), *count))
    }
}

/// `Patient.name[1].given` counts with `Patient.name[0].given`.
fn without_indexes(path: &str) -> String {
    let mut inside = false;
    let keep = |letter: &char| {
        inside = (inside || *letter == '[') && *letter != ']';
        !inside && *letter != ']'
    };
    path.chars().filter(keep).collect()
}
