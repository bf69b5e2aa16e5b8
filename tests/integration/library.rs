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
        let url = database.url();
        let config = Config::load(None, |name| (name == "DATABASE_URL").then(|| url.clone())).unwrap();
        let known = phr::app::known();
        let settings = config.cluster_settings(Arc::clone(&known.migrations));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let file = KeyFile::local(&database.folder().join("data/phr-local.key")).unwrap();
        let (cluster, authority) = runtime.block_on(async {
            let cluster = Cluster::new(config.nodes().unwrap(), settings);
            cluster.first_look().await;
            let auth = config.auth_settings().unwrap();
            let authority = Authority::open(cluster.clone(), Arc::new(SystemClock), auth, file).await.unwrap();
            (cluster, authority)
        });
        Self { runtime, engine: Engine::new(config.limits, true), authority, cluster, known }
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

/// The local operator.
pub(crate) fn operator() -> Scope {
    Scope::local_operator(Uuid::new_v4())
}

/// The codes of a response's errors.
pub(crate) fn codes(response: &Value) -> Vec<&str> {
    let errors = response["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("none")).collect()
}
