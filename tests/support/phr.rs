use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::{Backend, Database, Server};

/// A running `phr serve` with the database it serves; killed when it is dropped.
#[derive(Debug)]
pub struct Phr {
    server: Server,
    /// What it serves.
    pub database: Arc<Database>,
}

impl Phr {
    /// A server with a database of its own.
    #[must_use]
    pub fn start(backend: Backend) -> Self {
        Self::serve(Arc::new(Database::new(backend)), &[], &[])
    }

    /// A server with a database of its own, and settings.
    #[must_use]
    pub fn with(backend: Backend, environment: &[(&str, &str)]) -> Self {
        Self::serve(Arc::new(Database::new(backend)), environment, &[])
    }

    /// A server of a database that others may use too.
    #[must_use]
    pub fn serve(database: Arc<Database>, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let url = database.url();
        let environment = [&[("DATABASE_URL", url.as_str())], environment].concat();
        let server = Server::start(database.folder(), &environment, arguments);
        Self { server, database }
    }

    /// Which database it serves.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.database.backend()
    }
}

impl Deref for Phr {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Phr {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}
