//! 撤回: the signed note by which a bidder ends a bid before the deadline (招标投标法 article 29).
//!
//! Signed over `"tenderhall-bid-withdrawal-v1\n" ‖ JCS(without sig)`. It ends the bid: no earlier revision
//! revives, and a later one must name the withdrawn envelope in `prev`.

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use super::flaw::{Flaw, SealError, ensure};
use super::signature::{BidderKey, Sig, signed_bytes};
use super::wire::{Digest, IdText, TaggedDigest, V1, canonical, read_json, sha256};

/// Domain line of the withdrawal's signature.
pub const WITHDRAWAL_DOMAIN: &str = "tenderhall-bid-withdrawal-v1\n";
/// Longest withdrawal, in bytes.
pub const WITHDRAWAL_LIMIT: usize = 64 * 1024;

/// The withdrawal as submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BidWithdrawal)]
pub struct Withdrawal {
    /// Always 1.
    pub v: V1,
    /// Tender.
    pub tender: IdText,
    /// Lot.
    pub lot: IdText,
    /// Bidder.
    pub bidder: IdText,
    /// Id of the bid, as its receipt names it.
    pub bid: IdText,
    /// Revision withdrawn; must be the last.
    pub revision: u32,
    /// Digest of that revision's envelope.
    pub envelope: TaggedDigest,
    /// Signature by a key enrolled for the bidder.
    pub sig: Sig,
}

/// The standing bid a withdrawal must name in every member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Tender.
    pub tender: IdText,
    /// Lot.
    pub lot: IdText,
    /// Bidder.
    pub bidder: IdText,
    /// Bid id.
    pub bid: IdText,
    /// Last revision.
    pub revision: u32,
    /// Digest of its envelope.
    pub envelope: Digest,
}

impl Withdrawal {
    /// Reads a withdrawal, canonical or not.
    ///
    /// # Errors
    /// [`Flaw::TooLarge`], [`Flaw::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, SealError> {
        read_json(bytes, WITHDRAWAL_LIMIT)
    }

    /// Makes the signed withdrawal of a standing bid.
    ///
    /// # Errors
    /// [`Flaw::NotCanonical`], in practice never.
    pub fn of(standing: &Standing, key: &BidderKey) -> Result<Self, SealError> {
        let mut withdrawal = Self {
            v: V1,
            tender: standing.tender.clone(),
            lot: standing.lot.clone(),
            bidder: standing.bidder.clone(),
            bid: standing.bid.clone(),
            revision: standing.revision,
            envelope: standing.envelope.into(),
            sig: Sig::blank(),
        };
        withdrawal.sig = key.sign(&withdrawal.signed_bytes()?);
        Ok(withdrawal)
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// [`Flaw::NotCanonical`], in practice never.
    pub fn canonical(&self) -> Result<Vec<u8>, SealError> {
        canonical(self)
    }

    /// SHA-256 of the canonical bytes, signature included.
    ///
    /// # Errors
    /// As [`Withdrawal::canonical`].
    pub fn digest(&self) -> Result<Digest, SealError> {
        Ok(Digest(sha256(&[&self.canonical()?])))
    }

    /// The bytes the signature covers.
    ///
    /// # Errors
    /// As [`Withdrawal::canonical`].
    pub fn signed_bytes(&self) -> Result<Vec<u8>, SealError> {
        signed_bytes(WITHDRAWAL_DOMAIN, self)
    }

    /// Checks every member against the standing bid, then the signature; gives the key that signed.
    ///
    /// # Errors
    /// [`Flaw::Tender`], [`Flaw::Lot`], [`Flaw::Bidder`], [`Flaw::Bid`], [`Flaw::Revision`],
    /// [`Flaw::EnvelopeDigest`], [`Flaw::Algorithm`], [`Flaw::PublicKey`], [`Flaw::Signature`].
    pub fn check(&self, standing: &Standing) -> Result<VerifyingKey, SealError> {
        ensure(self.tender == standing.tender, Flaw::Tender)?;
        ensure(self.lot == standing.lot, Flaw::Lot)?;
        ensure(self.bidder == standing.bidder, Flaw::Bidder)?;
        ensure(self.bid == standing.bid, Flaw::Bid)?;
        ensure(self.revision == standing.revision, Flaw::Revision)?;
        ensure(self.envelope == standing.envelope.into(), Flaw::EnvelopeDigest)?;
        self.sig.verify(&self.signed_bytes()?)
    }
}
