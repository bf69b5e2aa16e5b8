use std::fmt::Write;

use chrono::DateTime;
use sha2::{Digest, Sha256};
use support::{Backend, Sql};
use uuid::Uuid;

/// How a column's value is written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A key: 32 hexadecimal digits.
    Key,
    Text,
    /// A number of so many bytes.
    Number(usize),
    /// A list of texts, as JSON.
    List,
    /// A list of keys, as JSON.
    Keys,
    Instant,
    /// Hexadecimal digits: 64 of a hash.
    Hash,
}

/// The columns of `audit_events`, in the order in which they are hashed; whether one's length is known beforehand. The form
/// stands at the beginning of what is hashed, and says which columns are.
pub(super) const COLUMNS: [(&str, Kind, bool); 27] = [
    ("form", Kind::Number(2), true),
    ("previous_hash", Kind::Hash, true),
    ("uuid", Kind::Key, true),
    ("instance", Kind::Key, true),
    ("sequence", Kind::Number(8), true),
    ("occurred_at", Kind::Instant, true),
    ("actor_id", Kind::Key, true),
    ("role", Kind::Text, false),
    ("session_id", Kind::Key, false),
    ("institution_id", Kind::Key, false),
    ("grant_id", Kind::Key, false),
    ("origin", Kind::Text, false),
    ("request_id", Kind::Key, true),
    ("action", Kind::Text, false),
    ("resource", Kind::Text, false),
    ("resource_id", Kind::Key, false),
    ("version", Kind::Number(4), false),
    ("resource_institution_id", Kind::Key, false),
    ("patient_id", Kind::Key, false),
    ("patient_ids", Kind::Keys, true),
    ("fields", Kind::List, true),
    ("outcome", Kind::Text, false),
    ("settles", Kind::Number(8), false),
    ("operators", Kind::List, true),
    ("matched", Kind::Number(8), false),
    ("query", Kind::Hash, false),
    ("hash", Kind::Hash, true),
];

/// An entry as somebody with the whole database in hand sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row(Vec<Option<String>>);

fn place(column: &str) -> usize {
    COLUMNS.iter().position(|(name, ..)| *name == column).expect("a column")
}

impl Row {
    /// The value of a column, if there is one.
    pub(super) fn known(&self, column: &str) -> Option<&str> {
        self.0[place(column)].as_deref()
    }

    pub(super) fn clear(&mut self, column: &str) {
        self.0[place(column)] = None;
    }

    pub(super) fn get(&self, column: &str) -> &str {
        self.0[place(column)].as_deref().unwrap_or_default()
    }

    pub(super) fn set(&mut self, column: &str, value: &str) {
        self.0[place(column)] = Some(value.to_owned());
    }

    pub(super) fn sequence(&self) -> i64 {
        self.get("sequence").parse().unwrap()
    }

    /// Gives the row another place in its chain, as whoever wrote it would have.
    pub(super) fn renumber(&mut self, sequence: i64) {
        let place = |sequence: i64| {
            let instance = Uuid::parse_str(self.get("instance")).unwrap();
            instance.as_u64_pair().1 ^ sequence.unsigned_abs()
        };
        // Its last 62 bits tell the place, and the others the instant.
        let uuid = Uuid::parse_str(self.get("uuid")).unwrap().as_u128();
        let moved = uuid ^ u128::from((place(self.sequence()) ^ place(sequence)) & (u64::MAX >> 2));
        self.set("sequence", &sequence.to_string());
        self.set("uuid", &Uuid::from_u128(moved).simple().to_string());
    }

    /// Hashes the row anew; written here once more, so that the form in which entries are hashed is no secret of the
    /// server's.
    pub(super) fn rehash(&mut self) {
        let form = self.get("form").to_owned();
        let mut bytes = format!("phr audit entry {form}").into_bytes();
        for ((name, kind, is_fixed), value) in COLUMNS.iter().zip(&self.0) {
            let is_hashed = match *name {
                "form" | "hash" => false,
                "patient_id" => form == "1",
                "patient_ids" | "operators" | "matched" | "query" => form == "2",
                _ => true,
            };
            if !is_hashed {
                continue;
            }
            let value = value.as_deref().map(|value| canonical(*kind, value));
            match value {
                None => bytes.extend([0xff; 4]),
                Some(value) => {
                    if !is_fixed {
                        bytes.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
                    }
                    bytes.extend(value);
                }
            }
        }
        let hash = Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        self.set("hash", &hash);
    }
}

fn canonical(kind: Kind, value: &str) -> Vec<u8> {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    match kind {
        Kind::Key | Kind::Hash => hex(value),
        Kind::Text => value.as_bytes().to_vec(),
        Kind::Number(4) => value.parse::<i32>().unwrap().to_be_bytes().to_vec(),
        Kind::Number(_) => value.parse::<i64>().unwrap().to_be_bytes().to_vec(),
        Kind::Instant => DateTime::parse_from_rfc3339(value).unwrap().timestamp_micros().to_be_bytes().to_vec(),
        Kind::List => {
            let texts: Vec<String> = serde_json::from_str(value).unwrap();
            let mut bytes = u32::try_from(texts.len()).unwrap().to_be_bytes().to_vec();
            for text in texts {
                bytes.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
                bytes.extend(text.as_bytes());
            }
            bytes
        }
        Kind::Keys => {
            let keys: Vec<Uuid> = serde_json::from_str(value).unwrap();
            let length = u32::try_from(keys.len()).unwrap().to_be_bytes();
            length.into_iter().chain(keys.into_iter().flat_map(Uuid::into_bytes)).collect()
        }
    }
}

/// The whole table, by chain.
pub(super) fn read(backend: Backend, sql: &mut Sql) -> Vec<Row> {
    let text = |(column, kind, _): &(&str, Kind, bool)| match (backend, kind) {
        (Backend::Postgres, Kind::Key) => format!("replace({column}::text, '-', '')"),
        (Backend::Postgres, Kind::Hash) => format!("encode({column}, 'hex')"),
        (Backend::Postgres, Kind::List | Kind::Keys) => format!("array_to_json({column})::text"),
        (Backend::Postgres, Kind::Instant) => {
            format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')")
        }
        (Backend::Sqlite, Kind::Key | Kind::Hash) => {
            format!("CASE WHEN {column} IS NOT NULL THEN lower(hex({column})) END")
        }
        (_, _) => format!("CAST({column} AS text)"),
    };
    let columns = COLUMNS.iter().map(text).collect::<Vec<_>>().join(", ");
    let rows =
        sql.rows(&format!("SELECT {columns} FROM audit_events ORDER BY audit_events.instance, audit_events.sequence"));
    rows.into_iter().map(Row).collect()
}

/// Puts these rows in the place of all.
pub(super) fn write(backend: Backend, sql: &mut Sql, rows: &[Row]) {
    let literal = |((_, kind, _), value): (&(&str, Kind, bool), &Option<String>)| match (backend, kind, value) {
        (_, _, None) => "NULL".to_owned(),
        (Backend::Postgres, Kind::Hash, Some(value)) => format!("'\\x{value}'"),
        (Backend::Postgres, Kind::List, Some(value)) => {
            format!("ARRAY(SELECT json_array_elements_text('{value}'))")
        }
        (Backend::Postgres, Kind::Keys, Some(value)) => {
            format!("ARRAY(SELECT json_array_elements_text('{value}')::uuid)")
        }
        (Backend::Sqlite, Kind::Key | Kind::Hash, Some(value)) => format!("x'{value}'"),
        (_, Kind::Number(_), Some(value)) => value.clone(),
        (_, _, Some(value)) => format!("'{value}'"),
    };
    let names = COLUMNS.map(|(name, ..)| name).join(", ");
    let mut statements = "BEGIN; DELETE FROM audit_events".to_owned();
    for row in rows {
        let values = COLUMNS.iter().zip(&row.0).map(literal).collect::<Vec<_>>().join(", ");
        write!(statements, "; INSERT INTO audit_events ({names}) VALUES ({values})").unwrap();
    }
    sql.run(&(statements + "; COMMIT"));
}
