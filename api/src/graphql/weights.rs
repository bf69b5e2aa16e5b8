//! How much dearer than a field some things are that a field may ask for: the first fence. Whatever it lets through is
//! charged by the time that it really takes.

use std::collections::HashMap;

use async_graphql::parser::types::Field;
use async_graphql::{Name, Variables};
use async_graphql_value::{ConstValue, Value};

/// Counting records, to which whoever asks for `totalCount` or `totalPages` comes.
const COUNT: u64 = 50;
/// Looking at every record, as no index serves the filter: once for the page, and once more for the count.
const SCAN: u64 = 400;
/// Each condition that every record is judged by, then.
const JUDGEMENT: u64 = 100;
/// Sorting every record, as no index serves the order.
const SORT: u64 = 200;
/// Looking at related records, to judge a record by them.
const RELATION: u64 = 50;
/// The same in a list that is short by nature, as what one patient takes: counting, looking and sorting alike.
const IN_SHORT_LIST: u64 = 2;

/// Lists of what belongs to one record, of which there is little.
const SHORT_LISTS: &[&str] = &[
    "conditions",
    "medications",
    "allergyIntolerances",
    "emails",
    "phones",
    "addresses",
    "identifiers",
    "validationHistory",
    "regions",
    "children",
    "countries",
    "roles",
    "sexes",
    "genders",
    "bloodTypes",
    "emailTypes",
    "phoneTypes",
    "institutionTypes",
    "specialtyCategories",
    "doctorSpecialties",
    "systemSettings",
];
/// Fields that some index begins with, or continues with after the institution. Those that end in `Id` are, too.
const SERVED_FIELDS: &[&str] = &[
    "uuid",
    "lastName",
    "dateOfBirth",
    "createdAt",
    "occurredAt",
    "startsAt",
    "name",
    "code",
    "number",
    "value",
    "postalCode",
    "username",
];
/// Operators that an index can be sought by.
const SERVED_OPERATORS: &[&str] = &[
    "equal",
    "in",
    "lessThan",
    "lessThanOrEqual",
    "greaterThan",
    "greaterThanOrEqual",
    "startsWith",
    "equalIgnoreCase",
    "startsWithIgnoreCase",
];
/// All the others.
const OTHER_OPERATORS: &[&str] =
    &["notEqual", "notIn", "isNull", "contains", "containsIgnoreCase", "containsAll", "containsAny", "isEmpty"];
/// Orders that an index has.
const SERVED_ORDERS: &[&str] =
    &["UUID", "LAST_NAME", "DATE_OF_BIRTH", "CREATED_AT", "OCCURRED_AT", "STARTS_AT", "NAME", "CODE"];

/// What a filter takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Conditions {
    count: u64,
    relations: u64,
    /// Whether an index leads to the records that may meet them.
    are_served: bool,
}

/// Weighs what the fields of one operation ask for besides fields.
pub(super) struct Scales<'d> {
    variables: &'d Variables,
    /// The filters that variables hold, each weighed once however often it is used.
    weighed: HashMap<Name, Conditions>,
}

impl<'d> Scales<'d> {
    pub(super) fn new(variables: &'d Variables) -> Self {
        Self { variables, weighed: HashMap::new() }
    }

    /// What a field asks for besides its fields; `counts` tells whether it asks how many records there are.
    pub(super) fn weigh(&mut self, field: &Field, counts: bool) -> u64 {
        let filter = field.get_argument("filter").map(|filter| self.conditions(&filter.node));
        let filter = filter.unwrap_or_default();
        let sorts = field.get_argument("order").is_some_and(|order| !self.is_served_order(&order.node));
        let looks = filter.count > 0 && !filter.are_served;
        let own = filter.count.saturating_add(filter.relations.saturating_mul(RELATION));
        if SHORT_LISTS.contains(&field.name.node.as_str()) {
            return own.saturating_add([looks, sorts, counts].map(u64::from).iter().sum::<u64>() * IN_SHORT_LIST);
        }
        let look = if looks { SCAN.saturating_add(filter.count.saturating_mul(JUDGEMENT)) } else { 0 };
        let sort = if sorts { SORT } else { 0 };
        let count = if counts { COUNT.saturating_add(look) } else { 0 };
        own.saturating_add(look).saturating_add(sort).saturating_add(count)
    }

    fn conditions(&mut self, filter: &Value) -> Conditions {
        let Value::Variable(name) = filter else { return all_of(filter, &mut |name| self.of_variable(name)) };
        self.of_variable(name)
    }

    fn of_variable(&mut self, name: &Name) -> Conditions {
        if let Some(known) = self.weighed.get(name) {
            return *known;
        }
        let value = self.variables.get(name);
        let conditions = value.map(|value| all_of(value, &mut |_| Conditions::default())).unwrap_or_default();
        self.weighed.insert(name.clone(), conditions);
        conditions
    }

    /// Whether an index has the order that comes first.
    fn is_served_order(&self, order: &Value) -> bool {
        match order {
            Value::Variable(name) => {
                self.variables.get(name).is_none_or(|value| first_field(value).is_none_or(is_served))
            }
            order => first_field(order).is_none_or(is_served),
        }
    }
}

fn is_served(order: &str) -> bool {
    SERVED_ORDERS.contains(&order)
}

/// A value of a document or of a variable.
trait Shape: Sized {
    fn entries(&self) -> Option<Vec<(&str, &Self)>>;
    fn items(&self) -> Option<&[Self]>;
    fn variable(&self) -> Option<&Name>;
    fn word(&self) -> Option<&str>;
}

macro_rules! shape {
    ($value:ident $(, $variable:ident)?) => {
        impl Shape for $value {
            fn entries(&self) -> Option<Vec<(&str, &Self)>> {
                let Self::Object(fields) = self else { return None };
                Some(fields.iter().map(|(name, value)| (name.as_str(), value)).collect())
            }

            fn items(&self) -> Option<&[Self]> {
                if let Self::List(items) = self { Some(items) } else { None }
            }

            fn variable(&self) -> Option<&Name> {
                $(if let Self::$variable(name) = self {
                    return Some(name);
                })?
                None
            }

            fn word(&self) -> Option<&str> {
                match self {
                    Self::Enum(word) => Some(word.as_str()),
                    Self::String(word) => Some(word),
                    _ => None,
                }
            }
        }
    };
}

shape!(Value, Variable);
shape!(ConstValue);

/// The conditions of a filter, all of which must hold.
fn all_of<S: Shape>(filter: &S, of_variable: &mut dyn FnMut(&Name) -> Conditions) -> Conditions {
    if let Some(name) = filter.variable() {
        return of_variable(name);
    }
    let mut all = Conditions::default();
    for (name, value) in filter.entries().unwrap_or_default() {
        let part = match name {
            "and" | "some" => each(value, of_variable).into_iter().fold(Conditions::default(), Conditions::and),
            "or" => any_of(&each(value, of_variable)),
            "not" | "none" | "every" => Conditions { are_served: false, ..all_of(value, of_variable) },
            field => of_field(field, value, of_variable),
        };
        all = all.and(part);
    }
    all
}

/// A list's filters; what is no list stands for a list of itself.
fn each<S: Shape>(filters: &S, of_variable: &mut dyn FnMut(&Name) -> Conditions) -> Vec<Conditions> {
    match filters.items() {
        Some(filters) => filters.iter().map(|filter| all_of(filter, of_variable)).collect(),
        None => vec![all_of(filters, of_variable)],
    }
}

fn any_of(filters: &[Conditions]) -> Conditions {
    let are_served = !filters.is_empty() && filters.iter().all(|filter| filter.are_served);
    let all = filters.iter().copied().fold(Conditions::default(), Conditions::and);
    Conditions { are_served, ..all }
}

/// Conditions on one field, or on the records of a relation.
fn of_field<S: Shape>(field: &str, value: &S, of_variable: &mut dyn FnMut(&Name) -> Conditions) -> Conditions {
    let operators = value.entries().unwrap_or_default();
    let is_operator = |name: &str| SERVED_OPERATORS.contains(&name) || OTHER_OPERATORS.contains(&name);
    if operators.iter().any(|(name, _)| is_operator(name)) {
        let is_indexed = SERVED_FIELDS.contains(&field) || field.ends_with("Id");
        let are_served = is_indexed && operators.iter().any(|(name, _)| SERVED_OPERATORS.contains(name));
        return Conditions { count: operators.len() as u64, relations: 0, are_served };
    }
    let related = all_of(value, of_variable);
    Conditions { relations: related.relations.saturating_add(1), ..related }
}

impl Conditions {
    /// Both must hold.
    fn and(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            relations: self.relations.saturating_add(other.relations),
            are_served: self.are_served || other.are_served,
        }
    }
}

/// The field that an order names first.
fn first_field<S: Shape>(order: &S) -> Option<&str> {
    let first = order.items().map_or(Some(order), <[S]>::first)?;
    first.entries()?.into_iter().find(|(name, _)| *name == "field")?.1.word()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::Selection;

    use super::*;

    fn weight(field: &str, variables: serde_json::Value, counts: bool) -> u64 {
        let document = parse_query(format!("{{ {field} {{ totalCount }} }}")).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let Selection::Field(field) = &operation.node.selection_set.node.items[0].node else { panic!("a field") };
        let variables = Variables::from_json(variables);
        Scales::new(&variables).weigh(&field.node, counts)
    }

    fn of(field: &str) -> u64 {
        weight(field, serde_json::json!({}), false)
    }

    #[test]
    fn what_an_index_serves_weighs_next_to_nothing() {
        assert_eq!(of("patients"), 0);
        assert_eq!(of("patients(filter: {uuid: {equal: 1}})"), 1);
        assert_eq!(of("patients(filter: {address: {contains: \"q\"}, and: [{doctorId: {in: [1]}}]})"), 2);
        assert_eq!(of("patients(filter: {or: [{lastName: {startsWith: \"A\"}}, {lastName: {equal: \"B\"}}]})"), 2);
        assert_eq!(of("patients(filter: {conditions: {some: {code: {equal: 1}}}})"), 1 + RELATION);
        assert_eq!(of("patients(order: [{field: LAST_NAME}, {field: EMAIL}])"), 0);
    }

    #[test]
    fn what_has_to_look_at_every_record_is_dear() {
        let scan = |conditions: u64| conditions + SCAN + conditions * JUDGEMENT;
        for filter in [
            "address: {containsIgnoreCase: \"q\"}",
            "address: {equal: \"q\"}",
            "allergies: {containsAny: [\"q\"]}",
            "not: {uuid: {equal: 1}}",
            "uuid: {notEqual: 1}",
        ] {
            assert_eq!(of(&format!("patients(filter: {{{filter}}})")), scan(1), "{filter}");
        }
        assert_eq!(of("patients(filter: {or: [{lastName: {equal: 1}}, {address: {equal: 1}}]})"), scan(2));
        assert_eq!(of("patients(filter: {doctor: {firstName: {contains: 1}}})"), scan(1) + RELATION);
        assert_eq!(of("patients(order: {field: EMAIL})"), SORT);
    }

    #[test]
    fn a_count_is_dear_and_looks_once_more() {
        assert_eq!(weight("patients", serde_json::json!({}), true), COUNT);
        let filter = serde_json::json!({"f": {"address": {"contains": "q"}}});
        assert_eq!(weight("patients(filter: $f)", filter.clone(), true), 1 + COUNT + 2 * (SCAN + JUDGEMENT));
        assert_eq!(weight("patients(filter: {and: [$f]})", filter.clone(), false), 1 + SCAN + JUDGEMENT);
        assert_eq!(weight("conditions(filter: $f)", filter, true), 1 + 2 * IN_SHORT_LIST);
    }
}
