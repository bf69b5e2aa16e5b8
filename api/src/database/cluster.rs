use std::sync::Arc;

use crate::error::Result;
use crate::scope::Scope;

use super::{Consistency, Node, PoolLimits, Reader, Target, Transaction};

/// The database nodes that serve one set of records, behind two verbs.
#[derive(Clone, Debug)]
pub struct Cluster {
    node: Arc<Node>,
}

impl Cluster {
    /// Knows where the database is; connects when first asked to read or write.
    #[must_use]
    pub fn new(target: Target, limits: PoolLimits) -> Self {
        Self { node: Arc::new(Node::new(target, limits)) }
    }

    /// Reads of one request. All of them run on one node, so that parents and children agree.
    #[must_use]
    pub fn read(&self, _scope: &Scope, _consistency: Consistency) -> Reader {
        Reader::new(Arc::clone(&self.node))
    }

    /// Opens a transaction on the primary, in which the database knows the scope's actor and request.
    ///
    /// # Errors
    /// `Unavailable` when no connection can be had in time.
    pub async fn write(&self, scope: &Scope) -> Result<Transaction> {
        Transaction::begin(&self.node, scope).await
    }

    /// Whether reads can be served now.
    pub async fn is_ready(&self) -> bool {
        self.node.ping().await.is_ok()
    }
}
