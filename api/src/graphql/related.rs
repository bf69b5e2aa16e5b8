use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::SelectionField;
use uuid::Uuid;

use crate::error::{Error, Result};

use super::context::Context;
use super::one::below;
use super::record::{Record, read};
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

/// Records that others refer to, by their keys.
pub(super) struct Relations<R>(Result<HashMap<Uuid, Arc<Shown<R>>>, Arc<Error>>);

impl<R: Record> Relations<R> {
    /// Reads what the field `name` of some records shows, all of it in one statement; nothing when it is not selected.
    pub(super) async fn read<T>(
        context: &Context,
        fields: &[SelectionField<'_>],
        name: &str,
        from: &[T],
        key: fn(&T) -> Option<Uuid>,
    ) -> Self
    where
        T: Sync,
    {
        let Some(fields) = below(fields, name) else { return Self(Ok(HashMap::new())) };
        let keys = from.iter().filter_map(key).collect();
        let found = Box::pin(read(context, &fields, keys)).await;
        Self(found.map(|found| found.into_iter().map(|(key, record)| (key, Arc::new(record))).collect()))
    }

    pub(super) fn get(&self, key: Option<Uuid>) -> Related<R> {
        match (&self.0, key) {
            (_, None) => Related::None,
            (Ok(found), Some(key)) => {
                found.get(&key).map_or(Related::None, |record| Related::Found(Arc::clone(record)))
            }
            (Err(error), Some(_)) => Related::Failed(Arc::clone(error)),
        }
    }
}
