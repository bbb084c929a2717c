//! The sealed bid as bytes: policy, envelope, inner plaintext, withdrawal, receipt and log leaf.
//!
//! Formats are final; `docs/seal/README.md` describes them for strangers and `docs/seal/vectors` pins them
//! byte for byte. This module has no database, no clock and no tables, so that the server, the command line
//! and an auditor off-line run the very same checks. Nonces and seeds are passed in; one-time keys, ciphertexts and shares draw
//! their randomness from the system. Only [`command`] and [`passphrase`] touch files, and [`hall`] the network.
//!
//! Invariants:
//! * Everything signed or hashed is canonical JSON (RFC 8785) of the *parsed* document, behind a domain line.
//! * Unknown members, other spellings of hex or base64 and anything over its bound are refused.
//! * `bid_key` commits to the plaintext: a secret counts only if its public half is `bid_key`, whichever clause gave it.

pub mod command;
pub mod enrolment;
pub mod envelope;
pub mod flaw;
pub mod hall;
pub mod leaf;
pub mod note;
pub mod one_time;
pub mod passphrase;
pub mod plaintext;
pub mod policy;
pub mod progress;
pub mod receipt;
pub mod sealing;
pub mod shares;
pub mod signature;
pub mod wire;
pub mod withdrawal;

#[cfg(test)]
mod vectors;

pub use enrolment::KeyEnrolment;
pub use envelope::{Checked, Envelope, Last, Payload};
pub use flaw::{Flaw, SealError};
pub use plaintext::Manifest;
pub use policy::{CheckedPolicy, Policy};
pub use receipt::{Receipt, Verdict};
pub use sealing::{Content, Opened, SealedBid, Target, open, open_stream, seal, seal_for_clauses};
pub use signature::BidderKey;
pub use wire::{Digest, IdText, Nonce, TaggedDigest, Word};
pub use withdrawal::Withdrawal;
