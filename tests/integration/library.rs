//! The server as a library, to ask it as somebody other than the local operator.

use std::path::PathBuf;
use std::sync::Arc;

use phr::audit::{Anchors, Report, Settings, Tending, Trail};
use phr::auth::{Authority, KeyFile, LocalToken, QuerySeal};
use phr::budget::Budgets;
use phr::changelog::Relay;
use phr::clock::{Clock, SharedClock, SystemClock};
use phr::config::Config;
use phr::database::{Cluster, Consistency, Witness};
use phr::deed::{Deed, Outcome};
use phr::graphql::{Answer, Begun, Context, Engine, Known, Method, Request};
use phr::listen::Drain;
use phr::rate::Rates;
use phr::records::changes::Feeds;
use phr::scope::Scope;
use phr::server::{Parts, Service, router};
use serde_json::{Value, json};
use support::Database;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use uuid::Uuid;

/// GraphQL without HTTP.
pub(crate) struct Library {
    runtime: Runtime,
    engine: Engine,
    authority: Authority,
    cluster: Cluster,
    known: Known,
    feeds: Feeds,
    tending: Option<Tending>,
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
        let (cluster, authority, feeds) = runtime.block_on(async {
            let cluster = cluster(&config).await;
            let authority = Authority::open(cluster.clone(), Arc::new(SystemClock), auth, file).await.unwrap();
            let feeds = Feeds::new(Relay::start(&cluster), cluster.clone());
            (cluster, authority, feeds)
        });
        let engine = Engine::new(config.limits, true);
        Self { runtime, engine, authority, cluster, known: phr::app::known(), feeds, tending: None }
    }

    /// With an audit trail, whose spool and anchors stand in the test's folder.
    pub(crate) fn witnessed(database: &Database, clock: SharedClock) -> Self {
        let mut library = Self::of(database);
        let settings = Settings {
            spool: database.folder().join("data/audit"),
            anchors: database.folder().join("data/audit-anchors.jsonl"),
            sync: true,
            max_bytes: 1 << 30,
            retention_days: 36_500,
        };
        let file = KeyFile::local(&database.folder().join("data/phr-local.key")).unwrap();
        let sealer = Arc::new(QuerySeal::new(&file));
        let start = async { Trail::start(settings, &library.cluster, clock, sealer).unwrap() };
        library.tending = Some(library.runtime.block_on(start));
        library
    }

    /// Sends a request over HTTP, without a network; the status and the answer.
    pub(crate) fn post(&self, config: &Config, token: &str, query: &str, variables: &Value) -> (u16, Value) {
        let parts = Parts {
            engine: self.engine.clone(),
            cluster: self.cluster.clone(),
            clock: Arc::new(SystemClock),
            known: self.known.clone(),
            authority: self.authority.clone(),
            feeds: self.feeds.clone(),
            signs_playground_in: false,
            keeps_refresh_cookies: false,
            rates: Rates::new(config.rates),
            budgets: Budgets::new(config.budgets),
            drain: Drain::default(),
        };
        let service = Service::new(&config.server, config.subscriptions, parts).unwrap();
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = axum::http::Request::post("/graphql")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(body))
            .unwrap();
        let answered = async {
            let response = router(service, false).oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (status, serde_json::from_slice(&body).unwrap())
        };
        // Workers of a server have larger stacks than tests.
        let (worker, runtime) = (std::thread::Builder::new().stack_size(8 << 20), &self.runtime);
        std::thread::scope(|scope| {
            worker.spawn_scoped(scope, || runtime.block_on(answered)).unwrap().join().expect("the request is answered")
        })
    }

    /// The token of an administrator.
    pub(crate) fn token(&self) -> String {
        let lifetime = std::time::Duration::from_mins(10);
        let wanted = LocalToken { role: "administrator".to_owned(), institution: None, patient: None, lifetime };
        self.authority.local_token(&wanted).unwrap()
    }

    /// Puts deeds on record.
    pub(crate) fn record(&self, scope: &Scope, deeds: Vec<(Deed, Outcome)>) {
        self.runtime.block_on(self.cluster.record(scope, deeds)).unwrap();
    }

    /// The same, with everything that is put on record told to this witness.
    pub(crate) fn told_to(database: &Database, witness: Arc<dyn Witness>) -> Self {
        let library = Self::of(database);
        library.cluster.witnessed_by(witness);
        library
    }

    /// Returns when the audit trail is in the database, and has ended.
    pub(crate) fn rest(mut self) {
        let tending = self.tending.take().expect("there is a trail");
        self.runtime.block_on(tending.stop(std::time::Duration::from_secs(20)));
    }

    /// Whether the audit trail is as it was written, by anchors in these files.
    pub(crate) fn verify(&self, anchors: &[PathBuf]) -> Report {
        let anchors = Anchors::read(anchors).unwrap();
        let pruned_before = SystemClock.now() - chrono::Days::new(2190);
        self.runtime.block_on(phr::audit::verify(&self.cluster, &anchors, pruned_before)).unwrap()
    }

    /// The response to somebody's request; of a subscription, the first.
    pub(crate) fn ask(&self, scope: Scope, query: &str, variables: &Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request: Request<'_> = serde_json::from_str(&body).unwrap();
        let read = |answer: &Answer| serde_json::from_str(&answer.encode()).unwrap();
        let answered = async {
            match self.engine.begin(request, Method::Post, self.context(scope.clone())).await {
                Begun::Answered(answer) => read(&answer),
                Begun::Subscribed(mut responses) => {
                    let event = responses.event().await.unwrap().unwrap();
                    match responses.tell(event, self.context(scope)).await {
                        Ok(telling) => read(&telling.answer),
                        Err(answer) => read(&answer),
                    }
                }
            }
        };
        self.runtime.block_on(answered)
    }

    fn context(&self, scope: Scope) -> Context {
        let (clock, known) = (Arc::new(SystemClock), self.known.clone());
        let (authority, cluster) = (self.authority.clone(), self.cluster.clone());
        Context::new(scope, authority, cluster, clock, known, Consistency::default()).following(self.feeds.clone())
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
