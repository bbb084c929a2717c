//! Sealed bids over HTTP, everything on: token, envelope signature, lot lock, bid row, log entry, receipt, all
//! durable. Beside it pgbench inserts the same bytes row by row into a table with a uuid primary key, and a handler does
//! only what no hall can leave out, with the same bytes as one row by groups: what the rest of a hall costs is between.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, anyhow};
use chrono::{Datelike as _, Days, NaiveDate, NaiveTime, Weekday};
use serde_json::{Value, json};

use super::{
    Rounds,
    figure::Figure,
    hall::{Hall, Place},
    load::{Again, Each, drive},
    reference::{Bare, Inserts},
};
use crate::{
    app::{
        client::{Client, yuan},
        story::bidding,
        works::Works,
    },
    identity::sandbox::sandbox_signing_key,
    kernel::time::hall_instant,
    seal::{
        BidderKey, CheckedPolicy, Content, Nonce, Target, seal,
        wire::{IdText, base64_text},
    },
};

/// Connections that submit at the same time.
pub(super) const CLIENTS: usize = 32;
/// Bidders of the sandbox: each submits once to each tender.
pub(super) const BIDDERS: usize = 1528;
/// Opening rooms of the league's centre, without the one it reserves to key projects.
const ROOMS: usize = 7;
/// Letter in every bid; with it the ciphertext is about 2 KB.
const LETTER: usize = 1200;
/// Threads that seal.
const SEALERS: usize = 2;
/// Bids sealed for the round that finds out how many are needed.
const FIRST: usize = 1000;

/// A bidder's program, signed in.
pub(super) struct Bidder {
    pub(super) key: BidderKey,
    pub(super) organisation: IdText,
    pub(super) token: String,
}

/// A sealed bid as bytes for the wire.
struct Sealed {
    request: Vec<u8>,
    /// Envelope and ciphertext: what has to be kept.
    kept: Vec<u8>,
}

pub(super) fn measure(place: &Place, rounds: Rounds) -> anyhow::Result<Vec<Figure>> {
    let hall = Hall::start(place, "submission")?;
    let client = hall.client()?;
    let bidders = sign_in(&client)?;
    let mut desk = Desk { hall: &hall, client: &client, bidders: &bidders, tenders: Vec::new(), used: 0 };
    let sealed = desk.seal(FIRST)?;
    let kept = sealed.first().context("nothing sealed")?.kept.clone();
    let inserts = Inserts::prepare(hall.data(), &kept)?;
    let time = Duration::from_secs(rounds.seconds.into());
    let keeping = Bare::keeping(inserts.url())?;
    let samples: Vec<_> = sealed.iter().map(|one| one.request.clone()).collect();
    let mut rate = desk.fire(sealed, time)?.rate();
    let (mut measured, mut plain) = (Vec::new(), Vec::new());
    for at in 1..=rounds.count {
        // Half as many again as the fastest round needed, so that the belt never runs empty.
        let wanted =
            (rate * rust_decimal::Decimal::from(rounds.seconds) * rust_decimal::Decimal::new(15, 1)).ceil();
        client.progress.step(&format!("submission: round {at} of {}, sealing {wanted} bids", rounds.count));
        let sealed = desk.seal(usize::try_from(wanted)?)?;
        client.progress.step(&format!("submission: round {at} of {}", rounds.count));
        let ours = desk.fire(sealed, time)?.rate();
        rate = rate.max(ours);
        let one_row = drive(keeping.address, Again::new(samples.clone()), CLIENTS, time, 201)?.rate();
        let reference = inserts.run(rounds.seconds)?;
        measured.push((ours, reference));
        plain.push((one_row, reference));
    }
    client.progress.done();
    let memory = hall.memory_mib("VmHWM")?;
    Ok(vec![
        Figure::of_rounds("submission over HTTP, 32 clients", "pgbench one-row inserts", "/s", &measured),
        Figure::of_rounds(
            "the same checked, signed and kept as one row",
            "pgbench one-row inserts",
            "/s",
            &plain,
        ),
        Figure::below("memory, most through the submissions", memory, 150, "MiB"),
    ])
}

/// Every program's key, organisation and token.
pub(super) fn sign_in(client: &Client) -> anyhow::Result<Vec<Bidder>> {
    client.progress.step(&format!("submission: {BIDDERS} programs sign in"));
    client.hold("2026-02-24T09:00")?;
    (1..=BIDDERS)
        .map(|number| {
            let login = format!("bidder.{number:04}");
            Ok(Bidder {
                key: BidderKey::from_seed(&sandbox_signing_key(client.password(), &login)),
                organisation: client.organisation(&login)?.parse().map_err(anyhow::Error::msg)?,
                token: client.token(&login)?,
            })
        })
        .collect()
}

/// A tender with the policy its bids are sealed for.
pub(super) struct Tender {
    pub(super) id: String,
    pub(super) policy: CheckedPolicy,
}

/// Where bids are made: tender after tender, every bidder once in each, so that all clients meet in one tender.
struct Desk<'a> {
    hall: &'a Hall,
    client: &'a Client,
    bidders: &'a [Bidder],
    tenders: Vec<Tender>,
    used: usize,
}

impl Desk<'_> {
    fn seal(&mut self, count: usize) -> anyhow::Result<Vec<Sealed>> {
        let range = self.used..self.used + count;
        self.used = range.end;
        let needed = range.end.div_ceil(BIDDERS);
        for id in tenders(self.client, needed)?.into_iter().skip(self.tenders.len()) {
            let policy = bidding::policy(self.client, &id)?;
            self.tenders.push(Tender { id, policy });
        }
        let places: Vec<usize> = range.collect();
        let share = places.len().div_ceil(SEALERS).max(1);
        std::thread::scope(|scope| {
            let threads: Vec<_> = places
                .chunks(share)
                .map(|chunk| {
                    let this = &*self;
                    scope.spawn(move || {
                        chunk.iter().map(|at| this.seal_one(*at)).collect::<anyhow::Result<Vec<_>>>()
                    })
                })
                .collect();
            let mut sealed = Vec::new();
            for thread in threads {
                sealed.extend(thread.join().map_err(|_| anyhow!("a sealing thread ended abnormally"))??);
            }
            Ok(sealed)
        })
    }

    fn seal_one(&self, at: usize) -> anyhow::Result<Sealed> {
        let bidder = self.bidders.get(at % BIDDERS).context("no such bidder")?;
        let tender = self.tenders.get(at / BIDDERS).context("no such tender")?;
        let target = Target {
            part: "whole".parse().map_err(anyhow::Error::msg)?,
            bidder: bidder.organisation.clone(),
            revision: 1,
            prev: None,
            nonce: Nonce(rand::random()),
        };
        let mut form = serde_json::Map::new();
        form.insert("price".into(), yuan("18376739.00"));
        let content = Content { form, files: vec![("letter.txt".to_owned(), vec![b'x'; LETTER])] };
        let sealed = seal(&tender.policy, &bidder.key, target, content)?;
        let body = json!({"envelope": sealed.envelope, "ciphertext": base64_text(&sealed.ciphertext)});
        let key = format!("measured-{at}");
        let request = request(self.hall.address, &tender.id, &bidder.token, &key, &body);
        let mut kept = serde_json::to_vec(&sealed.envelope)?;
        kept.extend(sealed.ciphertext);
        Ok(Sealed { request, kept })
    }

    fn fire(&self, sealed: Vec<Sealed>, time: Duration) -> anyhow::Result<super::load::Run> {
        let belt = Each::new(sealed.into_iter().map(|one| one.request).collect());
        drive(self.hall.address, belt, CLIENTS, time, 201)
    }
}

/// A submission whole, as it goes over the wire.
pub(super) fn request(address: SocketAddr, tender: &str, token: &str, key: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST /api/v1/tenders/{tender}/bids HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The ids of `count` published tenders; those made before stay the same.
pub(super) fn tenders(client: &Client, count: usize) -> anyhow::Result<Vec<String>> {
    (0..count)
        .map(|at| {
            let (from, to) = opening(at)?;
            let works = Works {
                story: &format!("works-{at}"),
                name: &format!("样例工程{at}"),
                deadline: from,
                slots: vec![json!({"kind": "opening", "from": from, "to": to})],
                key: false,
            };
            let made = client.once(&format!("works-{at}"), || {
                let made = works.draw_up(client)?;
                works.publish(client, &made.tender)?;
                Ok(json!(made.tender))
            })?;
            made.as_str().map(str::to_owned).context("no tender")
        })
        .collect()
}

type Span = (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>);

/// The opening of the tender with this number: two a day for each room, on working days from 2026-03-16.
fn opening(at: usize) -> anyhow::Result<Span> {
    let mut day = NaiveDate::from_ymd_opt(2026, 3, 16).context("no such day")?;
    for _ in 0..at / (2 * ROOMS) {
        day = day + Days::new(if day.weekday() == Weekday::Fri { 3 } else { 1 });
    }
    let hour = if (at / ROOMS).is_multiple_of(2) { 9 } else { 14 };
    let time = |minute| NaiveTime::from_hms_opt(hour, minute, 0).context("no such time");
    Ok((hall_instant(day, time(0)?), hall_instant(day, time(50)?)))
}
