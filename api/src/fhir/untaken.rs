use serde_ignored::Path;

use super::r4::Extension;

/// Elements that are named of one resource at most.
const MAX_NAMES: usize = 50;

/// What a resource is called, how it is shown and where it was: nothing of what it says.
const ENVELOPE: [&str; 6] = ["resourceType", "id", "meta", "implicitRules", "language", "text"];

/// The elements that a resource has and records have no place for, each once, by their paths without indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Untaken(Vec<String>);

impl Untaken {
    /// An element that a mapping knows, and does not keep, or not all of it.
    pub(super) fn add(&mut self, name: &str) {
        let name = if self.0.len() == MAX_NAMES - 1 { "others" } else { name };
        if self.0.len() < MAX_NAMES && !self.0.iter().any(|known| known == name) {
            self.0.push(name.to_owned());
        }
    }

    /// The same, where it is so.
    pub(super) fn add_if(&mut self, is_told: bool, name: &str) {
        if is_told {
            self.add(name);
        }
    }

    /// An element that no mapping reads.
    pub(super) fn pass(&mut self, path: &Path<'_>) {
        let mut keys = Vec::new();
        let mut rest = path;
        loop {
            match rest {
                Path::Root => break,
                Path::Map { parent, key } => {
                    keys.push(key.as_str());
                    rest = parent;
                }
                Path::Seq { parent, .. }
                | Path::Some { parent }
                | Path::NewtypeStruct { parent }
                | Path::NewtypeVariant { parent } => rest = parent,
            }
        }
        let [last, above @ ..] = keys.as_slice() else { return };
        // Extensions are named by what they are; ids of elements, and types of contained resources, say nothing.
        let says_nothing = matches!(*last, "id" | "resourceType") || (above.is_empty() && ENVELOPE.contains(last));
        if says_nothing || above.contains(&"extension") {
            return;
        }
        let names: Vec<&str> = keys.iter().rev().map(|key| if is_name(key) { key } else { "?" }).collect();
        self.add(&names.join("."));
    }

    /// Those of an element's extensions that are not among these.
    pub(super) fn extensions(&mut self, element: &str, extensions: &[Extension], taken: &[&str]) {
        for extension in extensions.iter().filter(|extension| !taken.contains(&extension.url.as_str())) {
            let name = extension.url.rsplit('/').next().filter(|name| is_last_part(name)).unwrap_or("?");
            self.add(&format!("{element}({name})"));
        }
    }

    pub(super) fn names(self) -> Vec<String> {
        self.0
    }
}

/// Elements are named by letters and digits; anything else may be somebody's data.
fn is_name(text: &str) -> bool {
    let text = text.strip_prefix('_').unwrap_or(text);
    (1..=64).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_alphanumeric())
}

fn is_last_part(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
}
