use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take: longer than anything that the server itself limits.
const LIMIT: Duration = Duration::from_mins(1);

/// A client that keeps its connection, as clients under load do.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    token: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of the server at `address`, which bears this token; connects when it is first used.
    #[must_use]
    pub const fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token, connection: None }
    }

    /// A GraphQL response, whatever it says.
    ///
    /// # Errors
    /// When the server does not answer, or not with a GraphQL response.
    pub fn ask(&mut self, consistency: &str, body: &Value) -> Result<Value> {
        self.ask_with(&[("x-consistency", consistency)], body)
    }

    /// The same, with further headers.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn ask_with(&mut self, headers: &[(&str, &str)], body: &Value) -> Result<Value> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => BufReader::new(self.connect()?),
        };
        let body = body.to_string();
        let headers: String = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             accept: application/graphql-response+json\r\nauthorization: Bearer {}\r\n\
             {headers}content-length: {}\r\n\r\n",
            self.address,
            self.token,
            body.len()
        );
        connection.get_mut().write_all((head + &body).as_bytes())?;
        let answer = answer(&mut connection)?;
        self.connection = Some(connection);
        serde_json::from_slice(&answer).map_err(Error::other)
    }

    fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(stream)
    }
}

/// The body of the next answer.
fn answer(connection: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Err(Error::other("the server hung up"));
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(told) = line.strip_prefix("content-length:") {
            length = told.trim().parse().map_err(Error::other)?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok(body)
}
