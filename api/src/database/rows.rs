//! Rows of a statement, counted as they come.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sea_orm::QueryResult;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::error::Error;

/// Bytes of rows that are counted together.
const STEP: usize = 64 << 10;

/// A row of either database.
pub(super) trait Measured: Into<QueryResult> {
    /// Bytes of its values.
    fn bytes(&self) -> usize;
}

impl Measured for PgRow {
    fn bytes(&self) -> usize {
        let value = |column| self.try_get_raw(column).ok().filter(|value| !value.is_null());
        (0..self.len()).filter_map(value).filter_map(|value| value.as_bytes().ok()).map(<[u8]>::len).sum()
    }
}

impl Measured for SqliteRow {
    fn bytes(&self) -> usize {
        let value = |column| self.try_get_raw(column).ok();
        let length = |value: sqlx::sqlite::SqliteValueRef<'_>| {
            let is_long = matches!(value.type_info().name(), "TEXT" | "BLOB");
            // A number would become a text by being looked at as one.
            if is_long { <&[u8] as Decode<Sqlite>>::decode(value).map_or(0, <[u8]>::len) } else { size_of::<i64>() }
        };
        (0..self.len()).filter_map(value).map(length).sum()
    }
}

/// Reads all rows, and tells `count` of their bytes; the inner error is its, and no further rows are read then.
pub(super) async fn collected<R: Measured>(
    mut rows: BoxStream<'_, Result<R, sqlx::Error>>,
    count: impl Fn(usize) -> Result<(), Error>,
) -> Result<Result<Vec<QueryResult>, Error>, sqlx::Error> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next().await.transpose()? {
        bytes += row.bytes();
        found.push(row.into());
        if bytes >= STEP
            && let Err(error) = count(std::mem::take(&mut bytes))
        {
            return Ok(Err(error));
        }
    }
    Ok(count(bytes).map(|()| found))
}
