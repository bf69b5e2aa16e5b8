//! What one request may ask for. Measured on every document before any of it runs, and generous to real clients.

use async_graphql::Variables;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;
use serde::Deserialize;

use crate::criteria::{DEFAULT_PER_PAGE, MAX_PER_PAGE};
use crate::error::{Error, Result};
use crate::records::patient_register::MAX_DUPLICATES;

use super::introspection_size::{is_introspection, shown};
use super::scanner::{Scanner, Token};
use super::weights::Scales;

/// What one request may ask for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How deep fields may nest.
    pub max_depth: usize,
    /// How many fields a response may have, lists counted at the size they ask for, and what is dear as so many more.
    pub max_complexity: u64,
    /// How many fields may have an alias.
    pub max_aliases: usize,
    /// How many directives a document may have.
    pub max_directives: usize,
    /// How many names, numbers, texts and signs a document may have.
    pub max_tokens: usize,
    /// How many bytes a document may have.
    pub max_document: usize,
}

/// Fields without fields of their own that hold as much as a page of records.
const DOCUMENTS: &[(&str, u64)] = &[("exportPatientRegister", 1000)];

/// Fields that are lists of texts, which count as a usual one has entries: they cannot be paged.
const TEXT_LISTS: [&str; 5] = ["allergies", "medicalHistory", "currentMedications", "noPlaceFor", "changedFields"];
const USUAL_TEXTS: u64 = 10;

/// Fields with a list that is no connection, and how long that is at most.
const SHORT_LISTS: [(&str, u64); 1] = [("likelyDuplicates", MAX_DUPLICATES as u64)];

/// What a request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) complexity: u64,
    pub(super) depth: usize,
}

/// How deep brackets may nest, in a document and in JSON: whatever walks through them calls itself for each. Variables
/// within a document's values make it twice as deep at most.
pub(super) const MAX_NESTING: usize = 120;

/// How many bytes a name may have: validation compares unknown ones with those that it knows.
const MAX_NAME: usize = 256;

/// How deep fragments may spread each other without a field between them, which the depth of fields does not see.
const MAX_NESTED_FRAGMENTS: usize = 50;

impl Limits {
    /// Looks at the text alone, so that a hostile one is never parsed.
    pub(super) fn check_text(&self, text: &str) -> Result<()> {
        self.check_text_to(text, MAX_NESTING)
    }

    pub(super) fn check_text_to(&self, text: &str, max_nesting: usize) -> Result<()> {
        let limit = |what: String| Err(Error::Limit(what));
        if text.len() > self.max_document {
            let max = self.max_document;
            return limit(format!("the document has more than {max} bytes: send long values as variables"));
        }
        let mut nesting = 0_usize;
        for (index, token) in Scanner::new(text).enumerate() {
            if index >= self.max_tokens {
                return limit(format!("the document has more than {} tokens", self.max_tokens));
            }
            match token {
                Token::Opening => nesting += 1,
                Token::Closing => nesting = nesting.saturating_sub(1),
                Token::Name(bytes) if bytes > MAX_NAME => {
                    return limit(format!("a name in the document has more than {MAX_NAME} letters"));
                }
                Token::Name(_) | Token::Other => {}
            }
            if nesting > max_nesting {
                return limit(format!("the document nests more than {max_nesting} levels deep"));
            }
        }
        Ok(())
    }

    /// Measures the operation that is going to run, fragments included. Variables have their defaults already.
    pub(super) fn check(
        &self,
        document: &ExecutableDocument,
        operation: Option<&str>,
        variables: &Variables,
    ) -> Result<Cost> {
        let Some(operation) = chosen(document, operation) else { return Ok(Cost::default()) };
        let mut measure = Measure {
            scales: Scales::new(variables),
            limits: self,
            document,
            variables,
            spreads: 0,
            open_fragments: 0,
            aliases: 0,
            directives: operation.directives.len(),
            is_introspecting: false,
        };
        measure.directives(0)?;
        measure.selection(&operation.selection_set.node, 1)
    }
}

/// The operation that a request means, if it means one.
pub(super) fn chosen<'d>(document: &'d ExecutableDocument, name: Option<&str>) -> Option<&'d OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(&operation.node),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name).map(|operation| &operation.node),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            operations.values().next().map(|operation| &operation.node)
        }
        (DocumentOperations::Multiple(_), None) => None,
    }
}

struct Measure<'d> {
    scales: Scales<'d>,
    limits: &'d Limits,
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    spreads: usize,
    open_fragments: usize,
    aliases: usize,
    directives: usize,
    /// Whether the field that is measured is one of the schema's own.
    is_introspecting: bool,
}

impl Measure<'_> {
    fn selection(&mut self, set: &SelectionSet, depth: usize) -> Result<Cost> {
        if depth > self.limits.max_depth && !set.items.is_empty() {
            return Err(Error::Limit(format!("fields nest more than {} levels deep", self.limits.max_depth)));
        }
        let mut cost = Cost { complexity: 0, depth };
        for item in &set.items {
            let part = match &item.node {
                Selection::Field(field) => self.field(&field.node, depth)?,
                Selection::FragmentSpread(spread) => {
                    self.directives(spread.node.directives.len())?;
                    self.spread(&spread.node.fragment_name.node, depth)?
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(fragment.node.directives.len())?;
                    self.selection(&fragment.node.selection_set.node, depth)?
                }
            };
            cost.complexity = cost.complexity.saturating_add(part.complexity);
            cost.depth = cost.depth.max(part.depth);
        }
        if cost.complexity > self.limits.max_complexity {
            return Err(Error::Limit(format!(
                "the request asks for more than {} fields: ask for fewer records at a time, or for fewer fields of each",
                self.limits.max_complexity
            )));
        }
        Ok(cost)
    }

    fn field(&mut self, field: &Field, depth: usize) -> Result<Cost> {
        self.directives(field.directives.len())?;
        if field.alias.is_some() {
            self.aliases += 1;
            if self.aliases > self.limits.max_aliases {
                return Err(Error::Limit(format!("more than {} fields have an alias", self.limits.max_aliases)));
            }
        }
        let children = &field.selection_set.node;
        if children.items.is_empty() {
            let known = DOCUMENTS.iter().find(|(name, _)| field.name.node == *name);
            let usual = if TEXT_LISTS.contains(&field.name.node.as_str()) { USUAL_TEXTS } else { 1 };
            return Ok(Cost { complexity: known.map_or(usual, |(_, complexity)| *complexity), depth });
        }
        let was_introspecting = self.is_introspecting;
        self.is_introspecting |= is_introspection(&field.name.node);
        let inner = self.selection(children, depth + 1)?;
        let shown = if self.is_introspecting {
            shown(&field.name.node, inner.complexity)
        } else {
            inner.complexity.saturating_mul(self.size(field))
        };
        self.is_introspecting = was_introspecting;
        let counts = self.selects(children, &|name| matches!(name, "totalCount" | "totalPages"), 0);
        let complexity = shown.saturating_add(1).saturating_add(self.scales.weigh(field, counts));
        if complexity > self.limits.max_complexity {
            return Err(Error::Limit(format!(
                "{}: the request asks for more than {} fields: ask for fewer records at a time, or for fewer fields of each",
                field.name.node, self.limits.max_complexity
            )));
        }
        Ok(Cost { complexity, depth: inner.depth })
    }

    /// A fragment that spreads itself is refused here, before validation would find it.
    fn spread(&mut self, name: &Name, depth: usize) -> Result<Cost> {
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Cost { complexity: 0, depth }) };
        self.spreads += 1;
        if self.spreads > self.limits.max_tokens {
            return Err(Error::Limit("fragments spread each other too often".to_owned()));
        }
        if self.open_fragments == MAX_NESTED_FRAGMENTS {
            return Err(Error::Limit(format!(
                "fragments spread each other more than {MAX_NESTED_FRAGMENTS} levels deep"
            )));
        }
        self.directives(fragment.node.directives.len())?;
        self.open_fragments += 1;
        let cost = self.selection(&fragment.node.selection_set.node, depth);
        self.open_fragments -= 1;
        cost
    }

    fn directives(&mut self, more: usize) -> Result<()> {
        self.directives += more;
        if self.directives > self.limits.max_directives {
            return Err(Error::Limit(format!("the document has more than {} directives", self.limits.max_directives)));
        }
        Ok(())
    }

    /// How many records a field may return: lists are told by their fields `nodes`, `edges` and `pageInfo`, for all of
    /// which the page is read, or by a list of `ids`.
    fn size(&self, field: &Field) -> u64 {
        if let Some(ids) = field.get_argument("ids") {
            return match self.resolve(&ids.node) {
                Some(Value::List(ids)) => ids.len() as u64,
                _ => 1,
            };
        }
        if let Some((_, most)) = SHORT_LISTS.iter().find(|(name, _)| field.name.node == *name) {
            return *most;
        }
        if !self.selects(&field.selection_set.node, &|name| matches!(name, "nodes" | "edges" | "pageInfo"), 0) {
            return 1;
        }
        let number = |value: Option<&Positioned<Value>>| {
            value.and_then(|value| self.resolve(&value.node)).and_then(|value| match value {
                Value::Number(number) => number.as_u64(),
                _ => None,
            })
        };
        let page = field.get_argument("page").and_then(|page| self.resolve(&page.node)).and_then(|page| match page {
            Value::Object(page) => {
                page.get("perPage").and_then(|size| self.resolve(size)).and_then(|size| match size {
                    Value::Number(number) => number.as_u64(),
                    _ => None,
                })
            }
            _ => None,
        });
        let asked = number(field.get_argument("first")).or_else(|| number(field.get_argument("last"))).or(page);
        asked.unwrap_or(u64::from(DEFAULT_PER_PAGE)).clamp(1, u64::from(MAX_PER_PAGE))
    }

    /// Whether a selection has a field that is one of these; for `totalPages`, also within `pageInfo`.
    fn selects(&self, set: &SelectionSet, is_one: &dyn Fn(&str) -> bool, nested: usize) -> bool {
        set.items.iter().any(|item| match &item.node {
            Selection::Field(field) => {
                let (name, within) = (field.node.name.node.as_str(), &field.node.selection_set.node);
                is_one(name)
                    || (name == "pageInfo"
                        && nested < self.limits.max_depth
                        && self.selects(within, is_one, nested + 1))
            }
            Selection::InlineFragment(fragment) => self.selects(&fragment.node.selection_set.node, is_one, nested),
            Selection::FragmentSpread(spread) if nested < self.limits.max_depth => self
                .document
                .fragments
                .get(&spread.node.fragment_name.node)
                .is_some_and(|fragment| self.selects(&fragment.node.selection_set.node, is_one, nested + 1)),
            Selection::FragmentSpread(_) => false,
        })
    }

    /// A value, or the value of the variable that stands for it.
    fn resolve(&self, value: &Value) -> Option<Value> {
        let Value::Variable(name) = value else { return Some(value.clone()) };
        self.variables.get(name).map(|value| value.clone().into_value())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_graphql::parser::parse_query;

    use super::*;
    use crate::graphql::variables::settle;

    const LIMITS: Limits = Limits {
        max_depth: 5,
        max_complexity: 500,
        max_aliases: 3,
        max_directives: 3,
        max_tokens: 60,
        max_document: 1000,
    };

    fn measure(text: &str, variables: serde_json::Value) -> Result<Cost> {
        LIMITS.check_text(text)?;
        let (document, mut variables) = (Arc::new(parse_query(text).unwrap()), Variables::from_json(variables));
        let document = settle(&document, chosen(&document, None).unwrap(), &mut variables);
        LIMITS.check(&document, None, &variables)
    }

    fn complexity(text: &str, variables: serde_json::Value) -> u64 {
        measure(text, variables).unwrap().complexity
    }

    #[test]
    fn lists_count_at_the_size_they_ask_for() {
        let none = serde_json::json!({});
        assert_eq!(complexity("{ patients { nodes { a b } } }", none.clone()), 1 + 10 * 3);
        assert_eq!(complexity("{ patients(first: 20) { nodes { a b } } }", none.clone()), 1 + 20 * 3);
        assert_eq!(complexity("{ patients(page: {perPage: 7}) { edges { node { a } } } }", none.clone()), 1 + 7 * 3);
        let query = "query Q($n: Int = 4, $p: Int) { patients(last: $n) { ...F } } fragment F on C { nodes { a } }";
        assert_eq!(complexity(query, none.clone()), 1 + 4 * 2);
        assert_eq!(complexity(query, serde_json::json!({"n": 9})), 1 + 9 * 2);
        assert_eq!(complexity("{ likelyDuplicates(of: 1) { a b } }", none.clone()), 1 + 20 * 2);
        assert_eq!(complexity("query($i: [ID!]!) { nodes(ids: $i) { id } }", serde_json::json!({"i": ["a", "b"]})), 3);
    }

    #[test]
    fn introspection_counts_what_it_shows() {
        let wide = Limits { max_depth: 20, max_complexity: 100_000, max_tokens: 1000, max_document: 10_000, ..LIMITS };
        let of_type = "ofType { kind name ".repeat(9) + &"} ".repeat(9);
        let fragments = format!(
            "fragment Full on __Type {{ kind name description fields(includeDeprecated: true) {{ name description
             args {{ ...Value }} type {{ ...Ref }} isDeprecated deprecationReason }} inputFields {{ ...Value }}
             interfaces {{ ...Ref }} enumValues {{ name description isDeprecated deprecationReason }} possibleTypes {{ ...Ref }} }}
             fragment Value on __InputValue {{ name description type {{ ...Ref }} defaultValue }}
             fragment Ref on __Type {{ kind name {of_type} }}"
        );
        let measure = |text: &str| {
            let (text, none) = (format!("{text} {fragments}"), Variables::default());
            wide.check(&parse_query(&text).unwrap(), None, &none).map(|cost| cost.complexity)
        };
        let whole = measure("{ __schema { types { ...Full } directives { name args { ...Value } } } }").unwrap();
        assert!((36_000..80_000).contains(&whole), "the schema has about 36,000 fields: {whole}");
        assert!(measure("{ a: __schema { types { ...Full } } b: __schema { types { ...Full } } }").is_err());
        let one = measure("{ __type(name: \"Query\") { ...Full } }").unwrap();
        assert!((1000..10_000).contains(&one), "{one}");
    }

    #[test]
    fn what_asks_for_too_much_is_refused() {
        let refused = |text: &str| matches!(measure(text, serde_json::json!({})), Err(Error::Limit(_)));
        assert!(refused("{ patients(first: 1000) { nodes { a } } }"), "complexity");
        assert!(refused("{ a { b { c { d { e { f } } } } } }"), "depth");
        assert!(refused("{ a: x b: x c: x d: x }"), "aliases");
        assert!(refused("{ a @x @x @x @x }"), "directives");
        assert!(refused(&"a ".repeat(61)), "tokens");
        assert!(refused("{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }"), "a circle of fragments");
        assert!(!refused("{ a(t: \"many words that are one token, {{{{{ with brackets\") # and a comment\n }"));
        assert!(!refused("{ a(t: \"\"\"block \" of \\\"\"\" text\"\"\") }"));
    }
}
