use std::borrow::Cow;

use async_graphql::InputType;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DbBackend, Value};

use crate::error::{Error, Result};
use crate::scope::{Permission, Scope};

use super::Operand;
use super::naming::{Identified, Named, Naming};

/// How deep `and`, `or`, `not` and relations may nest.
pub const MAX_FILTER_DEPTH: usize = 8;
/// How many single conditions one filter may hold.
pub const MAX_CONDITIONS: usize = 200;
/// How many parts a filter is made of: filters, empty ones included, and the operators of a field.
pub const MAX_FILTER_PARTS: usize = 1000;
/// How many values a filter compares with, all lists of them taken together. SQLite binds 32,766 in a statement.
pub const MAX_FILTER_OPERANDS: usize = 10_000;
/// How many values `in` and `notIn` take.
pub const MAX_OPERANDS: usize = 1000;
/// How many characters a text to compare with may have.
pub const MAX_OPERAND_LENGTH: usize = 1000;

/// Conditions on one kind of record.
pub trait Filter: InputType + Clone + Send + Sync + 'static {
    /// The filter as a condition on its table; all its parts must hold.
    ///
    /// # Errors
    /// `Forbidden` for a field that the caller may not see, `Limit` and `BadRequest` for what no filter may say.
    fn condition(&self, translation: &mut Translation) -> Result<Condition>;

    /// What the caller may see at all of the records that the filter is for. Whoever asks for a record by what is related
    /// to it adds this: what is out of reach cannot be found out in a roundabout way.
    ///
    /// # Errors
    /// `Forbidden` when that is nothing.
    fn reach(scope: &Scope) -> Result<Condition>;

    /// By what name it is put on record that somebody was told of the records; none for those that tell of nobody.
    fn on_record() -> Option<&'static str>;
}

/// Conditions on one column.
pub trait Operators: Send + Sync {
    /// The operators as a condition on `operand`; all of them must hold.
    ///
    /// # Errors
    /// `Limit` and `BadRequest` for operands that no filter may hold.
    fn condition(&self, operand: &Operand, translation: &mut Translation) -> Result<Condition>;
}

/// The state of one translation: for which database, for whom, and how much the filter has asked for already.
#[derive(Debug)]
pub struct Translation<'a> {
    backend: DbBackend,
    scope: &'a Scope,
    depth: usize,
    conditions: usize,
    parts: usize,
    operands: usize,
    /// The columns that were asked by.
    asked: Vec<Asked>,
    /// Index of the column that the next operators belong to.
    current: usize,
    named: Named,
    /// The tables of records that have to be put on record, by which others were asked for.
    crossed: Vec<(&'static str, String)>,
}

/// A column that records were asked for by.
#[derive(Debug)]
struct Asked {
    table: String,
    column: &'static str,
    operators: Vec<&'static str>,
}

impl Asked {
    /// The column's name; with its table's where that is another one.
    fn name(&self, table: &str) -> Cow<'static, str> {
        let Self { table: own, column, .. } = self;
        if own == table { Cow::Borrowed(column) } else { Cow::Owned(format!("{own}.{column}")) }
    }
}

impl<'a> Translation<'a> {
    /// A translation into the SQL of `backend`, for the caller of `scope`.
    #[must_use]
    pub fn new(backend: DbBackend, scope: &'a Scope) -> Self {
        let (asked, named, crossed) = (Vec::new(), Named::default(), Vec::new());
        let (depth, conditions, parts, operands) = (0, 0, 0, 0);
        Self { backend, scope, depth, conditions, parts, operands, asked, current: 0, named, crossed }
    }

    /// Who asks.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        self.scope
    }

    pub(super) const fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Notes that records are asked for by this column, with the operators that come next.
    pub fn ask<C: ColumnTrait>(&mut self, column: &C) {
        let (table, name) = (column.entity_name(), column.as_str());
        let known = self.asked.iter().position(|asked| asked.column == name && *asked.table == *table.inner());
        self.current = known.unwrap_or(self.asked.len());
        if known.is_none() {
            self.asked.push(Asked { table: table.to_string(), column: name, operators: Vec::new() });
        }
    }

    /// The columns that records of `table` were asked for by; those of other tables are named with theirs.
    #[must_use]
    pub fn asked(&self, table: &str) -> Vec<Cow<'static, str>> {
        self.asked.iter().map(|asked| asked.name(table)).collect()
    }

    /// The same, each with the operators that decided.
    #[must_use]
    pub fn operators(&self, table: &str) -> Vec<Cow<'static, str>> {
        let each = |asked: &Asked| {
            let name = asked.name(table);
            asked.operators.iter().map(move |operator| Cow::Owned(format!("{name}.{operator}"))).collect::<Vec<_>>()
        };
        self.asked.iter().flat_map(each).collect()
    }

    /// Notes an operator on the column that was asked by last.
    pub(super) fn decide(&mut self, operator: &'static str) {
        if let Some(asked) = self.asked.get_mut(self.current)
            && !asked.operators.contains(&operator)
        {
            asked.operators.push(operator);
        }
    }

    /// Notes that what the column refers to decided.
    pub fn refer(&mut self) {
        self.decide("is");
    }

    /// Notes a value by which the question names a patient, whatever it asks of them.
    pub(super) fn name(&mut self, naming: &Naming, value: Value) {
        match (naming, value) {
            (Naming::Patient, Value::Uuid(key)) => self.named.patients.extend(key),
            (Naming::Record(record), value) => {
                let place = self.named.records.iter().position(|(known, _)| known.is(record));
                match place {
                    Some(place) => self.named.records[place].1.push(value),
                    None => self.named.records.push((Identified::clone(record), vec![value])),
                }
            }
            (Naming::Patient, _) => {}
        }
    }

    /// The patients that the question names.
    #[must_use]
    pub fn into_named(self) -> Named {
        self.named
    }

    /// Notes that records are asked for by those of another table, which has this column and the filter `F`.
    pub fn cross<F: Filter>(&mut self, column: &impl ColumnTrait) {
        let crossed = F::on_record().map(|name| (name, column.entity_name().to_string()));
        self.crossed.extend(crossed);
    }

    /// The records that have to be put on record, by which others were asked for: their name, and which of their columns.
    pub fn crossed(&self) -> impl Iterator<Item = (&'static str, Vec<Cow<'static, str>>)> {
        self.crossed.iter().map(|(name, table)| {
            let own = self.asked.iter().filter(|asked| asked.table == *table);
            (*name, own.map(|asked| Cow::Borrowed(asked.column)).collect())
        })
    }

    /// Refuses a field that the caller may not see: what is hidden cannot be asked for in a roundabout way.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn require(&self, permission: Permission) -> Result<()> {
        self.scope.require(permission)
    }

    /// Translates something nested.
    ///
    /// # Errors
    /// `Limit` when it is nested too deep, or one part too many.
    pub fn nested<T>(&mut self, translate: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_FILTER_DEPTH {
            return Err(Error::Limit(format!("a filter nests at most {MAX_FILTER_DEPTH} levels deep")));
        }
        self.parts += 1;
        if self.parts > MAX_FILTER_PARTS {
            return Err(Error::Limit(format!("a filter has at most {MAX_FILTER_PARTS} parts, empty ones included")));
        }
        self.depth += 1;
        let translated = translate(self);
        self.depth -= 1;
        translated
    }

    /// Whatever does not meet a condition, also because it has no value to be judged by. SQL's NOT would leave that out,
    /// so that a filter and its negation would not make up the whole.
    #[must_use]
    pub fn fails(&self, condition: Condition) -> Expr {
        let template = match self.backend {
            DbBackend::Postgres => "($1) IS NOT TRUE",
            _ => "(?) IS NOT TRUE",
        };
        Expr::cust_with_exprs(template, [Expr::from(condition)])
    }

    /// Translates each of several filters, which the field `list` holds.
    ///
    /// # Errors
    /// As the filters themselves.
    pub fn each<F: Filter>(&mut self, list: &str, filters: &[F]) -> Result<Vec<Condition>> {
        let condition = |(index, filter): (usize, &F)| {
            let condition = self.nested(|translation| filter.condition(translation));
            condition.map_err(|error| error.at(&[list, &index.to_string()]))
        };
        filters.iter().enumerate().map(condition).collect()
    }

    pub(super) fn count(&mut self) -> Result<()> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(Error::Limit(format!("a filter holds at most {MAX_CONDITIONS} conditions")));
        }
        Ok(())
    }

    /// Counts the values of a list to compare with.
    pub(super) fn count_operands(&mut self, operands: usize) -> Result<()> {
        self.operands += operands;
        if self.operands > MAX_FILTER_OPERANDS {
            return Err(Error::Limit(format!("a filter compares with at most {MAX_FILTER_OPERANDS} values")));
        }
        Ok(())
    }
}
