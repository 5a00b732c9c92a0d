use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use serde_json::Value;

/// A request that a function has made.
#[derive(Debug)]
pub struct Request {
    /// Such as `POST`.
    pub method: String,
    /// With its query.
    pub path: String,
    headers: Vec<(String, String)>,
    /// Text: nobody here is sent anything else.
    pub body: String,
}

/// What it is answered.
#[derive(Clone, Debug)]
#[must_use]
pub struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    /// The value of a header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The operation of an AWS service with JSON 1.1: what `X-Amz-Target` names after the service.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.header("x-amz-target").rsplit('.').next().unwrap_or_default()
    }

    /// The body; `null` if it is no JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Response {
    /// An answer with this body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// An answer in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string()).header("Content-Type", "application/json")
    }

    /// The same with a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Plays a service: answers HTTP on a free port of this machine, as long as the process lasts. Returns the address, such as
/// `127.0.0.1:4321`.
///
/// Each connection has a thread of its own, so that an answer may be long in coming.
pub fn serve(answer: impl Fn(Request) -> Response + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || converse(&stream.unwrap(), &*answer));
        }
    });
    address
}

fn converse(stream: &TcpStream, answer: &dyn Fn(Request) -> Response) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    while let Some(request) = read(&mut reader) {
        let Response { status, headers, body } = answer(request);
        let mut text = format!("HTTP/1.1 {status} Is\r\nContent-Length: {}\r\n", body.len());
        text.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        text.push_str("\r\n");
        text.push_str(&body);
        // The function may have been ended meanwhile.
        if writer.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

/// The next request; `None` when the client has gone.
fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: String::new() };
    let mut body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).expect("a body is text");
    Some(request)
}
