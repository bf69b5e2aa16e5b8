//! Work in tasks of its own.

use tokio::task::JoinSet;

use crate::error::{Error, Result};

/// Runs work that others may wait for too, or that holds what others want, in a task of its own: it goes on however slow
/// the client is for whom it was begun. It ends with who waits for it.
///
/// # Errors
/// As the work; `Internal` when it panics.
pub async fn apart<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let mut task = JoinSet::new();
    task.spawn(work);
    match task.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(error)) => Err(Error::internal(error)),
        None => Err(Error::internal("a task that never began")),
    }
}
