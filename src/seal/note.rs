//! Signed notes as the seal speaks of their flaws; the notes themselves are [`crate::kernel::note`]'s.

pub use crate::kernel::note::{NOTE_LIMIT, NoteError, NoteKey, NoteSigner};

use super::flaw::{Flaw, SealError};

impl From<NoteError> for SealError {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::TooLarge => Flaw::TooLarge,
            NoteError::Malformed => Flaw::Malformed,
            NoteError::Signature => Flaw::Signature,
            NoteError::Signer => Flaw::NoteSigner,
            NoteError::Key => Flaw::NoteKey,
        }
        .into()
    }
}
