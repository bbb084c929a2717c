//! A closed loop of clients on one thread: each sends a request, reads the answer, and sends the next.
//!
//! Speaks just enough HTTP/1.1 for the hall's answers with a Content-Length. On a machine where load, hall and
//! PostgreSQL share the cores, a client that costs more would measure itself.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rust_decimal::Decimal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
};

/// Requests to send; `None` ends a client.
pub(super) trait Belt {
    /// The next request, whole.
    fn next(&self) -> Option<&[u8]>;
}

/// One request for ever.
pub(super) struct Same(pub(super) Vec<u8>);

impl Belt for Same {
    fn next(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

/// Each request once.
pub(super) struct Each {
    requests: Vec<Vec<u8>>,
    sent: Cell<usize>,
}

impl Each {
    /// All of these, in order.
    pub(super) fn new(requests: Vec<Vec<u8>>) -> Self {
        Self { requests, sent: Cell::new(0) }
    }
}

impl Belt for Each {
    fn next(&self) -> Option<&[u8]> {
        let at = self.sent.get();
        self.sent.set(at + 1);
        self.requests.get(at).map(Vec::as_slice)
    }
}

/// All of these, over and over.
pub(super) struct Again {
    requests: Vec<Vec<u8>>,
    sent: Cell<usize>,
}

impl Again {
    /// Of these, in order.
    pub(super) fn new(requests: Vec<Vec<u8>>) -> Self {
        Self { requests, sent: Cell::new(0) }
    }
}

impl Belt for Again {
    fn next(&self) -> Option<&[u8]> {
        let at = self.sent.get();
        self.sent.set(at + 1);
        self.requests.get(at.checked_rem(self.requests.len())?).map(Vec::as_slice)
    }
}

/// What a loop came to.
pub(super) struct Run {
    /// Answers as wanted.
    pub(super) done: u64,
    /// From the first request to the last answer.
    pub(super) took: Duration,
}

impl Run {
    /// Answers in a second.
    pub(super) fn rate(&self) -> Decimal {
        let millis = Decimal::from(self.took.as_millis().max(1));
        (Decimal::from(self.done) * Decimal::from(1000) / millis).round_dp(1)
    }
}

/// Sends from `belt` over `clients` connections for `time`, or until it is empty.
///
/// # Errors
/// When an answer is not `status`: a figure over failures is none.
pub(super) fn drive(
    address: SocketAddr,
    belt: impl Belt + 'static,
    clients: usize,
    time: Duration,
    status: u16,
) -> anyhow::Result<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async move {
        let belt = std::rc::Rc::new(belt);
        let mut connections = Vec::new();
        for _ in 0..clients {
            let connection = TcpStream::connect(address).await?;
            connection.set_nodelay(true)?;
            connections.push(connection);
        }
        let began = Instant::now();
        let tasks: Vec<_> = connections
            .into_iter()
            .map(|connection| {
                tokio::task::spawn_local(ask(connection, std::rc::Rc::clone(&belt), began + time, status))
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await??;
        }
        Ok(Run { done, took: began.elapsed() })
    })
}

async fn ask(
    mut connection: TcpStream,
    belt: std::rc::Rc<impl Belt>,
    until: Instant,
    status: u16,
) -> anyhow::Result<u64> {
    let (mut done, mut buffer) = (0, Vec::with_capacity(64 * 1024));
    while Instant::now() < until {
        let Some(request) = belt.next() else { break };
        connection.write_all(request).await?;
        let found = answer(&mut connection, &mut buffer).await?;
        if found != status {
            bail!("the hall answered {found}: {}", String::from_utf8_lossy(&buffer));
        }
        done += 1;
    }
    Ok(done)
}

/// Reads one answer into `buffer`, and its status.
async fn answer(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    buffer.clear();
    let mut wanted = None;
    loop {
        if connection.read_buf(buffer).await? == 0 {
            bail!("the hall closed the connection");
        }
        if wanted.is_none() {
            wanted = length(buffer)?;
        }
        if wanted.is_some_and(|wanted| buffer.len() >= wanted) {
            let status = buffer.get(9..12).context("no status")?;
            return Ok(std::str::from_utf8(status)?.parse()?);
        }
    }
}

/// Length of the whole answer, once its head is there.
fn length(buffer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default())?;
    let body = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    Ok(Some(end + 4 + body.context("an answer without a length")??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() {
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
        assert_eq!(length(head).unwrap(), Some(head.len() + 5));
        assert!(length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
