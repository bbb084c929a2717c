//! The log leaf a receipt promises: `SHA-256(0x00 ‖ JCS(skeleton))`, with `bodyCommit` in the skeleton.
//!
//! `bodyCommit = SHA-256(salt ‖ JCS(body))`, so that erasing body and salt leaves the log whole. The bidder
//! gets the exact skeleton with the receipt and computes the leaf alone; `ledger` writes the same.

use serde_json::Value;

use super::flaw::{Flaw, SealError, ensure};
use super::wire::{Digest, canonical, sha256};

/// Commitment to a log entry's body.
///
/// # Errors
/// [`Flaw::NotCanonical`] for a body without canonical form.
pub fn body_commit(salt: &[u8; 32], body: &Value) -> Result<Digest, SealError> {
    Ok(Digest(sha256(&[salt, &canonical(body)?])))
}

/// The leaf of a skeleton as published.
///
/// # Errors
/// [`Flaw::NotCanonical`] for a skeleton without canonical form.
pub fn leaf(skeleton: &Value) -> Result<Digest, SealError> {
    Ok(Digest(sha256(&[&[0], &canonical(skeleton)?])))
}

/// Checks that a disclosed body is the one the skeleton commits to.
///
/// # Errors
/// [`Flaw::BodyCommit`].
pub fn check_body(skeleton: &Value, salt: &[u8; 32], body: &Value) -> Result<(), SealError> {
    let stated = skeleton.get("bodyCommit").and_then(Value::as_str);
    ensure(stated == Some(body_commit(salt, body)?.to_string().as_str()), Flaw::BodyCommit)
}
