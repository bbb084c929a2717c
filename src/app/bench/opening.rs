//! The opening of the recorded 1,528 bids, from the end of the window to the published record, beside the age crate
//! decrypting the same files in one loop.

use std::time::{Duration, Instant};

use age::x25519::Identity;
use anyhow::{Context as _, anyhow};
use rust_decimal::Decimal;

use super::{
    Rounds,
    figure::Figure,
    hall::{Hall, Place},
};
use crate::{app::story, seal::wire::read_base64};

pub(super) fn measure(place: &Place, rounds: Rounds) -> anyhow::Result<Figure> {
    let mut measured = Vec::new();
    for at in 1..=rounds.count {
        // An opening happens once: every round has a hall of its own.
        let hall = Hall::start(place, &format!("opening-{at}"))?;
        let client = hall.client()?;
        let tender = story::to_the_last_release(&client)?;
        client.progress.step(&format!("opening: round {at} of {}", rounds.count));
        let began = Instant::now();
        client.hold(story::WINDOW_ENDS)?;
        let ours = began.elapsed();
        let record = client.get("", &format!("/api/v1/tenders/{tender}/opening/record"))?;
        let opened = record.get("opened").and_then(serde_json::Value::as_u64).context("no record")?;
        let files = files(&story::released_bids(&client)?)?;
        if u64::try_from(files.len())? != opened {
            return Err(anyhow!("{opened} bids were opened, {} were released", files.len()));
        }
        measured.push((millis(ours), millis(decrypt(&files)?)));
        client.progress.done();
    }
    Ok(Figure::of_rounds(
        "opening 1,528 bids, with their record",
        "age decrypting them in a loop",
        "ms",
        &measured,
    ))
}

/// Key and ciphertext of every bid.
fn files(bids: &[(String, String)]) -> anyhow::Result<Vec<(Identity, Vec<u8>)>> {
    bids.iter()
        .map(|(secret, ciphertext)| {
            let identity = secret.parse().map_err(|cause| anyhow!("a secret cannot be read: {cause}"))?;
            Ok((identity, read_base64(ciphertext).context("no base64")?))
        })
        .collect()
}

fn decrypt(files: &[(Identity, Vec<u8>)]) -> anyhow::Result<Duration> {
    let began = Instant::now();
    for (identity, ciphertext) in files {
        std::hint::black_box(age::decrypt(identity, ciphertext)?);
    }
    Ok(began.elapsed())
}

fn millis(time: Duration) -> Decimal {
    (Decimal::from(time.as_micros()) / Decimal::from(1000)).round_dp(1)
}
