//! Opening many sealed bids with the secrets their bidders released. Pure, and spread over the machine's cores.
//!
//! Small bids are opened many at a time, large ones as they come, chunk by chunk: in memory lie a batch of the first or a
//! few chunks of the second, however many and large they are.

use std::io::{self, Read};

use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    kernel::{Money, id::BidId},
    seal::{Manifest, SealError, envelope::Envelope, sealing},
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
    let opened = sealing::open(&bid.envelope, &bid.ciphertext, &bid.secret);
    read_off(&opened.map_err(|error| error.to_string())?.manifest)
}

/// Opens one bid whose ciphertext comes in chunks; blocks until they have come.
pub fn open_chunks(
    envelope: &Envelope,
    secret: &SecretString,
    chunks: mpsc::Receiver<Vec<u8>>,
) -> Result<Unlocked, String> {
    let mut ciphertext = Chunks { coming: chunks, chunk: Vec::new(), read: 0 };
    // The files themselves stay sealed with the bid; whoever may read them opens it anew.
    let opened = sealing::open_stream(envelope, &mut ciphertext, secret, &mut |_, _| Ok::<_, SealError>(()));
    read_off(&opened.map_err(|error| error.to_string())?)
}

fn read_off(manifest: &Manifest) -> Result<Unlocked, String> {
    let price = manifest.price().map_err(|error| error.to_string())?;
    let form = serde_json::to_value(&manifest.form).map_err(|error| error.to_string())?;
    let files = serde_json::to_value(&manifest.files).map_err(|error| error.to_string())?;
    Ok(Unlocked { price, form, files })
}

/// Chunks that come from elsewhere, read as one stream; ends when no more are sent.
struct Chunks {
    coming: mpsc::Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    read: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read >= self.chunk.len() {
            let Some(next) = self.coming.blocking_recv() else { return Ok(0) };
            (self.chunk, self.read) = (next, 0);
        }
        let count = self.chunk.get(self.read..).unwrap_or_default().read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_as_one_stream_and_no_more_than_two_lie_in_memory() {
        let (send, coming) = mpsc::channel(1);
        let sender = std::thread::spawn(move || {
            for n in 0..5_u8 {
                send.blocking_send(vec![n; 3]).unwrap();
                // One waits and one is being read: a third finds no room.
                assert!(send.capacity() <= 1);
            }
        });
        let mut all = Vec::new();
        Chunks { coming, chunk: Vec::new(), read: 0 }.read_to_end(&mut all).unwrap();
        sender.join().unwrap();
        assert_eq!(all, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
    }
}
