//! The log leaf a receipt promises: `SHA-256(0x00 ‖ JCS(skeleton with body_commit))`.
//!
//! `body_commit = SHA-256(salt ‖ JCS(body))`, so that erasing body and salt leaves the log whole. The bidder
//! gets the exact skeleton with the receipt and can compute the leaf alone.

use serde_json::{Map, Value};

use super::flaw::{Flaw, SealError, ensure};
use super::wire::{Digest, canonical, sha256};

/// Commitment to a log entry's body.
///
/// # Errors
/// [`Flaw::NotCanonical`] for a body without canonical form.
pub fn body_commit(salt: &[u8; 32], body: &Value) -> Result<Digest, SealError> {
    Ok(Digest(sha256(&[salt, &canonical(body)?])))
}

/// The leaf of a skeleton, into which `body_commit` is written as lowercase hex.
///
/// # Errors
/// [`Flaw::Malformed`] if the skeleton already has that member; [`Flaw::NotCanonical`].
pub fn leaf(skeleton: &Map<String, Value>, commit: Digest) -> Result<Digest, SealError> {
    let mut whole = skeleton.clone();
    let replaced = whole.insert("body_commit".into(), Value::String(commit.to_string()));
    ensure(replaced.is_none(), Flaw::Malformed)?;
    Ok(Digest(sha256(&[&[0], &canonical(&whole)?])))
}
