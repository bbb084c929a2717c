//! A public notice by its id, beside a handler that sends the same bytes and does nothing else.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;

use super::{
    Rounds,
    figure::Figure,
    hall::{Hall, Place},
    load::{Same, drive},
    submission,
};
use crate::app::client::{list, text};

/// Connections that read at the same time.
const READERS: usize = 32;

/// The bare handler in a process of its own; killed when dropped.
struct Bare(Child);

impl Drop for Bare {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(super) fn measure(place: &Place, rounds: Rounds) -> anyhow::Result<Figure> {
    let hall = Hall::start(place, "notice")?;
    let client = hall.client()?;
    submission::tenders(&client, 1)?;
    let notices = client.get("", "/api/v1/notices")?;
    let notice = list(&notices, "/items")?.first().context("no notice")?;
    let path = format!("/api/v1/notices/{}", text(notice, "/id")?);
    let request = |address: SocketAddr| {
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n\r\n").into_bytes()
    };
    let file = hall.data().join("notice.json");
    std::fs::write(&file, body_of(hall.address, &path)?)?;
    let (_bare, bare_address) = start_bare(&file)?;
    let time = Duration::from_secs(rounds.seconds.into());
    let mut measured = Vec::new();
    for at in 1..=rounds.count {
        client.progress.step(&format!("notice: round {at} of {}", rounds.count));
        let ours = drive(hall.address, Same(request(hall.address)), READERS, time, 200)?;
        let bare = drive(bare_address, Same(request(bare_address)), READERS, time, 200)?;
        measured.push((ours.rate(), bare.rate()));
    }
    client.progress.done();
    Ok(Figure::of_rounds("public notice by id, 32 readers", "bare actix handler", "/s", &measured))
}

/// The notice's bytes as the hall sends them.
fn body_of(address: SocketAddr, path: &str) -> anyhow::Result<Vec<u8>> {
    let mut connection = TcpStream::connect(address)?;
    write!(connection, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("no answer")?;
    Ok(answer.split_off(end + 4))
}

fn start_bare(file: &std::path::Path) -> anyhow::Result<(Bare, SocketAddr)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("bare-handler")
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take();
    let bare = Bare(child);
    let mut line = String::new();
    BufReader::new(output.context("no output")?).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening http://").context("the bare handler does not start")?;
    Ok((bare, address.parse()?))
}
