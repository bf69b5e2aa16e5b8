//! Random questions in the whole language of the schema, made from its introspection.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Recorded;
use crate::library::operator;
use crate::seeded::Random;

const TYPE: &str = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";

/// Lists and records that tell of patients, each as often as it is asked for.
const ROOTS: [&str; 21] = [
    "patientRegisters",
    "patientRegisters",
    "patientRegisters",
    "patientRegisters",
    "patientAllergies",
    "patientMedications",
    "patientConditions",
    "emails",
    "phones",
    "addresses",
    "identifiers",
    "healthProfiles",
    "appointments",
    "patientMerges",
    "doctors",
    "medicalInstitutions",
    "doctorSpecialties",
    "users",
    "patientRegister",
    "likelyDuplicates",
    "patientAllergy",
];

/// The schema, and values to ask with.
pub(super) struct Generator {
    types: HashMap<String, Value>,
    random: Random,
    /// Texts that records have, or begin with.
    pub(super) texts: Vec<String>,
    pub(super) dates: Vec<String>,
    pub(super) keys: Vec<String>,
    /// Fields, of whatever type, that are asked for more often than others.
    pub(super) favourites: Vec<&'static str>,
}

impl Generator {
    pub(super) fn new(recorded: &Recorded, seed: u64) -> Self {
        let query = format!(
            "{{ __schema {{ types {{ kind name fields {{ name args {{ name type {{ {TYPE} }} }} type {{ {TYPE} }} }}
            inputFields {{ name type {{ {TYPE} }} }} enumValues {{ name }} }} }} }}"
        );
        let (mut response, _) = recorded.ask(&operator(), &query, &json!({}));
        let types = response["data"]["__schema"]["types"].take();
        let types = types.as_array().unwrap_or_else(|| panic!("{response}")).clone();
        let named = |ty: Value| (ty["name"].as_str().unwrap().to_owned(), ty);
        let (texts, dates, keys) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            types: types.into_iter().map(named).collect(),
            random: Random::new(seed),
            texts,
            dates,
            keys,
            favourites: Vec::new(),
        }
    }

    /// A question: a query with one root field.
    pub(super) fn question(&mut self, recorded: &Recorded) -> String {
        let favourites: Vec<&str> = self.favourites.iter().copied().filter(|field| ROOTS.contains(field)).collect();
        let root = match favourites.as_slice() {
            [] => self.random.of(&ROOTS).to_owned(),
            [..] if self.random.chance(40) => self.random.of(&ROOTS).to_owned(),
            favourites => self.random.of(favourites).to_owned(),
        };
        let field = self.field("Query", &root);
        let ty = name(&field["type"]);
        if ty.ends_with("Connection") {
            let cursor = self.random.chance(15);
            return format!("{{ {} }}", self.list(&field, 2, cursor.then_some(recorded)));
        }
        let (argument, key) = (if root == "likelyDuplicates" { "of" } else { "uuid" }, self.key());
        format!("{{ {root}({argument}: {key}) {{ {} }} }}", self.selection(&ty, 2))
    }

    fn field(&self, ty: &str, field: &str) -> Value {
        let fields = self.types[ty]["fields"].as_array().expect("an object type");
        fields.iter().find(|found| found["name"] == field).unwrap_or_else(|| panic!("{ty}.{field}")).clone()
    }

    fn pick(&mut self, list: &[Value]) -> Value {
        let is_favourite = |field: &&Value| self.favourites.iter().any(|favourite| field["name"] == *favourite);
        let favourites: Vec<&Value> = list.iter().filter(is_favourite).collect();
        if !favourites.is_empty() && self.random.chance(70) {
            return favourites[self.random.below(favourites.len())].clone();
        }
        list[self.random.below(list.len())].clone()
    }

    /// A list with its arguments, and what of it is wanted.
    fn list(&mut self, field: &Value, depth: usize, cursors_of: Option<&Recorded>) -> String {
        let (list, connection) = (field["name"].as_str().unwrap().to_owned(), name(&field["type"]));
        let node = connection.strip_suffix("Connection").unwrap().to_owned();
        let mut arguments = Vec::new();
        if self.random.chance(75) {
            arguments.push(format!("filter: {}", self.filter(&format!("{node}Filter"), 2)));
        }
        let mut order = None;
        if self.random.chance(50) {
            let fields = self.types[&format!("{node}OrderField")]["enumValues"].as_array().unwrap().clone();
            let (field, way) = (self.pick(&fields), if self.random.chance(50) { "ASC" } else { "DESC" });
            let text = format!("order: [{{field: {}, direction: {way}}}]", field["name"].as_str().unwrap());
            order = Some(text.clone());
            arguments.push(text);
        }
        let cursor = cursors_of.and_then(|recorded| self.cursor(recorded, &list, order.as_deref()));
        match (cursor, self.random.below(6)) {
            (Some(cursor), _) => arguments.push(format!("first: {}, after: {cursor}", self.random.below(4))),
            (None, 0) => arguments.push("first: 0".to_owned()),
            (None, 1) => arguments.push(format!("first: {}", 1 + self.random.below(4))),
            (None, 2) => arguments.push(format!("last: {}", 1 + self.random.below(3))),
            (None, 3) => arguments.push(format!("page: {{page: {}, perPage: 3}}", 1 + self.random.below(3))),
            (None, 4) => arguments.push("first: 100".to_owned()),
            _ => {}
        }
        let is_chosen = field["args"].as_array().is_some_and(|known| known.iter().any(|one| one["name"] == "deleted"));
        if is_chosen && self.random.chance(15) {
            arguments.push(format!("deleted: {}", self.random.of(&["INCLUDED", "ONLY"])));
        }
        let mut wanted = Vec::new();
        while wanted.is_empty() {
            for (percent, what) in [
                (40, "totalCount"),
                (35, "pageInfo { hasNextPage }"),
                (10, "pageInfo { totalPages }"),
                (10, "pageInfo { startCursor }"),
                (10, "edges { cursor }"),
            ] {
                if self.random.chance(percent) {
                    wanted.push(what.to_owned());
                }
            }
            if self.random.chance(40) {
                wanted.push(format!("nodes {{ {} }}", self.selection(&node, depth.saturating_sub(1))));
            }
        }
        let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        format!("{list}{arguments} {{ {} }}", wanted.join(" "))
    }

    /// The place of a record under an order.
    fn cursor(&mut self, recorded: &Recorded, list: &str, order: Option<&str>) -> Option<String> {
        let order = order.map(|order| format!(", {order}")).unwrap_or_default();
        let query = format!("{{ {list}(first: {}{order}) {{ pageInfo {{ endCursor }} }} }}", 1 + self.random.below(9));
        let (response, _) = recorded.ask(&operator(), &query, &json!({}));
        let cursor = &response["data"][list]["pageInfo"]["endCursor"];
        (!cursor.is_null()).then(|| cursor.to_string())
    }

    /// Some fields of a type, and some of what belongs to it.
    fn selection(&mut self, ty: &str, depth: usize) -> String {
        let fields = self.types[ty]["fields"].as_array().expect("an object type").clone();
        let is_plain = |field: &&Value| {
            let kind = self.types[&name(&field["type"])]["kind"].clone();
            field["args"] == json!([]) && (kind == "SCALAR" || kind == "ENUM") && field["name"] != "id"
        };
        let plain: Vec<Value> = fields.iter().filter(is_plain).cloned().collect();
        let mut selected = vec!["__typename".to_owned()];
        for _ in 0..self.random.below(3) {
            selected.push(self.pick(&plain)["name"].as_str().unwrap().to_owned());
        }
        if depth == 0 {
            return selected.join(" ");
        }
        for field in fields {
            let below = name(&field["type"]);
            if below.ends_with("Connection") && self.random.chance(15) {
                selected.push(format!("{}: {}", alias(&selected), self.list(&field, depth - 1, None)));
            } else if self.types[&below]["kind"] == "OBJECT" && field["args"] == json!([]) && self.random.chance(10) {
                let (name, below) = (field["name"].as_str().unwrap(), self.selection(&below, depth - 1));
                selected.push(format!("{name} {{ {below} }}"));
            }
        }
        selected.join(" ")
    }

    /// Conditions on a kind of record.
    fn filter(&mut self, ty: &str, depth: usize) -> String {
        let fields = self.types[ty]["inputFields"].as_array().expect("an input type").clone();
        let mut conditions: Vec<String> = Vec::new();
        for _ in 0..=self.random.below(2) {
            let field = self.pick(&fields);
            let (own, of) = (field["name"].as_str().unwrap().to_owned(), name(&field["type"]));
            if conditions.iter().any(|told| told.starts_with(&format!("{own}:"))) {
                continue;
            }
            let Some(condition) = self.condition(&own, &of, depth) else { continue };
            conditions.push(format!("{own}: {condition}"));
        }
        format!("{{{}}}", conditions.join(", "))
    }

    fn condition(&mut self, field: &str, ty: &str, depth: usize) -> Option<String> {
        let fields = self.types[ty]["inputFields"].as_array().expect("an input type").clone();
        let has = |name: &str| fields.iter().any(|field| field["name"] == name);
        match field {
            "and" | "or" if depth > 0 => {
                Some(format!("[{}, {}]", self.filter(ty, depth - 1), self.filter(ty, depth - 1)))
            }
            "not" if depth > 0 => Some(self.filter(ty, depth - 1)),
            "and" | "or" | "not" => None,
            _ if has("some") && depth > 0 => {
                let quantifier = self.pick(&fields);
                let below = self.filter(&name(&quantifier["type"]), depth - 1);
                Some(format!("{{{}: {below}}}", quantifier["name"].as_str().unwrap()))
            }
            _ if has("and") && depth > 0 => Some(self.filter(ty, depth - 1)),
            _ if has("some") || has("and") => None,
            _ => {
                let operator = self.pick(&fields);
                let (of, is_list) = (name(&operator["type"]), is_list(&operator["type"]));
                let value = self.value(&of);
                let value = if is_list { format!("[{value}]") } else { value };
                Some(format!("{{{}: {value}}}", operator["name"].as_str().unwrap()))
            }
        }
    }

    fn value(&mut self, ty: &str) -> String {
        match ty {
            "Boolean" => self.random.chance(50).to_string(),
            "UUID" => self.key(),
            "Int" => (1 + self.random.below(3)).to_string(),
            "Float" => (self.random.below(200)).to_string(),
            "Date" => format!("\"{}\"", self.dates[self.random.below(self.dates.len())]),
            "DateTime" => format!("\"20{}-01-01T00:00:00Z\"", 20 + self.random.below(30)),
            "String" => {
                let text = self.texts[self.random.below(self.texts.len())].clone();
                let length = if self.random.chance(50) { text.chars().count() } else { 1 + self.random.below(2) };
                json!(text.chars().take(length).collect::<String>()).to_string()
            }
            _ => {
                let values =
                    self.types[ty]["enumValues"].as_array().unwrap_or_else(|| panic!("a value of {ty}")).clone();
                self.pick(&values)["name"].as_str().unwrap().to_owned()
            }
        }
    }

    fn key(&mut self) -> String {
        format!("\"{}\"", self.keys[self.random.below(self.keys.len())])
    }
}

/// A name for a list that is asked for again.
fn alias(selected: &[String]) -> String {
    format!("l{}", selected.len())
}

fn name(ty: &Value) -> String {
    let inner = &ty["ofType"];
    if inner.is_object() { name(inner) } else { ty["name"].as_str().expect("a named type").to_owned() }
}

fn is_list(ty: &Value) -> bool {
    ty["kind"] == "LIST" || ty["ofType"].is_object() && is_list(&ty["ofType"])
}
