//! Reading the records that rows refer to along with the rows, in one statement.
//!
//! For PostgreSQL, where a statement is a round trip. What a statement reads stands as a table of its own in it, its page
//! already taken, and each record that a row refers to is looked up by its key: no order and no limit suffers by it.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait, PostgresQueryBuilder, SelectStatement, SqlWriter, SqlWriterValues};
use sea_orm::{ColumnTrait, DbBackend, EntityName, IdenStatic, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::criteria::Criteria;
use crate::database::Reader;
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::Row;
use super::collection::{Collection, Column, Deleted, distinct, query_of, visible};
use super::disclosure::{disclose, with_owner};
use super::row::Plan;

/// Records that the rows of a statement refer to.
pub trait Joined: std::fmt::Debug + Send + Sync {
    /// The table that they are in. A statement reads a table once.
    fn table(&self) -> &'static str;

    /// What stands between SELECT and FROM for them.
    fn list(&self) -> &str;

    /// The one that a row refers to, if the caller may see it.
    fn select(&self) -> SelectStatement;

    /// Reads them from what came for their statement, from this column on; says where the next column is.
    fn take<'a>(
        &'a self,
        reader: &'a Reader,
        results: &'a [&'a QueryResult],
        from: usize,
    ) -> BoxFuture<'a, Result<usize>>;
}

/// All records that a statement reads besides its own, those that others refer to after those.
pub type Joins = Vec<Arc<dyn Joined>>;

/// What to do with the records that were found: by their keys, each once.
pub type Keep<C> = Box<dyn Fn(HashMap<Uuid, Found<C>>) -> BoxFuture<'static, ()> + Send + Sync>;
type Found<C> = Row<<C as Criteria>::Entity>;

/// Records of one collection that are read along.
pub struct Join<C: Collection> {
    scope: Scope,
    /// The column that refers to them, with its table.
    by: String,
    shown: Vec<Column<C>>,
    plan: Plan<C::Entity>,
    list: String,
    keep: Keep<C>,
}

impl<C: Collection> Join<C> {
    /// Of those that this column of a collection's refers to, these columns.
    pub fn new<From: Collection>(
        scope: &Scope,
        reader: &Reader,
        by: Column<From>,
        columns: Vec<Column<C>>,
        keep: Keep<C>,
    ) -> Self {
        let shown = distinct::<C>(columns);
        let plan = Plan::new(&with_owner::<C>(reader, shown.clone()));
        let by = format!("\"{}\".\"{}\"", From::Entity::default().table_name(), by.as_str());
        Self { scope: scope.clone(), by, list: plan.text(), shown, plan, keep }
    }
}

impl<C: Collection> std::fmt::Debug for Join<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Join({} of {})", C::NAME, self.by)
    }
}

impl<C: Collection> Joined for Join<C> {
    fn table(&self) -> &'static str {
        C::Entity::default().table_name()
    }

    fn list(&self) -> &str {
        &self.list
    }

    fn select(&self) -> SelectStatement {
        let referred = Expr::col(C::key().as_column_ref()).eq(Expr::cust(self.by.clone()));
        query_of::<C>(&self.plan, visible::<C>(&self.scope, Deleted::Excluded).add(referred))
    }

    fn take<'a>(
        &'a self,
        reader: &'a Reader,
        results: &'a [&'a QueryResult],
        from: usize,
    ) -> BoxFuture<'a, Result<usize>> {
        Box::pin(async move {
            let mut found = HashMap::new();
            let place = from + self.plan.place(&C::key()).ok_or_else(|| Error::internal("a record without its key"))?;
            for result in results {
                let Some(key) = result.try_get_by_index::<Option<Uuid>>(place)? else { continue };
                if let std::collections::hash_map::Entry::Vacant(new) = found.entry(key) {
                    new.insert(self.plan.read(result, from)?);
                }
            }
            let rows: Vec<_> = found.values().cloned().collect();
            disclose::<C>(reader, &rows, &self.shown, &[]);
            (self.keep)(found).await;
            Ok(from + self.plan.len())
        })
    }
}

/// A statement under way to its text.
pub(super) struct Text(SqlWriterValues);

impl Text {
    pub(super) fn new() -> Self {
        Self(SqlWriterValues::new("$", true))
    }

    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.0.as_writer().write_str(text).expect("a text takes what is written to it");
        self
    }

    pub(super) fn value(&mut self, value: Value) -> &mut Self {
        self.0.push_param(value, &PostgresQueryBuilder);
        self
    }

    pub(super) fn select(&mut self, select: &SelectStatement) -> &mut Self {
        select.build_collect_any_into(&PostgresQueryBuilder, &mut self.0);
        self
    }

    /// What is read of the records that are joined.
    pub(super) fn list(&mut self, joins: &Joins) -> &mut Self {
        for join in joins {
            self.push(", ").push(join.list());
        }
        self
    }

    /// The records that are joined.
    pub(super) fn joins(&mut self, joins: &Joins) -> &mut Self {
        for join in joins {
            self.push(" LEFT JOIN LATERAL (").select(&join.select());
            self.push(") AS \"").push(join.table()).push("\" ON true");
        }
        self
    }

    pub(super) fn statement(self) -> Statement {
        let (text, values) = self.0.into_parts();
        Statement { sql: text, values: Some(values), db_backend: DbBackend::Postgres }
    }
}

/// Reads what a statement's rows refer to, from this column of its results on. What is read here is put on record: rows
/// that nobody is going to be shown are not among them.
pub(super) async fn take(joins: &Joins, reader: &Reader, results: &[&QueryResult], from: usize) -> Result<()> {
    let mut from = from;
    for join in joins {
        from = join.take(reader, results, from).await?;
    }
    Ok(())
}
