use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::Value;
use async_graphql::parser::types::OperationType;
use entity::patient_register;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use parking_lot::Mutex;

use crate::budget::Spending;
use crate::database::ClusterStatus;
use crate::deed::{Deed, Outcome};
use crate::error::{Error, Result};
use crate::records::Row;
use crate::records::changes::ChangedEntity;
use crate::records::feed::Tiding;
use crate::task::apart;

use super::Context;
use super::context::of;
use super::engine::{Answer, Engine};
use super::prepared::Prepared;
use super::request::{Method, Request};
use super::tellings::{PATIENCE, Question, SharedTelling, Telling, can_be_shared};
use super::witness::deeds;

/// Something that a subscription tells of.
#[derive(Clone, Debug)]
pub enum Event {
    /// How the database nodes do.
    Replication(Arc<ClusterStatus>),
    /// What happens to a patient register.
    Register(Arc<Tiding<Option<Row<patient_register::Entity>>>>),
    /// What happens to any record.
    Change(Arc<Tiding<ChangedEntity>>),
}

impl Event {
    /// Where in memory it is: events that are shared by those who follow have one place.
    pub(super) fn place(&self) -> usize {
        match self {
            Self::Replication(status) => Arc::as_ptr(status).addr(),
            Self::Register(tiding) => Arc::as_ptr(tiding).addr(),
            Self::Change(tiding) => Arc::as_ptr(tiding).addr(),
        }
    }
}

/// Where a subscription's events come from: the specification's source stream.
pub(super) type SourceStream = BoxStream<'static, Result<Event>>;

/// For what a subscription's resolver is called.
#[derive(Default)]
pub(super) enum Moment {
    /// It is not.
    #[default]
    Never,
    /// To say where its events come from.
    Subscribing(Mutex<Option<SourceStream>>),
    /// To tell of this one.
    Telling(Event),
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Subscribing(_) => "Subscribing",
            Self::Telling(_) => "Telling",
        })
    }
}

/// What a subscription's resolver returns.
pub(super) type Told<T> = stream::Iter<std::option::IntoIter<T>>;

/// The event that a subscription's resolver is called for, if it is called for one. Where it is not, its `source` is where
/// events will come from. So each event is resolved by a context of its own: with what the caller may see then, and with
/// nothing that was read before.
pub(super) async fn told(
    ctx: &async_graphql::Context<'_>,
    source: impl Future<Output = Result<SourceStream>>,
) -> Result<Option<Event>> {
    match &of(ctx).moment {
        Moment::Never => Ok(None),
        Moment::Subscribing(slot) => {
            let source = source.await?;
            *slot.lock() = Some(source);
            Ok(None)
        }
        Moment::Telling(event) => Ok(Some(event.clone())),
    }
}

/// What became of a request that may be a subscription.
#[derive(Debug)]
pub enum Begun {
    /// It was none, or it was refused.
    Answered(Box<Answer>),
    /// Answers will follow, one for each event.
    Subscribed(Box<ResponseStream>),
}

/// A subscription: the specification's response stream.
pub struct ResponseStream {
    engine: Engine,
    prepared: Arc<Prepared>,
    question: Question,
    source: SourceStream,
}

impl fmt::Debug for ResponseStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseStream").field("cost", &self.prepared.cost).finish_non_exhaustive()
    }
}

impl Engine {
    /// Executes one request; a subscription begins.
    pub async fn begin(&self, request: Request<'_>, method: Method, context: Context) -> Begun {
        let id = context.scope.request;
        let prepared = match self.prepare(request, &context).await {
            Ok(prepared) => prepared,
            Err(answer) => return Begun::Answered(answer),
        };
        if prepared.kind() != OperationType::Subscription {
            return Begun::Answered(Box::new(self.execute_prepared(prepared, method, context).await));
        }
        let context = Arc::new(context.at(Moment::Subscribing(Mutex::default())));
        let inner = self.inner(&prepared, prepared.variables.clone(), &context);
        let response = self.executor.schema().execute_stream(inner).next().await;
        let source = match &context.moment {
            Moment::Subscribing(slot) => slot.lock().take(),
            Moment::Never | Moment::Telling(_) => None,
        };
        match (source, response) {
            (Some(source), None) => {
                let (question, prepared) = (prepared.question(), Arc::new(prepared));
                Begun::Subscribed(Box::new(ResponseStream { engine: self.clone(), prepared, question, source }))
            }
            (_, Some(response)) => {
                let answer = self.conclude(&prepared, &context, response, Instant::now()).await;
                Begun::Answered(Box::new(Answer { is_refused: true, ..answer }))
            }
            (None, None) => {
                let nothing = Error::BadRequest("the subscription's only field is left out".to_owned());
                Begun::Answered(Box::new(Answer::refused(nothing, id)))
            }
        }
    }
}

impl ResponseStream {
    /// What happens next; none when nothing will any more.
    ///
    /// # Errors
    /// Why nothing more can be told. No event follows an error.
    pub async fn event(&mut self) -> Option<Result<Event>> {
        self.source.next().await
    }

    /// What is told of an event to the context's caller, put on record.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub async fn tell(&mut self, event: Event, context: Context) -> Result<Arc<Telling>, Box<Answer>> {
        let (engine, prepared) = (&self.engine, &self.prepared);
        let context = Arc::new(context.at(Moment::Telling(event.clone())));
        let make = || engine.clone().make(Arc::clone(prepared), Arc::clone(&context));
        // Others would wait for as long as a caller in debt does, if that one asked first.
        let is_in_debt = context.cluster.spending().is_some_and(Spending::is_in_debt);
        if !is_in_debt && let Some(shared) = engine.tellings.of(self.question, &context.scope, &event, make).await {
            put_on_record(&context, shared.deeds.clone()).await?;
            return Ok(Arc::clone(&shared.telling));
        }
        let (answer, deeds) = engine.show(prepared, &context).await;
        if let Some(refusal) = context.cluster.spending().and_then(Spending::refused) {
            let error = Error::RateLimited { seconds: refusal.seconds };
            return Err(Box::new(Answer::refused(error, context.scope.request)));
        }
        put_on_record(&context, deeds).await?;
        if answer.response.data == Value::Null {
            return Err(Box::new(Answer { is_refused: true, ..answer }));
        }
        Ok(Arc::new(Telling::new(answer)))
    }
}

impl Engine {
    /// Makes what is told to all who ask the same; nothing, where each has to be told on their own.
    async fn make(self, prepared: Arc<Prepared>, context: Arc<Context>) -> Option<Arc<SharedTelling>> {
        // However slow the client is who asked first.
        let made = apart(async move { Ok(self.show(&prepared, &context).await) }).await;
        let (answer, deeds) = made.ok().filter(|(answer, _)| can_be_shared(answer))?;
        Some(Arc::new(SharedTelling { telling: Arc::new(Telling::new(answer)), deeds }))
    }

    /// What an event shows, and what it discloses. None of it may leave before that is on record.
    async fn show(&self, prepared: &Prepared, context: &Arc<Context>) -> (Answer, Vec<(Deed, Outcome)>) {
        let (id, began) = (context.scope.request, Instant::now());
        let turn = self.tellings.making.acquire(context.cluster.spending(), PATIENCE).await;
        let _permit = match turn {
            Ok(permit) => permit,
            Err(why) => return (Answer::refused(why.into(), id), Vec::new()),
        };
        let inner = self.inner(prepared, prepared.variables.clone(), context);
        let Some(response) = self.executor.schema().execute_stream(inner).next().await else {
            return (Answer::refused(Error::internal("an event of which nothing is told"), id), Vec::new());
        };
        let deeds = deeds(context, &response, &prepared.document, prepared.chosen());
        (self.finished(prepared, context, response, began), deeds)
    }
}

async fn put_on_record(context: &Context, deeds: Vec<(Deed, Outcome)>) -> Result<(), Box<Answer>> {
    let recorded = context.cluster.record(&context.scope, deeds).await;
    recorded.map_err(|error| Box::new(Answer::refused(error, context.scope.request)))
}
