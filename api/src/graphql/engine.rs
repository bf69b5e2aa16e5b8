use std::sync::Arc;
use std::time::Instant;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError, Value, Variables};
use uuid::Uuid;

use crate::answer::AnswerBytes;
use crate::budget::Spending;
use crate::database::Reader;
use crate::error::Error;

use super::documents::Documents;
use super::errors::{finish, refusal};
use super::executor::Executor;
use super::limits::{Cost, Limits};
use super::prepared::Prepared;
use super::request::{Method, Request};
use super::tellings::Tellings;
use super::trusted::Trusted;
use super::witness::put_on_record;
use super::{Context, Mutation, Query, Subscription, roots};

/// How many reasons are told for which a request was refused.
pub(super) const MAX_ERRORS: usize = 100;

/// Executes GraphQL requests: what concerns a whole request is done here, around its execution.
#[derive(Clone)]
pub struct Engine {
    pub(super) executor: Arc<Executor<Query, Mutation, Subscription>>,
    pub(super) documents: Arc<Documents>,
    pub(super) tellings: Tellings,
    pub(super) limits: Limits,
    trusted: Option<Arc<Trusted>>,
}

/// What became of a request.
#[derive(Debug)]
pub struct Answer {
    /// What to send.
    pub response: Response,
    /// Whether the request was refused before any of it was executed.
    pub is_refused: bool,
    /// Whether it would have changed something, but came by GET.
    pub is_wrong_method: bool,
    /// Whether none of it may run without a session.
    pub is_unauthenticated: bool,
    /// For later reads that are to see what was written, where anything was.
    pub token: Option<String>,
    /// In how many seconds to ask again, where the caller has asked too often or for too much.
    pub retry_after: Option<u64>,
    /// What it holds, until it was sent.
    pub bytes: Option<Arc<AnswerBytes>>,
}

impl Answer {
    pub(super) const fn of(response: Response, is_refused: bool) -> Self {
        let (is_wrong_method, is_unauthenticated) = (false, false);
        Self { response, is_refused, is_wrong_method, is_unauthenticated, token: None, retry_after: None, bytes: None }
    }

    /// A request refused before any of it was executed.
    #[must_use]
    pub fn refused(error: Error, request: Uuid) -> Self {
        let retry_after = if let Error::RateLimited { seconds } = &error { Some(*seconds) } else { None };
        Self { retry_after, ..Self::of(refusal(error, request), true) }
    }
}

impl Engine {
    /// An engine with these limits. Without `introspection` the schema cannot be asked for.
    #[must_use]
    pub fn new(limits: Limits, introspection: bool) -> Self {
        let build = || {
            let builder = roots();
            if introspection { builder } else { builder.disable_introspection().disable_suggestions() }
        };
        Self {
            executor: Arc::new(Executor::new(build)),
            documents: Arc::new(Documents::new()),
            tellings: Tellings::new(),
            limits,
            trusted: None,
        }
    }

    /// Runs these documents only.
    #[must_use]
    pub fn trusting(self, trusted: Trusted) -> Self {
        Self { trusted: Some(Arc::new(trusted)), ..self }
    }

    /// Executes one request. A subscription is refused: see [`Self::begin`].
    pub async fn execute(&self, request: Request<'_>, method: Method, context: Context) -> Answer {
        match self.prepare(request, &context).await {
            Ok(prepared) => self.execute_prepared(prepared, method, context).await,
            Err(answer) => *answer,
        }
    }

    pub(super) async fn execute_prepared(
        &self,
        mut prepared: Prepared,
        method: Method,
        mut context: Context,
    ) -> Answer {
        let (id, began) = (context.scope.request, Instant::now());
        match prepared.kind() {
            OperationType::Query => {}
            OperationType::Mutation if method == Method::Get => {
                let error = Error::BadRequest("a mutation is sent by POST".to_owned());
                return Answer { is_wrong_method: true, ..Answer::refused(error, id) };
            }
            OperationType::Mutation => context.read_from_primary(),
            OperationType::Subscription => {
                let message = "a subscription wants a WebSocket, or a client that accepts text/event-stream";
                return Answer::refused(Error::BadRequest(message.to_owned()), id);
            }
        }
        let context = Arc::new(context);
        let variables = std::mem::take(&mut prepared.variables);
        let inner = self.inner(&prepared, variables, &context);
        let response = self.executor.schema().execute(inner).await;
        if let Some(refusal) = context.cluster.spending().and_then(Spending::refused)
            && prepared.kind() == OperationType::Query
        {
            // Half an answer is of no use to whoever has to ask again.
            return Answer::refused(Error::RateLimited { seconds: refusal.seconds }, id);
        }
        self.conclude(&prepared, &context, response, began).await
    }

    /// The request as the schema takes it, on behalf of the context's caller.
    pub(super) fn inner(
        &self,
        prepared: &Prepared,
        variables: Variables,
        context: &Arc<Context>,
    ) -> async_graphql::Request {
        let Prepared { document, validated, operation, .. } = prepared;
        self.executor.request(document, validated, operation.as_deref(), variables).data(Arc::clone(context))
    }

    /// Puts on record what the response shows, and makes it what is sent.
    pub(super) async fn conclude(
        &self,
        prepared: &Prepared,
        context: &Context,
        response: Response,
        began: Instant,
    ) -> Answer {
        let id = context.scope.request;
        let recorded = put_on_record(context, &response, &prepared.document, prepared.chosen()).await;
        if let Err(error) = recorded {
            let mut answer = Answer::refused(error, id);
            let token = token_of(context);
            describe(&mut answer.response, &context.reader, prepared.cost, token.as_deref());
            return Answer { is_refused: false, token, ..answer };
        }
        self.finished(prepared, context, response, began)
    }

    /// The response as it is sent.
    pub(super) fn finished(
        &self,
        prepared: &Prepared,
        context: &Context,
        mut response: Response,
        began: Instant,
    ) -> Answer {
        let (id, reader) = (context.scope.request, &context.reader);
        let token = token_of(context);
        if let Err(error) = context.answer.check() {
            let mut answer = Answer::refused(error, id);
            describe(&mut answer.response, reader, prepared.cost, token.as_deref());
            return Answer { is_refused: false, token, ..answer };
        }
        let operation = prepared.operation.as_deref();
        self.executor.complete(&mut response, &prepared.document, &prepared.validated, operation);
        let is_refused = is_refused(&response);
        if is_refused {
            response.errors.truncate(MAX_ERRORS);
        }
        tracing::debug!(
            request.id = %id,
            client.address = context.scope.origin.map(tracing::field::display),
            graphql.operation = prepared.operation,
            graphql.errors = response.errors.len(),
            graphql.complexity = prepared.cost.complexity,
            db.node = reader.served_by(),
            db.time_ms = context.cluster.spending().map(|spending| spending.used().as_secs_f64() * 1000.0),
            duration_ms = began.elapsed().as_secs_f64() * 1000.0,
            "request"
        );
        finish(&mut response, id);
        describe(&mut response, reader, prepared.cost, token.as_deref());
        Answer { token, bytes: Some(Arc::clone(&context.answer)), ..Answer::of(response, is_refused) }
    }

    pub(super) fn text(&self, request: &Request<'_>) -> Result<Arc<str>, TextFault> {
        let query = request.query.as_deref().filter(|query| !query.trim().is_empty());
        let hash = request.hash().map_err(TextFault::Error)?;
        if query.is_none() && hash.is_none() {
            return Err(TextFault::Error(Error::BadRequest("the request has no query".to_owned())));
        }
        if let Some(trusted) = &self.trusted {
            return trusted.text(query, hash).map_err(TextFault::Error);
        }
        let Some(hash) = hash else { return Ok(Arc::from(query.unwrap_or_default())) };
        match query {
            Some(query) => {
                self.documents.persist(hash, query).map_err(TextFault::Error)?;
                Ok(Arc::from(query))
            }
            None => self.documents.by_hash(&hash).ok_or(TextFault::NotFound),
        }
    }
}

pub(super) enum TextFault {
    Error(Error),
    NotFound,
}

impl TextFault {
    /// Clients of persisted queries know the second by its message and code, and send the text.
    pub(super) fn answer(self, request: Uuid) -> Box<Answer> {
        Box::new(match self {
            Self::Error(error) => Answer::refused(error, request),
            Self::NotFound => {
                let mut answer = refused_by(ServerError::new("PersistedQueryNotFound", None), request);
                for error in &mut answer.response.errors {
                    error.extensions.get_or_insert_default().set("code", "PERSISTED_QUERY_NOT_FOUND");
                }
                answer
            }
        })
    }
}

pub(super) fn refused_by(error: ServerError, request: Uuid) -> Answer {
    let mut response = Response::from_errors(vec![error]);
    finish(&mut response, request);
    Answer::of(response, true)
}

/// The consistency token of what the request wrote. Callers without a session get none: a failed sign-in is counted, and that
/// it was would tell that there is such a user.
fn token_of(context: &Context) -> Option<String> {
    let written = context.cluster.written().filter(|_| !context.scope.is_nobody());
    written.and_then(|token| context.authority.seal(token))
}

/// Errors of the execution have a path; those that prevent it have none.
fn is_refused(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// Which node served the request, how old what it shows is, by what token later reads see what it wrote, and what it cost.
fn describe(response: &mut Response, reader: &Reader, cost: Cost, token: Option<&str>) {
    let served_by = reader.served_by().map_or(Value::Null, Value::from);
    let lag = reader.lag().map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX));
    let lag = lag.map_or(Value::Null, Value::from);
    let consistency = [("servedBy", served_by), ("lagMs", lag), ("token", token.map_or(Value::Null, Value::from))];
    let cost = [("complexity", Value::from(cost.complexity)), ("depth", Value::from(cost.depth))];
    response.extensions.insert("consistency".to_owned(), object(consistency));
    response.extensions.insert("cost".to_owned(), object(cost));
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (async_graphql::Name::new(name), value)).collect())
}
