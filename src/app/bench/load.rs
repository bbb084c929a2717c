//! A closed loop of clients on one thread: each sends a request, reads the answer, and sends the next.
//!
//! Speaks just enough HTTP/1.1 for the hall's answers with a Content-Length. On a machine where load, hall and
//! PostgreSQL share the cores, a client that costs more would measure itself.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
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
        let belt = Rc::new(belt);
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
                tokio::task::spawn_local(ask(connection, Rc::clone(&belt), began + time, status))
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
    belt: Rc<impl Belt>,
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

/// A request whose moment comes.
pub(super) struct Timed {
    /// When it is due.
    pub(super) at: Instant,
    /// Whole.
    pub(super) request: Vec<u8>,
}

/// What was answered to it.
pub(super) struct Told {
    /// From the moment it was due to the last byte of its answer.
    pub(super) wait: Duration,
    /// Of the answer.
    pub(super) body: Vec<u8>,
}

/// Waits of many requests.
#[derive(Default)]
pub(super) struct Waits(Vec<Duration>);

impl Waits {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The wait in milliseconds that so many of a hundred do not exceed; of none, nothing.
    pub(super) fn at(&self, percent: usize) -> Decimal {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        let wait = self.0.get(place).copied().unwrap_or_default();
        (Decimal::from(wait.as_micros()) / Decimal::from(1000)).round_dp(1)
    }
}

impl FromIterator<Duration> for Waits {
    fn from_iter<I: IntoIterator<Item = Duration>>(waits: I) -> Self {
        let mut waits: Vec<Duration> = waits.into_iter().collect();
        waits.sort();
        Self(waits)
    }
}

/// What readers met.
#[derive(Default)]
pub(super) struct Reading {
    /// For each page that came.
    pub(super) waits: Waits,
    /// Pages that did not come as wanted.
    pub(super) errors: usize,
}

/// Clients that share the timed requests. More would not wait for a hall that keeps up.
const SENDERS: usize = 128;
/// People who read at the same time.
const READERS: u32 = 500;
/// A reader turns the page after this long.
const PAGE: Duration = Duration::from_secs(2);

/// Sends every request at its moment while readers go through `pages` until `until`. A request whose answer did not come is
/// answered by nothing.
///
/// # Errors
/// When the hall cannot be reached at all.
pub(super) fn browse(
    address: SocketAddr,
    timed: Vec<Timed>,
    pages: Vec<Vec<u8>>,
    until: Instant,
) -> anyhow::Result<(Vec<Option<Told>>, Reading)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async move {
        let (belt, pages) = (Rc::new((timed, Cell::new(0))), Rc::new(pages));
        let told: Rc<RefCell<Vec<Option<Told>>>> = Rc::default();
        told.borrow_mut().resize_with(belt.0.len(), || None);
        let mut senders = Vec::new();
        for _ in 0..SENDERS {
            senders.push(tokio::task::spawn_local(send(address, Rc::clone(&belt), Rc::clone(&told))));
        }
        let start = Instant::now();
        let readers: Vec<_> = (0..READERS)
            .map(|at| {
                let from = start + PAGE * at / READERS;
                tokio::task::spawn_local(read(address, Rc::clone(&pages), at, from, until))
            })
            .collect();
        for sender in senders {
            sender.await?;
        }
        let (mut waits, mut errors) = (Vec::new(), 0);
        for reader in readers {
            let (read, failed) = reader.await?;
            waits.extend(read);
            errors += failed;
        }
        let told = std::mem::take(&mut *told.borrow_mut());
        Ok((told, Reading { waits: waits.into_iter().collect(), errors }))
    })
}

async fn connected(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let connection = TcpStream::connect(address).await?;
    connection.set_nodelay(true)?;
    Ok(connection)
}

async fn send(
    address: SocketAddr,
    belt: Rc<(Vec<Timed>, Cell<usize>)>,
    told: Rc<RefCell<Vec<Option<Told>>>>,
) {
    let mut connection = None;
    loop {
        let at = belt.1.get();
        belt.1.set(at + 1);
        let Some(one) = belt.0.get(at) else { return };
        tokio::time::sleep_until(one.at.into()).await;
        let mut body = Vec::new();
        if asked(&mut connection, address, &one.request, &mut body).await.is_ok()
            && let Some(place) = told.borrow_mut().get_mut(at)
        {
            *place = Some(Told { wait: one.at.elapsed(), body });
        }
    }
}

async fn read(
    address: SocketAddr,
    pages: Rc<Vec<Vec<u8>>>,
    reader: u32,
    from: Instant,
    until: Instant,
) -> (Vec<Duration>, usize) {
    let (mut connection, mut buffer) = (None, Vec::new());
    let (mut waits, mut errors) = (Vec::new(), 0);
    let turns = pages.iter().cycle().skip(usize::try_from(reader).unwrap_or_default() % pages.len().max(1));
    for (page, turn) in turns.zip(0_u32..) {
        let due = from + PAGE * turn;
        if due >= until {
            break;
        }
        tokio::time::sleep_until(due.into()).await;
        match asked(&mut connection, address, page, &mut buffer).await {
            Ok(200) => waits.push(due.elapsed()),
            _ => errors += 1,
        }
    }
    (waits, errors)
}

/// Asks over a kept connection, or a new one where there is none or the last one failed; leaves the body.
async fn asked(
    connection: &mut Option<TcpStream>,
    address: SocketAddr,
    request: &[u8],
    body: &mut Vec<u8>,
) -> anyhow::Result<u16> {
    let mut open = match connection.take() {
        Some(open) => open,
        None => connected(address).await?,
    };
    open.write_all(request).await?;
    let status = answer(&mut open, body).await?;
    let head = body.windows(4).position(|four| four == b"\r\n\r\n").context("no head")?;
    body.drain(..head + 4);
    *connection = Some(open);
    Ok(status)
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

    #[test]
    fn so_many_of_a_hundred_wait_no_longer() {
        let waits: Waits = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!([50, 99, 100].map(|percent| waits.at(percent)), [100, 198, 200].map(Decimal::from));
        assert_eq!(Waits::default().at(99), Decimal::ZERO);
    }
}
