//! Objects of which nothing is selected, as everything is skipped or for another type: they are `{}` (6.3 of the
//! specification), where the library has null. So a field of our own is selected of every object that may turn out empty,
//! and is taken out of the response. So it is of objects that may be asked for twice: one of which every field failed would
//! otherwise be null, and the library would not add the fields that are asked for elsewhere.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{Directive, DocumentOperations, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned, Value};

use super::types::{Types, named, root};

/// The key of that field, which no document can have.
const KEY: &str = "\0";

/// True for the key of a field that was added here.
pub(super) fn is_added(key: &Name) -> bool {
    *key == KEY
}

/// The selections of a document that may turn out empty, by where they begin.
#[derive(Debug, Default)]
pub(super) struct MaybeEmpty(HashSet<Pos>);

impl MaybeEmpty {
    /// Finds them in a document that is valid.
    pub(super) fn of(document: &ExecutableDocument, types: &Types) -> Self {
        let mut search = Search { document, types, keys: keys(document), found: HashSet::new() };
        for (_, operation) in document.operations.iter() {
            search.below(&operation.node.selection_set.node, Some(root(operation.node.ty)));
        }
        for fragment in document.fragments.values() {
            search.below(&fragment.node.selection_set.node, Some(&fragment.node.type_condition.node.on.node));
        }
        Self(search.found)
    }

    /// Adds the field to each of them.
    pub(super) fn fill(&self, document: &mut ExecutableDocument) {
        if self.0.is_empty() {
            return;
        }
        match &mut document.operations {
            DocumentOperations::Single(operation) => self.fill_below(&mut operation.node.selection_set.node),
            DocumentOperations::Multiple(operations) => {
                for one in operations.values_mut() {
                    self.fill_below(&mut one.node.selection_set.node);
                }
            }
        }
        for fragment in document.fragments.values_mut() {
            self.fill_below(&mut fragment.node.selection_set.node);
        }
    }

    fn fill_below(&self, set: &mut SelectionSet) {
        for selection in &mut set.items {
            match &mut selection.node {
                Selection::Field(field) => {
                    let below = &mut field.node.selection_set;
                    self.fill_below(&mut below.node);
                    if !below.node.items.is_empty() && self.0.contains(&below.pos) {
                        below.node.items.push(added(below.pos));
                    }
                }
                Selection::InlineFragment(fragment) => self.fill_below(&mut fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// Takes the field out of a response.
    pub(super) fn clear(&self, data: &mut Value) {
        if !self.0.is_empty() {
            clear(data);
        }
    }
}

fn clear(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.shift_remove(KEY);
            object.values_mut().for_each(clear);
        }
        Value::List(items) => items.iter_mut().for_each(clear),
        _ => {}
    }
}

fn added(pos: Pos) -> Positioned<Selection> {
    let name = |name: &str| Positioned::new(Name::new(name), pos);
    let field = Field {
        alias: Some(name(KEY)),
        name: name("__typename"),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::default(),
    };
    Positioned::new(Selection::Field(Positioned::new(field, pos)), pos)
}

struct Search<'d> {
    document: &'d ExecutableDocument,
    types: &'d Types,
    /// Number of selections of an object under each key.
    keys: HashMap<&'d Name, usize>,
    found: HashSet<Pos>,
}

fn keys(document: &ExecutableDocument) -> HashMap<&Name, usize> {
    let mut keys = HashMap::new();
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if !field.node.selection_set.node.items.is_empty() => {
                    *keys.entry(&field.node.response_key().node).or_default() += 1;
                    sets.push(&field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                Selection::Field(_) | Selection::FragmentSpread(_) => {}
            }
        }
    }
    keys
}

impl<'d> Search<'d> {
    fn below(&mut self, set: &'d SelectionSet, on: Option<&'d str>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let known = self.types.field(on, &field.node.name.node);
                    let of = known.map(|known| named(&known.kind).as_str());
                    let below = &field.node.selection_set;
                    let is_repeated = self.keys.get(&field.node.response_key().node).is_some_and(|count| *count > 1);
                    if !below.node.items.is_empty() && (is_repeated || !self.is_filled(&below.node, of)) {
                        self.found.insert(below.pos);
                    }
                    self.below(&below.node, of);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| Some(&condition.node.on.node));
                    self.below(&fragment.node.selection_set.node, on);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// True when a selection of a value of this type has at least one field, whatever the variables and the value are.
    fn is_filled(&self, set: &SelectionSet, on: Option<&str>) -> bool {
        set.items.iter().any(|selection| {
            if is_conditional(selection.node.directives()) {
                return false;
            }
            let (condition, set) = match &selection.node {
                Selection::Field(_) => return true,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    (condition.map(|condition| &condition.node.on.node), &fragment.node.selection_set.node)
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else {
                        return false;
                    };
                    (Some(&fragment.node.type_condition.node.on.node), &fragment.node.selection_set.node)
                }
            };
            let applies = condition.is_none_or(|to| on.is_some_and(|on| self.types.is_a(on, to)));
            applies && self.is_filled(set, on)
        })
    }
}

fn is_conditional(directives: &[Positioned<Directive>]) -> bool {
    directives.iter().any(|directive| matches!(directive.node.name.node.as_str(), "skip" | "include"))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn count(text: &str) -> usize {
        let types = Types::of(
            "type Query { t: T n: N u: U } interface N { a: Int } type T implements N { a: Int t: T } union U = T",
        );
        MaybeEmpty::of(&parse_query(text).unwrap(), &types).0.len()
    }

    #[test]
    fn only_what_may_turn_out_empty_gets_a_field_more() {
        for filled in [
            "{ t { a u: t { a @skip(if: $x) a } } }",
            "{ t { ...F } n { ...G } } fragment F on T { ...G } fragment G on N { a }",
            "{ t { ... { ... on T { a } } } u { __typename } }",
            "{ t @include(if: $x) { a } }",
        ] {
            assert_eq!(count(filled), 0, "{filled}");
        }
        assert_eq!(count("{ t { a @skip(if: $x) } n { ... on T { a } } u { ... on T { a } } }"), 3);
        assert_eq!(count("{ t { ...F @include(if: $x) } } fragment F on T { a u: t { ... @skip(if: $x) { a } } }"), 2);
        assert_eq!(count("{ t { a } ...F n { a } } fragment F on Query { t { a } }"), 2, "they may be one");
    }

    #[test]
    fn the_field_is_taken_out_again() {
        let mut data = Value::from_json(json!({"a": [{KEY: "T"}, {KEY: "T", "b": {KEY: "U"}}], "c": null})).unwrap();
        MaybeEmpty(HashSet::from([Pos::default()])).clear(&mut data);
        assert_eq!(data.into_json().unwrap(), json!({"a": [{}, {"b": {}}], "c": null}));
    }
}
