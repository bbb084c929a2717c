//! The envelope: the small signed document that is submitted, names everything and shows nothing.
//!
//! Signed over `"tenderhall-bid-envelope-v1\n" ‖ JCS(without sig)`. Its digest, which `prev`, the receipt and
//! the log use, is the plain SHA-256 of its canonical bytes with `sig`: `sha256sum envelope.json`.

use std::io::{self, Read};

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use super::flaw::{Flaw, SealError, ensure};
use super::policy::{CheckedPolicy, is_recipient};
use super::signature::{BidderKey, Sig, signed_bytes};
use super::wire::{Digest, IdText, Nonce, TaggedDigest, V1, Word, canonical, read_base64, read_json, sha256};

/// Domain line of the envelope's signature.
pub const ENVELOPE_DOMAIN: &str = "tenderhall-bid-envelope-v1\n";
/// Longest envelope, in canonical bytes.
pub const ENVELOPE_LIMIT: usize = 64 * 1024;
/// Longest share, in base64 characters.
const SHARE_LIMIT: usize = 16 * 1024;
/// First bytes of every binary age file.
pub const AGE_INTRO: &[u8] = b"age-encryption.org/v1\n";

/// What the envelope says of its ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// SHA-256 of the ciphertext.
    pub sha256: Digest,
    /// Its bytes.
    pub size: u64,
}

impl Payload {
    /// What a ciphertext is, read to its end in memory that does not grow with it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(ciphertext: impl Read) -> io::Result<Self> {
        let mut passing = Passing::new(ciphertext);
        io::copy(&mut passing, &mut io::sink())?;
        Ok(passing.payload())
    }
}

/// A ciphertext on its way by: counted and hashed as it is read.
#[derive(Debug)]
pub struct Passing<R> {
    inner: R,
    hash: Sha256,
    size: u64,
}

impl<R> Passing<R> {
    /// Nothing has been read yet.
    pub fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new(), size: 0 }
    }

    /// What has been read so far.
    pub fn payload(self) -> Payload {
        Payload { sha256: Digest(self.hash.finalize().into()), size: self.size }
    }
}

impl<R: Read> Read for Passing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        self.size += u64::try_from(count).map_err(io::Error::other)?;
        Ok(count)
    }
}

/// One holder's share of one clause: an age file for the holder's recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Index of the clause, from 0.
    pub clause: u32,
    /// The holder.
    pub member: Word,
    /// The age file in base64.
    pub age: String,
}

/// The program that sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its name.
    pub name: IdText,
    /// Its version.
    pub version: IdText,
}

/// The envelope as submitted; `prev` is always written, `null` for revision 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BidEnvelope)]
pub struct Envelope {
    /// Always 1.
    pub v: V1,
    /// Tender.
    pub tender: IdText,
    /// Lot.
    pub lot: IdText,
    /// Part.
    pub part: Word,
    /// Bidder.
    pub bidder: IdText,
    /// 1, 2, …
    pub revision: u32,
    /// Digest of the envelope this one replaces.
    #[serde(deserialize_with = "present")]
    #[schema(required = true)]
    pub prev: Option<TaggedDigest>,
    /// Digest of the policy sealed for.
    pub policy_digest: Digest,
    /// Public half of the one-time key: an age recipient.
    pub bid_key: String,
    /// The ciphertext.
    pub payload: Payload,
    /// 32 random bytes, also inside the seal.
    pub nonce: Nonce,
    /// Shares in the order of the policy's clauses; none where the bidder alone holds the secret.
    pub shares: Vec<Share>,
    /// Program that sealed.
    pub client: Client,
    /// Signature by a key enrolled for the bidder.
    pub sig: Sig,
}

/// Takes `null` but not absence: a document has one spelling.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TaggedDigest>, D::Error> {
    Option::deserialize(from)
}

/// The bidder's last envelope of the same tender, lot and part, withdrawn or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// Its revision.
    pub revision: u32,
    /// Its digest.
    pub digest: Digest,
    /// Its one-time key.
    pub bid_key: String,
    /// Its nonce.
    pub nonce: Nonce,
}

/// What a checked envelope gives to the intake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The envelope's digest.
    pub digest: Digest,
    /// The key that signed; whether it is enrolled for the bidder is still to be asked.
    pub signer: VerifyingKey,
}

impl Envelope {
    /// Reads an envelope, canonical or not. Nothing but its shape is checked.
    ///
    /// # Errors
    /// [`Flaw::TooLarge`], [`Flaw::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, SealError> {
        read_json(bytes, ENVELOPE_LIMIT)
    }

    /// The canonical bytes, as `envelope.json` holds them.
    ///
    /// # Errors
    /// [`Flaw::NotCanonical`], in practice never.
    pub fn canonical(&self) -> Result<Vec<u8>, SealError> {
        canonical(self)
    }

    /// SHA-256 of the canonical bytes, signature included.
    ///
    /// # Errors
    /// As [`Envelope::canonical`].
    pub fn digest(&self) -> Result<Digest, SealError> {
        Ok(Digest(sha256(&[&self.canonical()?])))
    }

    /// The bytes the signature covers.
    ///
    /// # Errors
    /// As [`Envelope::canonical`].
    pub fn signed_bytes(&self) -> Result<Vec<u8>, SealError> {
        signed_bytes(ENVELOPE_DOMAIN, self)
    }

    /// Puts the signature of `key` in place.
    ///
    /// # Errors
    /// As [`Envelope::canonical`].
    pub fn sign(mut self, key: &BidderKey) -> Result<Self, SealError> {
        self.sig = key.sign(&self.signed_bytes()?);
        Ok(self)
    }

    /// Checks the signature and gives the key that made it.
    ///
    /// # Errors
    /// [`Flaw::Algorithm`], [`Flaw::PublicKey`], [`Flaw::Signature`].
    pub fn verify_signature(&self) -> Result<VerifyingKey, SealError> {
        self.sig.verify(&self.signed_bytes()?)
    }

    /// Checks that the envelope is for the tender, lot, parts, clauses and digest of `policy`.
    ///
    /// # Errors
    /// [`Flaw::Tender`], [`Flaw::Lot`], [`Flaw::Part`], [`Flaw::PolicyDigest`], [`Flaw::BidKey`],
    /// [`Flaw::Shares`].
    pub fn check_policy(&self, policy: &CheckedPolicy) -> Result<(), SealError> {
        let rules = policy.policy();
        ensure(self.tender == rules.tender, Flaw::Tender)?;
        ensure(self.lot == rules.lot, Flaw::Lot)?;
        ensure(rules.parts.contains(&self.part), Flaw::Part)?;
        ensure(self.policy_digest == policy.digest(), Flaw::PolicyDigest)?;
        ensure(is_recipient(&self.bid_key), Flaw::BidKey)?;
        let expected = rules.expected_shares();
        ensure(expected.len() == self.shares.len(), Flaw::Shares)?;
        for (share, (clause, member)) in self.shares.iter().zip(expected) {
            let placed = usize::try_from(share.clause) == Ok(clause) && share.member == *member;
            let sealed = share.age.len() <= SHARE_LIMIT
                && read_base64(&share.age).is_some_and(|bytes| bytes.starts_with(AGE_INTRO));
            ensure(placed && sealed, Flaw::Shares)?;
        }
        Ok(())
    }

    /// Checks the ciphertext against the envelope and the policy's limit.
    ///
    /// # Errors
    /// [`Flaw::PayloadTooLarge`], [`Flaw::PayloadSize`], [`Flaw::PayloadHash`], [`Flaw::PayloadFormat`].
    pub fn check_payload(&self, ciphertext: &[u8], limit: u64) -> Result<(), SealError> {
        let size = u64::try_from(ciphertext.len()).map_err(|_| Flaw::PayloadTooLarge)?;
        ensure(size <= limit && self.payload.size <= limit, Flaw::PayloadTooLarge)?;
        ensure(size == self.payload.size, Flaw::PayloadSize)?;
        ensure(sha256(&[ciphertext]) == self.payload.sha256.0, Flaw::PayloadHash)?;
        ensure(ciphertext.starts_with(AGE_INTRO), Flaw::PayloadFormat)
    }

    /// Checks what is kept of a ciphertext that was read before, against the envelope and the policy's limit.
    ///
    /// # Errors
    /// [`Flaw::PayloadTooLarge`], [`Flaw::PayloadSize`], [`Flaw::PayloadHash`].
    pub fn check_kept(&self, kept: Payload, limit: u64) -> Result<(), SealError> {
        ensure(kept.size <= limit && self.payload.size <= limit, Flaw::PayloadTooLarge)?;
        ensure(kept.size == self.payload.size, Flaw::PayloadSize)?;
        ensure(kept.sha256 == self.payload.sha256, Flaw::PayloadHash)
    }

    /// Checks revision, `prev` and fresh key and nonce against the bidder's last envelope of this part.
    ///
    /// # Errors
    /// [`Flaw::Revision`], [`Flaw::Prev`], [`Flaw::BidKeyReused`], [`Flaw::Nonce`].
    pub fn check_revision(&self, last: Option<&Last>) -> Result<(), SealError> {
        let due = last.map_or(Some(1), |last| last.revision.checked_add(1));
        ensure(Some(self.revision) == due, Flaw::Revision)?;
        ensure(self.prev == last.map(|last| last.digest.into()), Flaw::Prev)?;
        ensure(last.is_none_or(|last| last.bid_key != self.bid_key), Flaw::BidKeyReused)?;
        ensure(last.is_none_or(|last| last.nonce != self.nonce), Flaw::Nonce)
    }

    /// Everything that can be checked without the database: size, place, bidder, payload and signature.
    ///
    /// Left to the caller: [`Envelope::check_revision`] under the lot's lock, and the signer's enrolment.
    ///
    /// # Errors
    /// [`Flaw::TooLarge`], [`Flaw::Bidder`] and those of the single checks.
    pub fn check(
        &self,
        ciphertext: &[u8],
        policy: &CheckedPolicy,
        bidder: &IdText,
    ) -> Result<Checked, SealError> {
        self.check_with(policy, bidder, |limit| self.check_payload(ciphertext, limit))
    }

    /// [`Envelope::check`] for a ciphertext that was read before and of which `kept` is known.
    ///
    /// # Errors
    /// As [`Envelope::check`].
    pub fn check_uploaded(
        &self,
        kept: Payload,
        policy: &CheckedPolicy,
        bidder: &IdText,
    ) -> Result<Checked, SealError> {
        self.check_with(policy, bidder, |limit| self.check_kept(kept, limit))
    }

    fn check_with(
        &self,
        policy: &CheckedPolicy,
        bidder: &IdText,
        payload: impl FnOnce(u64) -> Result<(), SealError>,
    ) -> Result<Checked, SealError> {
        let text = self.canonical()?;
        ensure(text.len() <= ENVELOPE_LIMIT, Flaw::TooLarge)?;
        self.check_policy(policy)?;
        ensure(self.bidder == *bidder, Flaw::Bidder)?;
        payload(policy.policy().max_part_bytes)?;
        let signer = self.verify_signature()?;
        Ok(Checked { digest: Digest(sha256(&[&text])), signer })
    }
}
