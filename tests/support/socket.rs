use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, HandshakeError, Message, WebSocket};

/// How long anything may take that is to come.
const LIMIT: Duration = Duration::from_secs(30);

/// A WebSocket to a server's GraphQL.
#[derive(Debug)]
pub struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Opens one that speaks `protocol`, with further headers.
    ///
    /// # Errors
    /// The HTTP status with which the server refuses it.
    pub fn open(address: SocketAddr, protocol: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).expect("the server accepts connections");
        Self::on(stream, address, protocol, headers)
    }

    /// The same, on a connection that is there already.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn on(stream: TcpStream, address: SocketAddr, protocol: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        stream.set_read_timeout(Some(LIMIT)).expect("sockets have options");
        stream.set_nodelay(true).expect("sockets have options");
        let mut request = format!("ws://{address}/graphql").into_client_request().expect("a URL");
        let value = |text: &str| HeaderValue::from_str(text).expect("a header's value");
        if !protocol.is_empty() {
            request.headers_mut().insert("sec-websocket-protocol", value(protocol));
        }
        for (name, text) in headers {
            let name: tungstenite::http::HeaderName = name.parse().expect("a header's name");
            request.headers_mut().insert(name, value(text));
        }
        let config = WebSocketConfig::default().read_buffer_size(4096);
        match tungstenite::client::client_with_config(request, stream, Some(config)) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(HandshakeError::Failure(Error::Http(response))) => Err(response.status().as_u16()),
            Err(error) => panic!("no WebSocket: {error}"),
        }
    }

    /// One of `graphql-transport-ws` whose visitor is the bearer of a token, and is welcome.
    #[must_use]
    pub fn of(address: SocketAddr, token: &str) -> Self {
        let mut socket = Self::open(address, "graphql-transport-ws", &[]).expect("a WebSocket is opened");
        socket.say(&json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {token}")}}));
        assert_eq!(socket.hear()["type"], "connection_ack");
        socket
    }

    /// Sends a message.
    pub fn say(&mut self, message: &Value) {
        self.say_text(&message.to_string());
    }

    /// Sends any text.
    pub fn say_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("the server listens");
    }

    /// Begins an operation.
    pub fn subscribe(&mut self, id: &str, query: &str, variables: &Value) {
        let payload = json!({"query": query, "variables": variables});
        self.say(&json!({"id": id, "type": "subscribe", "payload": payload}));
    }

    /// The next message; fails when the connection is closed instead.
    pub fn hear(&mut self) -> Value {
        match self.try_hear() {
            Ok(message) => message,
            Err(close) => panic!("the server closed the connection: {close:?}"),
        }
    }

    /// The data of an operation's next event.
    pub fn event(&mut self, id: &str) -> Value {
        let mut message = self.hear();
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
        let payload = &mut message["payload"];
        assert!(payload.get("errors").is_none(), "{payload}");
        payload["data"].take()
    }

    /// With which code and reason the server closes the connection, whatever it says before; 1006 where it says nothing.
    pub fn closed(&mut self) -> (u16, String) {
        loop {
            if let Err(close) = self.try_hear() {
                return close;
            }
        }
    }

    /// The next message, or the code and the reason of the end.
    ///
    /// # Errors
    /// When the server closed the connection; 1006 where it did without a word.
    pub fn try_hear(&mut self) -> Result<Value, (u16, String)> {
        let began = Instant::now();
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).expect("messages are JSON")),
                Ok(Message::Close(Some(frame))) => return Err((frame.code.into(), frame.reason.to_string())),
                Ok(Message::Close(None)) => return Err((1005, String::new())),
                Ok(_) => assert!(began.elapsed() < LIMIT, "nothing but pings came within {} s", LIMIT.as_secs()),
                Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("nothing came within {} s", LIMIT.as_secs())
                }
                Err(error) => return Err((1006, error.to_string())),
            }
        }
    }

    /// Whether nothing has come that was not heard yet.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let stream = self.0.get_ref();
        stream.set_nonblocking(true).expect("sockets have options");
        let is_silent = stream.peek(&mut [0]).is_err();
        stream.set_nonblocking(false).expect("sockets have options");
        is_silent
    }

    /// Sends a message that is no text.
    pub fn say_bytes(&mut self, bytes: Vec<u8>) {
        self.0.send(Message::binary(bytes)).expect("the server listens");
    }
}
