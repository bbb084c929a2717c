//! The key that signs receipts, and what a receipt states.

use std::{
    collections::HashMap,
    ops::Deref,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

use crate::{
    kernel::{Problem, id::BidId, note::KeyName},
    platform::seed,
    seal::{Digest, Envelope, Receipt, Verdict, note::NoteSigner, receipt::receipt_key_name},
    timekeeping::Skew,
};

/// Name of the only clock there is: the primary database's.
const CLOCK: &str = "db-primary";

/// The hall's receipt key, under one name for each centre (`tenderhall.<centre>/receipt1`).
pub struct ReceiptKeys {
    seed: [u8; 32],
    log: KeyName,
    skew: Skew,
    signers: Mutex<HashMap<String, Arc<ReceiptSigner>>>,
}

/// A centre's receipt key, the hall's log, where the leaf of every receipt will stand, and the skew of its clock.
pub struct ReceiptSigner {
    signer: NoteSigner,
    log: KeyName,
    skew: Skew,
}

impl Deref for ReceiptSigner {
    type Target = NoteSigner;

    fn deref(&self) -> &NoteSigner {
        &self.signer
    }
}

impl std::fmt::Debug for ReceiptKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ReceiptKeys")
    }
}

impl ReceiptKeys {
    /// Reads `DIR/keys/receipt.key` (64 hexadecimal digits of the seed), or makes it with mode 0400. The receipts
    /// name the log `log`.
    ///
    /// # Errors
    /// When the file cannot be read or made, holds something else, or others may read it.
    pub fn load_or_make(dir: &Path, log: KeyName) -> anyhow::Result<Self> {
        Ok(Self::from_seed(seed::load_or_make(dir, "receipt")?, log))
    }

    /// Keys from a seed, as tests make them.
    pub fn from_seed(seed: [u8; 32], log: KeyName) -> Self {
        Self { seed, log, skew: Skew::default(), signers: Mutex::default() }
    }

    /// The same keys with receipts that tell the measured skew of the clock.
    #[must_use]
    pub fn dated_by(self, skew: Skew) -> Self {
        Self { skew, ..self }
    }

    /// The signer of a centre.
    ///
    /// # Errors
    /// A centre's code that cannot be part of a name, which is a fault.
    pub fn signer(&self, centre: &str) -> Result<Arc<ReceiptSigner>, Problem> {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = signers.get(centre) {
            return Ok(Arc::clone(signer));
        }
        let name = receipt_key_name(centre).map_err(Problem::internal)?;
        let signer = NoteSigner::from_seed(name, &self.seed);
        let signer = Arc::new(ReceiptSigner { signer, log: self.log.clone(), skew: self.skew.clone() });
        signers.insert(centre.to_owned(), Arc::clone(&signer));
        Ok(signer)
    }
}

/// Writes and signs the receipt for what became of `envelope` at `time`.
///
/// # Errors
/// Names that do not fit the format, which is a fault.
pub fn write(
    signer: &ReceiptSigner,
    verdict: Verdict,
    bid: Option<BidId>,
    (envelope, digest): (&Envelope, Digest),
    time: DateTime<Utc>,
    leaf: [u8; 32],
) -> Result<String, Problem> {
    let word = |text: String| text.parse().map_err(|why: &str| Problem::internal(anyhow::anyhow!(why)));
    let receipt = Receipt {
        verdict,
        tender: envelope.tender.clone(),
        lot: envelope.lot.clone(),
        part: envelope.part.clone(),
        bidder: envelope.bidder.clone(),
        bid: bid.map(|bid| word(bid.to_string())).transpose()?,
        revision: envelope.revision,
        prev: envelope.prev.map(Digest::from),
        envelope: digest,
        payload: envelope.payload.sha256,
        size: envelope.payload.size,
        time,
        clock: word(CLOCK.to_owned())?,
        skew_ms: signer.skew.milliseconds(),
        log: signer.log.clone(),
        leaf: Digest(leaf),
    };
    Ok(receipt.sign(signer))
}
