use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, Result};
use crate::records::Row;

use super::record::{Column, Entity, Record};
use super::shown::Shown;

/// A record that another one refers to, as far as it was found.
pub(super) enum Related<R> {
    /// There is none, or nobody asked for it.
    None,
    Found(Arc<Shown<R>>),
    Failed(Arc<Error>),
}

impl<R> Clone for Related<R> {
    fn clone(&self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Found(record) => Self::Found(Arc::clone(record)),
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
        }
    }
}

impl<R> Related<R> {
    pub(super) fn get(&self) -> Result<Option<&Shown<R>>, Arc<Error>> {
        match self {
            Self::None => Ok(None),
            Self::Found(record) => Ok(Some(record)),
            Self::Failed(error) => Err(Arc::clone(error)),
        }
    }
}

/// Records to which a column of others refers, by their keys.
pub(super) struct Relations<R: Record, T> {
    by: Column<R>,
    found: Result<HashMap<Uuid, Arc<Shown<T>>>, Arc<Error>>,
}

impl<R: Record, T> Relations<R, T> {
    pub(super) fn new(by: Column<R>, found: Result<HashMap<Uuid, Shown<T>>, Arc<Error>>) -> Self {
        Self { by, found: found.map(|found| found.into_iter().map(|(key, record)| (key, Arc::new(record))).collect()) }
    }

    /// The one to which a row refers.
    pub(super) fn of(&self, row: &Row<Entity<R>>) -> Related<T> {
        match (&self.found, row.key(self.by)) {
            (_, None) => Related::None,
            (Ok(found), Some(key)) => {
                found.get(&key).map_or(Related::None, |record| Related::Found(Arc::clone(record)))
            }
            (Err(error), Some(_)) => Related::Failed(Arc::clone(error)),
        }
    }
}
