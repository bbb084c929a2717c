//! The audit of a whole log off-line: `tenderhall verify log` on an export, with keys and nothing else.

use std::io::BufRead;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    checkpoint::{Checkpoint, LogError},
    merkle::{Edge, Hash, Head, leaf_hash},
};
use crate::kernel::note::{NoteKey, WitnessKey};

/// Whose signatures count: one C2SP verifier key a line, the log's (type 1) and the witnesses' (type 4).
#[derive(Debug, Clone)]
pub struct Keys {
    /// The log's.
    pub log: NoteKey,
    /// The witnesses'.
    pub witnesses: Vec<WitnessKey>,
}

impl Keys {
    /// Reads a file of keys. Empty lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    /// For a line that is no key, and unless exactly one is a log's.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (mut log, mut witnesses) = (None, Vec::new());
        for line in lines {
            if let Ok(witness) = line.parse() {
                witnesses.push(witness);
            } else {
                let key = line.parse().map_err(|error| anyhow::anyhow!("{line}: {error}"))?;
                anyhow::ensure!(log.replace(key).is_none(), "more than one key of a log");
            }
        }
        let log = log.ok_or_else(|| anyhow::anyhow!("no key of the log"))?;
        Ok(Self { log, witnesses })
    }
}

/// What an audit has found to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// Name of the log.
    pub log: String,
    /// Leaves.
    pub size: u64,
    /// Root in hexadecimal.
    pub root: String,
    /// Entries whose skeleton can be read.
    pub readable: u64,
    /// Witnesses that have signed this checkpoint, with the time each has stated.
    pub witnessed: Vec<(String, u64)>,
    /// Sizes of the older checkpoints that are its beginning.
    pub older: Vec<u64>,
}

/// What does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// The export is none.
    #[error("line {line} of the export: {what}")]
    Export {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] LogError),
    /// The leaves are not those that were signed.
    #[error("the {found} leaves do not make up the tree of {size} that was signed")]
    Tree {
        /// Leaves of the export.
        found: u64,
        /// Size of the checkpoint.
        size: u64,
    },
    /// An entry is not what its leaf says.
    #[error("entry {index} is not the one that was logged")]
    Entry {
        /// Its index.
        index: u64,
    },
    /// A checkpoint given out before is not the beginning of this log.
    #[error("the checkpoint of {size} entries is not the beginning of this log: history was rewritten")]
    Rewritten {
        /// Its size.
        size: u64,
    },
    /// A leaf that was promised is not there.
    #[error("the leaf {leaf} was promised and does not stand in the log")]
    Missing {
        /// In hexadecimal.
        leaf: String,
    },
    /// The export cannot be read.
    #[error(transparent)]
    Unreadable(#[from] std::io::Error),
}

#[derive(Deserialize)]
struct First {
    format: String,
    checkpoint: String,
}

#[derive(Deserialize)]
struct Line {
    leaf: String,
    skeleton: Option<Value>,
}

/// Audits an export. `older` are notes of checkpoints kept from before, `promised` leaves that receipts name.
///
/// # Errors
/// The first thing that does not hold.
pub fn audit(
    export: impl BufRead,
    keys: &Keys,
    older: &[String],
    promised: &[Hash],
) -> Result<Audit, Finding> {
    let broken = |line, what: &str| Finding::Export { line, what: what.to_owned() };
    let mut lines = export.lines().zip(1..);
    let (first, _) = lines.next().ok_or_else(|| broken(1, "it is empty"))?;
    let first: First = serde_json::from_str(&first?).map_err(|error| broken(1, &error.to_string()))?;
    if first.format != "tenderhall-log-export/v1" {
        return Err(broken(1, "another format"));
    }
    let checkpoint = Checkpoint::verify(&first.checkpoint, &keys.log)?;
    let mut known: Vec<Head> = Vec::new();
    for note in older {
        known.push(Checkpoint::verify(note, &keys.log)?.head);
    }
    let mut missing = promised.to_vec();
    let (mut edge, mut readable) = (Edge::default(), 0);
    let mut begun = Vec::new();
    let mut compare = |edge: &Edge| {
        for head in known.iter().filter(|head| head.size == edge.size()) {
            if head.root != edge.root() {
                return Err(Finding::Rewritten { size: head.size });
            }
            begun.push(head.size);
        }
        Ok(())
    };
    compare(&edge)?;
    for (line, number) in lines {
        let line: Line = serde_json::from_str(&line?).map_err(|error| broken(number, &error.to_string()))?;
        let mut leaf: Hash = [0; 32];
        hex::decode_to_slice(&line.leaf, &mut leaf).map_err(|error| broken(number, &error.to_string()))?;
        if let Some(skeleton) = &line.skeleton {
            let bytes = serde_json_canonicalizer::to_vec(skeleton);
            if bytes.map_err(|error| broken(number, &error.to_string())).map(|bytes| leaf_hash(&bytes))?
                != leaf
            {
                return Err(Finding::Entry { index: edge.size() });
            }
            readable += 1;
        }
        missing.retain(|wanted| *wanted != leaf);
        edge.push(leaf);
        compare(&edge)?;
    }
    let Head { size, root } = checkpoint.head;
    if edge.size() != size || edge.root() != root {
        return Err(Finding::Tree { found: edge.size(), size });
    }
    if let Some(head) = known.iter().find(|head| head.size > size) {
        return Err(Finding::Rewritten { size: head.size });
    }
    if let Some(leaf) = missing.first() {
        return Err(Finding::Missing { leaf: hex::encode(leaf) });
    }
    let signed = |key: &WitnessKey| {
        let cosignature = key.cosignature(&first.checkpoint).ok()?;
        Some((key.name().to_string(), cosignature.time))
    };
    Ok(Audit {
        log: checkpoint.origin.to_string(),
        size,
        root: hex::encode(root),
        readable,
        witnessed: keys.witnesses.iter().filter_map(signed).collect(),
        older: begun,
    })
}
