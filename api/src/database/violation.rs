use sea_orm::{DbErr, RuntimeErr};

/// A constraint that a write broke, by its name in the migrations where the database tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A unique or primary key, or an exclusion, such as `patientregister_pkey`; on SQLite `table.column`.
    Unique(String),
    /// A reference; SQLite tells no name.
    Reference(String),
    /// A CHECK, or a rule kept by a trigger.
    Check(String),
}

/// The constraint that made a write fail, if it was one.
#[must_use]
pub fn violation(error: &DbErr) -> Option<Violation> {
    let (DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) = error else {
        return None;
    };
    let error = error.as_database_error()?;
    match error.constraint() {
        Some(name) => postgres(&error.code()?, name),
        None => sqlite(&error.code()?, error.message()),
    }
}

/// Class 23 of PostgreSQL's error codes.
fn postgres(code: &str, name: &str) -> Option<Violation> {
    match code {
        "23505" | "23P01" => Some(Violation::Unique(name.to_owned())),
        "23503" => Some(Violation::Reference(name.to_owned())),
        // What a trigger keeps from going away breaks a rule, too.
        "23514" | "23001" => Some(Violation::Check(name.to_owned())),
        _ => None,
    }
}

/// SQLite's extended result codes: 275 CHECK, 787 FOREIGN KEY, 1555 PRIMARY KEY, 1811 a trigger's RAISE, 2067 UNIQUE.
fn sqlite(code: &str, message: &str) -> Option<Violation> {
    let name = || message.rsplit(": ").next().unwrap_or_default().to_owned();
    match code {
        "275" | "1811" => Some(Violation::Check(name())),
        "787" => Some(Violation::Reference(name())),
        "1555" | "2067" => Some(Violation::Unique(name())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_a_trigger_keeps_is_a_check_on_both_databases() {
        let rule = Violation::Check("patientregister_merged_into_fkey".to_owned());
        assert_eq!(postgres("23001", "patientregister_merged_into_fkey"), Some(rule.clone()));
        assert_eq!(sqlite("1811", "patientregister_merged_into_fkey"), Some(rule));
    }
}
