//! Opening many sealed bids with the secrets their bidders released. Pure, and spread over the machine's cores.

use secrecy::SecretString;
use serde_json::Value;

use crate::{
    kernel::{Money, id::BidId},
    seal::{envelope::Envelope, sealing},
};

/// One bid about to be opened.
pub struct Locked {
    /// The bid.
    pub bid: BidId,
    /// Its envelope.
    pub envelope: Envelope,
    /// Its ciphertext.
    pub ciphertext: Vec<u8>,
    /// The released secret.
    pub secret: SecretString,
}

/// What an opened bid says.
#[derive(Debug, Clone, PartialEq)]
pub struct Unlocked {
    /// The price it states.
    pub price: Option<Money>,
    /// Everything its form states.
    pub form: Value,
    /// Names, sizes and hashes of its files.
    pub files: Value,
}

/// Opens every bid; a bid that cannot be opened answers why, and the others are none the worse for it.
pub fn open_all(bids: Vec<Locked>) -> Vec<(BidId, Result<Unlocked, String>)> {
    let workers =
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(bids.len().max(1));
    let share = bids.len().div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let running: Vec<_> = bids
            .chunks(share)
            .map(|chunk| {
                scope.spawn(move || chunk.iter().map(|bid| (bid.bid, open(bid))).collect::<Vec<_>>())
            })
            .collect();
        running
            .into_iter()
            .zip(bids.chunks(share))
            .flat_map(|(worker, chunk)| {
                worker.join().unwrap_or_else(|_| {
                    chunk
                        .iter()
                        .map(|bid| (bid.bid, Err("the decryption ended abnormally".to_owned())))
                        .collect()
                })
            })
            .collect()
    })
}

fn open(bid: &Locked) -> Result<Unlocked, String> {
    let opened =
        sealing::open(&bid.envelope, &bid.ciphertext, &bid.secret).map_err(|error| error.to_string())?;
    let price = opened.manifest.price().map_err(|error| error.to_string())?;
    let form = serde_json::to_value(&opened.manifest.form).map_err(|error| error.to_string())?;
    let files = serde_json::to_value(&opened.manifest.files).map_err(|error| error.to_string())?;
    Ok(Unlocked { price, form, files })
}
