//! The same made-up records in every database, and an independent notion of which of them a filter means and in which
//! order they stand.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};
use support::{Backend, Phr};

/// How many registers there are.
pub(crate) const REGISTERS: usize = 150;

/// Random numbers that are the same in every run (Marsaglia's xorshift).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    fn key(&mut self) -> String {
        let mut hex = || format!("{:04x}", self.below(0x1_0000));
        format!("{}{}-{}-4{}-8{}-{}{}{}", hex(), hex(), hex(), &hex()[1..], &hex()[1..], hex(), hex(), hex())
    }
}

/// Few, so that many records agree; with accents, other scripts, capitals, and what SQL might trip over.
const NAMES: &[&str] = &[
    "Smith",
    "SMITH",
    "smithson",
    "Smi",
    "Sm%th",
    "O'Brien",
    "Ägren",
    "ägren",
    "Élodie",
    "élodie",
    "Zoë",
    "ZOË",
    "_mith",
    "Шевченко",
    "шевченко",
    "李",
    "😀 Smile",
    "Smith\u{d7ff}",
    "Back\\slash",
];
const CONTACTS: &[&str] = &["John", "john", "ÉMILE", "émile", "Nobody's"];
const ENTRIES: &[&str] = &["penicillin", "Penicillin", "latex", "house dust, \"mites\"", "{curly}", "back\\slash", "é"];
const DATES: &[&str] = &["1900-01-01", "1955-12-31", "1980-02-29", "1999-12-31", "2000-01-01", "2020-06-15"];
const INSTANTS: &[&str] = &[
    "2024-01-01T00:00:00.000000Z",
    "2024-01-01T00:00:00.000001Z",
    "2024-02-29T23:59:59.999999Z",
    "2025-06-30T12:00:00.500000Z",
];

/// The records as JSON, by the names of their GraphQL fields.
pub(crate) fn registers() -> Vec<Value> {
    let mut random = Random::new(7);
    let specialties: Vec<Value> = ["Cardiology", "cardiology", "Neurologie"]
        .iter()
        .map(|name| json!({"uuid": random.key(), "name": name}))
        .collect();
    let institutions: Vec<Value> =
        ["Harbour", "Ostküste", "O'Hill"].iter().map(|name| json!({"uuid": random.key(), "name": name})).collect();
    let doctors: Vec<Value> = (0..8)
        .map(|number| {
            json!({
                "uuid": random.key(),
                "firstName": "Ada",
                "lastName": random.of(NAMES),
                "licenseNumber": if number % 3 == 0 { Value::Null } else { json!(format!("L-{number}")) },
                "institution": institutions[random.below(institutions.len())],
                "specialty": if number % 2 == 0 { Value::Null } else { specialties[number % 3].clone() },
            })
        })
        .collect();
    (0..REGISTERS).map(|_| a_register(&mut random, &institutions, &doctors)).collect()
}

fn a_register(random: &mut Random, institutions: &[Value], doctors: &[Value]) -> Value {
    let incomplete = random.chance(40);
    let unknown = |random: &mut Random, value: Value| if incomplete && random.chance(70) { Value::Null } else { value };
    let list = |random: &mut Random| -> Vec<&str> { (0..random.below(4)).map(|_| random.of(ENTRIES)).collect() };
    let email = format!("p{}@mail.example", random.below(9));
    let email = unknown(random, json!(email));
    let contact = json!(random.of(CONTACTS));
    let contact = unknown(random, contact);
    let last_name = json!(random.of(NAMES));
    let last_name = unknown(random, last_name);
    let born = json!(random.of(DATES));
    let born = unknown(random, born);
    let doctor = if random.chance(40) { Value::Null } else { doctors[random.below(doctors.len())].clone() };
    let institution = institutions[random.below(institutions.len())].clone();
    let at = random.of(INSTANTS);
    json!({
        "uuid": random.key(),
        "firstName": random.of(NAMES),
        "lastName": last_name,
        "dateOfBirth": born,
        "email": email,
        "phoneNumber": format!("555-000-00{:02}", random.below(20)),
        "address": format!("{} Oak Avenue", random.below(5)),
        "emergencyContact": contact,
        "status": if incomplete { "INCOMPLETE" } else { random.of(&["PENDING", "INSTITUTION_VALIDATED"]) },
        "allergies": list(random),
        "medicalHistory": list(random),
        "currentMedications": list(random),
        "version": 1 + random.below(4),
        "createdAt": at,
        "updatedAt": at,
        "deletedAt": if random.chance(30) { json!(random.of(INSTANTS)) } else { Value::Null },
        "institutionId": institution["uuid"],
        "doctorId": doctor["uuid"],
        "institution": institution,
        "doctor": doctor,
    })
}

/// Writes the records into a server's database.
pub(crate) fn fill(phr: &Phr) -> Vec<Value> {
    let records = registers();
    let mut statements = Vec::new();
    let mut seen = Vec::new();
    for record in &records {
        let doctor = &record["doctor"];
        for (table, row) in [
            ("medical_institutions", &record["institution"]),
            ("medical_institutions", &doctor["institution"]),
            ("doctor_specialties", &doctor["specialty"]),
            ("doctors", doctor),
            ("patientregister", record),
        ] {
            if row.is_object() && !seen.contains(&&row["uuid"]) {
                seen.push(&row["uuid"]);
                statements.push(insert(phr, table, row.as_object().expect("a record")));
            }
        }
    }
    phr.database.sql().run(&format!("BEGIN; {}; COMMIT", statements.join("; ")));
    records
}

fn insert(phr: &Phr, table: &str, row: &Map<String, Value>) -> String {
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for (field, value) in row {
        let column: String = field.chars().fold(String::new(), |name, letter| {
            if letter.is_uppercase() { format!("{name}_{}", letter.to_lowercase()) } else { format!("{name}{letter}") }
        });
        let (column, value) = match value {
            Value::Object(related) if table == "doctors" => (format!("{column}_id"), &related["uuid"]),
            Value::Null if table == "doctors" && field == "specialty" => ("specialty_id".to_owned(), value),
            _ if matches!(field.as_str(), "institution" | "doctor") => continue,
            _ => (column, value),
        };
        columns.push(column);
        values.push(literal(phr, columns.last().expect("just pushed"), value));
    }
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "))
}

fn literal(phr: &Phr, column: &str, value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Array(entries) => phr.database.list(&entries.iter().filter_map(Value::as_str).collect::<Vec<_>>()),
        Value::String(key) if column == "uuid" || column.ends_with("_id") => phr.database.key(key),
        Value::String(at) if column.ends_with("_at") && phr.backend() == Backend::Sqlite => {
            format!("'{}'", at.replace('Z', "+00:00"))
        }
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

/// Whether a record meets a filter, as the schema's descriptions have it.
pub(crate) fn meets(record: &Value, filter: &Value) -> bool {
    filter.as_object().expect("a filter is an object").iter().all(|(name, part)| match name.as_str() {
        "and" => part.as_array().expect("a list").iter().all(|part| meets(record, part)),
        "or" => part.as_array().expect("a list").iter().any(|part| meets(record, part)),
        "not" => !meets(record, part),
        "institution" | "doctor" | "specialty" => record[name].is_object() && meets(&record[name], part),
        field => part.as_object().expect("operators").iter().all(|(name, value)| holds(name, &record[field], value)),
    })
}

fn holds(operator: &str, value: &Value, operand: &Value) -> bool {
    if operator == "isNull" {
        return operand == value.is_null();
    }
    if value.is_null() {
        return false;
    }
    let among = |list: &Value, value: &Value| list.as_array().expect("a list").contains(value);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let folded = |value: &Value| text(value).to_lowercase();
    match operator {
        "equal" => value == operand,
        "notEqual" => value != operand,
        "lessThan" => compare(value, operand).is_lt(),
        "lessThanOrEqual" => compare(value, operand).is_le(),
        "greaterThan" => compare(value, operand).is_gt(),
        "greaterThanOrEqual" => compare(value, operand).is_ge(),
        "in" => among(operand, value),
        "notIn" => !among(operand, value),
        "startsWith" => text(value).starts_with(&text(operand)),
        "contains" if value.is_array() => among(value, operand),
        "contains" => text(value).contains(&text(operand)),
        "equalIgnoreCase" => folded(value) == folded(operand),
        "startsWithIgnoreCase" => folded(value).starts_with(&folded(operand)),
        "containsIgnoreCase" => folded(value).contains(&folded(operand)),
        "containsAll" => operand.as_array().expect("a list").iter().all(|entry| among(value, entry)),
        "containsAny" => operand.as_array().expect("a list").iter().any(|entry| among(value, entry)),
        "isEmpty" => operand == value.as_array().expect("a list").is_empty(),
        other => panic!("no operator {other}"),
    }
}

/// Texts, dates, instants and keys by their code points; numbers by size; unknown values last.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => left.as_i64().cmp(&right.as_i64()),
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        _ => panic!("{left} and {right} do not compare"),
    }
}

/// The records in an order of `[(field, ascending), ..]`, which the key makes total in the last step's direction.
pub(crate) fn sorted(mut records: Vec<Value>, order: &[(&str, bool)]) -> Vec<Value> {
    let key = ("uuid", order.last().is_none_or(|(_, ascending)| *ascending));
    records.sort_by(|left, right| {
        order.iter().chain([&key]).fold(Ordering::Equal, |so_far, (field, ascending)| {
            let here = compare(&left[*field], &right[*field]);
            so_far.then(if *ascending { here } else { here.reverse() })
        })
    });
    records
}

/// An order as GraphQL has it.
pub(crate) fn order(order: &[(&str, bool)]) -> Value {
    let step = |(field, ascending): &(&str, bool)| {
        let field: String = field.chars().fold(String::new(), |name, letter| {
            if letter.is_uppercase() { format!("{name}_{letter}") } else { format!("{name}{}", letter.to_uppercase()) }
        });
        json!({"field": field, "direction": if *ascending { "ASC" } else { "DESC" }})
    };
    order.iter().map(step).collect()
}

/// The keys of records.
pub(crate) fn keys(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| record["uuid"].as_str().expect("a key").to_owned()).collect()
}
