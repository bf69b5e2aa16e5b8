use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use futures_util::StreamExt;
use futures_util::future::AbortHandle;
use futures_util::stream::{SelectAll, Stream, abortable};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};

use crate::error::{Error, Unauthenticated};
use crate::graphql::{Answer, Request};
use crate::listen::Guest;
use crate::server::Service;
use crate::server::operation::{Told, operation};
use crate::server::visitor::{CHECK_EVERY, Refusal, Visitor};

use super::close::Close;
use super::protocol::{PONG, Protocol, Said, amended, complete};

/// How long a client may take to close its own end.
const CLOSING: Duration = Duration::from_secs(2);

/// What is known of somebody who has come and has not said who they are.
pub(super) struct Arrival {
    pub(super) service: Arc<Service>,
    pub(super) headers: HeaderMap,
    pub(super) origin: Option<IpAddr>,
}

/// One WebSocket, from its opening to its end.
pub(super) struct Conversation {
    socket: WebSocket,
    protocol: Option<Protocol>,
    arrival: Arrival,
    visitor: Option<Arc<Visitor>>,
    operations: Operations,
    guest: Guest,
    ticks: Interval,
    /// When the client was last asked whether it is there, and whether it has said anything since.
    asked: (Instant, bool),
}

/// What runs, and how to stop it.
#[derive(Default)]
struct Operations {
    running: SelectAll<Running>,
    ids: HashMap<Arc<str>, AbortHandle>,
}

/// What is told of one operation, by its id.
type Running = Pin<Box<dyn Stream<Item = (Arc<str>, Told)> + Send>>;

/// Why a conversation ends: with a word, or because nobody is there any more.
type Ending = Option<Close>;

impl From<Unauthenticated> for Close {
    /// The reason begins with the code that the error has elsewhere, so that clients can tell what to do.
    fn from(why: Unauthenticated) -> Self {
        Self::forbidden(format!("{}: {why}", why.code()))
    }
}

impl Conversation {
    pub(super) fn new(socket: WebSocket, protocol: Option<Protocol>, arrival: Arrival) -> Self {
        let mut ticks = interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (guest, asked) = (arrival.service.drain.guest(), (Instant::now(), true));
        Self { socket, protocol, arrival, visitor: None, operations: Operations::default(), guest, ticks, asked }
    }

    /// Holds it to its end.
    pub(super) async fn hold(mut self) {
        let ending = match self.protocol {
            Some(protocol) => self.converse(protocol).await.err().flatten(),
            None => Some(Close::NO_PROTOCOL),
        };
        self.operations = Operations::default();
        if let Some(close) = ending {
            tracing::debug!(?close, "a WebSocket is closed");
            let farewell = async {
                self.socket.send(close.message()).await.ok();
                // A connection that is closed while something lies unread is reset, and the client never sees why.
                while let Some(Ok(_)) = self.socket.recv().await {}
            };
            timeout(CLOSING, farewell).await.ok();
        }
    }

    async fn converse(&mut self, protocol: Protocol) -> Result<(), Ending> {
        let init_until = Instant::now() + self.arrival.service.subscriptions.init_timeout();
        loop {
            tokio::select! {
                biased;
                () = self.guest.told_to_leave() => return self.finish(protocol).await,
                () = sleep_until(init_until), if self.visitor.is_none() => return Err(Some(Close::INIT_TIMEOUT)),
                _ = self.ticks.tick() => self.look_around(protocol).await?,
                message = self.socket.recv() => self.hear(protocol, message).await?,
                Some((id, told)) = self.operations.running.next() => self.tell(protocol, &id, told).await?,
            }
        }
    }

    /// Lets what changes something come to its end before the server stops.
    async fn finish(&mut self, protocol: Protocol) -> Result<(), Ending> {
        while let Some((id, told)) = self.operations.running.next().await {
            self.tell(protocol, &id, told).await?;
        }
        Err(Some(Close::RESTART))
    }

    /// Whether the visitor may stay, and is still there.
    async fn look_around(&mut self, protocol: Protocol) -> Result<(), Ending> {
        if let Some(visitor) = &self.visitor {
            visitor.scope().await.map_err(|why| Some(why.into()))?;
        }
        let (when, has_answered) = self.asked;
        if when.elapsed() < self.arrival.service.subscriptions.ping_interval() {
            return Ok(());
        }
        if !has_answered {
            return Err(Some(Close::SILENT));
        }
        self.asked = (Instant::now(), false);
        self.send(Message::Ping(axum::body::Bytes::new())).await?;
        match protocol.keep_alive().filter(|_| self.visitor.is_some()) {
            Some(text) => self.say(Utf8Bytes::from_static(text)).await,
            None => Ok(()),
        }
    }

    async fn hear(&mut self, protocol: Protocol, message: Option<Result<Message, axum::Error>>) -> Result<(), Ending> {
        self.asked.1 = true;
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => return Err(Some(Close::INVALID)),
            Some(Ok(Message::Close(_))) | None => return Err(None),
            Some(Err(error)) => return Err(of_failure(&error)),
        };
        match protocol.read(&text).ok_or(Some(Close::INVALID))? {
            Said::Init(said) => self.welcome(protocol, said).await,
            Said::Subscribe { id, request } => self.begin(protocol, id, *request).await,
            Said::Complete { id } => {
                if let Some(handle) = self.operations.ids.remove(id.as_str()) {
                    handle.abort();
                }
                Ok(())
            }
            Said::Ping => self.say(Utf8Bytes::from_static(PONG)).await,
            Said::Pong => Ok(()),
            Said::Terminate => Err(None),
        }
    }

    async fn welcome(&mut self, protocol: Protocol, said: Vec<(HeaderName, HeaderValue)>) -> Result<(), Ending> {
        if self.visitor.is_some() {
            return Err(Some(Close::TOO_MANY_INITS));
        }
        let headers = amended(std::mem::take(&mut self.arrival.headers), said);
        let Arrival { service, origin, .. } = &self.arrival;
        match Visitor::admit(service, &headers, *origin).await {
            Ok(visitor) => self.visitor = Some(Arc::new(visitor)),
            Err(refusal) => return Err(Some(of_refusal(&refusal))),
        }
        for text in protocol.welcome() {
            self.say(Utf8Bytes::from_static(text)).await?;
        }
        Ok(())
    }

    async fn begin(&mut self, protocol: Protocol, id: String, request: Request<'static>) -> Result<(), Ending> {
        let Some(visitor) = &self.visitor else { return Err(Some(Close::UNAUTHORIZED)) };
        let id: Arc<str> = id.into();
        if self.operations.ids.contains_key(&id) {
            return Err(Some(Close::DUPLICATE));
        }
        let max = self.arrival.service.subscriptions.max_per_connection;
        if self.operations.ids.len() >= max {
            let error = Error::Limit(format!("a WebSocket runs at most {max} operations at a time"));
            let refused = Answer::refused(error, uuid::Uuid::new_v4());
            return self.say(protocol.error(&id, &refused).into()).await;
        }
        self.operations.add(id, operation(Arc::clone(visitor), request));
        Ok(())
    }

    async fn tell(&mut self, protocol: Protocol, id: &Arc<str>, told: Told) -> Result<(), Ending> {
        if !matches!(told, Told::Event(_)) {
            self.operations.ids.remove(id);
        }
        match told {
            Told::Event(telling) => self.say(protocol.next(id, telling.written(Answer::encode)).into()).await,
            Told::Last(answer) if answer.is_unauthenticated => Err(Some(Close::UNAUTHORIZED)),
            Told::Last(answer) if answer.is_refused => self.say(protocol.error(id, &answer).into()).await,
            Told::Last(answer) => {
                self.say(protocol.next(id, &answer.encode()).into()).await?;
                self.say(complete(id).into()).await
            }
            Told::TooCostly(answer) => {
                self.say(protocol.error(id, &answer).into()).await?;
                Err(Some(Close::TOO_COSTLY))
            }
            Told::Complete => self.say(complete(id).into()).await,
            Told::Unauthenticated(why) => Err(Some(why.into())),
            Told::Leaving => Ok(()),
        }
    }

    async fn say(&mut self, text: Utf8Bytes) -> Result<(), Ending> {
        self.send(Message::Text(text)).await
    }

    /// Sends a message, as long as the visitor may stay: a client that does not read must not hold anything up. What the
    /// connection takes no more for too long ends it.
    async fn send(&mut self, message: Message) -> Result<(), Ending> {
        let mut sending = std::pin::pin!(self.socket.send(message));
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => return sent.map_err(|error| {
                    tracing::debug!(%error, "a WebSocket takes no more");
                    None
                }),
                () = self.guest.told_to_leave() => return Err(Some(Close::RESTART)),
                _ = self.ticks.tick() => {
                    if let Some(visitor) = &self.visitor {
                        visitor.scope().await.map_err(|why| Some(why.into()))?;
                    }
                }
            }
        }
    }
}

impl Operations {
    fn add(&mut self, id: Arc<str>, told: impl Stream<Item = Told> + Send + 'static) {
        let named = Arc::clone(&id);
        let (told, handle) = abortable(told.map(move |told| (Arc::clone(&named), told)));
        self.ids.insert(id, handle);
        self.running.push(Box::pin(told));
    }
}

fn of_refusal(refusal: &Refusal) -> Close {
    match refusal {
        Refusal::Token(why) => (*why).into(),
        Refusal::Unread => Close::UNREAD,
        Refusal::TooMany(_) => Close::TOO_OFTEN,
        Refusal::Wish(Error::WriteLost) => Close::forbidden("what the consistency token stands for was lost"),
        Refusal::Wish(Error::BadRequest(_)) => Close::forbidden("the wish for consistency makes no sense here"),
        Refusal::Wish(_) => Close::UNAVAILABLE,
    }
}

/// A message that is too long, or a connection that broke.
fn of_failure(error: &axum::Error) -> Ending {
    use std::error::Error as _;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.to_string().starts_with("Space limit exceeded") {
            return Some(Close::TOO_BIG);
        }
        cause = inner.source();
    }
    None
}
