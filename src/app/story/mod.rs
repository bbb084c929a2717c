//! The story a sandbox tells: played over HTTP like any client's calls, by accounts with their own rights.
//!
//! Owns nothing in the hall. Every act is one request with a fixed `Idempotency-Key` by the role that may make it;
//! what was answered is kept in a [notebook](super::notebook), so that an interrupted story goes on where it stood. Before
//! an opening nothing is told of bids: progress shows the hall's clock alone.

pub(super) mod bidding;
mod committee;
mod park;
mod purchase;
mod summary;

use std::{net::SocketAddr, path::Path};

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::app::{
    client::{Client, hall},
    notebook::Notebook,
};

use summary::Summary;

/// Hall time at which the story begins.
const BEGIN: &str = "2026-02-09T09:00";

/// Hall time at which a sandbox must be founded for the story.
///
/// # Errors
/// Never for the constant it reads.
pub fn begins_at() -> anyhow::Result<DateTime<Utc>> {
    hall(BEGIN)
}

/// Plays the story against the instance at `address` and prints what came out on stdout; answers whether every
/// expected figure did. The bidders' secrets and the answers so far are kept in `notes`.
///
/// # Errors
/// When a step that must succeed did not.
pub async fn play(address: SocketAddr, password: &str, notes: &Path) -> anyhow::Result<bool> {
    let (password, notes) = (password.to_owned(), notes.to_owned());
    tokio::task::spawn_blocking(move || tell(address, &password, &notes)).await?
}

fn tell(address: SocketAddr, password: &str, notes: &Path) -> anyhow::Result<bool> {
    let client = Client::new(address, password, Notebook::open(notes)?);
    let park = park::play(&client)?;
    let purchase = purchase::play(&client)?;
    client.once("clock.run", || client.post("admin", "/api/v1/sandbox/clock", &json!({"run": true})))?;
    client.progress.done();
    let mut summary = Summary::default();
    park::check(&client, &park, &mut summary)?;
    purchase::check(&client, &purchase, &mut summary)?;
    summary.print(address, password)?;
    Ok(summary.came_out())
}

pub(super) use park::WINDOW_ENDS;

/// Plays the works up to the last release before the window ends; answers the tender's id.
pub(super) fn to_the_last_release(client: &Client) -> anyhow::Result<String> {
    park::to_the_last_release(client)
}

/// Secret and ciphertext in base64 of every bid of the works whose bidder released.
pub(super) fn released_bids(client: &Client) -> anyhow::Result<Vec<(String, String)>> {
    park::released_bids(client)
}

/// The recorded prices of the works in the order of their bidders, where they are known.
pub(super) fn prices() -> anyhow::Result<Vec<Option<rust_decimal::Decimal>>> {
    park::prices()
}

/// Plays the works alone, for who measures the hall while it does.
pub(super) fn play_park(client: &Client) -> anyhow::Result<()> {
    park::play(client).map(drop)
}
