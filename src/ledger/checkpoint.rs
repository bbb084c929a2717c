//! What the log signs and gives out: checkpoints (c2sp.org/tlog-checkpoint) and proofs (c2sp.org/tlog-proof).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::merkle::{Hash, Head, check_inclusion};
use crate::kernel::note::{KeyName, NoteError, NoteKey};

/// First line of a proof.
const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes of a proof: a tree cannot be higher.
const MOST_HASHES: usize = 64;

/// What can be wrong with what the log has given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No checkpoint or proof at all.
    #[error("not a checkpoint or proof")]
    Malformed,
    /// The signature.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Signed by a key of this name for a log of another.
    #[error("the checkpoint is of another log")]
    Origin,
    /// The hashes do not lead to the root.
    #[error("the hashes do not lead to the root of the checkpoint")]
    Root,
}

/// A tree under the name of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: KeyName,
    /// Size and root.
    pub head: Head,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.head.size, STANDARD.encode(self.head.root))
    }

    /// Reads the text; any other spelling of the same values, and extension lines, are refused.
    ///
    /// # Errors
    /// [`LogError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, LogError> {
        let mut lines = text.split('\n');
        let mut next = || lines.next().ok_or(LogError::Malformed);
        let (origin, size, root) = (next()?, next()?, next()?);
        let checkpoint = Self {
            origin: origin.parse().map_err(|_| LogError::Malformed)?,
            head: Head {
                size: size.parse().map_err(|_| LogError::Malformed)?,
                root: read_hash(root).ok_or(LogError::Malformed)?,
            },
        };
        if checkpoint.text() == text { Ok(checkpoint) } else { Err(LogError::Malformed) }
    }

    /// The checkpoint of a note that the log's key has signed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(note: &str, key: &NoteKey) -> Result<Self, LogError> {
        let checkpoint = Self::parse(key.verify(note)?)?;
        if checkpoint.origin == *key.name() { Ok(checkpoint) } else { Err(LogError::Origin) }
    }
}

/// A hash as proofs write it.
pub fn hash_text(hash: &Hash) -> String {
    STANDARD.encode(hash)
}

/// Reads what [`hash_text`] writes.
pub fn read_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// A proof that an entry stands in a log, to be checked without a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Opaque to the format and not signed. In the proof of a receipt it holds the entry's skeleton as canonical
    /// JSON, of which the leaf is made.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry.
    pub index: u64,
    /// From the leaf's sibling upwards.
    pub path: Vec<Hash>,
    /// The signed checkpoint, with the witnesses' lines.
    pub note: String,
}

impl Proof {
    /// The file.
    pub fn text(&self) -> String {
        let path: String = self.path.iter().map(|hash| format!("{}\n", hash_text(hash))).collect();
        let extra = self.extra.as_ref().map(|extra| format!("extra {}\n", STANDARD.encode(extra)));
        format!("{PROOF_HEADER}\n{}index {}\n{path}\n{}", extra.unwrap_or_default(), self.index, self.note)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LogError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, LogError> {
        let (head, note) = text.split_once("\n\n").ok_or(LogError::Malformed)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(PROOF_HEADER) {
            return Err(LogError::Malformed);
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.and_then(|line| line.strip_prefix("extra ")).map(|coded| STANDARD.decode(coded));
        let extra = extra.transpose().map_err(|_| LogError::Malformed)?;
        let number = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(LogError::Malformed)?;
        let index: u64 = number.parse().map_err(|_| LogError::Malformed)?;
        let path: Vec<Hash> = lines.map(read_hash).collect::<Option<_>>().ok_or(LogError::Malformed)?;
        if index.to_string() != number || path.len() > MOST_HASHES {
            return Err(LogError::Malformed);
        }
        Ok(Self { extra, index, path, note: note.to_owned() })
    }

    /// Checks that `leaf` stands in the log that `key` signs, and answers the checkpoint it stands under.
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify(&self, leaf: Hash, key: &NoteKey) -> Result<Checkpoint, LogError> {
        let checkpoint = Checkpoint::verify(&self.note, key)?;
        let Head { size, root } = checkpoint.head;
        if check_inclusion(leaf, self.index, size, &self.path, root) {
            Ok(checkpoint)
        } else {
            Err(LogError::Root)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::note::{NoteSigner, WitnessSigner},
        ledger::merkle::{leaf_hash, node_hash},
    };

    /// Pinned: a tree of two leaves under a key of zeros and ones. A change of this text breaks every verifier.
    const GOLDEN: &str = include_str!("../../docs/log/vectors/two.tlog-proof");
    const GOLDEN_LEAF: &[u8] = br#"{"at":"2026-03-10T01:00:00.000000Z","class":"tender.published","v":1}"#;

    fn signer() -> NoteSigner {
        NoteSigner::from_seed("tenderhall.152500/log1".parse().unwrap(), &[1; 32])
    }

    fn golden() -> String {
        let (one, two) = (leaf_hash(GOLDEN_LEAF), leaf_hash(b"two"));
        let head = Head { size: 2, root: node_hash(&one, &two) };
        let text = Checkpoint { origin: "tenderhall.152500/log1".parse().unwrap(), head }.text();
        let witness = WitnessSigner::from_seed("office.152500/witness1".parse().unwrap(), &[2; 32]);
        let note = format!("{}{}", signer().sign(&text), witness.cosign(&text, 1_773_104_400));
        Proof { extra: None, index: 0, path: vec![two], note }.text()
    }

    #[test]
    fn the_pinned_proof_is_written_and_read() {
        assert_eq!(golden(), GOLDEN);
        let proof = Proof::parse(GOLDEN).unwrap();
        assert_eq!(proof.text(), GOLDEN);
        let checkpoint = proof.verify(leaf_hash(GOLDEN_LEAF), signer().key()).unwrap();
        assert_eq!(checkpoint.head.size, 2);
        assert_eq!(proof.verify(leaf_hash(b"two"), signer().key()), Err(LogError::Root));
    }

    #[test]
    fn no_single_bit_of_a_proof_can_change() {
        let (key, leaf) = (signer(), leaf_hash(GOLDEN_LEAF));
        let witness = WitnessSigner::from_seed("office.152500/witness1".parse().unwrap(), &[2; 32]);
        let mut accepted = 0;
        for at in 0..GOLDEN.len() {
            for bit in 0..8 {
                let mut bytes = GOLDEN.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                let held = Proof::parse(&text).is_ok_and(|proof| {
                    proof.verify(leaf, key.key()).is_ok() && witness.key().cosignature(&proof.note).is_ok()
                });
                accepted += u32::from(held);
            }
        }
        assert_eq!(accepted, 0);
    }

    #[test]
    fn a_checkpoint_of_another_log_or_with_more_lines_is_refused() {
        let other =
            Checkpoint { origin: "other/log1".parse().unwrap(), head: Head { size: 0, root: [0; 32] } };
        let note = signer().sign(&other.text());
        assert_eq!(Checkpoint::verify(&note, signer().key()), Err(LogError::Origin));
        for bad in ["", "a\n1\n", "a\n01\nAAAA\n"] {
            assert_eq!(Checkpoint::parse(bad), Err(LogError::Malformed), "{bad}");
        }
        let longer = format!("{}more\n", other.text());
        assert_eq!(Checkpoint::parse(&longer), Err(LogError::Malformed));
    }
}
