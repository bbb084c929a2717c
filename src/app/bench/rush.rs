//! The rush at a deadline: ten times the real opening of `demo/opening-1528.csv`, 15,280 bids within one minute on eight
//! lots that end together, while five hundred readers browse. Beside it the same minute with 1,528 bids: neither the
//! wait nor the memory may grow with their number.
//!
//! The load is open: a bid goes out when its moment has come, whether the hall has answered the one before or not, and
//! its wait counts from that moment. The last half second lies past the deadline, so that there is something to refuse.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    figure::Figure,
    hall::{Hall, Place},
    load::{Timed, Told, browse},
    submission::{self, BIDDERS, Bidder, Tender},
};
use crate::{
    app::{
        client::{Client, list, text, yuan},
        story::{self, bidding},
        works::Works,
    },
    opening::model::BidHashes,
    seal::{Content, Digest, Nonce, Receipt, Target, Verdict, note::NoteKey, seal, wire::base64_text},
};

/// Lots that end together: the opening rooms of the league's centre.
const LOTS: usize = 8;
/// How many times the real opening.
const TIMES: usize = 10;
/// Within this time all bids go out.
const MINUTE: Duration = Duration::from_secs(60);
/// How much of it lies past the deadline.
const PAST: Duration = Duration::from_millis(500);
/// From the moment the clock runs to the first bid.
const LEAD: Duration = Duration::from_secs(5);
/// The deadline of every lot.
const DEADLINE: &str = "2026-03-16T09:00:00+08:00";
/// The longest a bidder should wait, in milliseconds.
const BOUND: u32 = 2000;

/// What a rush came to.
struct Outcome {
    bids: super::load::Waits,
    pages: super::load::Waits,
    errors: usize,
    wrong: usize,
    lost: usize,
    memory: Decimal,
}

pub(super) fn measure(place: &Place) -> anyhow::Result<Vec<Figure>> {
    let single = rush(place, "rush-1", 1)?;
    let tenfold = rush(place, "rush-10", TIMES)?;
    let pair = |name, unit, of: fn(&Outcome) -> Decimal| {
        Figure::of_rounds(name, "the same with 1,528", unit, &[(of(&tenfold), of(&single))])
    };
    let count = |name, count: usize| Figure::below(name, Decimal::from(count), 0, "");
    Ok(vec![
        pair("15,280 bids in a minute, wait, half below", "ms", |one| one.bids.at(50)),
        pair("15,280 bids in a minute, wait, 99 % below", "ms", |one| one.bids.at(99)),
        Figure::below("the same beside its bound", tenfold.bids.at(99), BOUND, "ms"),
        pair("15,280 bids in a minute, longest wait", "ms", |one| one.bids.at(100)),
        pair("pages beside them, 500 readers, 99 % below", "ms", |one| one.pages.at(99)),
        count("errors", single.errors + tenfold.errors),
        count("wrong decisions", single.wrong + tenfold.wrong),
        count("bids lost", single.lost + tenfold.lost),
        pair("memory, most through 15,280 bids", "MiB", |one| one.memory),
    ])
}

/// A bid on its way, and where it belongs.
struct Sent {
    bidder: usize,
    lot: usize,
    digest: Digest,
    request: Vec<u8>,
}

fn rush(place: &Place, name: &str, times: usize) -> anyhow::Result<Outcome> {
    let hall = Hall::start(place, name)?;
    let client = hall.client()?;
    let bidders = submission::sign_in(&client)?;
    let lots = lots(&client)?;
    client.progress.step(&format!("rush: sealing {} bids", times * BIDDERS));
    let sent = seal_all(&hall, &bidders, &lots, times)?;
    let pages = pages(&hall, &client)?;
    client.progress.step(&format!("rush: {} bids in a minute, on {LOTS} lots", sent.len()));
    let begins = run_to(&client)?;
    let steps = u32::try_from(sent.len())?;
    let moment = |at: usize| begins + MINUTE * u32::try_from(at).unwrap_or(steps) / steps;
    let timed =
        sent.iter().enumerate().map(|(at, one)| Timed { at: moment(at), request: one.request.clone() });
    let (told, read) = browse(hall.address, timed.collect(), pages, begins + MINUTE)?;
    let memory = hall.memory_mib("VmHWM")?;
    let deadline: DateTime<Utc> = DEADLINE.parse()?;
    client.post(
        "admin",
        "/api/v1/sandbox/clock",
        &json!({"hold": deadline + chrono::TimeDelta::seconds(30)}),
    )?;
    let judged = judge(&client, &lots, &sent, &told, deadline)?;
    client.progress.step(&format!(
        "rush: {} accepted, {} late, {} pages read",
        judged.accepted,
        judged.late,
        read.waits.len()
    ));
    client.progress.done();
    Ok(Outcome {
        bids: told.iter().filter_map(|one| one.as_ref().map(|one| one.wait)).collect(),
        pages: read.waits,
        errors: judged.errors + read.errors,
        wrong: judged.wrong,
        lost: judged.lost,
        memory,
    })
}

/// Eight tenders that end together; the last one is a key project's, which takes the room that is reserved to such.
fn lots(client: &Client) -> anyhow::Result<Vec<Tender>> {
    let deadline: DateTime<Utc> = DEADLINE.parse()?;
    (0..LOTS)
        .map(|at| {
            let works = Works {
                story: &format!("rush-{at}"),
                name: &format!("样例工程{at}"),
                deadline,
                slots: vec![json!({
                    "kind": "opening", "from": deadline, "to": deadline + chrono::TimeDelta::minutes(50),
                })],
                key: at + 1 == LOTS,
            };
            let made = works.draw_up(client)?;
            works.publish(client, &made.tender)?;
            let policy = bidding::policy(client, &made.tender)?;
            Ok(Tender { id: made.tender, policy })
        })
        .collect()
}

/// Everybody bids in one lot after the other, and then once more in the first ones, to replace what is there.
fn seal_all(hall: &Hall, bidders: &[Bidder], lots: &[Tender], times: usize) -> anyhow::Result<Vec<Sent>> {
    let prices = story::prices()?;
    let mut first: BTreeMap<(usize, usize), Digest> = BTreeMap::new();
    let mut all = Vec::with_capacity(times * bidders.len());
    for round in 0..times {
        for (at, (bidder, price)) in bidders.iter().zip(&prices).enumerate() {
            let number = (at + round) % LOTS;
            let lot = lots.get(number).context("no such lot")?;
            let prev = first.get(&(at, number)).copied();
            let target = Target {
                part: "whole".parse().map_err(anyhow::Error::msg)?,
                bidder: bidder.organisation.clone(),
                revision: if prev.is_some() { 2 } else { 1 },
                prev,
                nonce: Nonce(rand::random()),
            };
            let mut content = Content::default();
            // What was never opened is not known; such a bid states no price here.
            if let Some(price) = price {
                content.form.insert("price".into(), yuan(&format!("{price:.2}")));
            }
            let sealed = seal(&lot.policy, &bidder.key, target, content)?;
            let digest = sealed.envelope.digest()?;
            first.insert((at, number), digest);
            let body = json!({"envelope": sealed.envelope, "ciphertext": base64_text(&sealed.ciphertext)});
            let request = submission::request(
                hall.address,
                &lot.id,
                &bidder.token,
                &format!("rush-{round}-{at}"),
                &body,
            );
            all.push(Sent { bidder: at, lot: number, digest, request });
        }
    }
    Ok(all)
}

/// What people read: pages and notices.
fn pages(hall: &Hall, client: &Client) -> anyhow::Result<Vec<Vec<u8>>> {
    let notices = client.get("", "/api/v1/notices")?;
    let mut paths: Vec<String> =
        ["/", "/notices", "/calculators", "/api/v1/notices"].map(str::to_owned).into();
    for notice in list(&notices, "/items")?.iter().take(LOTS) {
        let id = text(notice, "/id")?;
        paths.extend([format!("/notices/{id}"), format!("/api/v1/notices/{id}")]);
        paths.push(format!("/projects/{}", text(notice, "/projectId")?));
    }
    let get = |path: &String| {
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", hall.address).into_bytes()
    };
    Ok(paths.iter().map(get).collect())
}

/// Lets the hall's clock run shortly before the minute; answers when the minute begins by this machine's.
fn run_to(client: &Client) -> anyhow::Result<Instant> {
    let deadline: DateTime<Utc> = DEADLINE.parse()?;
    let before = chrono::TimeDelta::from_std(MINUTE - PAST + LEAD)?;
    let clock = "/api/v1/sandbox/clock";
    client.post("admin", clock, &json!({"hold": deadline - before}))?;
    client.post("admin", clock, &json!({"run": true}))?;
    let asked = Instant::now();
    let now: DateTime<Utc> = text(&client.get("admin", clock)?, "/now")?.parse()?;
    let answered = Instant::now();
    let left = (deadline - now).to_std().context("the clock ran past the deadline")?;
    Ok(asked + (answered - asked) / 2 + left + PAST - MINUTE)
}

/// How the hall decided.
#[derive(Default)]
struct Judged {
    accepted: usize,
    late: usize,
    errors: usize,
    wrong: usize,
    lost: usize,
}

/// Holds every answer against the time on its receipt, and the bids that stood at the close against the answers.
fn judge(
    client: &Client,
    lots: &[Tender],
    sent: &[Sent],
    told: &[Option<Told>],
    deadline: DateTime<Utc>,
) -> anyhow::Result<Judged> {
    let mut judged = Judged::default();
    let keys = lots.iter().map(|lot| receipt_key(client, &lot.id)).collect::<anyhow::Result<Vec<_>>>()?;
    let stood = lots.iter().map(|lot| stood(client, &lot.id)).collect::<anyhow::Result<Vec<_>>>()?;
    // Whose bid was acknowledged, and whose last try is among what stood.
    let (mut acknowledged, mut present) = (BTreeSet::new(), BTreeSet::new());
    for (one, told) in sent.iter().zip(told) {
        let place = (one.bidder, one.lot);
        let stands = stood.get(one.lot).is_some_and(|digests| digests.contains(&one.digest));
        if stands {
            present.insert(place);
        }
        let Some(receipt) = told.as_ref().and_then(|told| receipt(told, keys.get(one.lot)?)) else {
            judged.errors += 1;
            continue;
        };
        let in_time = receipt.time < deadline;
        match receipt.verdict {
            Verdict::Accepted => {
                judged.accepted += 1;
                judged.wrong += usize::from(!in_time);
                acknowledged.insert(place);
                // Only its own replacement may have taken its place.
                if !stands {
                    present.remove(&place);
                }
            }
            Verdict::RefusedLate => {
                judged.late += 1;
                judged.wrong += usize::from(in_time || stands);
            }
            _ => judged.errors += 1,
        }
    }
    judged.lost = acknowledged.difference(&present).count();
    if judged.accepted == 0 || judged.late == 0 {
        bail!("{} were accepted and {} late: the minute missed the deadline", judged.accepted, judged.late);
    }
    Ok(judged)
}

/// The envelopes that stood when a lot was closed.
fn stood(client: &Client, tender: &str) -> anyhow::Result<BTreeSet<Digest>> {
    let hashes = client.get("", &format!("/api/v1/tenders/{tender}/opening/hashes"))?;
    let hashes: BidHashes = serde_json::from_value(hashes)?;
    Ok(hashes.items.into_iter().map(|item| item.envelope.into()).collect())
}

fn receipt_key(client: &Client, tender: &str) -> anyhow::Result<NoteKey> {
    let text = client.text(&format!("/api/v1/tenders/{tender}/receipt-key"))?;
    text.trim().parse().map_err(|cause| anyhow::anyhow!("the receipt key: {cause}"))
}

/// The signed receipt of an answer, if it is one.
fn receipt(told: &Told, key: &NoteKey) -> Option<Receipt> {
    let answer: Value = serde_json::from_slice(&told.body).ok()?;
    Receipt::verify(answer.get("receipt")?.as_str()?, key).ok()
}
