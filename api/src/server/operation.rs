use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt};
use uuid::Uuid;

use crate::error::{Error, Unauthenticated};
use crate::graphql::{Answer, Begun, Event, Method, Request, ResponseStream, Telling};
use crate::listen::Guest;

use super::call::out_of_time;
use super::subscribers::Subscribed;
use super::visitor::Visitor;

/// What a client is told of an operation.
#[derive(Debug)]
pub(super) enum Told {
    /// An event of a subscription.
    Event(Arc<Telling>),
    /// All that there is to tell: a query's or a mutation's answer, or why there is none, or no more.
    Last(Box<Answer>),
    /// Why no more is told: the caller's subscriptions cost more than they may.
    TooCostly(Box<Answer>),
    /// Nothing more will be told.
    Complete,
    /// The visitor must go, for this reason.
    Unauthenticated(Unauthenticated),
    /// The server is going to stop, and another one may go on telling.
    Leaving,
}

impl Told {
    /// Why a subscription ends.
    fn why_no_more(answer: Box<Answer>) -> Self {
        if answer.retry_after.is_some() { Self::TooCostly(answer) } else { Self::Last(answer) }
    }
}

/// What became of an operation's beginning.
pub(super) enum Started {
    /// It is over already.
    Over(Told),
    /// Events will follow.
    Subscribed(Box<Subscription>),
}

/// A subscription of a visitor's. Each event is judged by what the visitor may do as it is told; nothing is read ahead of
/// what the client takes.
pub(super) struct Subscription {
    visitor: Arc<Visitor>,
    responses: Box<ResponseStream>,
    guest: Guest,
    _held: Subscribed,
}

/// One operation of a visitor's, from its beginning to its end.
pub(super) fn operation(visitor: Arc<Visitor>, request: Request<'static>) -> impl Stream<Item = Told> + Send {
    let started = async move { begin(visitor, request, Method::Post, Uuid::new_v4()).await.follow() };
    stream::once(started).flatten()
}

/// Begins one operation of a visitor's, in a request of this id.
pub(super) async fn begin(visitor: Arc<Visitor>, request: Request<'static>, method: Method, id: Uuid) -> Started {
    let scope = match visitor.scope_in(id).await {
        Ok(scope) => scope,
        Err(why) => return Started::Over(Told::Unauthenticated(why)),
    };
    let caller = scope.actor;
    let refused = |error| Started::Over(Told::Last(Box::new(Answer::refused(error, id))));
    let service = Arc::clone(&visitor.service);
    if let Err(error) = service.rates.meter(&scope).ask(1) {
        return refused(error);
    }
    let context = visitor.context(scope);
    let cluster = context.cluster().clone();
    let begun = Box::pin(service.engine.begin(request, method, context));
    match tokio::time::timeout(service.request_timeout, begun).await {
        Ok(Begun::Answered(answer)) => Started::Over(Told::Last(answer)),
        Ok(Begun::Subscribed(responses)) => match service.subscribers.add(caller) {
            Ok(held) => {
                let guest = service.drain.guest();
                Started::Subscribed(Box::new(Subscription { visitor, responses, guest, _held: held }))
            }
            Err(error) => refused(error),
        },
        Err(_) => refused(out_of_time(&[cluster])),
    }
}

impl Started {
    /// Everything that is told from now on.
    pub(super) fn follow(self) -> impl Stream<Item = Told> + Send {
        stream::unfold(Some(self), |state| async {
            match state? {
                Self::Over(told) => Some((told, None)),
                Self::Subscribed(subscription) => {
                    let (told, rest) = subscription.next().await;
                    Some((told, rest.map(Self::Subscribed)))
                }
            }
        })
    }
}

impl Subscription {
    /// What is told next, and the subscription unless that was the end of it.
    async fn next(mut self: Box<Self>) -> (Told, Option<Box<Self>>) {
        let event = tokio::select! {
            biased;
            () = self.guest.told_to_leave() => return (Told::Leaving, None),
            event = self.responses.event() => event,
        };
        match event {
            None => (Told::Complete, None),
            Some(Err(error)) => (Told::why_no_more(Box::new(Answer::refused(error, Uuid::new_v4()))), None),
            Some(Ok(event)) => self.tell(event).await,
        }
    }

    async fn tell(mut self: Box<Self>, event: Event) -> (Told, Option<Box<Self>>) {
        let scope = match self.visitor.scope().await {
            Ok(scope) => scope,
            Err(why) => return (Told::Unauthenticated(why), None),
        };
        let id = scope.request;
        let context = self.visitor.event_context(scope);
        let limit = self.visitor.service.request_timeout;
        let telling = Box::pin(self.responses.tell(event, context));
        match tokio::time::timeout(limit, telling).await {
            Ok(Ok(telling)) => (Told::Event(telling), Some(self)),
            // An event that cannot be told, or put on record, must not be passed over: the client asks for it again.
            Ok(Err(answer)) => (Told::why_no_more(answer), None),
            Err(_) => (Told::Last(Box::new(Answer::refused(Error::Timeout, id))), None),
        }
    }
}
