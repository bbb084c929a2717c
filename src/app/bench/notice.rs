//! A public notice by its id, beside a handler that sends the same bytes and does nothing else.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::Context as _;

use super::{
    Rounds,
    figure::Figure,
    hall::{Hall, Place},
    load::{Same, drive},
    reference::Bare,
    submission,
};
use crate::app::client::{list, text};

/// Connections that read at the same time.
const READERS: usize = 32;

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
    let bare = Bare::answering(&file)?;
    let time = Duration::from_secs(rounds.seconds.into());
    let mut measured = Vec::new();
    for at in 1..=rounds.count {
        client.progress.step(&format!("notice: round {at} of {}", rounds.count));
        let ours = drive(hall.address, Same(request(hall.address)), READERS, time, 200)?;
        let bare_run = drive(bare.address, Same(request(bare.address)), READERS, time, 200)?;
        measured.push((ours.rate(), bare_run.rate()));
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
