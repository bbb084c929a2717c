//! The witness 见证: a supervisor's own machine that confirms the log, and only ever one history of it.
//!
//! It takes a checkpoint only if the one it took before is its beginning, writes it down lastingly and only then
//! signs. Whoever holds the log's key can sign another history, but cannot get it confirmed. A witness that has lost
//! its notes must be retired with its key: one that forgets is worse than none.

use std::{
    fs,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::{
    checkpoint::{Checkpoint, LogError},
    merkle::{Hash, check_consistency},
    published::write_whole,
};
use crate::kernel::note::{NOTE_LIMIT, NoteKey, WitnessSigner};

/// Why a witness does not sign.
#[derive(Debug, thiserror::Error)]
pub enum Unsigned {
    /// The checkpoint itself does not hold.
    #[error("the hall's checkpoint does not hold: {0}")]
    Checkpoint(#[from] LogError),
    /// The log has become shorter.
    #[error("ALARM: the log shows {shown} entries and had {known} when it was confirmed last")]
    Shorter {
        /// What it shows.
        shown: u64,
        /// What was confirmed.
        known: u64,
    },
    /// The log does not go on from what was confirmed.
    #[error("ALARM: the log at {shown} entries is not a continuation of that confirmed at {known}")]
    Rewritten {
        /// What it shows.
        shown: u64,
        /// What was confirmed.
        known: u64,
    },
    /// Files or network.
    #[error(transparent)]
    Away(#[from] anyhow::Error),
}

impl Unsigned {
    /// Whether the hall contradicts itself, rather than being away.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::Shorter { .. } | Self::Rewritten { .. })
    }
}

/// A witness of one log.
pub struct Witness {
    log: NoteKey,
    signer: WitnessSigner,
    file: PathBuf,
    // Held open: two witnesses must not share notes.
    _lock: fs::File,
}

impl Witness {
    /// A witness of the log that `log` signs, with its notes in the folder `state`.
    ///
    /// # Errors
    /// When another process holds the folder, or it cannot be written.
    pub fn open(log: NoteKey, signer: WitnessSigner, state: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(state).with_context(|| format!("cannot make {}", state.display()))?;
        let lock = fs::File::create(state.join("lock"))?;
        lock.try_lock().map_err(|_| anyhow::anyhow!("another witness works in {}", state.display()))?;
        Ok(Self { log, signer, file: state.join("checkpoint"), _lock: lock })
    }

    /// The checkpoint confirmed last, as signed by the log.
    ///
    /// # Errors
    /// When the note cannot be read or is none of the log's.
    pub fn last(&self) -> anyhow::Result<Option<(Checkpoint, String)>> {
        let mut note = String::new();
        match fs::File::open(&self.file) {
            Ok(file) => file.take(u64::try_from(NOTE_LIMIT)?).read_to_string(&mut note)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.file.display())),
        };
        let checkpoint = Checkpoint::verify(&note, &self.log)
            .with_context(|| format!("{} is no checkpoint of this log", self.file.display()))?;
        Ok(Some((checkpoint, note)))
    }

    /// Confirms `note` at `time` (seconds since 1970) if it continues what was confirmed before; `prove` asks for
    /// the proof from the old size to the new. Answers the note with the cosignature. The first checkpoint ever is
    /// taken as it comes.
    ///
    /// # Errors
    /// Why not; nothing is written or signed then.
    pub fn confirm(
        &self,
        note: &str,
        time: u64,
        prove: impl FnOnce(u64, u64) -> anyhow::Result<Vec<Hash>>,
    ) -> Result<(Checkpoint, String), Unsigned> {
        let shown = Checkpoint::verify(note, &self.log)?;
        let (size, head) = (shown.head.size, shown.head);
        if let Some((known, _)) = self.last()? {
            let known = known.head;
            if size < known.size {
                return Err(Unsigned::Shorter { shown: size, known: known.size });
            }
            let proof = if size == known.size { Vec::new() } else { prove(known.size, size)? };
            if !check_consistency(known, head, &proof) {
                return Err(Unsigned::Rewritten { shown: size, known: known.size });
            }
        }
        // The lines of others are nothing the log has signed.
        let (text, lines) = note.split_once("\n\n").ok_or(LogError::Malformed)?;
        let own = lines.lines().find(|line| line.starts_with(&format!("— {} ", self.log.name())));
        let own = format!("{text}\n\n{}\n", own.ok_or(LogError::Malformed)?);
        write_whole(&self.file, own.as_bytes())
            .with_context(|| format!("cannot write {}", self.file.display()))?;
        let cosignature = self.signer.cosign(&format!("{text}\n"), time);
        Ok((shown, format!("{own}{cosignature}")))
    }

    /// What the hall has contradicted: the checkpoint confirmed last, signed by the log itself.
    ///
    /// # Errors
    /// As [`Self::last`].
    pub fn evidence(&self) -> anyhow::Result<Option<String>> {
        Ok(self.last()?.map(|(_, note)| note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::note::NoteSigner,
        ledger::merkle::{Edge, Head, leaf_hash},
    };

    fn note(signer: &NoteSigner, count: u32, salt: &[u8]) -> (Head, String) {
        let mut edge = Edge::default();
        for number in 0..count {
            edge.push(leaf_hash(&[&number.to_be_bytes(), salt].concat()));
        }
        let head = Head { size: edge.size(), root: edge.root() };
        (head, signer.sign(&Checkpoint { origin: signer.key().name().clone(), head }.text()))
    }

    #[test]
    fn it_signs_one_history_and_writes_it_down_first() {
        let folder = std::env::temp_dir().join(format!("witness-{}", uuid::Uuid::new_v4()));
        let log = NoteSigner::from_seed("hall/log1".parse().unwrap(), &[1; 32]);
        let signer = || WitnessSigner::from_seed("office/witness1".parse().unwrap(), &[2; 32]);
        let witness = Witness::open(log.key().clone(), signer(), &folder).unwrap();
        assert!(Witness::open(log.key().clone(), signer(), &folder).is_err(), "one at a time");
        let (_, eight) = note(&log, 8, b"");
        let none = |_, _| Ok(Vec::new());
        let (_, signed) = witness.confirm(&eight, 1_773_104_400, none).unwrap();
        assert_eq!(signer().key().cosignature(&signed).unwrap().time, 1_773_104_400);
        assert_eq!(witness.last().unwrap().unwrap().0.head.size, 8);
        // The same again, with the cosignature that the hall has kept meanwhile.
        witness.confirm(&signed, 1_773_104_460, none).unwrap();

        let (_, other) = note(&log, 8, b"other");
        let refused = witness.confirm(&other, 1_773_104_460, none).unwrap_err();
        assert!(matches!(refused, Unsigned::Rewritten { shown: 8, known: 8 }), "{refused}");
        let (_, shorter) = note(&log, 7, b"");
        assert!(witness.confirm(&shorter, 1_773_104_460, none).unwrap_err().is_alarm());
        let (_, longer) = note(&log, 16, b"other");
        assert!(witness.confirm(&longer, 1_773_104_460, |_, _| Ok(vec![[7; 32]])).unwrap_err().is_alarm());
        let stranger = NoteSigner::from_seed("hall/log1".parse().unwrap(), &[3; 32]);
        let (_, forged) = note(&stranger, 16, b"");
        assert!(!witness.confirm(&forged, 1_773_104_460, none).unwrap_err().is_alarm());
        assert_eq!(witness.last().unwrap().unwrap().0.head.size, 8, "nothing refused was written down");

        // Where it cannot be written down nothing is signed.
        let (_, sixteen) = note(&log, 16, b"");
        let mut edge = Edge::default();
        (8..16_u32).for_each(|number| drop(edge.push(leaf_hash(&number.to_be_bytes()))));
        let proof = edge.root();
        fs::create_dir(folder.join("checkpoint.new")).unwrap();
        let refused = witness.confirm(&sixteen, 1_773_104_460, |_, _| Ok(vec![proof])).unwrap_err();
        assert!(matches!(refused, Unsigned::Away(_)), "{refused}");
        fs::remove_dir(folder.join("checkpoint.new")).unwrap();
        witness.confirm(&sixteen, 1_773_104_460, |_, _| Ok(vec![proof])).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}
