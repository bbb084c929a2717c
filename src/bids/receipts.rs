//! The key that signs receipts, and what a receipt states.

use std::{
    collections::HashMap,
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use rand::Rng;

use crate::{
    bids::seal::{
        Digest, Envelope, Receipt, Verdict,
        note::NoteSigner,
        receipt::{log_name, receipt_key_name},
    },
    kernel::{Problem, id::BidId},
};

/// Name of the only clock there is: the primary database's.
const CLOCK: &str = "db-primary";

/// The hall's receipt key, under one name for each centre (`tenderhall.<centre>/receipt1`).
pub struct ReceiptKeys {
    seed: [u8; 32],
    signers: Mutex<HashMap<String, Arc<NoteSigner>>>,
}

impl std::fmt::Debug for ReceiptKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ReceiptKeys")
    }
}

impl ReceiptKeys {
    /// Reads `DIR/keys/receipt.key` (64 hexadecimal digits of the seed), or makes it with mode 0400.
    ///
    /// # Errors
    /// When the file cannot be read or made, holds something else, or others may read it.
    pub fn load_or_make(dir: &Path) -> anyhow::Result<Self> {
        let folder = dir.join("keys");
        let path = folder.join("receipt.key");
        make_if_missing(&folder, &path).with_context(|| format!("cannot make {}", path.display()))?;
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mode = fs::metadata(&path)?.permissions().mode();
        anyhow::ensure!(
            mode.trailing_zeros() >= 6,
            "{} may be read by others; chmod 0400 it",
            path.display()
        );
        let seed = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self::from_seed(seed.with_context(|| format!("{} does not hold 64 hex digits", path.display()))?))
    }

    /// Keys from a seed, as tests make them.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed, signers: Mutex::default() }
    }

    /// The signer of a centre.
    ///
    /// # Errors
    /// A centre's code that cannot be part of a name, which is a fault.
    pub fn signer(&self, centre: &str) -> Result<Arc<NoteSigner>, Problem> {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = signers.get(centre) {
            return Ok(Arc::clone(signer));
        }
        let name = receipt_key_name(centre).map_err(Problem::internal)?;
        let signer = Arc::new(NoteSigner::from_seed(name, &self.seed));
        signers.insert(centre.to_owned(), Arc::clone(&signer));
        Ok(signer)
    }
}

fn make_if_missing(folder: &Path, path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(path) {
        Ok(mut file) => {
            let mut seed = [0; 32];
            rand::rng().fill_bytes(&mut seed);
            file.write_all(hex::encode(seed).as_bytes())?;
            file.sync_all()
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes and signs the receipt for what became of `envelope` at `time`.
///
/// # Errors
/// Names that do not fit the format, which is a fault.
pub fn write(
    signer: &NoteSigner,
    centre: &str,
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
        skew_ms: None,
        log: log_name(centre).map_err(Problem::internal)?,
        leaf: Digest(leaf),
    };
    Ok(receipt.sign(signer))
}
