//! The server as a library, to ask it as somebody other than the local operator.

use std::sync::Arc;

use phr::auth::{Authority, KeyFile};
use phr::clock::SystemClock;
use phr::config::Config;
use phr::database::{Cluster, Consistency};
use phr::graphql::{Context, Engine, Known, Method, Request};
use phr::scope::Scope;
use serde_json::{Value, json};
use support::Database;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// GraphQL without HTTP.
pub(crate) struct Library {
    runtime: Runtime,
    engine: Engine,
    authority: Authority,
    cluster: Cluster,
    known: Known,
}

impl Library {
    pub(crate) fn of(database: &Database) -> Self {
        Self::with(database, &[])
    }

    /// With settings of its own, by the names of their environment variables.
    pub(crate) fn with(database: &Database, settings: &[(&str, &str)]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = config(database, settings);
        let file = KeyFile::local(&database.folder().join("data/phr-local.key")).unwrap();
        let auth = config.auth_settings().unwrap();
        let (cluster, authority) = runtime.block_on(async {
            let cluster = cluster(&config).await;
            let authority = Authority::open(cluster.clone(), Arc::new(SystemClock), auth, file).await.unwrap();
            (cluster, authority)
        });
        Self { runtime, engine: Engine::new(config.limits, true), authority, cluster, known: phr::app::known() }
    }

    /// The response to somebody's request.
    pub(crate) fn ask(&self, scope: Scope, query: &str, variables: &Value) -> Value {
        let (clock, known) = (Arc::new(SystemClock), self.known.clone());
        let (authority, cluster) = (self.authority.clone(), self.cluster.clone());
        let context = Context::new(scope, authority, cluster, clock, known, Consistency::default());
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request: Request<'_> = serde_json::from_str(&body).unwrap();
        let answer = self.runtime.block_on(self.engine.execute(request, Method::Post, context));
        serde_json::to_value(&answer.response).unwrap()
    }
}

/// A server's settings for a test's database.
pub(crate) fn config(database: &Database, settings: &[(&str, &str)]) -> Config {
    let url = database.url();
    let given = |name: &str| settings.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
    Config::load(None, |name| if name == "DATABASE_URL" { Some(url.clone()) } else { given(name) }).unwrap()
}

/// A server's way to its database, which must be asked for within a runtime.
pub(crate) async fn cluster(config: &Config) -> Cluster {
    let settings = config.cluster_settings(phr::app::known().migrations);
    let cluster = Cluster::new(config.nodes().unwrap(), settings);
    cluster.first_look().await;
    cluster
}

/// The local operator.
pub(crate) fn operator() -> Scope {
    Scope::local_operator(Uuid::new_v4())
}

/// The codes of a response's errors.
pub(crate) fn codes(response: &Value) -> Vec<&str> {
    let errors = response["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("none")).collect()
}
