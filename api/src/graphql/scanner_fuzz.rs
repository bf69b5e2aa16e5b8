//! Texts and variables fed to the scanners and to the parsers: whatever a parser takes beyond a limit, its scanner must have
//! refused. `PHR_SOAK` goes on for `PHR_SOAK_SECONDS`.

use std::time::{Duration, Instant};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    BaseType, Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::{ConstValue, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::json_size::judge;
use super::limits::Limits;

const WIDE: Limits = Limits {
    max_depth: usize::MAX,
    max_complexity: u64::MAX,
    max_aliases: usize::MAX,
    max_directives: usize::MAX,
    max_tokens: usize::MAX,
    max_document: usize::MAX,
};

/// A stack on which whatever is too deep is seen, and ends nothing.
const STACK_BYTES: usize = 1 << 30;

/// What a document or a value is made of, at least: names that an object has twice are known once.
#[derive(Default)]
struct Made {
    tokens: usize,
    values: usize,
    deepest: usize,
    longest_name: usize,
}

impl Made {
    /// So many signs, names and other tokens within so many brackets.
    fn add(&mut self, tokens: usize, depth: usize) {
        self.tokens += tokens;
        self.deepest = self.deepest.max(depth);
    }

    fn name(&mut self, name: &Name, depth: usize) {
        self.add(1, depth);
        self.longest_name = self.longest_name.max(name.len());
    }

    fn of(document: &ExecutableDocument) -> Self {
        let mut made = Self::default();
        for (name, operation) in document.operations.iter() {
            if let Some(name) = name {
                made.add(1, 0);
                made.name(name, 0);
            }
            made.operation(&operation.node);
        }
        for (name, fragment) in &document.fragments {
            made.add(2, 0);
            made.name(name, 0);
            made.name(&fragment.node.type_condition.node.on.node, 0);
            made.directives(&fragment.node.directives, 0);
            made.set(&fragment.node.selection_set.node, 0);
        }
        made
    }

    fn operation(&mut self, operation: &OperationDefinition) {
        for definition in &operation.variable_definitions {
            self.add(2, 1);
            self.name(&definition.node.name.node, 1);
            self.kind(&definition.node.var_type.node, 1);
            self.directives(&definition.node.directives, 1);
            if let Some(value) = &definition.node.default_value {
                self.add(1, 1);
                self.constant(&value.node, 1);
            }
        }
        self.directives(&operation.directives, 0);
        self.set(&operation.selection_set.node, 0);
    }

    fn kind(&mut self, kind: &Type, depth: usize) {
        self.add(usize::from(!kind.nullable), depth);
        match &kind.base {
            BaseType::Named(name) => self.name(name, depth),
            BaseType::List(of) => {
                self.add(2, depth + 1);
                self.kind(of, depth + 1);
            }
        }
    }

    fn set(&mut self, set: &SelectionSet, depth: usize) {
        if set.items.is_empty() {
            return;
        }
        self.add(2, depth + 1);
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    if let Some(alias) = &field.node.alias {
                        self.add(1, depth + 1);
                        self.name(&alias.node, depth + 1);
                    }
                    self.name(&field.node.name.node, depth + 1);
                    self.arguments(&field.node.arguments, depth + 1);
                    self.directives(&field.node.directives, depth + 1);
                    self.set(&field.node.selection_set.node, depth + 1);
                }
                Selection::FragmentSpread(spread) => {
                    self.add(1, depth + 1);
                    self.name(&spread.node.fragment_name.node, depth + 1);
                    self.directives(&spread.node.directives, depth + 1);
                }
                Selection::InlineFragment(fragment) => {
                    self.add(1, depth + 1);
                    if let Some(on) = &fragment.node.type_condition {
                        self.add(1, depth + 1);
                        self.name(&on.node.on.node, depth + 1);
                    }
                    self.directives(&fragment.node.directives, depth + 1);
                    self.set(&fragment.node.selection_set.node, depth + 1);
                }
            }
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>], depth: usize) {
        for directive in directives {
            self.add(1, depth);
            self.name(&directive.node.name.node, depth);
            self.arguments(&directive.node.arguments, depth);
        }
    }

    fn arguments(&mut self, arguments: &[(Positioned<Name>, Positioned<Value>)], depth: usize) {
        if !arguments.is_empty() {
            self.add(2, depth + 1);
        }
        for (name, value) in arguments {
            self.add(1, depth + 1);
            self.name(&name.node, depth + 1);
            self.value(&value.node, depth + 1);
        }
    }

    fn value(&mut self, value: &Value, depth: usize) {
        self.values += 1;
        match value {
            Value::List(items) => {
                self.add(2, depth + 1);
                for item in items {
                    self.value(item, depth + 1);
                }
            }
            Value::Object(fields) => {
                self.add(2, depth + 1);
                for (name, field) in fields {
                    self.add(1, depth + 1);
                    self.name(name, depth + 1);
                    self.value(field, depth + 1);
                }
            }
            Value::Variable(name) => {
                self.add(1, depth);
                self.name(name, depth);
            }
            Value::Enum(name) => self.name(name, depth),
            _ => self.add(1, depth),
        }
    }

    fn constant(&mut self, value: &ConstValue, depth: usize) {
        self.value(&value.clone().into_value(), depth);
    }
}

/// Judges a text by both readers. Whether the parser takes it.
fn agree(text: &str) -> Result<bool, TestCaseError> {
    let Ok(document) = parse_query(text) else {
        // Nothing to compare with, but the scanner must come to its end.
        WIDE.check_text_to(text, usize::MAX).ok();
        return Ok(false);
    };
    let made = Made::of(&document);
    let refused = |limits: Limits, nesting: usize| limits.check_text_to(text, nesting).is_err();
    let fewer = Limits { max_tokens: made.tokens - 1, ..WIDE };
    prop_assert!(refused(fewer, usize::MAX), "{} tokens are taken for fewer", made.tokens);
    prop_assert!(made.deepest == 0 || refused(WIDE, made.deepest - 1), "{} levels are taken for fewer", made.deepest);
    prop_assert!(made.longest_name <= 256 || refused(WIDE, usize::MAX), "a name of {} letters", made.longest_name);
    Ok(true)
}

fn agree_on_json(text: &str) -> Result<bool, TestCaseError> {
    let Ok(value) = serde_json::from_str::<ConstValue>(text) else {
        judge(text.as_bytes(), usize::MAX, usize::MAX).ok();
        return Ok(false);
    };
    let mut made = Made::default();
    made.constant(&value, 0);
    let refused = |nesting, values| judge(text.as_bytes(), nesting, values).is_err();
    prop_assert!(refused(usize::MAX, made.values - 1), "{} values are taken for fewer", made.values);
    prop_assert!(made.deepest == 0 || refused(made.deepest - 1, usize::MAX), "{} levels", made.deepest);
    let items = judge(text.as_bytes(), usize::MAX, usize::MAX).unwrap_or_default();
    prop_assert_eq!(items, if let ConstValue::List(items) = &value { items.len() } else { 0 });
    Ok(true)
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(texts).prop_map(ToOwned::to_owned)
}

fn joined(part: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(part, 0..=most).prop_map(|parts| parts.concat())
}

/// What might be taken for something else.
const TRAPS: &[&str] = &[
    "[", "]", "{", "}", "(", ")", "\"", "\"\"", "\"\"\"", "\\", "\\\"", "\\\"\"\"", "\\u00e9", "\\ud800", "#", "\r",
    "\n", "\r\n", "\u{2028}", "\u{85}", "\u{b}", "\u{feff}", "\u{a0}", ",", " ", "\t", ".", "...", "$", "@", ":", "!",
    "=", "-", "0", "00", "1.5e3", "null", "true", "a", "é", "\0", "query", "fragment", "on ",
];

fn ignored() -> impl Strategy<Value = String> {
    let within = one_of(&["[", "{", "\"", "\"\"\"", "\\", "#", "\u{2028}", "\u{85}", "é", ",", "a "]);
    let comment = (joined(within, 4), one_of(&["\n", "\r", "\r\n"])).prop_map(|(text, end)| format!("#{text}{end}"));
    let blank = one_of(&[" ", ",", "\t", "\n", "\r", "\r\n", "\u{feff}", "\r\r\n"]);
    joined(prop_oneof![3 => blank, 1 => comment], 3)
}

fn text() -> impl Strategy<Value = String> {
    let plain =
        ["a", "é", "\\\"", "\\\\", "\\n", "\\/", "\\u00E9", "\\ud7ff", "#", "[", "{", ")", "\u{2028}", "\t", "'", ","];
    let within = prop::sample::select(plain.to_vec()).prop_map(ToOwned::to_owned);
    let line = joined(within, 5).prop_map(|text| format!("\"{text}\""));
    let within =
        one_of(&["a", "\"", "\"\"", "\\\"\"\"", "\\", "\\\\", "\\u", "\n", "\r", "\r\n", "[", "{", "#", "é", " \t"]);
    let block = joined(within, 6).prop_map(|text| format!("\"\"\"{text}\"\"\""));
    prop_oneof![line, block]
}

fn word() -> impl Strategy<Value = String> {
    let parts = ["null", "true", "false", "a", "_", "Z9", "query", "on", "mutation", "fragment", "subscription", "x"];
    let short = joined(prop::sample::select(parts.to_vec()).prop_map(ToOwned::to_owned), 4);
    let short = short.prop_map(|word| if word.is_empty() { "b".to_owned() } else { word });
    let long = (0..300_usize).prop_map(|count| "true".repeat(count) + "n");
    prop_oneof![20 => short, 1 => long]
}

fn value() -> impl Strategy<Value = String> {
    let number = one_of(&["0", "00", "0001", "-0", "12", "1.5", "1e9", "-1.5E+3", "1.", "1e", "--1", "0.0", "9-9"]);
    let variable = (ignored(), word()).prop_map(|(between, name)| format!("${between}{name}"));
    let leaf = prop_oneof![3 => word(), 3 => number, 3 => text(), 1 => variable, 1 => one_of(&["nullnulltrue", "null0", "falsy"])];
    let within =
        |item: BoxedStrategy<String>, most| joined((ignored(), item).prop_map(|(gap, item)| gap + &item), most);
    let nested = leaf.prop_recursive(5, 40, 6, move |inner| {
        let field = (word(), ignored(), ignored(), inner.clone());
        let field = field.prop_map(|(name, before, after, value)| format!("{name}{before}:{after}{value}")).boxed();
        prop_oneof![
            within(inner.boxed(), 6).prop_map(|items| format!("[{items}]")),
            (within(field, 4), ignored()).prop_map(|(fields, gap)| format!("{{{fields}{gap}}}")),
        ]
    });
    let deep = (0..300_usize, one_of(&["[", "{a:", "[{a:"]), ignored(), nested.clone()).prop_map(
        |(depth, open, gap, inner)| {
            let close = match open.as_str() {
                "[" => "]",
                "{a:" => "}",
                _ => "}]",
            };
            format!("{}{gap}{inner}{}", open.repeat(depth), close.repeat(depth))
        },
    );
    prop_oneof![8 => nested, 1 => deep]
}

fn selections() -> impl Strategy<Value = String> {
    let argument = (word(), ignored(), value()).prop_map(|(name, gap, value)| format!("{name}:{gap}{value}"));
    let field = (word(), ignored(), proptest::option::of(argument)).prop_map(|(name, gap, argument)| {
        let arguments = argument.map(|argument| format!("({argument})")).unwrap_or_default();
        format!("{name}{gap}{arguments}")
    });
    field.prop_recursive(6, 30, 4, |inner| {
        let all = prop::collection::vec((ignored(), inner), 1..4);
        let all =
            all.prop_map(|all| all.iter().flat_map(|(gap, one)| [gap.as_str(), " ", one.as_str()]).collect::<String>());
        let kind = one_of(&["a", "a:b", "...", "...on\rT", "... @d(a:[])", "a(b:\"\"\"\\\"\"\"\"\"\")"]);
        (kind, ignored(), all).prop_map(|(kind, gap, all)| format!("{kind}{gap}{{{all}}} ...F"))
    })
}

fn document() -> impl Strategy<Value = String> {
    let types = (0..200_usize, one_of(&["Int", "Int!", "T"]));
    let types = types.prop_map(|(depth, name)| format!("{}{name}{}", "[".repeat(depth), "]!".repeat(depth)));
    let valued = (one_of(&["{a(b:", "{a@d(b:", "queryQ{a(b:", "{...@d(b:"]), value(), ignored()).prop_map(
        |(head, value, gap)| {
            let end = if head.contains("...") { "){a}}" } else { ")}" };
            format!("{head}{value}{gap}{end}")
        },
    );
    let defaults =
        (types, ignored(), value()).prop_map(|(kind, gap, value)| format!("query($v:{kind}{gap}={value}){{a}}"));
    let selected = (ignored(), selections(), ignored())
        .prop_map(|(before, all, after)| format!("{before}{{{all}{after}}}fragment F on{before} T{{a}}"));
    let whole = prop_oneof![3 => valued, 1 => defaults, 2 => selected];
    // What is spoilt is seldom taken, and then in a way that nobody has thought of.
    let spoilt = prop::collection::vec((any::<prop::sample::Index>(), 0..3_usize, prop::sample::select(TRAPS)), 0..3);
    (whole, spoilt).prop_map(|(text, spoilt)| spoilt.into_iter().fold(text, |text, spoilt| spoil(&text, spoilt)))
}

fn spoil(text: &str, (place, kind, trap): (prop::sample::Index, usize, &str)) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        return trap.to_owned();
    }
    let place = place.index(letters.len());
    match kind {
        0 => drop(letters.splice(place..place, trap.chars())),
        1 => drop(letters.splice(place..=place, trap.chars())),
        _ => drop(letters.remove(place)),
    }
    letters.into_iter().collect()
}

fn json() -> impl Strategy<Value = String> {
    let blank = || joined(one_of(&[" ", "\n", "\r", "\t"]), 2);
    let text = || {
        let within = one_of(&["a", "\\\"", "\\\\", "\\u005b", "[", "{", ",", ":", "é", "\u{2028}", "#"]);
        joined(within, 4).prop_map(|text| format!("\"{text}\""))
    };
    let leaf = prop_oneof![text(), one_of(&["0", "-1.5e3", "null", "true", "1e400", "{}", "[]", "[ ]"])];
    let nested = leaf.prop_recursive(6, 40, 6, move |inner| {
        let list = prop::collection::vec((blank(), inner.clone(), blank()), 0..6);
        let list = list.prop_map(|all| all.into_iter().map(|(a, b, c)| a + &b + &c).collect::<Vec<_>>().join(","));
        let fields = prop::collection::vec((text(), blank(), inner), 0..6);
        let fields =
            fields.prop_map(|all| all.into_iter().map(|(a, b, c)| a + &b + ":" + &c).collect::<Vec<_>>().join(","));
        prop_oneof![list.prop_map(|list| format!("[{list}]")), fields.prop_map(|fields| format!("{{{fields}}}"))]
    });
    let deep =
        (0..200_usize, nested.clone()).prop_map(|(depth, inner)| "[".repeat(depth) + &inner + &"]".repeat(depth));
    let spoilt = prop::collection::vec((any::<prop::sample::Index>(), 0..3_usize, prop::sample::select(TRAPS)), 0..2);
    (prop_oneof![8 => nested, 1 => deep], spoilt)
        .prop_map(|(text, spoilt)| spoilt.into_iter().fold(text, |text, spoilt| spoil(&text, spoilt)))
}

/// Feeds texts to both readers. At least some must be taken, or nothing was compared.
fn feed<S: Strategy<Value = String> + 'static>(texts: fn() -> S, agree: fn(&str) -> Result<bool, TestCaseError>) {
    const CASES: u32 = 3000;
    let soak = std::env::var_os("PHR_SOAK").is_some();
    let seconds = std::env::var("PHR_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(3600);
    let run = move || {
        let (began, mut fed, taken) = (Instant::now(), 0_u64, std::cell::Cell::new(0_u64));
        loop {
            let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
            let outcome = runner.run(&texts(), |text| {
                taken.set(taken.get() + u64::from(agree(&text)?));
                Ok(())
            });
            outcome.unwrap_or_else(|error| panic!("{error}"));
            fed += u64::from(CASES);
            if !soak || began.elapsed() >= Duration::from_secs(seconds) {
                break;
            }
        }
        println!("{fed} texts, of which the parser took {}", taken.get());
        assert!(taken.get() * 10 > fed, "the parser took {} of {fed} texts", taken.get());
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).expect("a thread starts");
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[test]
fn no_document_that_the_parser_takes_passes_the_limits_unseen() {
    feed(document, agree);
}

#[test]
fn no_json_that_its_parser_takes_passes_the_limits_unseen() {
    feed(json, agree_on_json);
}
