//! How an officer of an organisation enrols the age key with which it will read its organisation's shares.
//!
//! age keys sign nothing, so the organisation's own signing key vouches for the officer and its recipient.

use serde::{Deserialize, Serialize};

use super::flaw::{Flaw, SealError, ensure};
use super::policy::is_recipient;
use super::signature::{BidderKey, Sig, signed_bytes};
use super::wire::{IdText, V1, canonical, read_json};

/// Domain line of the enrolment's signature.
pub const ENROLMENT_DOMAIN: &str = "tenderhall-seal-key-v1\n";
/// Longest enrolment.
const ENROLMENT_LIMIT: usize = 64 * 1024;

/// An officer's age recipient, signed by a key of the officer's organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SealKeyEnrolment)]
pub struct KeyEnrolment {
    /// Always 1.
    pub v: V1,
    /// The organisation whose shares the officer will read.
    pub organisation: IdText,
    /// The officer's account.
    pub officer: IdText,
    /// The officer's age recipient.
    #[schema(pattern = "^age1[02-9ac-hj-np-z]{58}$")]
    pub recipient: String,
    /// Signature over `"tenderhall-seal-key-v1\n" ‖ JCS(without sig)` by a signing key enrolled for the organisation.
    pub sig: Sig,
}

impl KeyEnrolment {
    /// Enrols `recipient` for an officer, signed by the organisation's key.
    ///
    /// # Errors
    /// [`Flaw::NotCanonical`], in practice never.
    pub fn of(
        organisation: IdText,
        officer: IdText,
        recipient: String,
        key: &BidderKey,
    ) -> Result<Self, SealError> {
        let mut made = Self { v: V1, organisation, officer, recipient, sig: Sig::blank() };
        made.sig = key.sign(&signed_bytes(ENROLMENT_DOMAIN, &made)?);
        Ok(made)
    }

    /// Reads an enrolment; nothing but its shape is checked.
    ///
    /// # Errors
    /// [`Flaw::TooLarge`], [`Flaw::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, SealError> {
        read_json(bytes, ENROLMENT_LIMIT)
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// [`Flaw::NotCanonical`], in practice never.
    pub fn canonical(&self) -> Result<Vec<u8>, SealError> {
        canonical(self)
    }

    /// Checks recipient and signature and gives the 32 bytes of the key that signed; whether it is enrolled for the
    /// organisation is the caller's question.
    ///
    /// # Errors
    /// [`Flaw::Recipient`], [`Flaw::Algorithm`], [`Flaw::PublicKey`], [`Flaw::Signature`].
    pub fn check(&self) -> Result<[u8; 32], SealError> {
        ensure(is_recipient(&self.recipient), Flaw::Recipient)?;
        Ok(self.sig.verify(&signed_bytes(ENROLMENT_DOMAIN, self)?)?.to_bytes())
    }
}
