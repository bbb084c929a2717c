//! Ed25519 keys of bidders and the `sig` member of envelopes and withdrawals.
//!
//! A public key's text form is standard base64 with padding of its 32 bytes (44 characters); a signature's is
//! the same of its 64 bytes (88 characters). A key file holds the base64 of the 32-byte seed.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::flaw::{Flaw, SealError};
use super::wire::{base64_text, canonical, read_base64};

/// Longest `key` or `value` text, wide enough for a certificate chain of a later algorithm.
const TEXT_LIMIT: usize = 16 * 1024;

/// How a document is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), checked strictly.
    #[serde(rename = "ed25519")]
    Ed25519,
    /// CMS with SM2 by a certificate of a UKey 数字证书; the format holds it, this version refuses it.
    #[serde(rename = "cms-sm2")]
    CmsSm2,
}

/// The `sig` member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sig {
    /// How.
    pub alg: Algorithm,
    /// Public key in text form.
    pub key: String,
    /// Signature in text form.
    pub value: String,
}

impl Sig {
    /// A `sig` member not yet filled in.
    pub(super) fn blank() -> Self {
        Self { alg: Algorithm::Ed25519, key: String::new(), value: String::new() }
    }

    /// Checks the signature over `message` and gives the key that made it.
    ///
    /// Whether that key is enrolled for the bidder at that time is the caller's question.
    ///
    /// # Errors
    /// [`Flaw::Algorithm`], [`Flaw::PublicKey`], [`Flaw::Signature`].
    pub fn verify(&self, message: &[u8]) -> Result<VerifyingKey, SealError> {
        if self.alg != Algorithm::Ed25519 {
            return Err(Flaw::Algorithm.into());
        }
        if self.value.len() > TEXT_LIMIT {
            return Err(Flaw::Signature.into());
        }
        let key = read_public_key(&self.key)?;
        let bytes = read_base64(&self.value).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let signature = Signature::from_bytes(&bytes.ok_or(Flaw::Signature)?);
        key.verify_strict(message, &signature).map_err(|_| Flaw::Signature)?;
        Ok(key)
    }
}

/// Reads a public key's text form; weak points are refused.
///
/// # Errors
/// [`Flaw::PublicKey`].
pub fn read_public_key(text: &str) -> Result<VerifyingKey, SealError> {
    let bytes = if text.len() == 44 { read_base64(text) } else { None };
    let bytes: [u8; 32] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(Flaw::PublicKey)?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| Flaw::PublicKey)?;
    if key.is_weak() { Err(Flaw::PublicKey.into()) } else { Ok(key) }
}

/// A public key's text form.
pub fn public_key_text(key: &VerifyingKey) -> String {
    base64_text(key.as_bytes())
}

/// The bytes a signature covers: the domain line, then canonical JSON of the document without `sig`.
pub(super) fn signed_bytes<T: Serialize>(domain: &str, document: &T) -> Result<Vec<u8>, SealError> {
    let mut value = serde_json::to_value(document).map_err(|cause| Flaw::NotCanonical.because(cause))?;
    if let Some(members) = value.as_object_mut() {
        members.remove("sig");
    }
    let mut bytes = domain.as_bytes().to_vec();
    bytes.extend(canonical(&value)?);
    Ok(bytes)
}

/// A bidder's signing key; wiped from memory when dropped.
pub struct BidderKey(SigningKey);

impl BidderKey {
    /// From 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    /// Signs `message` into a `sig` member.
    pub fn sign(&self, message: &[u8]) -> Sig {
        Sig {
            alg: Algorithm::Ed25519,
            key: public_key_text(&self.public()),
            value: base64_text(&self.0.sign(message).to_bytes()),
        }
    }

    /// The text of a key file: comment lines, then the seed in base64.
    pub fn file_text(&self) -> SecretString {
        let public = public_key_text(&self.public());
        let seed = base64_text(self.0.as_bytes());
        format!("# tenderhall signing key: Ed25519 seed, base64. Keep it secret.\n# public key: {public}\n{seed}\n")
            .into()
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// [`Flaw::Secret`] unless exactly one line that is no comment holds a seed.
    pub fn read_file_text(text: &SecretString) -> Result<Self, SealError> {
        let not_seed = || Flaw::Secret.because("expected one line with the base64 of a 32-byte Ed25519 seed");
        let mut lines =
            text.expose_secret().lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let line = lines.next().ok_or_else(not_seed)?;
        let seed =
            read_base64(line).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or_else(not_seed)?;
        if lines.next().is_some() { Err(not_seed()) } else { Ok(Self::from_seed(&seed)) }
    }
}

impl std::fmt::Debug for BidderKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "BidderKey({})", public_key_text(&self.public()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_comes_back_and_a_broken_one_does_not() {
        let key = BidderKey::from_seed(&[7; 32]);
        let again = BidderKey::read_file_text(&key.file_text()).unwrap();
        assert_eq!(again.public(), key.public());
        for bad in ["", "# only\n", "AQ==\n", "x\ny\n"] {
            assert_eq!(BidderKey::read_file_text(&bad.to_owned().into()).unwrap_err().flaw, Flaw::Secret);
        }
    }

    #[test]
    fn weak_keys_and_other_algorithms_are_refused() {
        assert_eq!(read_public_key(&base64_text(&[0; 32])).unwrap_err().flaw, Flaw::PublicKey);
        let mut sig = BidderKey::from_seed(&[7; 32]).sign(b"x");
        assert!(sig.verify(b"x").is_ok());
        assert_eq!(sig.verify(b"y").unwrap_err().flaw, Flaw::Signature);
        sig.alg = Algorithm::CmsSm2;
        assert_eq!(sig.verify(b"x").unwrap_err().flaw, Flaw::Algorithm);
    }
}
