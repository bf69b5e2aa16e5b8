use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::Transaction;
use crate::error::Result;

/// A table whose rows are a patient's. All have a key `uuid`, and name the patient in `column`.
#[derive(Debug)]
pub struct Dependent {
    /// The table.
    pub table: &'static str,
    /// The column that names the patient.
    pub column: &'static str,
    /// A patient has one row at most that has the same values in these columns; of several such, that of the merged
    /// register stays with it. With no columns a patient has one row in all. None where nothing is unique.
    pub unique: Option<&'static [&'static str]>,
    /// Whether rows have tombstones, by a column `deleted_at`: those count for nothing above.
    pub has_tombstones: bool,
    /// Whether one row of each patient is the first choice, by a column `is_primary`: that of the kept register stays so.
    pub has_primary: bool,
}

/// What goes with a register that is merged into another. A table that refers to registers and stands neither here nor in
/// [`STAYS`] is found by a test.
pub const MOVED: &[Dependent] = &[
    Dependent { unique: Some(&["system", "value"]), ..Dependent::of("identifiers").with_tombstones() },
    Dependent::of("appointments"),
    Dependent { unique: Some(&[]), ..Dependent::of("health_profiles").with_tombstones() },
    Dependent { unique: Some(&["address"]), has_primary: true, ..Dependent::of("emails").with_tombstones() },
    Dependent { unique: Some(&["number_folded"]), has_primary: true, ..Dependent::of("phones").with_tombstones() },
    Dependent { has_primary: true, ..Dependent::of("addresses").with_tombstones() },
    Dependent::of("patient_conditions").with_tombstones(),
    Dependent::of("patient_medications").with_tombstones(),
    Dependent::of("patient_allergies").with_tombstones(),
];

/// What stays with the register that it was about.
pub const STAYS: &[(&str, &str)] = &[
    // Itself.
    ("patientregister", "merged_into"),
    // What was done to a register was done to that one.
    ("patient_validations", "patient_id"),
    ("break_glass_grants", "patient_id"),
    ("patient_merges", "kept_id"),
    ("patient_merges", "merged_id"),
    // Two registers that were merged by mistake must not show one patient the record of another.
    ("users", "patient_id"),
];

/// A row that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Moved {
    pub(super) table: String,
    pub(super) row: Uuid,
    /// Whether it was the first choice, and is no longer.
    #[serde(default)]
    pub(super) was_primary: bool,
}

/// Keys in one statement at most.
const CHUNK: usize = 1000;

impl Dependent {
    const fn of(table: &'static str) -> Self {
        Self { table, column: "patient_id", unique: None, has_tombstones: false, has_primary: false }
    }

    const fn with_tombstones(self) -> Self {
        Self { has_tombstones: true, ..self }
    }

    /// Hands the rows of the register `from` over to `to`, as far as they have none alike there.
    pub(super) async fn hand_over(&self, tx: &Transaction, from: Uuid, to: Uuid) -> Result<Vec<Moved>> {
        let mut moved = Vec::new();
        for row in query(tx, &self.found(), [from.into(), to.into()]).await? {
            let was_primary = self.has_primary && row.try_get_by_index::<bool>(1)?;
            moved.push(Moved { table: self.table.to_owned(), row: row.try_get_by_index(0)?, was_primary });
        }
        self.assign(tx, &moved, (from, to), "false").await?;
        Ok(moved)
    }

    /// Gives back to `from` what moved to `to`, as far as it is still there.
    pub(super) async fn give_back(&self, tx: &Transaction, moved: &[Moved], from: Uuid, to: Uuid) -> Result<()> {
        let own: Vec<Moved> = moved.iter().filter(|row| row.table == self.table).cloned().collect();
        self.assign(tx, &own, (to, from), "true").await
    }

    /// The rows that move from the first register to the second, and whether they cease to be the first choice.
    fn found(&self) -> String {
        let Self { table, column, .. } = self;
        let alive = if self.has_tombstones { " AND there.deleted_at IS NULL" } else { "" };
        let taken =
            |more: &str| format!("EXISTS (SELECT 1 FROM {table} AS there WHERE there.{column} = $2{alive}{more})");
        let primary = if self.has_primary {
            format!(", own.is_primary AND {}", taken(" AND there.is_primary"))
        } else {
            String::new()
        };
        let same = |column: &&str| format!(" AND there.{column} IS NOT DISTINCT FROM own.{column}");
        let stays =
            self.unique.map(|columns| format!(" AND NOT {}", taken(&columns.iter().map(same).collect::<String>())));
        let stays = stays.unwrap_or_default();
        format!(
            "SELECT own.uuid{primary} FROM {table} AS own WHERE own.{column} = $1 AND own.{column} <> $2{stays} ORDER BY own.uuid"
        )
    }

    /// Makes rows of the first register the second one's, and those that were the first choice what `primary` says.
    async fn assign(&self, tx: &Transaction, rows: &[Moved], (from, to): (Uuid, Uuid), primary: &str) -> Result<()> {
        let Self { table, column, .. } = self;
        for was_primary in [false, true] {
            let keys: Vec<Uuid> = rows.iter().filter(|row| row.was_primary == was_primary).map(|row| row.row).collect();
            let first_choice = if was_primary { format!(", is_primary = {primary}") } else { String::new() };
            for keys in keys.chunks(CHUNK) {
                let places: Vec<String> = (3..keys.len() + 3).map(|place| format!("${place}")).collect();
                let sql = format!(
                    "UPDATE {table} SET {column} = $1{first_choice} WHERE {column} = $2 AND uuid IN ({})",
                    places.join(", ")
                );
                let values = [to, from].into_iter().chain(keys.iter().copied()).map(Value::from);
                tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
            }
        }
        Ok(())
    }
}

async fn query(tx: &Transaction, sql: &str, values: [Value; 2]) -> Result<Vec<QueryResult>, DbErr> {
    tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await
}
